// The window as its user has set it: light, dark and high contrast, wide and narrow. The panel takes VS Code's own theme and
// the room it is given, in each of its tabs, and the lenses stand.
import { faultsOf, NARROW, takeOwnLooks, takeTheme, WIDE } from "../looks.mjs";

const TEXT = `# flexlens: B=1, H=2, Q_LEN=512, KV_LEN=512, D=16
def narrow(b, h, q_idx, kv_idx):
    return (q_idx >= kv_idx) & (q_idx - kv_idx < 100)
`;
/** A theme of VS Code's own, and what it makes of a webview's body. */
const THEMES = [
  { name: "Default Light Modern", kind: "vscode-light", sizes: [WIDE, NARROW] },
  { name: "Default Dark Modern", kind: "vscode-dark", sizes: [WIDE, NARROW] },
  { name: "Default High Contrast", kind: "vscode-high-contrast", sizes: [NARROW] },
  { name: "Default High Contrast Light", kind: "vscode-high-contrast-light", sizes: [WIDE] },
];

const background = (where, selector) =>
  where
    .locator(selector)
    .first()
    .evaluate((each) => getComputedStyle(each).backgroundColor);

export const steps = [
  [
    "a mod is measured and its kernel shown in the theme that the window starts with",
    async (vs) => {
      vs.write("narrow.py", TEXT);
      await vs.openFile("narrow.py");
      await vs.clickLens("def narrow", /^Benchmark$/, 60_000);
      await vs.lensReads("def narrow", /checked/, 60_000);
      await vs.panel.locator('[data-testid^="bench-row-"][data-check="passed"]').first().waitFor({ timeout: 60_000 });
      await vs.closeSideBar();
    },
  ],
  ...THEMES.map(({ name, kind, sizes }) => [
    `${name}: the panel has its colours, and nothing of it is cut off, covered or serious to axe-core`,
    async (vs) => {
      await takeTheme(vs, { name, kind });
      const [own, editor] = [await background(vs.panel, "body"), await background(vs.page, ".monaco-editor-background")];
      vs.same("the panel's background", own, editor);
      const tabs = await vs.panel.locator('[role="tab"]').evaluateAll((all) => all.map((each) => each.dataset.testid));
      const faults = [];
      for (const size of sizes) {
        await vs.page.setViewportSize(size);
        faults.push(...(await faultsOf(vs, [...tabs, tabs[0]], size === sizes[0])).map((fault) => `${size.width} px, ${fault}`));
        await vs.lensReads("def narrow", /skipped/, 60_000);
        await vs.shoot(`${kind} ${size.width}`);
      }
      if (faults.length > 0) throw new Error(faults.join("\n"));
    },
  ]),
  [
    "the window goes back to what it was",
    async (vs) => {
      await takeOwnLooks(vs);
      await vs.until(
        "the theme of before",
        () => vs.panel.locator("body").getAttribute("class"),
        (now) => !now.includes("high-contrast"),
        60_000,
      );
    },
  ],
];
