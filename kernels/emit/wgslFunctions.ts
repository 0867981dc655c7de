/**
 * WGSL functions that emitted code calls where the language's own operators differ from Python's (floor division,
 * shifts, nan) or promise too little precision. Only those that are called are emitted.
 */
import { WGSL_ANGLES } from "./wgslAngle.ts";
import { WGSL_MATH, type WgslFunction } from "./wgslMath.ts";

const INTEGER: Readonly<Record<string, WgslFunction>> = {
  floor_div: {
    text: `// Python's //: rounds towards minus infinity, where WGSL's / truncates; by 0 is 0.
fn floor_div(a: i32, b: i32) -> i32 {
  let rest = a % b;
  let quotient = a / b - select(0, 1, rest != 0 && (rest < 0) != (b < 0));
  return select(quotient, 0, b == 0);
}`,
  },
  floor_div_positive: {
    text: `// Python's // for b > 0: rounds towards minus infinity, where WGSL's / truncates.
fn floor_div_positive(a: i32, b: i32) -> i32 {
  return a / b - select(0, 1, a % b < 0);
}`,
  },
  floor_mod: {
    text: `// Python's %: takes the divisor's sign, where WGSL's takes the dividend's; by 0 is 0.
fn floor_mod(a: i32, b: i32) -> i32 {
  let rest = a % b;
  return select(rest, rest + b, rest != 0 && (rest < 0) != (b < 0));
}`,
  },
  floor_mod_positive: {
    text: `// Python's % for b > 0: never negative.
fn floor_mod_positive(a: i32, b: i32) -> i32 {
  let rest = a % b;
  return select(rest, rest + b, rest < 0);
}`,
  },
  trunc_div: {
    text: `// Division towards zero; by 0 is 0.
fn trunc_div(a: i32, b: i32) -> i32 {
  return select(a / b, 0, b == 0);
}`,
  },
  trunc_mod: {
    text: `// Remainder with the dividend's sign; by 0 is 0.
fn trunc_mod(a: i32, b: i32) -> i32 {
  return select(a % b, 0, b == 0);
}`,
  },
  shift_left: {
    text: `// By a negative amount or by 32 and more: 0.
fn shift_left(a: i32, n: i32) -> i32 {
  return select(0, a << (u32(n) & 31u), u32(n) < 32u);
}`,
  },
  shift_right: {
    text: `// Arithmetic; by a negative amount or by 32 and more: all sign.
fn shift_right(a: i32, n: i32) -> i32 {
  return a >> min(u32(n), 31u);
}`,
  },
  int_pow: {
    text: `// By squaring, wrapping; a negative exponent gives 0, but for 1 and -1.
fn int_pow(a: i32, n: i32) -> i32 {
  if (n < 0) {
    let odd = (n & 1) != 0;
    return select(select(0, select(1, -1, odd), a == -1), 1, a == 1);
  }
  var result = 1;
  var base = a;
  for (var rest = n; rest > 0; rest = rest >> 1u) {
    if ((rest & 1) != 0) {
      result = result * base;
    }
    base = base * base;
  }
  return result;
}`,
  },
  wrap_u8: {
    text: `// uint8 wraps.
fn wrap_u8(a: i32) -> i32 {
  return a & 255;
}`,
  },
  wrap_i8: {
    text: `// int8 wraps.
fn wrap_i8(a: i32) -> i32 {
  return (a << 24u) >> 24u;
}`,
  },
  wrap_i16: {
    text: `// int16 wraps.
fn wrap_i16(a: i32) -> i32 {
  return (a << 16u) >> 16u;
}`,
  },
  wrap_index: {
    text: `// A negative index counts from the end; what is still out of range is clamped.
fn wrap_index(i: i32, size: i32) -> i32 {
  return clamp(select(i, i + size, i < 0), 0, size - 1);
}`,
  },
};

