/**
 * float16 by its bits: numbers to IEEE halves (nearest, ties to even, subnormals kept, 65,520 and more is infinity) and
 * back. What one element becomes as a number is number.ts' `roundF16`; these are for whole tensors, which go to a GPU
 * and into files as 16 bits.
 */

const scratch = new DataView(new ArrayBuffer(4));

/** The bits of the nearest half of `x`, which is rounded to f32 first. */
export function halfBits(x: number): number {
  scratch.setFloat32(0, x);
  const bits = scratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const size = bits & 0x7fff_ffff;
  if (size > 0x7f80_0000) return 0x7e00;
  if (size >= 0x4780_0000) return sign | 0x7c00;
  if (size < 0x3880_0000) {
    // Halves below 2^-14 are multiples of 2^-24: the last bit of an f32 between 0.5 and 1.
    scratch.setFloat32(0, Math.abs(Math.fround(x)) + 0.5);
    return sign | (scratch.getUint32(0) - 0x3f00_0000);
  }
  // A carry out of the fraction counts the exponent up, to infinity at last.
  return sign | ((size + 0xfff + ((size >>> 13) & 1) - 0x3800_0000) >>> 13);
}

/** The value of a half by its bits. */
export function fromHalf(bits: number): number {
  const sign = bits >> 15 === 1 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

/** Numbers as halves. */
export function toHalves(data: ArrayLike<number>): Uint16Array<ArrayBuffer> {
  const halves = new Uint16Array(data.length);
  for (let i = 0; i < data.length; i++) halves[i] = halfBits(data[i] ?? 0);
  return halves;
}

/** Halves as the numbers that they stand for. */
export function fromHalves(halves: Uint16Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(halves, fromHalf);
}
