/**
 * `flexlens diff`: what a second mask allows more than a first, and what less, at one problem size: cells counted
 * exactly, the first of each named. Sizes that only one of the two states hold for both; where they contradict each
 * other the first one's hold, and a note says so.
 */
import { fillProblem, type Problem } from "../flash/problem.ts";
import type { Diagnostic } from "../frontend/diagnostic.ts";
import type { BindingValue, LoweredVariant } from "../frontend/module.ts";
import { type BlockMask, countBlocks } from "../mask/blockMask.ts";
import { buildBlockMask } from "../mask/build.ts";
import { type Difference, differenceOf, isSameMask } from "../mask/difference.ts";
import type { Cell } from "../mask/firstCell.ts";
import type { Outcome } from "./bench.ts";
import { choose, notesOf } from "./choose.ts";
import type { Input } from "./input.ts";
import type { Options, Target } from "./options.ts";

/** One of the two masks that are asked for. */
export interface Asked {
  readonly input: Input;
  readonly target: Target;
}

const SIZES = [
  ["batch", "B"],
  ["qHeads", "H"],
  ["qLen", "Q_LEN"],
  ["kvLen", "KV_LEN"],
] as const;

/** Code 0 where the masks are equal, 1 where they differ or one does not lower. @throws UsageError */
export function diffCommand(a: Asked, b: Asked, options: Options, bindings: Readonly<Record<string, BindingValue>>): Outcome {
  const own = [a, b].map(({ input, target }) => choose(input, target, { bindings }, options.bindings));
  // A value that one of the two takes is no slip.
  const isSaid = (d: Diagnostic): boolean =>
    d.code !== "binding-unused" || own.every((choice) => choice.diagnostics.some((other) => other.message === d.message));
  const notes = own.map(({ diagnostics }, i) => notesOf((i === 0 ? a : b).input, diagnostics.filter(isSaid)));
  const [first, second] = own.map((choice) => choice.variant);
  const err = (more: readonly string[] = []): string => [...new Set([...notes, ...more])].filter((text) => text !== "").join("\n");
  if (first === null || first === undefined || second === null || second === undefined) return { out: "", err: err(), code: 1 };
  // What one of them only assumes gives way to what the other states.
  const problem = fillProblem({ ...second.problem, ...first.problem, ...second.stated, ...first.stated }, 1);
  const [left, right] = [atSizes(a, first, problem, bindings), atSizes(b, second, problem, bindings)];
  const size = { batch: problem.batch, heads: problem.qHeads, qLen: problem.qLen, kvLen: problem.kvLen };
  const bodies = [left.maskMod?.body ?? null, right.maskMod?.body ?? null] as const;
  const difference = differenceOf(...bodies, size, problem.blockSize);
  const masks = bodies.map((body) => buildBlockMask(body, size, problem.blockSize));
  const names = [nameOf(a, left), nameOf(b, right)] as const;
  const out =
    options.output === "json"
      ? JSON.stringify(differenceJson(names, difference, masks, problem))
      : differenceText(names, difference, masks, problem);
  return {
    out,
    err: err([...withoutMask(names, bodies), ...contradictions(names[1], second, problem)]),
    code: isSameMask(difference) ? 0 : 1,
  };
}

/** The variant as it is at the sizes of `problem`: lowered again where its own are others, for its tensors may follow them. */
function atSizes(
  asked: Asked,
  variant: LoweredVariant,
  problem: Problem,
  bindings: Readonly<Record<string, BindingValue>>,
): LoweredVariant {
  const own = fillProblem(variant.problem, 1);
  if (SIZES.every(([key]) => own[key] === problem[key])) return variant;
  const sizes = Object.fromEntries(SIZES.map(([key, name]) => [name, String(problem[key])]));
  return choose(asked.input, asked.target, { bindings: { ...bindings, ...sizes } }, {}).variant ?? variant;
}

const nameOf = ({ target }: Asked, variant: LoweredVariant): string => `${target.file}::${variant.name}`;

function withoutMask(names: readonly string[], bodies: readonly unknown[]): string[] {
  return names.filter((_, i) => bodies[i] === null).map((name) => `note: ${name} has no mask_mod: it allows everything`);
}

/** What the second mask says of its sizes and does not get. */
function contradictions(name: string, variant: LoweredVariant, problem: Problem): string[] {
  const given = SIZES.flatMap(([key, size]) => {
    const own = variant.stated[key];
    return own === undefined || own === problem[key] ? [] : [`${size} = ${own}, compared at ${problem[key]}`];
  });
  return given.length === 0 ? [] : [`note: ${name} has ${given.join("; ")}`];
}

const cellOf = (cell: Cell | null): readonly number[] | null => (cell === null ? null : [cell.b, cell.h, cell.qIdx, cell.kvIdx]);

/** What `--json` prints: cells of `b` that `a` has not are gained, those of `a` that `b` has not are lost. */
function differenceJson([a, b]: readonly [string, string], d: Difference, masks: readonly BlockMask[], p: Problem): object {
  const [blocksA, blocksB] = masks.map(countBlocks);
  return {
    a,
    b,
    shape: [p.batch, p.qHeads, p.qLen, p.kvLen],
    block_size: p.blockSize,
    equal: isSameMask(d),
    gained: d.onlyB.cells,
    lost: d.onlyA.cells,
    both: d.both.cells,
    neither: d.neither,
    first_gained: cellOf(d.onlyB.first),
    first_lost: cellOf(d.onlyA.first),
    // Over the batches and heads that differ: a mask that does not depend on `b` or `h` counts once.
    blocks: { a: blocksA, b: blocksB },
  };
}

function differenceText(names: readonly [string, string], d: Difference, masks: readonly BlockMask[], p: Problem): string {
  const blocks = masks.map((mask) => {
    const { empty, total } = countBlocks(mask);
    return `${(total === 0 ? 0 : (100 * empty) / total).toFixed(1)} %`;
  });
  const changed = (word: string, cells: number, first: Cell | null): string =>
    `${word.padEnd(16)} ${cells}${first === null ? "" : `  first at b = ${first.b}, h = ${first.h}, q_idx = ${first.qIdx}, kv_idx = ${first.kvIdx}`}`;
  return [
    `${names[0]} → ${names[1]}: B ${p.batch}, H ${p.qHeads}, Q_LEN ${p.qLen}, KV_LEN ${p.kvLen}, BLOCK_SIZE (${p.blockSize.join(", ")})`,
    isSameMask(d) ? "the masks are equal" : "the masks differ",
    changed("cells gained", d.onlyB.cells, d.onlyB.first),
    changed("cells lost", d.onlyA.cells, d.onlyA.first),
    `in both          ${d.both.cells}`,
    `in neither       ${d.neither}`,
    `blocks skipped   ${blocks.join(" → ")}`,
  ].join("\n");
}