const FLOAT: Readonly<Record<string, WgslFunction>> = {
  is_nan: {
    text: `fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}`,
  },
  is_inf: {
    text: `fn is_inf(x: f32) -> bool {
  return abs(x) >= POS_INF;
}`,
  },
  quiet_nan: {
    text: `// A nan made at run time: WGSL refuses one in a constant expression.
fn quiet_nan() -> f32 {
  var bits = 0x7fc00000u;
  return bitcast<f32>(bits);
}`,
  },
  truncate_i32: {
    text: `// Towards zero; of nan and of what does not fit the least integer, as PyTorch's kernels have it.
fn truncate_i32(x: f32) -> i32 {
  return select(-0x80000000, i32(x), abs(x) < 0x1p31f);
}`,
  },
  truncate_i64: {
    text: `// Towards zero; beyond 32 bits the last integer there is, of nan and of what 64 bits do not hold the least.
fn truncate_i64(x: f32) -> i32 {
  return select(-0x80000000, select(i32(x), 0x7fffffff, x >= 0x1p31f), abs(x) < 0x1p63f);
}`,
  },
  sign_nan: {
    text: `// -1, 0 or 1; 0 for nan, as PyTorch has it.
fn sign_nan(x: f32) -> f32 {
  return select(sign(x), 0.0, is_nan(x));
}`,
    calls: ["is_nan"],
  },
  min_nan: {
    text: `// The smaller; nan if either is nan.
fn min_nan(a: f32, b: f32) -> f32 {
  return select(b, a, a < b || is_nan(a));
}`,
    calls: ["is_nan"],
  },
  max_nan: {
    text: `// The larger; nan if either is nan.
fn max_nan(a: f32, b: f32) -> f32 {
  return select(b, a, a > b || is_nan(a));
}`,
    calls: ["is_nan"],
  },
  min_number: {
    text: `// The smaller; the other if one is nan.
fn min_number(a: f32, b: f32) -> f32 {
  return select(b, a, a < b || is_nan(b));
}`,
    calls: ["is_nan"],
  },
  max_number: {
    text: `// The larger; the other if one is nan.
fn max_number(a: f32, b: f32) -> f32 {
  return select(b, a, a > b || is_nan(b));
}`,
    calls: ["is_nan"],
  },
  round_f16: {
    text: `// The nearest float16, ties to even; 65520 and more is infinity.
fn round_f16(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  let magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) {
    return x;
  }
  if (magnitude >= 0x477ff000u) {
    return select(POS_INF, NEG_INF, x < 0.0);
  }
  if (magnitude >= 0x38800000u) {
    return bitcast<f32>((bits + 0xfffu + ((bits >> 13u) & 1u)) & 0xffffe000u);
  }
  // Below 2^-14 the step is 2^-24: shift the significand by hand.
  let shift = min(126u - (magnitude >> 23u), 31u);
  let significand = (magnitude & 0x7fffffu) | 0x800000u;
  let steps = (significand + (1u << (shift - 1u)) - 1u + ((significand >> shift) & 1u)) >> shift;
  let rounded = f32(steps) * 0x1p-24f;
  return select(rounded, -rounded, x < 0.0);
}`,
  },
  round_bf16: {
    text: `// The nearest bfloat16, ties to even.
fn round_bf16(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  if ((bits & 0x7f800000u) == 0x7f800000u) {
    return x;
  }
  return bitcast<f32>((bits + 0x7fffu + ((bits >> 16u) & 1u)) & 0xffff0000u);
}`,
  },
  divide: {
    text: `// A quotient that is exact where it can be: WGSL's own may be off by 2.5 units in the last place.
fn divide(x: f32, y: f32) -> f32 {
  let quotient = x / y;
  let rest = fma(-quotient, y, x);
  return select(quotient, quotient + rest / y, abs(rest) < POS_INF);
}`,
  },
  fmod_f32: {
    text: `// Remainder with the dividend's sign, exact: long division, one power of two at a time.
fn fmod_f32(x: f32, y: f32) -> f32 {
  let divisor = abs(y);
  var rest = abs(x);
  if (!(divisor > 0.0) || rest >= POS_INF) {
    return quiet_nan();
  }
  if (divisor >= POS_INF) {
    return x;
  }
  for (var n = exponent_of(rest) - exponent_of(divisor); n >= 0; n = n - 1) {
    let part = divisor * power_of_two(n / 2) * power_of_two(n - n / 2);
    if (part <= rest) {
      rest = rest - part;
    }
  }
  return select(rest, -rest, x < 0.0);
}`,
    calls: ["quiet_nan", "exponent_of", "power_of_two"],
  },
  floor_mod_f32: {
    text: `// Python's %: takes the divisor's sign.
fn floor_mod_f32(x: f32, y: f32) -> f32 {
  let rest = fmod_f32(x, y);
  return select(rest, rest + y, rest != 0.0 && (rest < 0.0) != (y < 0.0));
}`,
    calls: ["fmod_f32"],
  },
  divide_by_zero: {
    text: `// x / 0, spelled out: not every driver keeps an infinity whose sign it cannot foresee.
fn divide_by_zero(x: f32, zero: f32) -> f32 {
  let is_negative = (x < 0.0) != ((bitcast<u32>(zero) >> 31u) != 0u);
  return select(select(POS_INF, NEG_INF, is_negative), quiet_nan(), !(abs(x) > 0.0));
}`,
    calls: ["quiet_nan"],
  },
  trunc_div_f32: {
    text: `// The quotient towards zero, exactly.
fn trunc_div_f32(x: f32, y: f32) -> f32 {
  if (y == 0.0) {
    return divide_by_zero(x, y);
  }
  if (abs(x) >= POS_INF) {
    return select(quiet_nan(), select(x, -x, y < 0.0), abs(y) < POS_INF);
  }
  if (abs(y) >= POS_INF) {
    return select(0.0, x, is_nan(x));
  }
  return round((x - fmod_f32(x, y)) / y);
}`,
    calls: ["divide_by_zero", "fmod_f32", "is_nan", "quiet_nan"],
  },
  floor_div_f32: {
    text: `// Python's //: rounds towards minus infinity, exactly.
fn floor_div_f32(x: f32, y: f32) -> f32 {
  if (y == 0.0) {
    return divide_by_zero(x, y);
  }
  if (!(abs(x) < POS_INF)) {
    return quiet_nan();
  }
  if (abs(y) >= POS_INF) {
    return select(0.0, -1.0, x != 0.0 && (x < 0.0) != (y < 0.0));
  }
  return round((x - floor_mod_f32(x, y)) / y);
}`,
    calls: ["divide_by_zero", "floor_mod_f32", "quiet_nan"],
  },
};

/** Every function there is, in an order in which each stands after those it calls. */
export const WGSL_FUNCTIONS: Readonly<Record<string, WgslFunction>> = {
  ...INTEGER,
  ...WGSL_MATH.bits,
  ...FLOAT,
  ...WGSL_MATH.functions,
  ...WGSL_ANGLES,
};

/**
 * Text of the functions named and of all that they call, each once.
 * @throws Error for a name that is not in the table: a defect of the caller.
 */
export function emitFunctions(names: Iterable<string>): string {
  const wanted = new Set<string>();
  const add = (name: string): void => {
    if (wanted.has(name)) return;
    const entry = WGSL_FUNCTIONS[name];
    if (entry === undefined) throw new Error(`no WGSL function ${name}`);
    wanted.add(name);
    for (const callee of entry.calls ?? []) add(callee);
  };
  for (const name of names) add(name);
  return Object.entries(WGSL_FUNCTIONS)
    .flatMap(([name, { text }]) => (wanted.has(name) ? [text] : []))
    .join("\n\n");
}
