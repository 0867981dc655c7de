// `npm start`: builds Flexlens and opens VS Code with it and the examples, in a copy that may be edited (dist/examples).
// Desktop VS Code where a working `code` is on the PATH; otherwise VS Code in the browser, served on loopback with a token
// and with workspace trust on. It stands beside the tests' runner because both install and start the same server.
//   npm start -- [--browser] [--no-open] [--port N] [--data FOLDER]
//   --browser: not desktop VS Code. --no-open: open no browser. --port: 0 for any; else 8137, or any where that is taken.
//   --data: where server settings and state are kept (default .vscode-server/start).
import { spawn, spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { findChromium, isRoot, onPath } from "./chromium.mjs";
import { ROOT } from "./dawn.mjs";
import { packageExtension } from "./package.mjs";
import { needServer, startServer } from "./server.mjs";

const FIRST_FILE = "causal_sliding_window.py";
const MINIMUM = [1, 100];

const { values: options } = parseArgs({
  options: {
    browser: { type: "boolean", default: false },
    "no-open": { type: "boolean", default: false },
    port: { type: "string", default: "8137" },
    data: { type: "string", default: join(ROOT, ".vscode-server/start") },
  },
});

/** The examples' folder. A file that was edited there is kept; one that was not follows kernels/gallery. */
function examples() {
  const from = join(ROOT, "kernels/gallery");
  const to = join(ROOT, "dist/examples");
  const list = join(ROOT, "dist/examples.json");
  mkdirSync(to, { recursive: true });
  const hash = (text) => createHash("sha256").update(text).digest("hex");
  const copied = existsSync(list) ? JSON.parse(readFileSync(list, "utf8")) : {};
  for (const name of readdirSync(from).filter((each) => each.endsWith(".py") || each.endsWith(".ipynb"))) {
    const text = readFileSync(join(from, name), "utf8");
    const there = existsSync(join(to, name)) ? readFileSync(join(to, name), "utf8") : null;
    if (there !== null && hash(there) !== copied[name]) continue;
    writeFileSync(join(to, name), text);
    copied[name] = hash(text);
  }
  writeFileSync(list, JSON.stringify(copied, null, 2));
  return to;
}

const hasDisplay = () => process.platform !== "linux" || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);

/** Path of a desktop `code` that will work, or the reason why there is none. */
function desktop() {
  const code = onPath("code");
  if (!code) return { reason: "there is no `code` on the PATH" };
  if (/remote-cli/.test(code) || process.env.VSCODE_IPC_HOOK_CLI)
    return { reason: "`code` on the PATH is the command line of a remote window" };
  if (process.platform === "linux" && code.startsWith("/mnt/")) return { reason: "`code` on the PATH is that of Windows" };
  if (isRoot()) return { reason: "desktop VS Code does not run as root" };
  if (!hasDisplay()) return { reason: "there is no display" };
  const asked = spawnSync(code, ["--version"], { encoding: "utf8", timeout: 20_000, shell: process.platform === "win32" });
  const found = /^(\d+)\.(\d+)\.\d+/.exec(asked.stdout ?? "");
  if (asked.status !== 0 || !found) return { reason: "`code --version` does not answer" };
  const [major, minor] = [Number(found[1]), Number(found[2])];
  if (major < MINIMUM[0] || (major === MINIMUM[0] && minor < MINIMUM[1]))
    return { reason: `\`code\` is VS Code ${found[0]}, and Flexlens needs ${MINIMUM.join(".")}` };
  return { code, version: found[0] };
}

/** The port itself where it is free, else 0. */
function freePort(port) {
  return new Promise((done) => {
    const probe = createServer();
    probe.once("error", () => done(0));
    probe.listen(port, "127.0.0.1", () => probe.close(() => done(port)));
  });
}

