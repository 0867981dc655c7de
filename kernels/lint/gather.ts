/**
 * Where the evaluation of a mod goes wrong: indices that leave their tensor, integers divided by zero. For each place
 * (analysis/hazard.ts) the first (b, h, q_idx, kv_idx) at which PyTorch raises, whatever `where` stands around it; and
 * for indices also where they are negative and the value counts, which PyTorch reads from the end without a word.
 * Searched by intervals first (mask/firstCell.ts).
 */
import { type Hazard, hazardsOf } from "../analysis/hazard.ts";
import { ANY_BOX } from "../analysis/interval.ts";
import { type Diagnostic, diagnose, type Fix } from "../frontend/diagnostic.ts";
import type { LoweredVariant } from "../frontend/module.ts";
import { binary, constant, type Expr, type Load } from "../ir/expr.ts";
import { interpretAll } from "../ir/interpret.ts";
import type { Mod, ProblemHints, Span } from "../ir/mod.ts";
import { freeVars, postorder } from "../ir/walk.ts";
import type { MaskSize } from "../mask/blockMask.ts";
import { type Cell, firstCell } from "../mask/firstCell.ts";
import type { LintContext } from "./context.ts";
import { relevance } from "./relevance.ts";
import { type KnownSizes, sizeFor } from "./sizes.ts";

/** Cells that one question may cost. */
const BUDGET = 2 ** 20;
/** Loads of one mod that are looked into: a gathered vector has one an element. */
const MOST_LOADS = 64;

/** An index of a load, with the first cell at which there is something to say of it. */
interface FoundIndex {
  readonly load: Load;
  readonly dimension: number;
  readonly cell: Cell;
}

/** Diagnostics of one variant's gathers and divisions. */
export function lintGathers(variant: LoweredVariant, { stated, known, assumed }: KnownSizes, context: LintContext): Diagnostic[] {
  const mods = [variant.maskMod, variant.scoreMod].filter((mod) => mod !== null);
  return mods.flatMap((mod) => {
    const hazards = hazardsOf([mod.body], ANY_BOX);
    // One thing is said of one place, though it may be evaluated for many elements.
    const told = new Set<number>();
    const fresh = (load: Load): boolean => {
      const { from } = placeOf(mod, load, variant, context);
      return !told.has(from) && told.add(from).has(from);
    };
    const about = ({ load, dimension, cell }: FoundIndex): [Span, string, string, string, string] => {
      const span = placeOf(mod, load, variant, context);
      const index = load.indices[dimension] ?? constant(0, "i64");
      return [span, context.textOf(span), String(valueAt(index, cell)), cellText(index, cell), String(load.capture.shape[dimension])];
    };
    const tell = (code: "index-beyond-end" | "index-may-leave" | "negative-index-wraps") => (f: FoundIndex) => {
      if (!fresh(f.load)) return [];
      const [span, ...words] = about(f);
      return [diagnose(code, span, words, clamped(span, words[1].startsWith("-"), context))];
    };
    return [
      ...beyondEnd(hazards, stated).flatMap(tell("index-beyond-end")),
      ...beyondEnd(hazards, known).flatMap(tell("index-may-leave")),
      ...beyondEnd(hazards, assumed).flatMap((f) => {
        if (!fresh(f.load)) return [];
        const [span, ...words] = about(f);
        return [diagnose("index-leaves-later", span, [...words, String(Math.max(1, f.cell.qIdx, f.cell.kvIdx))])];
      }),
      ...thatWrap(mod, known).flatMap(tell("negative-index-wraps")),
      ...divisions(hazards, stated).map(({ node, cell }) => {
        const span = placeOf(mod, node, variant, context);
        return diagnose("zero-division-at", span, [context.textOf(span), cellText(node, cell)]);
      }),
    ];
  });
}

/** `t[i]` as `t[i.clamp(…)]`, for one plain index of a plain name; else null. */
function clamped(span: Span, isNegative: boolean, { textOf }: LintContext): Fix | null {
  const [, object, index] = /^([A-Za-z_][\w.]*)\[([^[\],:]+)\]$/.exec(textOf(span)) ?? [];
  if (object === undefined || index === undefined) return null;
  const operand = /^\w+$/.test(index) ? index : `(${index})`;
  const newText = `${object}[${operand}.clamp(${isNegative ? "min=0" : `max=${object}.shape[0] - 1`})]`;
  return { title: `Replace by \`${newText}\``, edits: [{ span, newText }] };
}

/** Loads that are out of range somewhere, each at its first dimension that is. */
function beyondEnd(hazards: readonly Hazard[], hints: ProblemHints): FoundIndex[] {
  const found = new Map<Load, FoundIndex>();
  for (const hazard of hazards) {
    if (hazard.kind !== "index" || hazard.node.capture.data.length === 0 || found.has(hazard.node)) continue;
    const { node: load, dimension, condition } = hazard;
    const cell = found.size < MOST_LOADS ? cellOf(condition, hints) : null;
    if (cell !== null) found.set(load, { load, dimension, cell });
  }
  return [...found.values()];
}

function divisions(hazards: readonly Hazard[], hints: ProblemHints): { node: Expr; cell: Cell }[] {
  return hazards.flatMap(({ kind, node, condition }) => {
    const cell = kind === "division" ? cellOf(condition, hints) : null;
    return cell === null ? [] : [{ node, cell }];
  });
}

/** Negative indices that count from the end of their tensor, at a cell where that value counts. */
function thatWrap(mod: Mod, hints: ProblemHints): FoundIndex[] {
  const found: FoundIndex[] = [];
  const loads = postorder([mod.body]).filter((e) => e.kind === "load");
  for (const load of loads.slice(0, MOST_LOADS)) {
    for (const [dimension, index] of load.indices.entries()) {
      // `t[-1]`, written out, is meant.
      if (index.kind === "const") continue;
      const wraps = binary("lt", index, constant(0, "i64"));
      if (cellOf(wraps, hints) === null) continue;
      const cell = cellOf(binary("and", wraps, relevance(mod.body, load)), hints);
      if (cell !== null) found.push({ load, dimension, cell });
      break;
    }
  }
  return found;
}

/** The first cell where `predicate` holds; null where there is none, or its size is not known, or it is too far to find. */
function cellOf(predicate: Expr, hints: ProblemHints): Cell | null {
  const vars = freeVars(predicate);
  const size: MaskSize | null = vars.has("score") ? null : sizeFor(vars, hints);
  const found = size === null ? "undecided" : firstCell(predicate, size, BUDGET);
  return typeof found === "string" ? null : found.cell;
}

const valueAt = (e: Expr, { b, h, qIdx, kvIdx }: Cell): number => interpretAll([e], { b, h, q_idx: qIdx, kv_idx: kvIdx }).get(e) ?? 0;

/** `q_idx = 1023, kv_idx = 4`: of the indices that `e` depends on. */
export function cellText(e: Expr, { b, h, qIdx, kvIdx }: Cell): string {
  const vars = freeVars(e);
  const named = { b, h, q_idx: qIdx, kv_idx: kvIdx };
  const read = (["b", "h", "q_idx", "kv_idx"] as const).filter((name) => vars.has(name));
  return read.map((name) => `${name} = ${named[name]}`).join(", ");
}

/** Where a node was written, or its tensor indexed; the mod's name where that is in another file. */
function placeOf(mod: Mod, node: Expr, variant: LoweredVariant, { file }: LintContext): Span {
  const span = mod.places?.get(node) ?? (node.kind === "load" ? mod.places?.get(node.capture) : undefined);
  return span !== undefined && span.file === file ? span : variant.nameSpan;
}
