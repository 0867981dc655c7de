/**
 * Sine, cosine, tangent and their inverses in f32 for WGSL, to the bound of wgslMath.ts. Angles are reduced to a quadrant
 * and a rest of at most pi/4: by three parts of pi/2 up to 4096 (Cody and Waite), by the bits of 2/pi beyond and close to
 * a multiple of pi/2 (Payne and Hanek, 1983). Polynomials: Cephes.
 */
import type { WgslFunction } from "./wgslMath.ts";

export const WGSL_ANGLES: Readonly<Record<string, WgslFunction>> = {
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
  let whole = round(x * 0.636619772);
  let n = i32(whole);
  // pi/2 in three parts, of which the first two times n are exact; n comes by two ways, or a compiler would add them up.
  let rest = fma(whole, -7.54978995489e-8, fma(f32(n), -4.837512969970703125e-4, fma(whole, -1.5703125, x)));
  // So near a multiple of pi/2 the three parts are too short, which a tangent shows.
  if (n != 0 && abs(rest) < 1e-4) {
    return reduce_large_angle(x);
  }
  return vec2f(f32(n & 3), rest);
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
};
