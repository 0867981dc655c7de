/**
 * The walkthrough's pictures (media/walkthrough/*.svg), drawn from what the program itself says of the example that the
 * walkthrough opens: its text, its lens, its mask, its reasons. VS Code puts an SVG into a page of its own, whose theme
 * gives the colours; attributes alone, for that page allows no styles. `npm run docs` renews them; a unit test compares.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { maskTitle } from "../../extension/lensTitle.ts";
import { fillProblem, withDefaults } from "../../kernels/flash/problem.ts";
import { lowerModule } from "../../kernels/frontend/lower.ts";
import { GALLERY } from "../../kernels/gallery/gallery.ts";
import { interpret } from "../../kernels/ir/interpret.ts";
import type { Mod } from "../../kernels/ir/mod.ts";
import { type BlockMask, blockSparsity, blockState, countBlocks, keyBlocks, queryBlocks } from "../../kernels/mask/blockMask.ts";
import { buildBlockMask } from "../../kernels/mask/build.ts";
import { whyOf } from "../../kernels/mask/why.ts";
import { stepsOf } from "../../webview/troubleshoot/steps.ts";
import { WELL } from "../unit/webview/troubleshoot/facts.ts";

export const FOLDER = "media/walkthrough";
const EXAMPLE = "causal_sliding_window.py";
const VARIANT = "causal_sliding_window";

const WIDTH = 520;
const INK = "var(--vscode-editor-foreground)";
const MUTED = "var(--vscode-descriptionForeground)";
const RULE = "var(--vscode-panel-border)";
const GROUND = "var(--vscode-editor-background)";
const FULL = "var(--vscode-charts-blue)";
const PARTIAL = "var(--vscode-charts-yellow)";
const REASONS = ["var(--vscode-charts-purple)", "var(--vscode-charts-green)"];
const GOOD = "var(--vscode-charts-green)";
const LINK = "var(--vscode-textLink-foreground)";
const MONO = 'font-family="var(--vscode-editor-font-family)"';
const UI = 'font-family="var(--vscode-font-family)"';

interface Example {
  readonly text: string;
  readonly mod: Mod;
  readonly mask: BlockMask;
}

function example(): Example {
  const entry = GALLERY.find(({ file }) => file === EXAMPLE);
  const variant =
    entry === undefined ? undefined : lowerModule([{ file: EXAMPLE, text: entry.text }]).variants.find((v) => v.name === VARIANT);
  if (entry === undefined || variant === undefined || variant.maskMod === null)
    throw new Error(`the gallery has no ${VARIANT} in ${EXAMPLE}`);
  const problem = fillProblem(withDefaults(variant.problem));
  const size = { batch: 1, heads: 1, qLen: problem.qLen, kvLen: problem.kvLen };
  return { text: entry.text, mod: variant.maskMod, mask: buildBlockMask(variant.maskMod.body, size, problem.blockSize) };
}

/** Each picture by its file name. */
export function walkthroughPictures(): ReadonlyMap<string, string> {
  const shown = example();
  return new Map([
    ["example.svg", editor(shown)],
    ["mask.svg", svg(300, [...square(shown.mask, (q, k) => stateInk(shown.mask, q, k)), ...legend(LEGEND)])],
    ["why.svg", why(shown)],
    ["gpu.svg", steps()],
    ["benchmark.svg", bars(shown.mask)],
    ["own.svg", own()],
  ]);
}

export function renewPictures(): void {
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, picture] of walkthroughPictures()) writeFileSync(`${FOLDER}/${name}`, picture);
}

const svg = (height: number, parts: readonly string[]): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" fill="none">`,
    `<rect width="${WIDTH}" height="${height}" fill="${GROUND}"/>`,
    `<rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" stroke="${RULE}"/>`,
    ...parts,
    "</svg>\n",
  ].join("\n");

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const words = (x: number, y: number, text: string, ink = INK, font = UI, size = 13): string =>
  `<text x="${x}" y="${y}" fill="${ink}" ${font} font-size="${size}" xml:space="preserve">${escaped(text)}</text>`;

/** The lines of the example that define it, with the lenses above the last. */
function editor({ text, mask }: Example): string {
  const lines = text.split("\n");
  const from = lines.findIndex((line) => line.startsWith("S ="));
  const to = lines.findIndex((line) => line.startsWith(VARIANT));
  const shown = lines.slice(from, to + 1).flatMap((line) =>
    line.startsWith(VARIANT)
      ? [
          { line: lensOf(mask), isLens: true },
          { line, isLens: false },
        ]
      : [{ line, isLens: false }],
  );
  const rows = shown.map(({ line, isLens }, i) =>
    isLens ? words(16, 27 + 19 * i, `${line} | Benchmark | Kernel`, MUTED, UI, 12) : words(16, 27 + 19 * i, line, INK, MONO),
  );
  return svg(26 + 19 * shown.length, rows);
}

