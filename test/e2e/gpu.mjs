// A GPU that is missing, or that dies: the panel says so in its own words, keeps the mask, and goes on once there is one again.
//   node test/e2e/gpu.mjs
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { TEST_ARGS } from "../run/chromium.mjs";
import { conclude, panel, ROOT, runSteps, SHOTS, scratchExamples, startBrowser, startServer } from "./harness.mjs";

const SLOW = { timeout: 90_000 };
const examples = scratchExamples();
const server = await startServer({ vsix: join(ROOT, "dist/flexlens.vsix") });
const url = server.url(examples.folder, [["openFile", server.uri(join(examples.folder, "causal.py"))]]);
mkdirSync(SHOTS, { recursive: true });

/** Opens the example in a browser, and clicks a lens of its first function. */
async function clickLens(page, text) {
  if (!page.url().startsWith("http")) await page.goto(url);
  const lens = page.locator(".codelens-decoration a", { hasText: text }).first();
  await lens.waitFor(SLOW);
  await lens.click();
}

/** What the panel says in its strip of errors. */
const complaint = (page) => panel(page).locator('.strip.error, [data-testid="error-strip"]').first();
const checked = (page) =>
  panel(page).locator('[data-testid="bench-row-quad"][data-check="passed"], [data-testid="bench-row-row"][data-check="passed"]');

/** Runs `body` in a browser of its own. */
const within = (options, name, body) => async () => {
  const browser = await startBrowser(options);
  try {
    await body(browser);
  } finally {
    await browser.page.screenshot({ path: join(SHOTS, `gpu-${name}.png`) }).catch(() => {});
    await browser.close();
  }
};
const noGpu = { args: TEST_ARGS.filter((flag) => !/webgpu/i.test(flag)) };

const steps = [
  [
    "without an adapter the mask is drawn, and a benchmark says what is missing and the way out",
    within(noGpu, "none", async ({ page }) => {
      await clickLens(page, /blocks skipped/);
      await panel(page).getByTestId("mask-canvas").waitFor(SLOW);
      await clickLens(page, /^Benchmark$/);
      await complaint(page).waitFor(SLOW);
      const words = (await complaint(page).textContent()) ?? "";
      if (!/adapter|WebGPU/.test(words)) throw new Error(`it says: ${words}`);
      if ((await panel(page).locator('[data-testid^="bench-row-"]').count()) > 0)
        throw new Error("there is a row of results without a GPU");
      // The test of WebGPU goes on from there: the step that does not hold, its cause, and what to do.
      await panel(page).getByRole("button", { name: "Test WebGPU" }).first().click();
      const verdict = panel(page).getByTestId("gpu-verdict");
      await verdict.waitFor(SLOW);
      const cause = await verdict.getAttribute("data-cause");
      if (!["no acceleration", "not offered"].includes(cause)) throw new Error(`the test says \`${cause}\``);
      if ((await panel(page).getByTestId("gpu-step-adapter").getAttribute("data-standing")) !== "bad")
        throw new Error("the step of the adapter holds");
      if ((await verdict.locator("li").count()) < 2) throw new Error("there is no way out");
    }),
  ],
  [
    "a GPU process that dies in the middle of a run is told, and the next run works",
    within({}, "crash", async (browser) => {
      const { page } = browser;
      await clickLens(page, /^Benchmark$/);
      await panel(page).getByTestId("bench-cancel").waitFor(SLOW);
      await page.waitForTimeout(1500);
      await browser.crashGpu();
      await complaint(page).waitFor(SLOW);
      const words = (await complaint(page).textContent()) ?? "";
      if (!/lost/.test(words)) throw new Error(`it says: ${words}`);
      await panel(page).getByTestId("bench-run").click();
      await checked(page).first().waitFor({ timeout: 150_000 });
    }),
  ],
];

try {
  conclude(await runSteps(steps, async () => {}));
} finally {
  await server.stop();
  examples.remove();
}
