// A real VS Code with a real browser: the server of test/run/server.mjs and a headless Chromium whose WebGPU is a software
// adapter. Here: settings for tests, a browser with a profile of its own, the panel's document, the in-host suites, steps
// with their count. Every script that uses it ends with a line `RESULT {"pass":…,"fail":…,"skip":…}`.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { chromium } from "playwright-core";
import { needChromium, TEST_ARGS } from "../run/chromium.mjs";
import { ROOT } from "../run/dawn.mjs";
import { needServer, startServer as start } from "../run/server.mjs";

export { ROOT };
export const EXTENSION = "flexlens.flexlens";
/** Moves the extension and the tests' own to the web worker host: extensionDevelopmentKind has no effect in a browser. */
export const IN_WEB_WORKER = { "remote.extensionKind": { [EXTENSION]: ["web"], "flexlens.flexlens-tests": ["web"] } };
export const DRIVER = join(ROOT, "test/e2e/driver");
export const SHOTS = process.env.SHOTS ?? join(ROOT, "test/e2e/shots");

const began = Date.now();
export const log = (...words) => console.log(`[+${((Date.now() - began) / 1000).toFixed(1)} s]`, ...words);

const SETTINGS = {
  "telemetry.telemetryLevel": "off",
  "update.mode": "none",
  "extensions.autoUpdate": false,
  "extensions.autoCheckUpdates": false,
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "workbench.enableExperiments": false,
  "chat.disableAIFeatures": true,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "window.commandCenter": false,
  "git.enabled": false,
  "editor.minimap.enabled": false,
  // Nothing moves by itself: each picture of the window costs time that the tests wait for.
  "editor.cursorBlinking": "solid",
  "workbench.reduceMotion": "on",
  "editor.accessibilitySupport": "off",
  "files.autoSave": "off",
  // Settings are a tab, as in a window that has an extension under development.
  "workbench.editor.useModal": "off",
};

const removed = (folder) => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });

/** A VS Code server with a data folder of its own, both gone after `stop`. vsix: a package to install. settings: added. */
export async function startServer({ vsix, settings = {}, trust = false, testDriver = !vsix } = {}) {
  if (vsix && !existsSync(vsix)) throw new Error(`\`${vsix}\` does not exist: run \`npm run package\` first.`);
  const data = mkdtempSync(join(tmpdir(), "flexlens-e2e-"));
  const server = await start({
    ...needServer(),
    data,
    extensions: join(data, "extensions"),
    settings: { ...SETTINGS, ...(trust ? {} : { "security.workspace.trust.enabled": false }), ...settings },
    vsix: vsix ? [vsix] : [],
    trust,
    testDriver,
  });
  log(`VS Code's server listens on ${server.authority}`);
  const uri = (path) => `vscode-remote://${server.authority}${encodeURI(resolve(path))}`;
  return {
    ...server,
    uri,
    /** Address of the workbench with a folder open. payload: pairs; of equal keys the last wins. */
    url(folder, payload = []) {
      const pairs = JSON.stringify([["skipWelcome", "true"], ...payload]);
      return `http://${server.authority}/?folder=${encodeURIComponent(resolve(folder))}&payload=${encodeURIComponent(pairs)}`;
    },
    async stop() {
      await server.stop();
      removed(data);
    },
  };
}

/** Chromium with a fresh profile: `{ context, page, close, crashGpu }`. args: instead of the usual flags. */
export async function startBrowser({ args = TEST_ARGS, ...options } = {}) {
  const profile = mkdtempSync(join(tmpdir(), "flexlens-chromium-"));
  mkdirSync(join(profile, "Default"));
  // Third-party storage allowed: Chromium blocks it, and a webview of its own origin could not register its service worker.
  const preferences = { profile: { cookie_controls_mode: 0, block_third_party_cookies: false } };
  writeFileSync(join(profile, "Default/Preferences"), JSON.stringify(preferences));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: needChromium(),
    headless: !process.env.HEADED,
    viewport: { width: 1400, height: 900 },
    args,
    ...options,
  });
  log(`Chromium ${context.browser()?.version() ?? ""}`);
  return {
    context,
    page: context.pages()[0] ?? (await context.newPage()),
    async close() {
      await context.close();
      removed(profile);
    },
    /** `device.lost` fires in every page; a new adapter can be had at once. */
    async crashGpu() {
      const session = await context.browser().newBrowserCDPSession();
      await session.send("Browser.crashGpuProcess").catch(() => {});
    },
  };
}