const lensOf = (mask: BlockMask): string => maskTitle({ kind: "counted", blocks: blockSparsity(mask) });

const EDGE = 256;
const LEFT = 24;
const TOP = 22;

/** The mask's blocks; of neighbours in a row with one ink one rectangle. */
function square(mask: BlockMask, inkOf: (row: number, column: number) => string | null): string[] {
  const rows = queryBlocks(mask);
  const columns = keyBlocks(mask);
  const side = EDGE / Math.max(rows, columns);
  const parts = [`<rect x="${LEFT - 0.5}" y="${TOP - 0.5}" width="${EDGE + 1}" height="${EDGE + 1}" stroke="${RULE}"/>`];
  for (let row = 0; row < rows; row++) {
    for (let first = 0; first < columns; ) {
      const ink = inkOf(row, first);
      let end = first + 1;
      while (end < columns && inkOf(row, end) === ink) end++;
      if (ink !== null)
        parts.push(
          `<rect x="${LEFT + first * side}" y="${TOP + row * side}" width="${(end - first) * side}" height="${side}" fill="${ink}"/>`,
        );
      first = end;
    }
  }
  return parts;
}

const stateInk = (mask: BlockMask, row: number, column: number): string | null =>
  ({ full: FULL, partial: PARTIAL, empty: null })[blockState(mask, 0, 0, row, column)];

const LEGEND: readonly (readonly [ink: string | null, name: string])[] = [
  [FULL, "full: every cell is allowed"],
  [PARTIAL, "partial: cells are looked at"],
  [null, "empty: a kernel skips it"],
];

function legend(entries: readonly (readonly [ink: string | null, name: string])[]): string[] {
  return entries.flatMap(([ink, name], i) => {
    const y = TOP + 10 + 26 * i;
    return [
      `<rect x="304.5" y="${y - 10.5}" width="12" height="12" ${ink === null ? `stroke="${MUTED}"` : `fill="${ink}"`}/>`,
      words(324, y, name, INK, UI, 12),
    ];
  });
}

/** Masked blocks by the reason that masks the cell in their middle; what is allowed is left out. */
function why({ mod, mask }: Example): string {
  const { code, reasons } = whyOf(mod);
  const middle = (block: number, direction: 0 | 1): number => Math.floor((block + 0.5) * mask.blockSize[direction]);
  const inkOf = (row: number, column: number): string | null => {
    const reason = interpret(code, { b: 0, h: 0, q_idx: middle(row, 0), kv_idx: middle(column, 1), score: 0 });
    return reason === 0 ? null : (REASONS[(reason - 1) % REASONS.length] ?? null);
  };
  const names = reasons.map((reason, i) => [REASONS[i % REASONS.length] ?? null, `masked by ${reason.name}`] as const);
  return svg(300, [...square(mask, inkOf), ...legend([...names, [null, "allowed"]])]);
}

/** The test's steps up to the clock, on a machine on which all is well. */
function steps(): string {
  const all = stepsOf(WELL);
  const titles = all.slice(0, all.findIndex(({ id }) => id === "clock") + 1).map(({ title }) => title);
  const rows = titles.flatMap((title, i) => {
    const y = 34 + 26 * i;
    return [`<path d="M22 ${y - 4}l4 4 8-9" stroke="${GOOD}" stroke-width="1.5"/>`, words(48, y, title)];
  });
  return svg(26 + 26 * titles.length, rows);
}

/** Blocks that each kernel computes: all that there are, or those that the mask leaves. */
function bars(mask: BlockMask): string {
  const { full, partial, empty } = countBlocks(mask);
  const all = full + partial + empty;
  const rows = (
    [
      ["fused, block by block", full + partial, FULL],
      ["materialised", all, MUTED],
    ] as const
  ).flatMap(([name, blocks, ink], i) => {
    const y = 40 + 62 * i;
    return [
      words(16, y, name),
      words(430, y, "✓ checked", GOOD),
      `<rect x="16" y="${y + 10}" width="${(488 * blocks) / all}" height="14" fill="${ink}"/>`,
      words(16, y + 40, `${blocks} of ${all} blocks computed`, MUTED, UI, 12),
    ];
  });
  return svg(160, rows);
}

function own(): string {
  const lines: readonly (readonly [string, string])[] = [
    ["# flexlens: H=16, Q_LEN=4096, window=256", LINK],
    ["def mask_mod(b, h, q_idx, kv_idx):", INK],
    ["    return (q_idx >= kv_idx) & (q_idx - kv_idx < window)", INK],
  ];
  return svg(
    96,
    lines.map(([line, ink], i) => words(16, 30 + 22 * i, line, ink, MONO)),
  );
}
