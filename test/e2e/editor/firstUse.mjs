// First use: the walkthrough whose steps lead from an example to a checked time, and the test of the window's WebGPU.
const SLOW = { timeout: 60_000 };

/** Takes a tab to the front: in a narrow window the example stands before the walkthrough, not beside it. */
async function toFront(vs, title) {
  const behind = vs.page.locator(".tab:not(.active)", { hasText: title });
  if ((await behind.count()) > 0) await behind.first().click();
}
const EXAMPLE = "Causal sliding window";

/** Opens a step of the walkthrough, and presses its button. */
async function takeStep(vs, id, button) {
  await toFront(vs, "Welcome");
  await vs.page.locator(`[data-step-id$="#${id}"]`).click(SLOW);
  await vs.page.locator(".step-description-container .monaco-button", { hasText: button }).click();
}

/** Waits for a step's check mark. */
async function stepIsDone(vs, id, timeout) {
  await toFront(vs, "Welcome");
  const mark = vs.page.locator(`[data-done-step-id$="#${id}"].complete`);
  await vs.until(
    `the step ${id} is done`,
    () => mark.count(),
    (marks) => marks > 0,
    timeout,
  );
}

export const steps = [
  [
    "the walkthrough opens by its command, and its first step is done when an example is open",
    async (vs) => {
      await vs.command("Flexlens: Get Started");
      await takeStep(vs, "example", "Open an Example");
      await vs.lensReads("causal_sliding_window =", /blocks skipped/, 60_000);
      await stepIsDone(vs, "example");
      await vs.shoot("walkthrough");
    },
  ],
  [
    "the next step shows the mask of the example beside it",
    async (vs) => {
      await takeStep(vs, "mask", "Show Mask");
      await vs.panel.getByTestId("mask-canvas").waitFor(SLOW);
      await vs.page.locator(".tab", { hasText: "Flexlens: causal_sliding_window" }).waitFor(SLOW);
      await stepIsDone(vs, "mask");
    },
  ],
  [
    "the test of WebGPU goes through its steps in the panel, and names the software adapter",
    async (vs) => {
      await takeStep(vs, "gpu", "Test WebGPU");
      const verdict = vs.panel.getByTestId("gpu-verdict");
      await verdict.waitFor(SLOW);
      vs.same("the cause", await verdict.getAttribute("data-cause"), "software adapter");
      vs.same("the shader's step", await vs.panel.getByTestId("gpu-step-compute").getAttribute("data-standing"), "ok");
      await vs.shoot("webgpu");
      await stepIsDone(vs, "gpu");
      await vs.panel.getByTestId("gpu-test-close").click();
      await vs.panel.getByTestId("mask-canvas").waitFor(SLOW);
    },
  ],
  [
    "the step of the benchmark is done by a time that was checked",
    async (vs) => {
      await toFront(vs, EXAMPLE);
      await vs.page.locator(".view-line span span", { hasText: /^1024$/ }).dblclick();
      await vs.page.keyboard.type("128");
      await takeStep(vs, "benchmark", "Run Benchmark");
      await stepIsDone(vs, "benchmark", 90_000);
      await toFront(vs, EXAMPLE);
      await vs.lensReads("causal_sliding_window =", /checked/, 30_000);
      await vs.command("View: Close All Editors");
      await vs.page.locator(".monaco-dialog-box .monaco-button", { hasText: "Don't Save" }).click();
      await vs.page
        .locator(".editor-group-container .tab")
        .first()
        .waitFor({ ...SLOW, state: "detached" });
    },
  ],
];