/** Opens an address: Chromium with WebGPU switched on where Linux has one, else the system's browser. Says how it went. */
function openBrowser(address, data) {
  const go = (command, words) =>
    spawn(command, words, { stdio: "ignore", detached: true })
      .once("error", () => {})
      .unref();
  if (process.platform === "darwin") {
    go("open", [address]);
    return "Opened in the default browser.";
  }
  const chromium = findChromium();
  if (chromium) {
    const profile = `--user-data-dir=${join(data, "chromium")}`;
    go(chromium, [
      profile,
      "--no-first-run",
      "--enable-unsafe-webgpu",
      "--enable-features=Vulkan",
      ...(isRoot() ? ["--no-sandbox"] : []),
      address,
    ]);
    return `Opened in ${chromium}, with WebGPU on.`;
  }
  const opener = onPath("xdg-open");
  if (!opener) return "There is no browser on the PATH: open the address in one with WebGPU (Chromium, Chrome, Edge).";
  go(opener, [address]);
  return "Opened in the default browser. The panel needs WebGPU: on Linux use Chromium, Chrome or Edge with --enable-unsafe-webgpu --enable-features=Vulkan.";
}

async function serve(folder) {
  const data = resolve(options.data);
  const token = randomBytes(16).toString("hex");
  const server = await startServer({
    ...needServer(),
    data,
    extensions: join(data, "extensions"),
    settings: {
      "telemetry.telemetryLevel": "off",
      "update.mode": "none",
      "extensions.autoCheckUpdates": false,
      "workbench.startupEditor": "none",
      "chat.disableAIFeatures": true,
      "workbench.secondarySideBar.defaultVisibility": "hidden",
    },
    vsix: [packageExtension()],
    token,
    trust: true,
    port: await freePort(Number(options.port)),
  });
  const file = `vscode-remote://${server.authority}${encodeURI(join(folder, FIRST_FILE))}`;
  const payload = JSON.stringify([
    ["skipWelcome", "true"],
    ["openFile", file],
  ]);
  const address = `http://${server.authority}/?tkn=${token}&folder=${encodeURIComponent(folder)}&payload=${encodeURIComponent(payload)}`;
  console.log(`\nVS Code with Flexlens is served on this machine alone:\n\n  ${address}\n`);
  if (options["no-open"]) console.log("No browser opened (--no-open).");
  else if (hasDisplay()) console.log(openBrowser(address, data));
  else {
    const [host, port] = server.authority.split(":");
    console.log("There is no display here, so no browser opens: open the address in one on this machine, or forward the port first");
    console.log(`(\`ssh -L ${port}:${host}:${port} …\`) and open it on yours.`);
  }
  console.log("Ctrl-C ends it.");
  let ending = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.once(signal, async () => {
      ending = true;
      await server.stop();
      process.exit(0);
    });
  }
  await server.exited;
  if (!ending) {
    console.error(`VS Code's server has ended by itself:\n${server.output().slice(-2000)}`);
    process.exit(1);
  }
}

try {
  console.log("Building Flexlens …");
  const folder = examples();
  const found = options.browser ? { reason: "--browser was asked for" } : desktop();
  if (found.code) {
    packageExtension(); // for its bundles, which the folder of development is loaded with
    // On Linux Electron has WebGPU only behind flags, which a VS Code that already runs would not take: a profile of its own.
    const own = [`--user-data-dir=${join(ROOT, ".vscode-test/start")}`, "--enable-unsafe-webgpu", "--enable-features=Vulkan"];
    const words = [
      "--new-window",
      `--extensionDevelopmentPath=${ROOT}`,
      ...(process.platform === "linux" ? own : []),
      folder,
      join(folder, FIRST_FILE),
    ];
    console.log(`Opening VS Code ${found.version} with Flexlens and the examples in ${folder}`);
    const quoted = process.platform === "win32" ? words.map((word) => `"${word}"`) : words;
    spawn(found.code, quoted, { stdio: "ignore", detached: true, shell: process.platform === "win32" }).unref();
  } else {
    console.log(`VS Code opens in the browser, for ${found.reason}.`);
    await serve(folder);
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
