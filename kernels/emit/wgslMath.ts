/**
 * Elementary functions in f32 for WGSL, which promises too little: cos to 2^-11, atan to 4096 ulp, exp to 3 + 2|x| ulp
 * (W3C, "WebGPU Shading Language", 15.7.4). Here every error is below 2e-6 · max(1, |f(x)|), most are 1 or 2 ulp.
 *
 * Polynomials are those of Cephes' single-precision library (Moshier, netlib.org/cephes), erf is after Juffa's. Angles
 * and their inverses are in wgslAngle.ts. Nothing relies on an exact rounding that a compiler may reassociate
 * away; nan goes through; results beyond f32 overflow as the hardware does.
 */

/** Source text of a function and the names of those it calls. */
export interface WgslFunction {
  readonly text: string;
  readonly calls?: readonly string[];
}

const bits: Readonly<Record<string, WgslFunction>> = {
  exponent_of: {
    text: `// floor(log2(|x|)) of a normal number.
fn exponent_of(x: f32) -> i32 {
  return i32((bitcast<u32>(x) >> 23u) & 255u) - 127;
}`,
  },
  power_of_two: {
    text: `// 2^n, exact, for -126 <= n <= 127.
fn power_of_two(n: i32) -> f32 {
  return bitcast<f32>(u32(n + 127) << 23u);
}`,
  },
};

