// A sweep by a user's hands: planned, cancelled, kept over a reload, paused while the panel is behind another tab, resumed,
// copied. The points are tiny: what is tested is that none is lost and none is measured twice.
import { measured, result } from "../madeUpResults.mjs";

const SMALL = `
# flexlens: B=1, H=1, Q_LEN=64, KV_LEN=64, D=16
WINDOW = 16

def small(b, h, q_idx, kv_idx):
    return (q_idx >= kv_idx) & (q_idx - kv_idx < WINDOW)
`;
const VALUES = "32, 48, 64";

/** Types into a field of the toolkit, and leaves it. A field that was just given another value may take the text back. */
async function type(panel, id, text) {
  const input = panel.at(id).locator("input");
  await panel.until(`${id} takes its text`, async () => {
    await input.fill(text);
    await panel.page.waitForTimeout(50);
    return (await input.inputValue()) === text;
  });
  await input.press("Enter");
}
const counted = (panel, id) => panel.at(id).count();
const running = (panel) => panel.at("bench-cancel").count();
const stopped = (panel) =>
  panel.until(
    "the sweep stops",
    () => running(panel),
    (n) => n === 0,
    20_000,
  );
const times = (panel, at) =>
  panel.until(
    `${at} rows have times`,
    () => counted(panel, "sweep-time"),
    (n) => n >= at,
    30_000,
  );

/** In the page: devices that are opened can be closed from here, as a driver does that gives up. */
function rememberDevices() {
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...given) {
    window.openedDevice = await request.apply(this, given);
    return window.openedDevice;
  };
}

export const steps = [
  [
    "the form says what there will be to measure, and what cannot be",
    async (panel) => {
      await panel.page.addInitScript(rememberDevices);
      await panel.open({ view: "benchmark" });
      await panel.edit(SMALL);
      await panel.at("bench-device").waitFor();
      // What the device reaches is taken from an earlier result where there is one; measuring it takes seconds.
      const name = (await panel.at("bench-device").locator("b").textContent()).split(" · ")[0];
      await panel.send(measured([result("quad", 64, 1, { device: { name, software: true } })]));
      await panel.at("bench-sweep").click();
      const count = () => panel.at("sweep-count").textContent();
      await type(panel, "sweep-values-first", "32, some");
      await panel.until("the fault is said", count, (text) => text.includes("some is no value"));
      await type(panel, "sweep-values-first", VALUES);
      await panel.until("the measurements are counted", count, (text) => text.startsWith("3 points × 2 kernels = 6 measurements"));
      await type(panel, "sweep-to-first", "128");
      await panel.until(
        "from, to and steps fill the list",
        () => panel.at("sweep-values-first").locator("input").inputValue(),
        (text) => text.endsWith("128"),
      );
      await type(panel, "sweep-values-first", VALUES);
      await panel.at("sweep-kernel-chosen").uncheck();
      await panel.until("the measurements are counted again", count, (text) => text.startsWith("3 points × 1 kernel = 3 measurements"));
    },
  ],
  [
    "a sweep shows all its rows from the start, and can be cancelled",
    async (panel) => {
      await panel.at("sweep-start").click();
      await panel.at("sweep").waitFor();
      panel.same("places", (await counted(panel, "sweep-left")) + (await counted(panel, "sweep-time")), 3);
      await times(panel, 1);
      await panel.at("bench-cancel").click();
      await stopped(panel);
      const left = await counted(panel, "sweep-left");
      if (left < 1 || left > 2) throw new Error(`${left} points are left after a cancellation on the way`);
    },
  ],
  [
    "after a reload, a pause and the loss of the device what was measured is there, and only the rest is measured",
    async (panel) => {
      const before = await panel.page.locator('[data-testid="sweep-time"]').allTextContents();
      const left = await counted(panel, "sweep-left");
      await panel.page.reload();
      await panel.page.locator("body[data-ready]").waitFor();
      await panel.edit(SMALL);
      await panel.at("sweep-resume").waitFor();
      panel.same("rows after the reload", await panel.page.locator('[data-testid="sweep-time"]').allTextContents(), before);
      // Behind another tab nothing is timed, and the panel says why.
      await panel.send({ type: "visible", visible: false });
      await panel.at("sweep-resume").click();
      await panel.until(
        "it is paused",
        () => panel.at("bench-progress").textContent(),
        (text) => text.startsWith("Paused at"),
      );
      panel.same("measured while hidden", (await panel.posted("swept")).length, 0);
      await panel.send({ type: "visible", visible: true });
      await panel.until("a point is measured", async () => (await panel.posted("swept")).length, Boolean, 20_000);
      await panel.page.evaluate(() => window.openedDevice.destroy());
      await panel.at("sweep-fault").waitFor({ timeout: 20_000 });
      const words = await panel.at("sweep-fault").textContent();
      if (!/closed.* of 3 measurements are kept/.test(words)) throw new Error(`it says: ${words}`);
      await panel.at("sweep-resume").click();
      await panel.at("sweep-drift").waitFor({ timeout: 40_000 });
      await stopped(panel);
      const steps = await panel.posted("swept");
      panel.same("points measured after the reload", steps.filter((s) => s.results.length > 0).length, left);
      const after = await panel.page.locator('[data-testid="sweep-time"]').allTextContents();
      panel.same("rows", after.length, 3);
      panel.same("rows of before", after.slice(0, before.length), before);
      panel.same("how it stands", (await panel.at("sweep-stand").textContent()).split(" · ")[0], "all 3 measured");
    },
  ],
  [
    "it is copied as CSV and Markdown, and forgotten with its measurements",
    async (panel) => {
      await panel.at("sweep-csv").click();
      await panel.at("sweep-markdown").click();
      const [csv, markdown] = (await panel.posted("copy")).map((message) => message.text);
      panel.same("lines of the CSV", csv.trim().split("\r\n").length, 4);
      panel.same("columns begin with", csv.split(",").slice(0, 3), ["sweep_S", "variant", "kernel"]);
      panel.same("rows of the Markdown", markdown.split("\n").filter((line) => /^\| \d/.test(line)).length, 3);
      await panel.at("sweep-forget").click();
      await panel.at("sweep-forget-all").click();
      await panel.until(
        "it is gone",
        () => counted(panel, "sweep"),
        (n) => n === 0,
      );
    },
  ],
];
