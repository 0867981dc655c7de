/**
 * WGSL that every attention kernel shares: the two mod holes, the score of one element, its weight, and the end of a
 * row. In: the emitted mods. Out: one block of text to stand after a module's declarations.
 *
 * The contract of a kernel that uses it:
 *   s       q·k · score_factor(mods, scale), where score_factor is done on the host: `scale`, times log2(e) where there
 *           is no score_mod (then exp2's factor folds into q; a score_mod works on the natural score).
 *   t       full_score(s, b, h, q_idx, kv_idx) in a full block, masked_score(…) in a partial one: in units of exp2, the
 *           natural score where there is a score_mod; NEG_INF where masked. A kernel masks keys beyond KV_LEN itself, by
 *           NEG_INF.
 *   m, l    start at NEG_INF and 0.
 *   weight  emitWeight(mods, x): e^x for a difference x of two t. Natural scores are subtracted first and multiplied by
 *           log2(e) after: a score of 500 (ALiBi) times log2(e) would be off by 1.5e-5, and its weight as much.
 *   step    m_new = max(m, t…); alpha = weight(m - m_new); p = weight(t - m_new); l = l alpha + Σ p; acc = acc alpha + Σ p v.
 *           While a row has seen masked elements only, p is 1 and l and acc fill with rubbish; the first element that
 *           counts has alpha = 0 and clears it. Rows that never see one are told by m.
 *   end     out = row_output(acc, row_scale(m, l)), lse = row_lse(m, l), maximum score = row_max(m): 0, minus infinity and
 *           minus infinity for a fully masked row, nan and plus infinity for a row with a score of plus infinity, nan for
 *           one where score_mod made a nan, as PyTorch has them. (A nan in q or k is not looked for: what comes of it is
 *           the hardware's business.)
 *
 * A finite score as low as torch.finfo(dtype).min is no mask: a row of nothing else is the mean of V, its lse and maximum
 * minus infinity (PyTorch's change of base overflows there). Such scores are held at LOWEST_SCORE, above NEG_INF; only
 * mods with numbers of that size pay for it.
 *
 * Source: Milakov and Gimelshein, "Online normalizer calculation for softmax" (2018); Dao, FlashAttention-2 (2023).
 */
import { type EmittedMods, MASKED_BELOW, wgslConstants } from "../emit/wgsl.ts";
import { emitFunctions } from "../emit/wgslFunctions.ts";

/** What q·k is multiplied by before `full_score` and `masked_score`; kernels take it as the uniform SM_SCALE. */
export function scoreFactor(mods: Pick<EmittedMods, "hasScoreMod">, scale: number): number {
  return mods.hasScoreMod ? scale : scale * Math.LOG2E;
}

/** WGSL for e^x, `difference` being the difference x of two scores t, as scalars or vectors. */
export function emitWeight(mods: Pick<EmittedMods, "hasScoreMod">, difference: string): string {
  return mods.hasScoreMod ? `exp2((${difference}) * LOG2_E)` : `exp2(${difference})`;
}

/**
 * Constants, library functions, `score_mod`, `mask_mod` (each where there is one), then
 * `fn full_score(s: f32, b: i32, h: i32, q_idx: i32, kv_idx: i32) -> f32`, `fn masked_score(…same…) -> f32`,
 * `fn row_scale(m: f32, l: f32) -> f32`, `fn row_output(o: vec4f, scale: f32) -> vec4f`,
 * `fn row_lse(m: f32, l: f32) -> f32` and `fn row_max(m: f32) -> f32`.
 * The module must declare `mods.bindings` (see `declareModBinding`).
 */
export function emitStep(mods: EmittedMods): string {
  return emitParts(
    mods,
    [...mods.calls, "is_nan"],
    [mods.functions, mods.hasScoreMod ? fullScore(mods) : FULL_SCORE, mods.hasMaskMod ? MASKED_SCORE_WITH_MOD : MASKED_SCORE],
  );
}

/** The end of emitStep alone, for a kernel that reads scores t and calls no mod: constants, `row_scale`, `row_lse`, …. */
export function emitRowEnd(mods: Pick<EmittedMods, "hasScoreMod">): string {
  return emitParts(mods, [], []);
}

