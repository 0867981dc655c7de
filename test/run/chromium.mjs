// Where Chromium is, and how to get it: the browser of the end-to-end tests, and on machines without a Vulkan driver the
// source of the software one (SwiftShader) that Dawn's tests use. Nothing is downloaded but through apt-get.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
const FIXED = {
  darwin: ["/Applications/Chromium.app/Contents/MacOS/Chromium", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"],
  win32: [
    join(process.env.PROGRAMFILES ?? "C:\\Program Files", "Google\\Chrome\\Application\\chrome.exe"),
    join(process.env["PROGRAMFILES(X86)"] ?? "C:\\Program Files (x86)", "Microsoft\\Edge\\Application\\msedge.exe"),
  ],
};

/** The first file of a name in the PATH; null if there is none. */
export function onPath(name) {
  const endings = process.platform === "win32" ? [".exe", ".cmd", ""] : [""];
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    for (const ending of endings) {
      const file = join(folder, name + ending);
      if (folder !== "" && existsSync(file)) return file;
    }
  }
  return null;
}

/** Path of a Chromium, Chrome or Edge; `CHROMIUM` in the environment wins. null if there is none. */
export function findChromium() {
  const asked = process.env.CHROMIUM;
  if (asked) return existsSync(asked) ? asked : null;
  for (const name of NAMES) {
    const found = onPath(name);
    if (found) return found;
  }
  return (FIXED[process.platform] ?? []).find((file) => existsSync(file)) ?? null;
}

/** Debian itself: Ubuntu's package of the name is a snap, which cannot run here. */
export function isDebian() {
  try {
    return /^ID=("?)debian\1$/m.test(readFileSync("/etc/os-release", "utf8"));
  } catch {
    return false;
  }
}

export const isRoot = () => process.getuid?.() === 0;

/** Path of a Chromium, installed first where root on Debian may do so. Throws with the way out where it may not. */
export function needChromium(say = console.log) {
  const found = findChromium();
  if (found) return found;
  if (process.env.CHROMIUM) throw new Error(`CHROMIUM names \`${process.env.CHROMIUM}\`, which does not exist. Correct it, or unset it.`);
  if (!isDebian() || !isRoot()) {
    const how = isDebian() ? "run `sudo apt-get install chromium`" : "install Chromium or Chrome with your system's package manager";
    throw new Error(`The tests need Chromium, and there is none on the PATH: ${how}, or set CHROMIUM to its path.`);
  }
  say("Chromium is missing: installing Debian's with apt-get (about 500 MB) …");
  const options = { stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } };
  spawnSync("apt-get", ["update", "-qq"], options);
  const { status } = spawnSync("apt-get", ["install", "-qq", "-y", "chromium", "fonts-dejavu-core"], options);
  const installed = findChromium();
  if (status !== 0 || !installed)
    throw new Error("apt-get could not install `chromium`; its words stand above. Install it by hand, then run the tests again.");
  return installed;
}

/**
 * How the tests start a browser: WebGPU computes on SwiftShader, and the page is drawn by the processor, which takes half the
 * time that SwiftShader's Vulkan takes for it. Nothing but loopback resolves.
 */
export const TEST_ARGS = [
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1",
];

/** How benchmarks start it: what a page draws goes through a GPU's way to the screen as well. A WebGPU canvas wants it too. */
export const CHROMIUM_ARGS = [...TEST_ARGS, "--enable-features=Vulkan", "--use-vulkan=swiftshader", "--use-angle=swiftshader"];
