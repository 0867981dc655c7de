/**
 * Elementary functions in f32 for WGSL, which promises too little: cos to 2^-11, atan to 4096 ulp, exp to 3 + 2|x| ulp
 * (W3C, "WebGPU Shading Language", 15.7.4). Here every error is below 2e-6 · max(1, |f(x)|), most are 1 or 2 ulp.
 *
 * Polynomials are those of Cephes' single-precision library (Moshier, netlib.org/cephes), erf is after Juffa's; large
 * angles are reduced by Payne and Hanek's method. Nothing relies on an exact rounding that a compiler may reassociate
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
    text: `// e^x = 2^n e^r, |r| <= ln(2) / 2.
fn precise_exp(x: f32) -> f32 {
  let c = clamp(x, -104.0, 89.0);
  let n = round(c * 1.44269504);
  let r = fma(n, 2.12194440e-4, fma(n, -0.693359375, c));
  let half = i32(n) / 2;
  let e = (1.0 + exp_reduced(r)) * power_of_two(half) * power_of_two(i32(n) - half);
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
  return select(1.0 / sqrt(x), POS_INF, x == 0.0);
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
    text: `// An odd polynomial near 0, where 1 - 2 / (e^2x + 1) would cancel.
fn precise_tanh(x: f32) -> f32 {
  let a = abs(x);
  if (a < 0.625) {
    let z = x * x;
    var p = fma(-5.70498872745e-3, z, 2.06390887954e-2);
    p = fma(p, z, -5.37397155531e-2);
    p = fma(p, z, 1.33314422036e-1);
    p = fma(p, z, -3.33332819422e-1);
    return fma(p * z, x, x);
  }
  let t = 1.0 - 2.0 / (precise_exp(2.0 * min(a, 20.0)) + 1.0);
  return select(select(t, -t, x < 0.0), x, is_nan(x));
}`,
    calls: ["precise_exp", "is_nan"],
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
  multiply_wide: {
    text: `// The 64 bits of a * b: low word, high word.
fn multiply_wide(a: u32, b: u32) -> vec2u {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let cross = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let other = (a & 0xffffu) * (b >> 16u) + (cross & 0xffffu);
  return vec2u(a * b, (a >> 16u) * (b >> 16u) + (cross >> 16u) + (other >> 16u));
}`,
  },
  reduce_large_angle: {
    text: `// Quadrant and rest of a large angle (Payne and Hanek): the product of its significand with those bits of 2/pi that
// matter modulo a full turn.
fn reduce_large_angle(x: f32) -> vec2f {
  var two_over_pi = array<u32, 9>(0u, 0xa2f9836eu, 0x4e441529u, 0xfc2757d1u, 0xf534ddc0u, 0xdb629599u, 0x3c439041u, 0xfe5163abu, 0xdebbc561u);
  let bits = bitcast<u32>(x);
  let significand = (bits & 0x7fffffu) | 0x800000u;
  // |x| = significand * 2^(skip - 30): the bits of 2/pi before number \`skip\` only make full turns. Word 0 is a lead of zeros.
  let skip = ((bits >> 23u) & 255u) - 120u;
  let word = skip >> 5u;
  let shift = skip & 31u;
  var window = array<u32, 3>(0u, 0u, 0u);
  for (var i = 0u; i < 3u; i = i + 1u) {
    let next = select(0u, two_over_pi[word + i + 1u] >> ((32u - shift) & 31u), shift != 0u);
    window[i] = (two_over_pi[word + i] << shift) | next;
  }
  let low = multiply_wide(significand, window[2]);
  let middle = multiply_wide(significand, window[1]);
  let sum = middle.x + low.y;
  let high = significand * window[0] + middle.y + select(0u, 1u, sum < low.y);
  // Two bits of quadrant, then the fraction of it; from one half up it counts down from the next.
  let fraction = (high << 2u) | (sum >> 30u);
  let rest = fma(f32(sum << 2u), 0x1p-64f, f32(i32(fraction)) * 0x1p-32f) * 1.57079633;
  let quadrant = f32(((high >> 30u) + (fraction >> 31u)) & 3u);
  return select(vec2f(quadrant, rest), vec2f(4.0 - quadrant, -rest), x < 0.0);
}`,
    calls: ["multiply_wide"],
  },
  reduce_angle: {
    text: `// x = quadrant * pi/2 + rest, |rest| <= pi/4: the quadrant modulo 4 and the rest.
fn reduce_angle(x: f32) -> vec2f {
  if (abs(x) > 4096.0) {
    return reduce_large_angle(x);
  }
  let n = round(x * 0.636619772);
  // pi/2 in three parts, of which the first two times n are exact.
  let rest = fma(n, -7.54978995489e-8, fma(n, -4.837512969970703125e-4, fma(n, -1.5703125, x)));
  return vec2f(f32(i32(n) & 3), rest);
}`,
    calls: ["reduce_large_angle"],
  },
  sin_reduced: {
    text: `// sin(x) for |x| <= pi/4.
fn sin_reduced(x: f32) -> f32 {
  let z = x * x;
  let p = fma(fma(-1.9515295891e-4, z, 8.3321608736e-3), z, -1.6666654611e-1);
  return fma(p * z, x, x);
}`,
  },
  cos_reduced: {
    text: `// cos(x) for |x| <= pi/4.
fn cos_reduced(x: f32) -> f32 {
  let z = x * x;
  let p = fma(fma(2.443315711809948e-5, z, -1.388731625493765e-3), z, 4.166664568298827e-2);
  return fma(p, z * z, fma(-0.5, z, 1.0));
}`,
  },
  sin_quadrant: {
    text: `// sin(quadrant * pi/2 + rest).
fn sin_quadrant(quadrant: i32, rest: f32) -> f32 {
  let s = select(sin_reduced(rest), cos_reduced(rest), (quadrant & 1) != 0);
  return select(s, -s, (quadrant & 2) != 0);
}`,
    calls: ["sin_reduced", "cos_reduced"],
  },
  angle_ends: {
    text: `// \`y\`, a function of the angle x, or nan where x is no finite number.
fn angle_ends(x: f32, y: f32) -> f32 {
  if (abs(x) < POS_INF) {
    return y;
  }
  return quiet_nan();
}`,
    calls: ["quiet_nan"],
  },
  precise_sin: {
    text: `fn precise_sin(x: f32) -> f32 {
  let angle = reduce_angle(x);
  return angle_ends(x, sin_quadrant(i32(angle.x), angle.y));
}`,
    calls: ["reduce_angle", "sin_quadrant", "angle_ends"],
  },
  precise_cos: {
    text: `fn precise_cos(x: f32) -> f32 {
  let angle = reduce_angle(x);
  return angle_ends(x, sin_quadrant(i32(angle.x) + 1, angle.y));
}`,
    calls: ["reduce_angle", "sin_quadrant", "angle_ends"],
  },
  precise_tan: {
    text: `fn precise_tan(x: f32) -> f32 {
  let angle = reduce_angle(x);
  let s = sin_reduced(angle.y);
  let c = cos_reduced(angle.y);
  return angle_ends(x, select(s / c, -c / s, (i32(angle.x) & 1) != 0));
}`,
    calls: ["reduce_angle", "sin_reduced", "cos_reduced", "angle_ends"],
  },
  asin_reduced: {
    text: `// asin(x) for |x| <= 1/2.
fn asin_reduced(x: f32) -> f32 {
  let z = x * x;
  var p = fma(4.2163199048e-2, z, 2.4181311049e-2);
  p = fma(p, z, 4.5470025998e-2);
  p = fma(p, z, 7.4953002686e-2);
  p = fma(p, z, 1.6666752422e-1);
  return fma(p * z, x, x);
}`,
  },
  precise_acos: {
    text: `fn precise_acos(x: f32) -> f32 {
  if (abs(x) <= 0.5) {
    return 1.57079633 - asin_reduced(x);
  }
  if (abs(x) <= 1.0) {
    let a = 2.0 * asin_reduced(sqrt(0.5 * (1.0 - abs(x))));
    return select(a, 3.14159265 - a, x < 0.0);
  }
  return quiet_nan();
}`,
    calls: ["asin_reduced", "quiet_nan"],
  },
  precise_asin: {
    text: `fn precise_asin(x: f32) -> f32 {
  if (abs(x) <= 0.5) {
    return asin_reduced(x);
  }
  let a = 1.57079633 - precise_acos(abs(x));
  return select(a, -a, x < 0.0);
}`,
    calls: ["asin_reduced", "precise_acos"],
  },
  atan_ratio: {
    text: `// atan(y / x) for 0 <= y <= x, x > 0.
fn atan_ratio(y: f32, x: f32) -> f32 {
  let steep = y > 0.414213562 * x;
  let t = select(y / x, (y - x) / (y + x), steep);
  let z = t * t;
  var p = fma(8.05374449538e-2, z, -1.38776856032e-1);
  p = fma(p, z, 1.99777106478e-1);
  p = fma(p, z, -3.33329491539e-1);
  return select(0.0, 0.785398163, steep) + fma(p * z, t, t);
}`,
  },
  precise_atan2: {
    text: `fn precise_atan2(y: f32, x: f32) -> f32 {
  let a = min(abs(x), abs(y));
  let b = max(abs(x), abs(y));
  if (is_nan(x) || is_nan(y)) {
    return x + y;
  }
  var angle = select(atan_ratio(a, b), 0.0, b == 0.0);
  angle = select(angle, 1.57079633 - angle, abs(y) > abs(x));
  angle = select(angle, 3.14159265 - angle, bitcast<i32>(x) < 0);
  return select(angle, -angle, bitcast<i32>(y) < 0);
}`,
    calls: ["atan_ratio", "is_nan"],
  },
  precise_atan: {
    text: `fn precise_atan(x: f32) -> f32 {
  return precise_atan2(x, 1.0);
}`,
    calls: ["precise_atan2"],
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
  return select(power, -power, x < 0.0 && odd);
}`,
    calls: ["log_parts", "exp_reduced", "power_of_two", "is_nan", "quiet_nan"],
  },
};

export const WGSL_MATH = { bits, functions } as const;