/** The panel's document. The id in the frame's address keeps it apart from the webviews of notebooks. */
export const panel = (page) => page.frameLocator(`iframe.webview.ready[src*="extensionId=${EXTENSION}"]`).frameLocator("#active-frame");

/** Makes a folder a git repository with all of it committed. */
export function commitAll(folder) {
  const git = (...words) => execFileSync("git", ["-C", folder, "-c", "user.name=e2e", "-c", "user.email=e2e@localhost", ...words]);
  git("init", "--quiet");
  git("add", "--all");
  git("commit", "--quiet", "--message", "examples");
}

/** A copy of the examples that may be edited. */
export function scratchExamples() {
  const folder = mkdtempSync(join(tmpdir(), "flexlens-examples-"));
  cpSync(join(ROOT, "kernels/gallery"), folder, { recursive: true, filter: (path) => !path.endsWith(".ts") });
  return { folder, remove: () => removed(folder) };
}

/** Runs the in-host suite that the page's address names, which has to say that it ran in `host`; gives `{ pass, fail, skip }`. */
export async function runSuite(page, url, { host, timeout = 180_000, shot } = {}) {
  let result = null;
  let ranIn = null;
  const lines = [];
  const exited = new Promise((done) => page.exposeFunction("codeAutomationExit", (code) => done(code)));
  await page.exposeFunction("codeAutomationLog", () => {}); // the same lines come through the console
  page.on("console", (message) => {
    const text = message.text();
    const at = text.indexOf("[mocha]");
    lines.push(text.slice(0, 1000));
    if (at < 0) return;
    const said = text.slice(at + 8).replace(/ color: \w* color: ?$/, "");
    const found = /^RESULT (\{.*\})/.exec(said);
    if (found) result = JSON.parse(found[1]);
    else console.log(`  ${said}`);
    ranIn ??= /^HOST (\w+)/.exec(said)?.[1] ?? null;
  });
  const crashed = new Promise((done) => page.once("crash", () => done("the page crashed")));
  const late = new Promise((done) => setTimeout(() => done(`no end within ${timeout / 1000} s`), timeout).unref());
  await page.goto(url);
  const code = await Promise.race([exited, crashed, late]);
  if (shot) {
    mkdirSync(SHOTS, { recursive: true });
    await page.screenshot({ path: join(SHOTS, shot) }).catch(() => {});
  }
  // The exit code alone says nothing: it is 0 too where the extension host was killed. No RESULT line, no success.
  if (result && result.pass > 0 && ranIn === host && (code === 0) === (result.fail === 0)) return result;
  console.log(
    lines
      .filter((line) => /ERR|Error/.test(line) && !/bindings file|watchdog|serviceWorker/.test(line))
      .slice(-15)
      .join("\n"),
  );
  console.log(`FAIL the suite ended with \`${code}\` in host \`${ranIn}\` and ${JSON.stringify(result)}`);
  return { pass: result?.pass ?? 0, fail: Math.max(1, result?.fail ?? 0), skip: result?.skip ?? 0 };
}

/** Says the result as the runner reads it, and sets the exit code. */
export function conclude({ pass, fail, skip }) {
  console.log(`RESULT ${JSON.stringify({ pass, fail, skip })}`);
  process.exitCode = fail > 0 || skip > 0 || pass === 0 ? 1 : 0;
}

/**
 * Steps of a scenario: each is a test, its name a sentence; after the first that fails the rest cannot be trusted and
 * counts as failed too. `shoot("error")` is called after a failure, and what `sight()` gives is said, where it is given.
 */
export async function runSteps(steps, shoot, sight) {
  const result = { pass: 0, fail: 0, skip: 0 };
  for (const [i, [name, body]] of steps.entries()) {
    const t0 = Date.now();
    try {
      await body();
      result.pass++;
      log(`ok   ${name} (${Date.now() - t0} ms)`);
    } catch (error) {
      result.fail += steps.length - i;
      const said = error instanceof Error ? error : new Error(String(error));
      log(`FAIL ${name}: ${said.message.split("\n")[0]}\n${said.stack}`);
      if (sight) log(`in sight: ${JSON.stringify(await sight().catch(String))}`);
      await shoot("error").catch(() => {});
      for (const [rest] of steps.slice(i + 1)) log(`FAIL ${rest} (not reached)`);
      break;
    }
  }
  return result;
}
