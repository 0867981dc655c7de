// One light on two sides: the Kernel tab and the editor, in a real window; and the kernel as a document beside.
import { EXTENSION } from "../harness.mjs";

const SLOW = { timeout: 60_000 };
const TEXT = `# flexlens: B=1, H=1, Q_LEN=256, KV_LEN=256, D=16
def near(b, h, q_idx, kv_idx):
    behind = q_idx >= kv_idx
    close = q_idx - kv_idx < 32
    return behind & close
`;

/** The lines of text that are lit in the editor. */
const litLines = () => {
  const top = (each) => each.getBoundingClientRect().top;
  const lit = [...document.querySelectorAll(".monaco-editor .view-overlays .cdr")].filter(
    (each) => getComputedStyle(each).borderLeftWidth === "3px",
  );
  return [...document.querySelectorAll(".monaco-editor .view-line")]
    .filter((line) => lit.some((each) => Math.abs(top(each) - top(line)) < 3))
    .map((line) => line.textContent.replaceAll("\u00a0", " ").trim());
};

export const steps = [
  [
    "the Kernel tab lights the Python in the editor, the editor's cursor lights the kernel, and the kernel opens beside",
    async (vs) => {
      const { page, until } = vs;
      vs.write("light.py", TEXT);
      await vs.openFile("light.py");
      await vs.lensReads("def near", /Kernel/, 60_000);
      await page.waitForTimeout(500);
      await vs.clickLens("def near", /Kernel/);
      const view = page.frameLocator(`iframe.webview.ready[src*="extensionId=${EXTENSION}"]`).frameLocator("#active-frame");
      const line = (text) => view.locator(".code .line", { hasText: text }).first();
      // Which kernel it is depends on the device.
      await view.getByText("For google").waitFor(SLOW);
      await line("let close =").hover();
      await until(
        "the Python is lit",
        () => page.evaluate(litLines),
        (lines) => lines.join() === "close = q_idx - kv_idx < 32",
      );

      await page.locator(".monaco-editor .view-line", { hasText: "behind = q_idx" }).click();
      const lit = () => view.locator(".code .line.lit").allTextContents();
      await until("the kernel is lit", lit, (lines) => lines.length === 1 && lines[0].includes("let behind ="));

      await view.getByTestId("wgsl-open").click();
      await page.locator(".tabs-container .tab", { hasText: /near\.\w+\.forward\.wgsl/ }).waitFor(SLOW);
      await page.locator(".monaco-editor .view-line", { hasText: "FlashAttention" }).first().waitFor(SLOW);
    },
  ],
];
