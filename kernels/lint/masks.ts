/** What is said of a mask as a whole, from its facts (maskFacts.ts) and the form of its expression. */
import { simplify } from "../analysis/simplify.ts";
import { DEFAULT_BLOCK_SIZE } from "../flash/problem.ts";
import { type Diagnostic, diagnose, type Fix, type Words } from "../frontend/diagnostic.ts";
import type { LoweredVariant } from "../frontend/module.ts";
import { binary, type Expr, variable } from "../ir/expr.ts";
import type { Mod, Span } from "../ir/mod.ts";
import { freeVars } from "../ir/walk.ts";
import type { LintContext } from "./context.ts";
import { maskFacts, type Waste } from "./maskFacts.ts";
import { type KnownSizes, maskSize } from "./sizes.ts";

/** Lints that hold for whatever values the mask captures. */
export function lintMaskForm(variant: LoweredVariant, mod: Mod, { stated }: KnownSizes, context: LintContext): Diagnostic[] {
  const vars = freeVars(simplify(mod.body));
  if (vars.size > 0 && !vars.has("q_idx") && !vars.has("kv_idx")) {
    return [diagnose("mask-ignores-positions", variant.nameSpan, [variant.name])];
  }
  return lintCausal(variant, mod, stated.qLen, stated.kvLen, context);
}

/** Lints that need its captures to be the user's own. */
export function lintMaskValue(variant: LoweredVariant, mod: Mod, { known }: KnownSizes, context: LintContext): Diagnostic[] {
  const size = maskSize(known);
  const { constant, emptyRows, waste } = maskFacts(mod, size, known.blockSize ?? DEFAULT_BLOCK_SIZE);
  const found: Diagnostic[] = [];
  // One query that sees every key is what decoding is.
  if (constant !== null && !(constant.value && constant.at === "these lengths" && size?.qLen === 1)) {
    const lengths = `at Q_LEN = ${size?.qLen}, KV_LEN = ${size?.kvLen}, counted cell by cell where intervals do not decide`;
    const where = constant.at === "any lengths" ? "at any length, which is proved" : lengths;
    found.push(diagnose(constant.value ? "mask-always-true" : "mask-always-false", variant.nameSpan, [variant.name, where]));
  }
  if (emptyRows !== null) {
    const { b, h, qIdx, count, total } = emptyRows;
    const vars = freeVars(simplify(mod.body));
    const place = [vars.has("b") ? `b = ${b}` : "", vars.has("h") ? `h = ${h}` : "", `q_idx = ${qIdx}`].filter((t) => t !== "").join(", ");
    const rest = count === null ? "whatever KV_LEN is" : count === 1 ? `alone of ${total} rows` : `as ${count} of ${total} rows`;
    found.push(diagnose("empty-rows", variant.nameSpan, [variant.name, place, rest]));
  }
  if (waste !== null) found.push(wasteful(variant, mod, waste, context));
  return found;
}

// ---------------------------------------------------------------------------------------------------------- causal

const q = variable("q_idx");
const k = variable("kv_idx");
const PAST = simplify(binary("ge", q, k));
const FUTURE = [simplify(binary("le", q, k)), simplify(binary("lt", q, k))];
/** Names of masks that look ahead on purpose. */
const BACKWARD = /(^|_)(non?|not|anti|acausal|rev|reversed?|inverse|inverted|future|backwards?|upper|bwd)|bidir|transposed?/i;

function lintCausal(
  variant: LoweredVariant,
  mod: Mod,
  qLen: number | undefined,
  kvLen: number | undefined,
  context: LintContext,
): Diagnostic[] {
  const members = conjunction(mod.body);
  const future = members.find((e) => FUTURE.includes(simplify(e)));
  if (future !== undefined && /causal/i.test(variant.name) && !BACKWARD.test(variant.name)) {
    const span = placeOf(mod, future, variant, context);
    return [diagnose("causal-reversed", span, [variant.name, context.textOf(span)], turned(span, context))];
  }
  const past = members.find((e) => simplify(e) === PAST);
  if (past === undefined || qLen === undefined || kvLen === undefined || qLen >= kvLen) return [];
  const span = placeOf(mod, past, variant, context);
  return [
    diagnose(
      "causal-top-left",
      span,
      [context.textOf(span), String(qLen), String(kvLen), String(kvLen - qLen)],
      shifted(span, kvLen - qLen, context),
    ),
  ];
}

/** a & b & …: its members. */
function conjunction(e: Expr): Expr[] {
  return e.kind === "binary" && e.op === "and" && e.dtype === "bool" ? [...conjunction(e.a), ...conjunction(e.b)] : [e];
}

function placeOf(mod: Mod, e: Expr, variant: LoweredVariant, { file }: LintContext): Span {
  const span = mod.places?.get(e);
  return span !== undefined && span.file === file ? span : variant.nameSpan;
}

/** `a op b` of plain names, as text. */
function comparison(span: Span, { textOf }: LintContext): readonly [left: string, op: string, right: string] | null {
  const [, left, op, right] = /^(\w+)\s*(<=|>=|<|>)\s*(\w+)$/.exec(textOf(span)) ?? [];
  return left === undefined || op === undefined || right === undefined ? null : [left, op, right];
}

const TURNED: Readonly<Record<string, string>> = { "<=": ">=", "<": ">", ">=": "<=", ">": "<" };

function turned(span: Span, context: LintContext): Fix | null {
  const parts = comparison(span, context);
  if (parts === null) return null;
  const [left, op, right] = parts;
  return rewrite(span, `${left} ${TURNED[op]} ${right}`);
}

function shifted(span: Span, by: number, context: LintContext): Fix | null {
  const parts = comparison(span, context);
  if (parts === null) return null;
  const [left, op, right] = parts;
  return rewrite(span, op.startsWith(">") ? `${left} + ${by} ${op} ${right}` : `${left} ${op} ${right} + ${by}`);
}

const rewrite = (span: Span, newText: string): Fix => ({ title: `Replace by \`${newText}\``, edits: [{ span, newText }] });

// ------------------------------------------------------------------------------------------------------ block size

const percent = (share: number): string => `${Math.round(100 * share)} %`;

function wasteful(
  variant: LoweredVariant,
  mod: Mod,
  { share, blockSize, better, cells, betterCells }: Waste,
  context: LintContext,
): Diagnostic {
  const call = context.calls.find((c) => c.callee === "create_block_mask" && c.maskMod === mod && c.span.file === context.file);
  const size = blockSize[0] === blockSize[1] ? String(blockSize[0]) : `(${blockSize.join(", ")})`;
  // PyTorch's kernels have tiles of up to 128 unless told otherwise, and refuse a block that these do not divide.
  const isSmall = better < DEFAULT_BLOCK_SIZE[0];
  const way = isSmall
    ? `, with \`kernel_options={"BLOCK_M": ${better}, "BLOCK_N": ${better}}\` for flex_attention, whose tiles must divide it`
    : "";
  const saved = percent(1 - betterCells / cells);
  const words: Words<"block-size-wasteful"> = [variant.name, size, percent(share), String(better), saved, way];
  if (call === undefined) return diagnose("block-size-wasteful", variant.nameSpan, words);
  const given = call.arguments.get("BLOCK_SIZE");
  const fix = isSmall || given === undefined ? null : rewrite(given.span, String(better));
  return diagnose("block-size-wasteful", given?.span ?? variant.nameSpan, words, fix);
}