function emitParts(mods: Pick<EmittedMods, "hasScoreMod">, calls: readonly string[], scores: readonly string[]): string {
  return [
    `${wgslConstants}
const MASKED_BELOW = ${MASKED_BELOW}f;  // a score at or below this came of minus infinity, where no finite one is as low
const LOWEST_SCORE = -0x1p125f;  // the lowest score of an element that is not masked
const INFINITE_ABOVE = 1e30f;  // a score from here on came of plus infinity
const NAN_SCORE = 0x1p127f;  // stands for a nan score
const LOG2_E = 1.44269504f;
const LN_2 = 0.693147181f;`,
    emitFunctions([...calls, "precise_log2", "quiet_nan"]),
    ...scores,
    rowEnd(mods.hasScoreMod),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

const SIGNATURE = "(s: f32, b: i32, h: i32, q_idx: i32, kv_idx: i32) -> f32";

const FULL_SCORE = `// Score of an element in a full block, in units of exp2: log2(e) is in SM_SCALE already.
fn full_score${SIGNATURE} {
  return s;
}`;

/** `full_score` over a score_mod, with as much care for its extremes as its numbers ask for. */
function fullScore({ extremes, mayMakeNan }: Pick<EmittedMods, "extremes" | "mayMakeNan">): string {
  const { about, t } = LOW_SCORES[extremes];
  const nan = "// A nan is carried as a number above all others, since max and exp2 may lose it.\n";
  return `// Score of an element in a full block. ${about}
${mayMakeNan ? nan : ""}fn full_score${SIGNATURE} {
  let score = score_mod(s, b, h, q_idx, kv_idx);
${mayMakeNan ? `  let t = ${t};\n  return select(t, NAN_SCORE, is_nan(score));` : `  return ${t};`}
}`;
}

/** Not by max, which may drop a nan that came of q or k. */
const HELD = "select(score, LOWEST_SCORE, score < LOWEST_SCORE)";

/** The score after the mod as t, by what its low numbers may mean (`EmittedMods.extremes`). */
const LOW_SCORES: Readonly<Record<EmittedMods["extremes"], { readonly about: string; readonly t: string }>> = {
  infinite: {
    about: "What score_mod made minus infinity is masked.",
    t: "select(score, NEG_INF, score <= MASKED_BELOW)",
  },
  finite: {
    about: "A finite score, however low, is not masked.",
    t: `select(${HELD}, NEG_INF, score < -0x1.fffffep127f)`,
  },
  both: {
    about: "NEG_INF and what arithmetic made of it is masked; other scores, however low, are not.",
    t: `select(${HELD}, NEG_INF, score < -0x1.fffffep127f || (score <= -0x1.8p125f && score >= -0x1p127f))`,
  },
};

const MASKED_SCORE = `// Score of an element in a partial block: without a mask_mod only the ends of Q and KV make blocks partial.
fn masked_score${SIGNATURE} {
  return full_score(s, b, h, q_idx, kv_idx);
}`;

const MASKED_SCORE_WITH_MOD = `// Score of an element in a partial block; NEG_INF where masked.
fn masked_score${SIGNATURE} {
  return select(NEG_INF, full_score(s, b, h, q_idx, kv_idx), mask_mod(b, h, q_idx, kv_idx));
}`;

const rowEnd = (hasScoreMod: boolean): string => `// Made at run time: WGSL refuses an infinity in a constant expression.
fn infinity(sign_bit: u32) -> f32 {
  var bits = 0x7f800000u | sign_bit;
  return bitcast<f32>(bits);
}

// What the accumulator is multiplied by at the end of a row: 1 / l, 0 for a row that is masked whole.
fn row_scale(m: f32, l: f32) -> f32 {
  if (m < LOWEST_SCORE) {
    return 0.0;
  }
  if (m >= INFINITE_ABOVE) {
    return quiet_nan();
  }
  return 1.0 / l;
}

// A row's output; for one that is masked whole 0 and not -0, whatever it has accumulated.
fn row_output(o: vec4f, scale: f32) -> vec4f {
  return select(o * scale, abs(o * scale), scale == 0.0);
}

// ${hasScoreMod ? "x" : "x, in units of exp2, as a natural number"} at the end of a row; infinite or nan where the row's scores are.
fn row_value(m: f32, x: f32) -> f32 {
  if (m <= LOWEST_SCORE) {
    return infinity(0x80000000u);
  }
  if (m >= INFINITE_ABOVE) {
    return select(infinity(0u), quiet_nan(), m >= NAN_SCORE);
  }
  return ${hasScoreMod ? "x" : "x * LN_2"};
}

// Natural logarithm of the row's sum of e^score; minus infinity for a row that is masked whole.
fn row_lse(m: f32, l: f32) -> f32 {
  return row_value(m, m + precise_log2(l)${hasScoreMod ? " * LN_2" : ""});
}

// The row's largest score.
fn row_max(m: f32) -> f32 {
  return row_value(m, m);
}`;
