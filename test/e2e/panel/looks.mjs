// What the eye, the ear and the keyboard get of the panel, whatever its theme and width.
//   node test/e2e/panel.mjs looks            each state in each theme once and in each width once, axe-core in one of these
//   LOOKS=all node test/e2e/panel.mjs looks  each state in each theme and each width, all of it with axe-core: 4 minutes

import { axeFindings, focused, lookOfLastFocused, misplacedAtRest } from "../pageChecks.mjs";
import { drawn, STATES } from "../panelStates.mjs";

const THEMES = ["dark", "light", "hc", "hc-light"];
const WIDTHS = [320, 520, 760, 1400];

const TESTED = STATES.filter(({ once = false }) => !once);

/** Theme and width of each state: each theme once and each width once, in other pairs from state to state; axe-core goes around. */
const PAIRS = TESTED.map((_, i) =>
  process.env.LOOKS === "all"
    ? THEMES.flatMap((theme) => WIDTHS.map((width) => ({ theme, width, withAxe: true })))
    : THEMES.map((theme, k) => ({ theme, width: WIDTHS[(i + k) % WIDTHS.length], withAxe: k === (i >> 2) % THEMES.length })),
);

async function resized(panel, width) {
  await panel.page.setViewportSize({ width, height: 900 });
  await panel.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

const states = TESTED.map((state, i) => [
  `${state.name}: nothing is cut off, covered or serious to axe-core, in four themes and four widths`,
  async (panel) => {
    await panel.open({ width: 1000, ...state.open });
    for (const step of state.steps ?? []) await step(panel);
    const faults = [];
    for (const { theme, width, withAxe } of PAIRS[i]) {
      await panel.theme(theme);
      await resized(panel, width);
      const found = [...(await misplacedAtRest(panel.page)), ...(withAxe ? await axeFindings(panel.page) : [])];
      faults.push(...found.map((fault) => `${theme}, ${width} px: ${fault}`));
    }
    if (faults.length > 0) throw new Error(faults.join("\n"));
  },
]);

/** Presses Tab from the start of the page to its end; every stop must be in view and look other than without focus. */
async function walk(panel) {
  const stops = [];
  const blind = [];
  await panel.page.evaluate(() => document.activeElement?.blur());
  for (let i = 0; i < 90; i++) {
    await panel.page.keyboard.press("Tab");
    const before = stops.at(-1);
    if (before !== undefined && (await panel.page.evaluate(lookOfLastFocused)) === before.look) blind.push(before.name);
    const now = await panel.page.evaluate(focused);
    if (now === null || now.name === stops[0]?.name) break;
    if (!now.isInView) blind.push(`${now.name} (out of view)`);
    stops.push(now);
  }
  if (blind.length > 0) throw new Error(`focus cannot be seen on: ${blind.join(" | ")}`);
  return stops.map(({ name }) => name);
}

export const steps = [
  ...states,
  [
    "Tab reaches every control in turn, and what has focus is seen",
    async (panel) => {
      await panel.open({ theme: "light", file: "alibi.py" });
      await drawn(panel);
      const stops = await walk(panel);
      for (const id of ["tab-mask", "variant", "problem-qLen", "layer-state", "zoom-in", "mask-canvas"]) {
        if (!stops.includes(id)) throw new Error(`Tab does not reach ${id}: ${stops.join(" | ")}`);
      }
      const inOrder = ["tab-mask", "variant", "problem-qLen", "layer-state", "mask-canvas"].map((id) => stops.indexOf(id));
      panel.same(
        "order",
        inOrder,
        [...inOrder].sort((a, b) => a - b),
      );
      for (const view of ["benchmark", "kernel"]) {
        await panel.at(`tab-${view}`).click();
        await panel.theme(view === "kernel" ? "hc" : "dark");
        await walk(panel);
      }
    },
  ],
  [
    "? lists the keys, Escape gives the focus back; G goes to a cell by its numbers",
    async (panel) => {
      const { page, at, until } = panel;
      await panel.open();
      await drawn(panel);
      await at("mask-canvas").focus();
      await page.keyboard.press("?");
      await at("keys").waitFor();
      await page.keyboard.press("Escape");
      await at("keys").waitFor({ state: "detached" });
      await page.keyboard.press("g");
      await page.keyboard.type("5000, 7");
      await page.keyboard.press("Enter");
      await page.getByRole("alert").getByText("Queries go from 0 to 1").waitFor();
      await at("goto").fill("700, 7");
      await page.keyboard.press("Enter");
      await until(
        "the cell",
        () => at("cell-status").textContent(),
        (text) => /q\s*700.*kv\s*7masked/.test(text.replaceAll("\u202f", "")),
      );
      panel.same("focus", await page.evaluate(() => document.activeElement?.getAttribute("data-testid")), "mask-canvas");
      // In a field `?` is a letter.
      await at("problem-qLen").locator("input").press("?");
      panel.same("list", await at("keys").count(), 0);
    },
  ],
  [
    "in a window that is higher than broad the picture has its width, and the cards stand below",
    async (panel) => {
      await panel.open();
      const sides = async () => {
        const [picture, cards] = await Promise.all(["mask-canvas", "sparsity-blocks"].map((id) => panel.at(id).boundingBox()));
        return { width: picture.width, below: cards.y > picture.y + picture.height };
      };
      for (const [width, height, least, below] of [
        [360, 900, 280, true],
        [600, 900, 520, true],
        [900, 700, 400, false],
      ]) {
        await panel.page.setViewportSize({ width, height });
        await panel.until(`${width} px`, sides, (now) => now.width >= least && now.below === below);
      }
    },
  ],
  [
    "lists that drop down stay in the window, by mouse and by keys, at each width",
    async (panel) => {
      const { page } = panel;
      const lists = page.locator("vscode-dropdown");
      const over = (list) =>
        list.evaluate((each) => {
          const box = each.shadowRoot.querySelector('[part~="listbox"]').getBoundingClientRect();
          return box.width === 0 ? null : Math.max(box.right - innerWidth, -box.left);
        });
      for (const [view, width] of [
        ["", 660],
        ["benchmark", 660],
        ["benchmark", 400],
      ]) {
        await panel.open({ view, width });
        await lists.first().waitFor();
        for (let i = 0; i < (await lists.count()); i++) {
          const list = lists.nth(i);
          if (!(await list.isVisible())) continue;
          for (const open of [() => list.click(), () => list.press("Enter")]) {
            await open();
            await panel.until(
              `list ${i} of ${await lists.count()}, ${view} ${width} px`,
              () => over(list),
              (px) => px !== null && px <= 0,
            );
            await page.keyboard.press("Escape");
          }
        }
      }
    },
  ],
  [
    "the picture says in words what its shape is",
    async (panel) => {
      await panel.open();
      const label = () => panel.at("mask-canvas").getAttribute("aria-label");
      await panel.until("the label", label, (text) =>
        text?.includes("67.2 percent of blocks empty, 7 full, 14 partial: causal-like, window of 256 keys."),
      );
    },
  ],
  [
    "in a system's contrast theme the picture keeps its colours and what is pressed is told; with less motion nothing moves",
    async (panel) => {
      const { page, at } = panel;
      await panel.open();
      await drawn(panel);
      const look = (id) =>
        at(id).evaluate((e) => ["borderTopColor", "outlineStyle", "backgroundColor"].map((p) => getComputedStyle(e)[p]).join());
      await page.emulateMedia({ forcedColors: "active", reducedMotion: "reduce" });
      panel.same("the canvas is repainted", await at("mask-canvas").evaluate((e) => getComputedStyle(e).forcedColorAdjust), "none");
      if ((await look("layer-state")) === (await look("layer-why"))) throw new Error("a pressed button looks like the others");
      const moving = await page.evaluate(() => document.getAnimations().filter((a) => a.effect.getComputedTiming().duration > 1).length);
      panel.same("things that move", moving, 0);
      await page.emulateMedia({ forcedColors: "none", reducedMotion: "no-preference" });
    },
  ],
  [
    "what is said while the page opens is gone when it is there",
    async (panel) => {
      await panel.open();
      panel.same("what was said first", await panel.page.locator(".opening").count(), 0);
      panel.same("panels", await panel.page.locator("vscode-panels").count(), 1);
    },
  ],
];
