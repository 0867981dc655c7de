// Chromium on lavapipe, for benchmarks: a copy of the installed Chromium in .lavapipe whose loader is the newer C
// library's, and whose software Vulkan driver is a shim (lavapipeShim.c) in front of lavapipe. Chromium's own driver stays
// for what it draws.
import { cpSync, existsSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findChromium, onPath } from "./chromium.mjs";
import { ROOT } from "./dawn.mjs";
import { DRIVER_LIBRARY, HOME, LIBRARIES, LOADER, must, needLavapipe } from "./lavapipeDriver.mjs";

const COPY = join(HOME, "chromium");
const SYSTEM_LOADER = "/lib64/ld-linux-x86-64.so.2\0";

/** The folder with Chromium's program and its software Vulkan driver. */
function installedFolder() {
  const browser = findChromium();
  const folders = ["/usr/lib/chromium", ...(browser ? [dirname(browser)] : [])];
  const found = folders.find((each) => existsSync(join(each, "chromium")) && existsSync(join(each, "libvk_swiftshader.so")));
  if (found === undefined) throw new Error("Chromium on lavapipe needs Debian's chromium: `apt-get install chromium`.");
  return found;
}

/** Writes `to` over `from` in a file's first bytes; both end in a zero, and `to` is not longer. */
function patch(file, from, to) {
  const bytes = readFileSync(file);
  const at = bytes.subarray(0, 4096).indexOf(from, 0, "latin1");
  if (at < 0) throw new Error(`${file} does not name the system's loader.`);
  bytes.fill(0, at, at + from.length);
  bytes.write(to, at, "latin1");
  writeFileSync(file, bytes, { mode: 0o755 });
}

/** `{ executablePath, env, args }` to start it with; made on first use. Throws with the reason where it cannot be had. */
export function lavapipeChromium() {
  needLavapipe();
  // The path of a program's loader has 27 letters here, and no more.
  const loader = join(tmpdir(), "flexlens-ld.so");
  if (loader.length >= SYSTEM_LOADER.length)
    throw new Error(`\`${loader}\` is too long for the path of a loader: set TMPDIR to a short one.`);
  rmSync(loader, { force: true });
  symlinkSync(LOADER, loader);
  if (!existsSync(join(COPY, "ready"))) {
    if (onPath("cc") === null) throw new Error("Chromium on lavapipe needs a C compiler, `cc`.");
    rmSync(COPY, { recursive: true, force: true });
    cpSync(installedFolder(), COPY, { recursive: true });
    patch(join(COPY, "chromium"), SYSTEM_LOADER, `${loader}\0`);
    renameSync(join(COPY, "libvk_swiftshader.so"), join(COPY, "libvk_own.so"));
    const description = join(COPY, "vk_swiftshader_icd.json");
    writeFileSync(description, readFileSync(description, "utf8").replace("libvk_swiftshader.so", "libvk_own.so"));
    must("cc", ["-shared", "-fPIC", "-O2", join(ROOT, "test/run/lavapipeShim.c"), "-ldl", "-o", join(COPY, "libvk_swiftshader.so")]);
    writeFileSync(join(COPY, "ready"), loader);
  } else if (readFileSync(join(COPY, "ready"), "utf8") !== loader) {
    throw new Error(`.lavapipe/chromium was made with another TMPDIR: remove that folder.`);
  }
  return {
    executablePath: join(COPY, "chromium"),
    env: { ...process.env, LD_LIBRARY_PATH: LIBRARIES, FLEXLENS_LAVAPIPE: DRIVER_LIBRARY, MESA_SHADER_CACHE_DISABLE: "true" },
    args: ["--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--disable-gpu-watchdog"],
  };
}
