// Charts, comparison, history and savings on the panel's page. The host tells made-up measurements whose times are known
// functions of the length; the coordinates of every mark are read back and held against them.
import { atLength, check, DEVICE, LENGTHS, measured, ours, result, theirs, VARIANT } from "../madeUpResults.mjs";
import { axeFindings, misplaced } from "../pageChecks.mjs";

/** Every mark of a chart: its series, its data, and where it is drawn. */
const marksOf = (panel, id) =>
  panel
    .at(`chart-${id}`)
    .locator(".mark")
    .evaluateAll((elements) =>
      elements.map((element) => {
        const [px, py] = element
          .getAttribute("transform")
          .match(/-?[\d.]+/g)
          .map(Number);
        const { series, x, y, hollow } = element.dataset;
        return { series, x: Number(x), y: Number(y), hollow: hollow === "true", px, py };
      }),
    );
/** Texts of a chart with their places. */
const textsOf = (panel, id) =>
  panel
    .at(`chart-${id}`)
    .locator("svg text")
    .evaluateAll((elements) =>
      elements.map((element) => ({
        text: element.textContent,
        x: Number(element.getAttribute("x")),
        y: Number(element.getAttribute("y")),
      })),
    );
const plain = (text) => text.replaceAll(/[\u202f\u00a0]/g, " ");

/** The line through all (value, pixel); throws where a point is more than a tenth of a pixel off. */
function lineThrough(what, pairs) {
  const [[v0, p0], [v1, p1]] = [pairs[0], pairs.at(-1)];
  const slope = (p1 - p0) / (v1 - v0);
  for (const [v, p] of pairs) {
    const off = Math.abs(p0 + slope * (v - v0) - p);
    if (!(off < 0.1)) throw new Error(`${what}: ${v} is ${off} px from where its scale has it`);
  }
  return { at: (v) => p0 + slope * (v - v0), slope };
}

/** The bytes of the one file that was saved since the `before`th message. */
async function saved(panel, press) {
  const before = (await panel.posted("saveFile")).length;
  await press();
  const files = await panel.until(
    "a file is saved",
    () => panel.posted("saveFile"),
    (all) => all.length > before,
  );
  const { name, base64 } = files.at(-1);
  return { name, bytes: Buffer.from(base64, "base64") };
}

