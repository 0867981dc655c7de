/**
 * Rounding of a JavaScript number to each dtype, as PyTorch stores it. The one home of wrap-around and of
 * half-precision rounding; the interpreter, the static evaluator and the emitted JavaScript all go by it.
 */
import type { DType } from "./ops.ts";

const scratch = new DataView(new ArrayBuffer(8));

/** Nearest bfloat16 (ties to even), as the number it stands for. */
export function roundBf16(x: number): number {
  if (Number.isNaN(x)) return x;
  scratch.setFloat32(0, x);
  const bits = scratch.getUint32(0);
  if ((bits & 0x7f80_0000) === 0x7f80_0000) return scratch.getFloat32(0);
  scratch.setUint32(0, ((bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff_0000) >>> 0);
  return scratch.getFloat32(0);
}

/** Nearest float16 (ties to even, subnormals kept, 65,520 and more is infinity), as the number it stands for. */
export function roundF16(value: number): number {
  const x = Math.fround(value);
  const a = Math.abs(x);
  if (!(a > 0) || a === Number.POSITIVE_INFINITY) return x;
  if (a >= 65520) return x > 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  const step = a < 2 ** -14 ? 2 ** -24 : 2 ** (Math.floor(Math.log2(a)) - 10);
  return Math.sign(x) * roundHalfEven(a / step) * step;
}

/** Nearest integer, ties to even; keeps -0, infinities and nan. */
export function roundHalfEven(x: number): number {
  const r = Math.round(x);
  if (Math.abs(x % 1) !== 0.5) return r;
  return r % 2 === 0 ? r : r - 1 === 0 && x < 0 ? -0 : r - 1;
}

const wrap = (x: number, bits: number, signed: boolean): number => {
  const m = 2 ** bits;
  const r = ((x % m) + m) % m;
  return signed && r >= m / 2 ? r - m : r;
};

/** The least i64. */
export const INT_MIN = -(2 ** 63);

/**
 * `x` stored as `dtype`: an integer wraps, a float rounds to nearest, bool is `x != 0`. (A float to an integer dtype
 * is `convert`'s: it does not wrap.) An i64 beyond 2^53 is as near as a number comes.
 */
export function toDType(x: number, dtype: DType): number {
  switch (dtype) {
    case "bool":
      return x !== 0 ? 1 : 0;
    case "f64":
      return x;
    case "f32":
      return Math.fround(x);
    case "f16":
      return roundF16(x);
    case "bf16":
      return roundBf16(x);
    case "i64": {
      if (Number.isInteger(x) && Math.abs(x) <= Number.MAX_SAFE_INTEGER) return x + 0;
      if (!Number.isFinite(x)) return INT_MIN;
      const t = Math.trunc(x) + 0;
      return Math.abs(t) < 2 ** 63 ? t : Number(BigInt.asIntN(64, BigInt(t)));
    }
    case "i32":
      return Number.isFinite(x) ? wrap(Math.trunc(x), 32, true) : -(2 ** 31);
    case "i16":
      return Number.isFinite(x) ? wrap(Math.trunc(x), 16, true) : 0;
    case "i8":
      return Number.isFinite(x) ? wrap(Math.trunc(x), 8, true) : 0;
    case "u8":
      return Number.isFinite(x) ? wrap(Math.trunc(x), 8, false) : 0;
  }
}
