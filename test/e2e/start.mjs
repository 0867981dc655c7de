// `npm start` as a person runs it, but for the browser, which is ours: the address that it prints opens VS Code with Flexlens
// and the examples, in a folder that is not trusted yet; nothing is served without the token; Ctrl-C ends all of it.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { conclude, panel, ROOT, runSteps, SHOTS, startBrowser } from "./harness.mjs";

const data = mkdtempSync(join(tmpdir(), "flexlens-start-"));
const words = [join(ROOT, "test/run/start.mjs"), "--browser", "--no-open", "--port", "0", "--data", data];
const child = spawn(process.execPath, words, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
let output = "";
for (const stream of [child.stdout, child.stderr]) {
  stream.setEncoding("utf8");
  stream.on("data", (text) => {
    output += text;
  });
}
process.once("exit", () => child.kill("SIGTERM"));
const ended = new Promise((done) => child.once("exit", (code) => done(code)));
const browser = await startBrowser();
const { page } = browser;
let address = "";

const steps = [
  [
    "builds, serves, and prints the address",
    async () => {
      const end = Date.now() + 180_000;
      while (address === "") {
        address = /^\s*(http:\/\/127\.0\.0\.1:\d+\/\?tkn=\S+)$/m.exec(output)?.[1] ?? "";
        if (child.exitCode !== null || Date.now() > end) throw new Error(`no address was printed:\n${output}`);
        await page.waitForTimeout(100);
      }
    },
  ],
  [
    "refuses whoever has no token",
    async () => {
      for (const path of ["/", "/?tkn=0123456789abcdef"]) {
        const { status } = await fetch(new URL(path, address));
        if (status !== 403) throw new Error(`${path} was answered with ${status}`);
      }
    },
  ],
  [
    "opens an example in a folder that is not trusted yet, with its lens",
    async () => {
      await page.goto(address);
      await page
        .locator(".codelens-decoration a", { hasText: /blocks skipped/ })
        .first()
        .waitFor({ timeout: 90_000 });
      await page.locator(".statusbar-item", { hasText: "Restricted Mode" }).waitFor({ timeout: 20_000 });
      const files = await page.locator(".explorer-folders-view .monaco-list-row").allTextContents();
      if (!files.some((name) => name.includes("mistakes.py"))) throw new Error(`the examples are not there: ${files}`);
      mkdirSync(SHOTS, { recursive: true });
      await page.screenshot({ path: join(SHOTS, "start.png") });
    },
  ],
  [
    "draws the mask there too, for nothing is run",
    async () => {
      await page
        .locator(".codelens-decoration a", { hasText: /blocks skipped/ })
        .first()
        .click();
      await panel(page).getByTestId("mask-canvas").waitFor({ timeout: 60_000 });
      await page.screenshot({ path: join(SHOTS, "start-mask.png") });
    },
  ],
  [
    "ends on Ctrl-C, the server with it",
    async () => {
      child.kill("SIGINT");
      const code = await Promise.race([ended, page.waitForTimeout(15_000).then(() => "no end within 15 s")]);
      if (code !== 0) throw new Error(`it ended with ${code}`);
      const answer = await fetch(address).then(
        ({ status }) => `${status}`,
        () => "refused",
      );
      if (answer !== "refused") throw new Error(`the server still answers: ${answer}`);
    },
  ],
];

try {
  conclude(await runSteps(steps, (name) => page.screenshot({ path: join(SHOTS, `start-${name}.png`) })));
  if (process.exitCode !== 0) console.log(output);
} finally {
  child.kill("SIGTERM");
  await ended;
  await browser.close();
  rmSync(data, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}
