/**
 * Indices that leave their tensor: for each load of a mod, the first (b, h, q_idx, kv_idx) at which an index is beyond
 * its dimension (PyTorch raises there, whatever `where` stands around it, and the IR reads the nearest element), or
 * negative where the value counts (PyTorch reads from the end, silently). Searched by intervals first (firstCell.ts).
 */
import { type Diagnostic, diagnose } from "../frontend/diagnostic.ts";
import type { LoweredVariant } from "../frontend/module.ts";
import { binary, constant, type Expr, type Load } from "../ir/expr.ts";
import { interpretAll } from "../ir/interpret.ts";
import type { Mod, ProblemHints, Span } from "../ir/mod.ts";
import { freeVars, postorder } from "../ir/walk.ts";
import type { MaskSize } from "../mask/build.ts";
import { type Cell, firstCell } from "../mask/firstCell.ts";
import type { LintContext } from "./context.ts";
import { relevance } from "./relevance.ts";
import { type KnownSizes, sizeFor } from "./sizes.ts";

/** Cells that one question may cost. */
const BUDGET = 2 ** 20;

/** An index that is out of range at a cell. */
export interface BadIndex {
  readonly load: Load;
  readonly index: Expr;
  /** The dimension's size. */
  readonly size: number;
  /** The index's value at `cell`. */
  readonly value: number;
  readonly cell: Cell;
}

/**
 * The first cell of `size` at which `mod` reads one of its tensors out of range, for each tensor that it does; what
 * PyTorch refuses to evaluate. An index that cannot be searched within the budget is left out.
 */
export function indicesBeyondEnd(mod: Mod, hints: ProblemHints): BadIndex[] {
  return search(mod, (index, size) => {
    const at = sizeAt(index, hints);
    const beyond = binary("or", binary("ge", index, i64(size)), binary("lt", index, i64(-size)));
    return at === null ? null : cellOf(beyond, at);
  });
}

/** The first cell at which a negative index counts from the end of its tensor and that value counts. */
function indicesThatWrap(mod: Mod, hints: ProblemHints): BadIndex[] {
  return search(mod, (index, size, load) => {
    const at = sizeAt(index, hints);
    if (at === null) return null;
    const wraps = binary("and", binary("lt", index, i64(0)), binary("ge", index, i64(-size)));
    if (cellOf(wraps, at) === null) return null;
    const counts = binary("and", wraps, relevance(mod.body, load));
    const whole = sizeAt(counts, hints);
    return whole === null ? null : cellOf(counts, whole);
  });
}

/** Diagnostics of one variant's gathers. */
export function lintGathers(variant: LoweredVariant, { stated, known }: KnownSizes, context: LintContext): Diagnostic[] {
  const mods = [variant.maskMod, variant.scoreMod].filter((mod) => mod !== null);
  return mods.flatMap((mod) => {
    const sure = indicesBeyondEnd(mod, stated);
    const likely = indicesBeyondEnd(mod, known).filter((bad) => !sure.some((s) => s.load.capture === bad.load.capture));
    const wrapping = indicesThatWrap(mod, known).filter((bad) => ![...sure, ...likely].some((s) => s.load.capture === bad.load.capture));
    const words = (bad: BadIndex): [string, string, string, string] => {
      const span = placeOf(mod, bad, variant, context);
      return [context.textOf(span), String(bad.value), at(bad), String(bad.size)];
    };
    return [
      ...sure.map((bad) => diagnose("index-beyond-end", placeOf(mod, bad, variant, context), words(bad))),
      ...likely.map((bad) => diagnose("index-may-leave", placeOf(mod, bad, variant, context), words(bad))),
      ...wrapping.map((bad) => diagnose("negative-index-wraps", placeOf(mod, bad, variant, context), words(bad))),
    ];
  });
}

/** One finding a tensor: the first, in the order of evaluation. */
function search(mod: Mod, find: (index: Expr, size: number, load: Load) => Cell | null): BadIndex[] {
  const found: BadIndex[] = [];
  for (const load of postorder([mod.body])) {
    if (load.kind !== "load" || found.some((f) => f.load.capture === load.capture)) continue;
    for (const [d, index] of load.indices.entries()) {
      const size = load.capture.shape[d] ?? 0;
      const cell = size === 0 ? null : find(index, size, load);
      if (cell === null) continue;
      const point = { b: cell.b, h: cell.h, q_idx: cell.qIdx, kv_idx: cell.kvIdx };
      found.push({ load, index, size, value: interpretAll([index], point).get(index) ?? 0, cell });
      break;
    }
  }
  return found;
}

/** The size over which `e` is asked about: null where it reads the score, or a length that nobody gives. */
function sizeAt(e: Expr, hints: ProblemHints): MaskSize | null {
  const vars = freeVars(e);
  return vars.has("score") ? null : sizeFor(vars, hints);
}

function cellOf(predicate: Expr, size: MaskSize): Cell | null {
  const found = firstCell(predicate, size, BUDGET);
  return typeof found === "string" ? null : found.cell;
}

const i64 = (n: number): Expr => constant(n, "i64");

/** `q_idx = 1023, kv_idx = 4`: of the indices that the value depends on. */
function at({ index, cell }: BadIndex): string {
  const vars = freeVars(index);
  const named = { b: cell.b, h: cell.h, q_idx: cell.qIdx, kv_idx: cell.kvIdx };
  return (["b", "h", "q_idx", "kv_idx"] as const)
    .filter((name) => vars.has(name))
    .map((name) => `${name} = ${named[name]}`)
    .join(", ");
}

/** Where the tensor is indexed; the mod's name where that is in another file. */
function placeOf(mod: Mod, { load }: BadIndex, variant: LoweredVariant, { file }: LintContext): Span {
  const span = mod.places?.get(load) ?? mod.places?.get(load.capture);
  return span !== undefined && span.file === file ? span : variant.nameSpan;
}