const functions: Readonly<Record<string, WgslFunction>> = {
  exp_reduced: {
    text: `// exp(x) - 1 for |x| <= 0.3466.
fn exp_reduced(x: f32) -> f32 {
  var p = fma(1.9875691500e-4, x, 1.3981999507e-3);
  p = fma(p, x, 8.3334519073e-3);
  p = fma(p, x, 4.1665795894e-2);
  p = fma(p, x, 1.6666665459e-1);
  p = fma(p, x, 5.0000001201e-1);
  return fma(p, x * x, x);
}`,
  },
  precise_exp: {
    text: `// e^x = 2^n e^r, |r| <= ln(2) / 2. The two parts of n ln(2) take n by two ways, or a compiler would add them up.
fn precise_exp(x: f32) -> f32 {
  let c = clamp(x, -104.0, 89.0);
  let whole = round(c * 1.44269504);
  let n = i32(whole);
  let r = fma(whole, 2.12194440e-4, fma(f32(n), -0.693359375, c));
  let half = n / 2;
  let e = (1.0 + exp_reduced(r)) * power_of_two(half) * power_of_two(n - half);
  return select(e, x, is_nan(x));
}`,
    calls: ["exp_reduced", "power_of_two", "is_nan"],
  },
  precise_exp2: {
    text: `// 2^x = 2^n e^(r ln 2), |r| <= 1/2.
fn precise_exp2(x: f32) -> f32 {
  let c = clamp(x, -150.0, 129.0);
  let n = round(c);
  let half = i32(n) / 2;
  let e = (1.0 + exp_reduced((c - n) * 0.693147181)) * power_of_two(half) * power_of_two(i32(n) - half);
  return select(e, x, is_nan(x));
}`,
    calls: ["exp_reduced", "power_of_two", "is_nan"],
  },
  expm1: {
    text: `fn expm1(x: f32) -> f32 {
  return select(precise_exp(x) - 1.0, exp_reduced(x), abs(x) < 0.34);
}`,
    calls: ["precise_exp", "exp_reduced"],
  },
  log_near_one: {
    text: `// ln(1 + x) for -0.293 <= x <= 0.415.
fn log_near_one(x: f32) -> f32 {
  let z = x * x;
  var p = fma(7.0376836292e-2, x, -1.1514610310e-1);
  p = fma(p, x, 1.1676998740e-1);
  p = fma(p, x, -1.2420140846e-1);
  p = fma(p, x, 1.4249322787e-1);
  p = fma(p, x, -1.6668057665e-1);
  p = fma(p, x, 2.0000714765e-1);
  p = fma(p, x, -2.4999993993e-1);
  p = fma(p, x, 3.3333331174e-1);
  return x + fma(p, x * z, -0.5 * z);
}`,
  },
  log_parts: {
    text: `// x = 2^n m with m between sqrt(1/2) and sqrt(2): n and ln(m).
fn log_parts(x: f32) -> vec2f {
  let bits = bitcast<u32>(x) - 0x3f3504f3u;
  let n = i32(bits) >> 23u;
  let m = bitcast<f32>((bits & 0x7fffffu) + 0x3f3504f3u);
  return vec2f(f32(n), log_near_one(m - 1.0));
}`,
    calls: ["log_near_one"],
  },
  log_ends: {
    text: `// \`y\`, the logarithm of x, put right where x is not a positive finite number.
fn log_ends(x: f32, y: f32) -> f32 {
  if (x >= POS_INF) {
    return POS_INF;
  }
  if (x >= 0x1p-126f) {
    return y;
  }
  if (x >= 0.0) {
    return NEG_INF;
  }
  return quiet_nan();
}`,
    calls: ["quiet_nan"],
  },
  precise_log: {
    text: `fn precise_log(x: f32) -> f32 {
  let parts = log_parts(x);
  return log_ends(x, fma(parts.x, 0.693359375, fma(parts.x, -2.12194440e-4, parts.y)));
}`,
    calls: ["log_parts", "log_ends"],
  },
  precise_log2: {
    text: `fn precise_log2(x: f32) -> f32 {
  let parts = log_parts(x);
  return log_ends(x, fma(parts.y, 1.44269504, parts.x));
}`,
    calls: ["log_parts", "log_ends"],
  },
  precise_log10: {
    text: `fn precise_log10(x: f32) -> f32 {
  let parts = log_parts(x);
  return log_ends(x, fma(parts.x, 0.301029996, parts.y * 0.434294482));
}`,
    calls: ["log_parts", "log_ends"],
  },
  log1p: {
    text: `fn log1p(x: f32) -> f32 {
  if (abs(x) < 0.29) {
    return log_near_one(x);
  }
  return precise_log(1.0 + x);
}`,
    calls: ["log_near_one", "precise_log"],
  },
  rsqrt: {
    text: `fn rsqrt(x: f32) -> f32 {
  return select(1.0 / sqrt(x), select(POS_INF, NEG_INF, bitcast<i32>(x) < 0), x == 0.0);
}`,
  },
  hypot: {
    text: `// sqrt(x^2 + y^2) without overflow on the way.
fn hypot(x: f32, y: f32) -> f32 {
  let large = max(abs(x), abs(y));
  let ratio = min(abs(x), abs(y)) / large;
  let length = large * sqrt(fma(ratio, ratio, 1.0));
  if (abs(x) >= POS_INF || abs(y) >= POS_INF) {
    return POS_INF;
  }
  if (is_nan(x) || is_nan(y)) {
    return x + y;
  }
  return select(length, 0.0, large == 0.0);
}`,
    calls: ["is_nan"],
  },
  sigmoid: {
    text: `fn sigmoid(x: f32) -> f32 {
  let e = precise_exp(-abs(x));
  return select(1.0, e, x < 0.0) / (1.0 + e);
}`,
    calls: ["precise_exp"],
  },
  precise_tanh: {
    text: `// x P(x^2) / Q(x^2), fitted to within 3e-8 of the value; from 9.1 on it is 1. Chosen, not clamped: min and max look
// for a nan of their own, which takes software adapters as long as the polynomials.
fn precise_tanh(x: f32) -> f32 {
  let z = x * x;
  var p = fma(1.3177581693e-8, z, 2.0481233150e-5);
  p = fma(p, z, 3.4878139850e-3);
  p = fma(p, z, 1.3374477625e-1);
  p = fma(p, z, 1.0);
  var q = fma(7.7040715495e-7, z, 3.2729250961e-4);
  q = fma(q, z, 2.5847399607e-2);
  q = fma(q, z, 4.6707791090e-1);
  q = fma(q, z, 1.0);
  let y = x * p / q;
  let one = select(-1.0, 1.0, x > 0.0);
  return select(select(y, one, (abs(x) > 9.1) | (abs(y) > 1.0)), x, is_nan(x));
}`,
    calls: ["is_nan"],
  },
  half_exp: {
    text: `// e^x / 2 without overflow before its time.
fn half_exp(x: f32) -> f32 {
  let e = precise_exp(0.5 * x);
  return 0.5 * e * e;
}`,
    calls: ["precise_exp"],
  },
  precise_sinh: {
    text: `fn precise_sinh(x: f32) -> f32 {
  if (abs(x) < 1.0) {
    let z = x * x;
    let p = fma(fma(2.03721912945e-4, z, 8.33028376239e-3), z, 1.66667160211e-1);
    return fma(p * z, x, x);
  }
  let e = half_exp(abs(x));
  let s = e - 0.25 / e;
  return select(s, -s, x < 0.0);
}`,
    calls: ["half_exp"],
  },
  precise_cosh: {
    text: `fn precise_cosh(x: f32) -> f32 {
  let e = half_exp(abs(x));
  return e + 0.25 / e;
}`,
    calls: ["half_exp"],
  },
  erf: {
    text: `fn erf(x: f32) -> f32 {
  let z = x * x;
  if (abs(x) < 0.921875) {
    var p = fma(-5.96761703e-4, z, 4.99119423e-3);
    p = fma(p, z, -2.67681349e-2);
    p = fma(p, z, 1.12819925e-1);
    p = fma(p, z, -3.76125336e-1);
    p = fma(p, z, 1.28379166e-1);
    return fma(p, x, x);
  }
  let a = min(abs(x), 4.0);
  var p = fma(fma(-1.72853470e-5, a, 3.83197126e-4), a * a, fma(-3.88396438e-3, a, 2.42546219e-2));
  p = fma(p, a, -1.06777877e-1);
  p = fma(p, a, -6.34846687e-1);
  p = fma(p, a, -1.28717512e-1);
  let e = 1.0 - precise_exp(fma(p, a, -a));
  return select(select(e, -e, x < 0.0), x, is_nan(x));
}`,
    calls: ["precise_exp", "is_nan"],
  },
  precise_pow: {
    text: `// x^y = 2^(y log2 x); the exponent is kept in two parts until its whole number is out, so that it hardly rounds.
fn precise_pow(x: f32, y: f32) -> f32 {
  let a = abs(x);
  if (y == 0.0 || x == 1.0) {
    return 1.0;
  }
  if (is_nan(x) || is_nan(y)) {
    return x + y;
  }
  let whole = floor(y) == y;
  let odd = whole && abs(y) < 16777216.0 && (i32(y) & 1) != 0;
  if (x < 0.0 && !whole && a < POS_INF) {
    return quiet_nan();
  }
  var power = 0.0;
  if (a == 0.0 || a >= POS_INF || abs(y) >= POS_INF) {
    let grows = (a > 1.0) == (y > 0.0);
    power = select(select(0.0, POS_INF, grows), 1.0, a == 1.0);
  } else {
    let parts = log_parts(a);
    // y in two parts, the first of 12 bits, so that its product with n is exact.
    let y_high = bitcast<f32>(bitcast<u32>(y) & 0xfffff000u);
    let first = y_high * parts.x;
    let second = fma(y - y_high, parts.x, y * (parts.y * 1.44269504));
    let total = clamp(first + second, -160.0, 160.0);
    let n = round(total);
    let rest = select(0.0, (first - n) + second, abs(total) < 160.0);
    let half = i32(n) / 2;
    power = (1.0 + exp_reduced(rest * 0.693147181)) * power_of_two(half) * power_of_two(i32(n) - half);
  }
  return select(power, -power, bitcast<i32>(x) < 0 && odd);
}`,
    calls: ["log_parts", "exp_reduced", "power_of_two", "is_nan", "quiet_nan"],
  },
};

/** `bits`: what others build on, to stand before them. */
export const WGSL_MATH = { bits, functions } as const;
