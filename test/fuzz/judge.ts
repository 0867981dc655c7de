/** One mod's lowering, interpreted, against what PyTorch answered: one dtype and the same values, or both refuse. */
import { hazardsOf } from "../../kernels/analysis/hazard.ts";
import { ANY_BOX } from "../../kernels/analysis/interval.ts";
import { lowerModule } from "../../kernels/frontend/lower.ts";
import type { Expr } from "../../kernels/ir/expr.ts";
import { interpret, type Point } from "../../kernels/ir/interpret.ts";
import { toDType } from "../../kernels/ir/number.ts";
import { type DType, isFloat, TORCH_NAMES } from "../../kernels/ir/ops.ts";
import { interpretWithin } from "./within.ts";

export interface Answer {
  readonly dtype?: string;
  readonly data?: string;
  readonly error?: string;
}

/** Multiples of 2^-8 between -8 and 8, exact in every float dtype but bfloat16. */
export const scoreAt = (i: number): number => (((i * 2654435761) % 4093) - 2046) / 256;

/** What one mod came to. */
export interface Verdict {
  readonly why: string | null;
  readonly refused: boolean;
  /** PyTorch raises for values that nothing of the result depends on. */
  readonly untold: boolean;
  readonly cells: number;
  readonly undecided: number;
}

const verdict = (why: string | null, more: Partial<Verdict> = {}): Verdict => ({
  why,
  refused: false,
  untold: false,
  cells: 0,
  undecided: 0,
  ...more,
});

/**
 * A function whose last places differ, applied to what is known beforehand, leaves no trace in the expression; and a
 * product that is added is rounded once or twice, as its operands lie in memory.
 */
const INEXACT =
  /\b(exp|log|sin|cos|tan|asin|acos|atan|sinh|cosh|tanh|sqrt|pow|sigmoid|erf|gelu|silu|softplus|elu|hypot|lerp|addcmul)|alpha=|\*\*/;

/** Calls that multiply and add at once. */
const FUSED = /\b(lerp|addcmul)|alpha=/;

/** What a value may lie off, relative to max(1, |x|), where no inexact function is left in the expression. */
function slack(dtype: DType, text: string): number {
  if (dtype === "f64") return 1e-13;
  if (!INEXACT.test(text)) return 0;
  return dtype === "f32" ? 2 ** -23 : dtype === "f16" ? 2 ** -10 : dtype === "bf16" ? 2 ** -7 : 0;
}

/** Holds one mod's lowering against PyTorch's answer for a problem of these sizes. */
export function judge(
  mod: { readonly text: string; readonly kind: "score_mod" | "mask_mod" },
  scoreDType: "f32" | "f64",
  answer: Answer,
  sizes: readonly [batch: number, heads: number, qLen: number, kvLen: number],
): Verdict {
  const { variants, diagnostics } = lowerModule([{ file: "fuzz.py", text: mod.text }], { scoreDType });
  const errors = diagnostics.filter((d) => d.severity === "error");
  const variant = variants.find((v) => v.name === "mod");
  const body: Expr | undefined = (mod.kind === "mask_mod" ? variant?.maskMod : variant?.scoreMod)?.body;
  const [batch, heads, qLen, kvLen] = sizes;
  const points = Array.from({ length: batch * heads * qLen * kvLen }, (_, i): Point & { readonly score: number } => ({
    b: Math.floor(i / (heads * qLen * kvLen)),
    h: Math.floor(i / (qLen * kvLen)) % heads,
    q_idx: Math.floor(i / kvLen) % qLen,
    kv_idx: i % kvLen,
    score: toDType(scoreAt(i), scoreDType),
  }));
  const internal = errors.find((d) => d.code === "internal-fault");
  if (internal !== undefined) return verdict(internal.message);
  if (answer.error !== undefined || (mod.kind === "mask_mod" && answer.dtype !== "bool")) {
    const said = answer.error ?? `a mask of ${answer.dtype}`;
    if (body === undefined) return verdict(null, { refused: true });
    // Which element is read, and what is divided by, are values: the lints say where they leave their bounds.
    if (!/^(IndexError|RuntimeError: ZeroDivisionError)/.test(said)) return verdict(`PyTorch refuses: ${said}`);
    const goesWrong = hazardsOf([body], ANY_BOX).some(({ condition }) => points.some((p) => interpret(condition, p) !== 0));
    return verdict(null, { refused: goesWrong, untold: !goesWrong });
  }
  if (body === undefined) return verdict(`refused, and PyTorch does not: ${errors.map((d) => `${d.code}: ${d.message}`).join("; ")}`);
  if (TORCH_NAMES[body.dtype] !== answer.dtype) return verdict(`dtype ${TORCH_NAMES[body.dtype]}, PyTorch ${answer.dtype}`);
  const bytes = Buffer.from(answer.data ?? "", "base64");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let undecided = 0;
  for (const [i, point] of points.entries()) {
    const want = isFloat(body.dtype) ? view.getFloat64(8 * i, true) : Number(view.getBigInt64(8 * i, true));
    const value = interpret(body, point);
    if (value === want || (Number.isNaN(value) && Number.isNaN(want))) continue;
    // How far it may lie off is worth finding out only now.
    const got = interpretWithin(body, point, FUSED.test(mod.text) ? scoreDType : null);
    if (got === null) {
      undecided++;
      continue;
    }
    const bound = got.error + slack(body.dtype, mod.text) * Math.max(1, Math.abs(want));
    const close = Math.abs(got.value - want) <= bound;
    if (!close) {
      const { b, h, q_idx, kv_idx, score } = point;
      return verdict(
        `${got.value}${got.error > 0 ? ` ± ${got.error}` : ""}, PyTorch ${want} (${answer.dtype}) at b ${b} h ${h} q ${q_idx} kv ${kv_idx} score ${score}`,
      );
    }
  }
  return verdict(null, { cells: points.length - undecided, undecided });
}
