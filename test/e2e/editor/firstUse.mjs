// First use: the walkthrough whose steps lead from an example to a checked time, and the test of the window's WebGPU.
const SLOW = { timeout: 60_000 };

const step = (vs, id) => vs.page.locator(`[data-step-id$="#${id}"]`);
const isDone = async (vs, id) => (await vs.page.locator(`[data-done-step-id$="#${id}"].complete`).count()) > 0;
/** Presses the button of the step that is open. */
const press = (vs, text) => vs.page.locator(".step-description-container .monaco-button", { hasText: text }).click();

export const steps = [
  [
    "the walkthrough opens by its command, and its first step is done when an example is open",
    async (vs) => {
      await vs.command("Flexlens: Get Started");
      await step(vs, "example").waitFor(SLOW);
      await press(vs, "Open an Example");
      await vs.lensReads("causal_sliding_window =", /blocks skipped/, 60_000);
      await vs.until("the first step is done", () => isDone(vs, "example"));
      await vs.shoot("walkthrough");
    },
  ],
  [
    "the next step shows the mask of the example beside it",
    async (vs) => {
      await step(vs, "mask").click();
      await press(vs, "Show Mask");
      await vs.panel.getByTestId("mask-canvas").waitFor(SLOW);
      await vs.page.locator(".tab", { hasText: "Flexlens: causal_sliding_window" }).waitFor(SLOW);
      await vs.lensReads("causal_sliding_window =", /blocks skipped/);
      await vs.until("the step is done", () => isDone(vs, "mask"));
    },
  ],
  [
    "the test of WebGPU goes through its steps in the panel, and names the software adapter",
    async (vs) => {
      await step(vs, "gpu").click();
      await press(vs, "Test WebGPU");
      const verdict = vs.panel.getByTestId("gpu-verdict");
      await verdict.waitFor(SLOW);
      vs.same("the cause", await verdict.getAttribute("data-cause"), "software adapter");
      vs.same("the shader's step", await vs.panel.getByTestId("gpu-step-compute").getAttribute("data-standing"), "ok");
      await vs.shoot("webgpu");
      await vs.until("the step is done", () => isDone(vs, "gpu"));
      await vs.panel.getByTestId("gpu-test-close").click();
      await vs.panel.getByTestId("mask-canvas").waitFor(SLOW);
    },
  ],
  [
    "the step of the benchmark is done by a time that was checked",
    async (vs) => {
      await vs.page.locator(".view-line span span", { hasText: /^1024$/ }).dblclick();
      await vs.page.keyboard.type("128");
      await step(vs, "benchmark").click();
      await press(vs, "Run Benchmark");
      await vs.until("the step is done", () => isDone(vs, "benchmark"), Boolean, 90_000);
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