export const steps = [
  [
    "without measurements there are no charts, and no error",
    async (panel) => {
      await panel.open({ view: "benchmark" });
      await panel.at("bench-run").waitFor();
      panel.same("charts", await panel.at("charts").count(), 0);
    },
  ],
  [
    "time against S: every mark is where its time and its length are on log axes, and the ticks are on the same scales",
    async (panel) => {
      for (const S of LENGTHS) await panel.send(measured(atLength(S)));
      const marks = await panel.until(
        "marks",
        () => marksOf(panel, "time"),
        (all) => all.length === 2 * LENGTHS.length,
      );
      for (const { series, x, y } of marks) {
        const want = series === "quad" ? ours(x) : theirs(x);
        if (Math.abs(y / want - 1) > 1e-9) throw new Error(`${series} at ${x} is ${y}, not ${want}`);
      }
      const across = lineThrough(
        "x",
        marks.map((m) => [Math.log2(m.x), m.px]),
      );
      const up = lineThrough(
        "y",
        marks.map((m) => [Math.log10(m.y), m.py]),
      );
      if (!(across.slope > 10 && up.slope < -10)) throw new Error(`slopes ${across.slope} and ${up.slope}`);
      const texts = (await textsOf(panel, "time")).map((t) => ({ ...t, text: plain(t.text) }));
      const sizes = texts.filter((t) => /^[\d ]+$/.test(t.text));
      const units = { s: 1000, ms: 1, µs: 1e-3 };
      const spans = texts.flatMap(({ text, y }) => {
        const [, amount, unit] = /^([\d. ]+) (s|ms|µs)$/.exec(text) ?? [];
        return unit === undefined ? [] : [{ ms: Number(amount.replaceAll(" ", "")) * units[unit], y: y - 4 }];
      });
      if (sizes.length < 3 || spans.length < 2) throw new Error(`ticks: ${JSON.stringify(texts)}`);
      for (const { text, x } of sizes) {
        const off = Math.abs(across.at(Math.log2(Number(text.replaceAll(" ", "")))) - x);
        if (off > 0.1) throw new Error(`the tick ${text} is ${off} px off`);
      }
      for (const { ms, y } of spans) {
        const off = Math.abs(up.at(Math.log10(ms)) - y);
        if (off > 0.1) throw new Error(`the tick of ${ms} ms is ${off} px off`);
      }
      panel.same("names at the ends", texts.filter((t) => ["quad", "materialised"].includes(t.text)).length, 2);
    },
  ],
  [
    "speed-up: the crossover is named where the two times meet",
    async (panel) => {
      const marks = await marksOf(panel, "speed-up");
      panel.same("points", marks.length, LENGTHS.length);
      for (const { x, y } of marks) if (Math.abs(y - x / 400) > 1e-9) throw new Error(`the speed-up at ${x} is ${y}`);
      const told = plain(await panel.at("chart-speed-up-readout").textContent());
      const [, at, low, high] = /^quad is faster from S = (\d+) on \((\d+)…(\d+)\)\.$/.exec(told) ?? [];
      panel.same("crossover", at, "400");
      if (!(Number(low) < 400 && Number(low) > 380 && Number(high) > 400 && Number(high) < 420)) throw new Error(told);
      panel.same("what is heard", plain(await panel.at("chart-speed-up").locator("svg").getAttribute("aria-label")), told);
    },
  ],
  [
    "the keyboard goes from point to point, and each is read out; the data are a table too",
    async (panel) => {
      const svg = panel.at("chart-time").locator("svg");
      const readout = async () => plain(await panel.at("chart-time-readout").textContent());
      const rest = await readout();
      await svg.focus();
      await panel.page.keyboard.press("ArrowRight");
      const first = await readout();
      if (!first.startsWith("quad, S 128: 128 µs")) throw new Error(first);
      await panel.page.keyboard.press("End");
      if (!(await readout()).startsWith("quad, S 4 096: 4.10 ms")) throw new Error(await readout());
      await panel.page.keyboard.press("ArrowDown");
      if (!(await readout()).startsWith("materialised, S 4 096: 41.9 ms")) throw new Error(await readout());
      panel.same("the ring", await svg.locator(".ring").count(), 1);
      await panel.page.keyboard.press("Escape");
      panel.same("at rest", await readout(), rest);
      await panel.at("chart-time-table").click();
      panel.same("rows", await panel.at("chart-time").locator("tbody tr").count(), 2 * LENGTHS.length);
      panel.same("the picture", await svg.isVisible(), false);
      await panel.at("chart-time-table").click();
    },
  ],
  [
    "a point's doubt is an outline; a wrong result is no point; another device has charts of its own",
    async (panel) => {
      const noisy = atLength(256, { interval: [0.2, 0.4], run: "noisy", measuredAt: Date.now() - 1000 });
      const wrong = atLength(8192, { check: { ...check, passed: false }, run: "wrong" });
      const other = [result("quad", 512, 9, { device: { name: "another gpu", software: false }, run: "other" })];
      await panel.send(measured([...noisy, ...wrong, ...other]));
      await panel.at("charts-device").waitFor();
      const device = await panel.at("charts-device").evaluate((element) => element.value);
      if (device !== DEVICE.name) await choose(panel, "charts-device", DEVICE.name);
      const marks = await panel.until(
        "an outline",
        () => marksOf(panel, "time"),
        (all) => all.some((m) => m.hollow),
      );
      panel.same("hollow", [...new Set(marks.filter((m) => m.hollow).map((m) => m.x))], [256]);
      panel.same("lengths", [...new Set(marks.map((m) => m.x))], LENGTHS);
    },
  ],
  [
    "the roof is what the device was measured to reach, and sparsity asks for another mask",
    async (panel) => {
      await panel.send(measured(atLength(1024)));
      const marks = await panel.until(
        "the roofline's points",
        () => marksOf(panel, "roofline"),
        (all) => all.length === 2,
      );
      for (const { x, y } of marks) {
        const ms = y === undefined ? 0 : ((8 * 64 * 1024 * 1024) / y) * 1000;
        if (Math.min(Math.abs(ms / ours(1024) - 1), Math.abs(ms / theirs(1024) - 1)) > 1e-9) throw new Error(`${x}, ${y}`);
        if (Math.abs(x / ((8 * 64 * 1024 * 1024) / 2 ** 23) - 1) > 1e-9) throw new Error(`${x} FLOP a byte`);
      }
      if (!plain(await panel.at("chart-roofline").textContent()).includes("4.00 TFLOP/s, 500 GB/s measured")) {
        throw new Error(await panel.at("chart-roofline").textContent());
      }
      const dense = result("quad", 1024, 3, { variant: "causal", sparsity: { blocks: 0, elements: 0 } });
      if (!(await panel.at("chart-sparsity").textContent()).includes("another mask")) throw new Error("no word of what is missing");
      await panel.send(measured([dense]));
      const points = await panel.until(
        "a second mask",
        () => marksOf(panel, "sparsity"),
        (all) => all.length === 2,
      );
      panel.same(
        "sparsities",
        points.map((p) => p.x),
        [0, 0.7],
      );
      panel.same("speed-up", Number(points[1].y.toFixed(6)), Number((3 / ours(1024)).toFixed(6)));
    },
  ],
  [
    "tables are sorted by a column, by mouse and by key, and no head moves",
    async (panel) => {
      const head = (column) => panel.at(`sort-results-${column}`);
      const order = (column) => head(column).locator("xpath=..").getAttribute("aria-sort");
      const places = () =>
        head("time").evaluate((button) => [...button.closest("tr").children].map((th) => th.getBoundingClientRect().left));
      const shown = () =>
        panel.page
          .locator('[data-testid^="bench-row-"], [data-testid^="bench-old-"]')
          .evaluateAll((rows) => rows.map((row) => Number(row.dataset.ms)));
      const before = await shown();
      const heads = await places();
      const rising = before.toSorted((a, b) => a - b);
      await head("time").click();
      panel.same("ascending", await shown(), rising);
      panel.same("said", await order("time"), "ascending");
      panel.same("heads stay where they are", await places(), heads);
      await head("time").press("Enter");
      panel.same("descending", [await shown(), await order("time")], [rising.toReversed(), "descending"]);
      await panel.shoot("sorted");
      await head("time").press(" ");
      panel.same("as it was", [await shown(), await order("time")], [before, "none"]);
    },
  ],
  [
    "a chart is saved as SVG with its colours written out, for paper, and as PNG",
    async (panel) => {
      const svg = await saved(panel, () => panel.at("chart-time-svg").click());
      panel.same("name", svg.name, `${VARIANT}-Time-against-S.svg`);
      const text = svg.bytes.toString("utf8");
      if (/var\(|href|undefined|NaN/.test(text)) throw new Error("it needs the page");
      const marks = await marksOf(panel, "time");
      panel.same("marks", text.match(/transform="translate\([\d. ]+\)" fill/g)?.length, marks.length);
      const colour = await panel.page.evaluate(() => {
        const probe = document.body.appendChild(document.createElement("i"));
        probe.style.color = "var(--fx-s1)";
        const { color } = getComputedStyle(probe);
        probe.remove();
        return color;
      });
      if (!text.includes(colour)) throw new Error(`without the theme's ${colour}`);
      const paper = await saved(panel, () => panel.at("chart-time-svg-light").click());
      panel.same("name", paper.name, `${VARIANT}-Time-against-S-light.svg`);
      if (!paper.bytes.toString("utf8").includes('fill="#ffffff"')) throw new Error("no white paper");
      const png = await saved(panel, () => panel.at("chart-time-png").click());
      panel.same("name", png.name, `${VARIANT}-Time-against-S.png`);
      panel.same("PNG", [png.bytes.toString("latin1", 1, 4), png.bytes.readUInt32BE(16), png.bytes.readUInt32BE(20)], ["PNG", 960, 640]);
    },
  ],
  [
    "of two runs a quarter more is a finding and a tenth is not; a run is deleted",
    async (panel) => {
      const at = (minutes) => Date.now() - 60_000 * minutes;
      await panel.send(measured(atLength(1024, { run: "before", measuredAt: at(30) })));
      await panel.send(measured(atLength(1024, { run: "tenth", measuredAt: at(20), key: "edited" }, 1.1)));
      await panel.send(measured(atLength(1024, { run: "more", measuredAt: at(10), key: "edited" }, 1.5)));
      const runs = panel.at("past-run");
      await panel.until(
        "runs",
        () => runs.count(),
        (n) => n === 4,
      );
      const verdicts = async () => panel.at("compared-quad").evaluateAll((rows) => rows.map((row) => row.dataset.verdict));
      panel.same("the last two", await verdicts(), ["slower"]);
      panel.same("the baseline", await panel.at("compared-materialized").getAttribute("data-verdict"), "same");
      // The last first: `more`, `tenth`, `before`, and the one of the roofline.
      await runs.nth(0).locator("input").click();
      await runs.nth(2).locator("input").click();
      panel.same("a tenth", await panel.until("another pair", verdicts, ([v]) => v === "small"), ["small"]);
      const marks = await marksOf(panel, "history");
      panel.same(
        "the time line",
        marks.filter((m) => m.series === "quad").map((m) => Number((m.y / ours(1024)).toFixed(3))),
        [1, 1, 1.1, 1.5],
      );
      await runs.nth(0).getByRole("button").click();
      await panel.until(
        "three runs",
        () => runs.count(),
        (n) => n === 3,
      );
      panel.same(
        "told",
        (await panel.posted("forgetRun")).map((m) => m.run),
        ["more"],
      );
    },
  ],
  [
    "savings: no money without a price; the memory is that of the shape; what is given is told",
    async (panel) => {
      const savings = panel.at("savings");
      const text = async () => plain(await savings.textContent());
      if (!(await text()).includes("32.0 MiB")) throw new Error(await text());
      if (/money saved/i.test(await text())) throw new Error("money without a price");
      const field = panel.at("savings-price").locator("input");
      await field.fill("lots");
      await field.press("Enter");
      panel.same("refused", await panel.at("savings-price").getAttribute("aria-invalid"), "true");
      await field.fill("2,50");
      await field.press("Enter");
      panel.same(
        "told",
        (await panel.posted("savings")).map((m) => m.form.price),
        [2.5],
      );
      await panel.until(
        "the price as it was read",
        () => field.inputValue(),
        (value) => value === "2.5",
      );
    },
  ],
  [
    "narrow and wide: a column at 320 px, all within the page",
    async (panel) => {
      const columns = async (width) => {
        await panel.page.setViewportSize({ width, height: 900 });
        await panel.page.waitForTimeout(80);
        const boxes = await panel
          .at("charts")
          .locator(".chartbox")
          .evaluateAll((all) => all.map((each) => each.getBoundingClientRect().toJSON()));
        for (const { left, right } of boxes) if (left < 0 || right > width) throw new Error(`${left}…${right} at ${width} px`);
        return new Set(boxes.map((box) => Math.round(box.left))).size;
      };
      panel.same("columns", [await columns(320), await columns(560), await columns(1200)], [1, 2, 4]);
      await panel.shoot("wide");
    },
  ],
  [
    "nothing is cut off, covered or serious to axe-core, narrow and in high contrast",
    async (panel) => {
      const faults = [];
      for (const [theme, width] of [
        ["dark", 320],
        ["hc-light", 760],
      ]) {
        await panel.theme(theme);
        await panel.page.setViewportSize({ width, height: 900 });
        await panel.page.waitForTimeout(80);
        const found = [...(await panel.page.evaluate(misplaced)), ...(await axeFindings(panel.page))];
        faults.push(...found.map((fault) => `${theme}, ${width} px: ${fault}`));
        await panel.at("charts").scrollIntoViewIfNeeded();
        await panel.shoot(`charts ${theme}`);
      }
      if (faults.length > 0) throw new Error(faults.join("\n"));
    },
  ],
];

async function choose(panel, id, value) {
  await panel.at(id).click();
  await panel.at(id).locator(`vscode-option[value="${value}"]`).click();
}
