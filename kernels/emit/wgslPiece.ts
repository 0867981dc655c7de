/**
 * Pieces of WGSL text and how they join: each knows how strongly its outermost operator binds, so that a larger one puts
 * parentheses where the grammar asks for them and nowhere else, and what is known of its value's sign.
 */
import type { Expr } from "../ir/expr.ts";
import type { Capture } from "../ir/mod.ts";
import { type BinaryOp, type DType, isFloat } from "../ir/ops.ts";

/** What stands for infinity in emitted code; finite, and exact in f32 and bf16. */
export const INFINITY = 2 ** 126;

/** The largest float32. */
export const LARGEST = (2 - 2 ** -23) * 2 ** 127;

/** What a body needs of the module around it. */
export interface Names {
  /** The expression that reads a literal (`scalars.i0`). */
  scalar(type: "i32" | "f32", value: number): string;
  /** The name of the function that loads from `capture`; which of the indices are never negative. */
  load(capture: Capture, nonNegative: readonly boolean[]): string;
  /** Notes that the function is called; gives its name back. */
  call(name: string): string;
}

/** What a node's text may depend on beside its children. */
export interface Context {
  readonly names: Names;
  /** Floats that a jump (a comparison, a rounding to an integer) depends on: their quotients are corrected. */
  readonly exact: ReadonlySet<Expr>;
}

export type WgslType = "bool" | "i32" | "f32";

/** The WGSL type that holds `dtype`. */
export function wgslType(dtype: DType): WgslType {
  return dtype === "bool" ? "bool" : isFloat(dtype) ? "f32" : "i32";
}

// Binding strength, weakest first. Operands of `& | ^` and of shifts must be unary expressions in WGSL.
export const BITWISE = 1;
export const RELATIONAL = 2;
export const SHIFT = 3;
export const SUM = 4;
export const PRODUCT = 5;
export const UNARY = 6;
export const PRIMARY = 7;

/** Text of an expression. */
export interface Piece {
  readonly text: string;
  readonly level: number;
  /** For BITWISE: which, since only like ones chain. */
  readonly chain?: string;
  /** Provably ≥ 0 (ints only): decided by signs alone, never by values. */
  readonly nonNegative: boolean;
  /** Could be nan (floats only). */
  readonly maybeNan: boolean;
}

/** A name or a call; nothing known of its value. */
export const primary = (text: string): Piece => ({ text, level: PRIMARY, nonNegative: false, maybeNan: true });
/** The text, in parentheses unless it binds at least as strongly as `level`. */
export const within = (p: Piece, level: number): string => (p.level >= level ? p.text : `(${p.text})`);

/**
 * Arguments of a call. WGSL would read `f(a < b, c > d)` as a template `a<b, c>`: a `<` before another argument is
 * put in parentheses.
 */
export function list(...args: readonly Piece[]): string {
  return args.map((p, i) => (i < args.length - 1 && p.level <= RELATIONAL && p.text.includes(" < ") ? `(${p.text})` : p.text)).join(", ");
}

const SYMBOL: Partial<Record<BinaryOp, readonly [symbol: string, level: number]>> = {
  add: ["+", SUM],
  sub: ["-", SUM],
  mul: ["*", PRODUCT],
  div: ["/", PRODUCT],
  eq: ["==", RELATIONAL],
  ne: ["!=", RELATIONAL],
  lt: ["<", RELATIONAL],
  le: ["<=", RELATIONAL],
  gt: [">", RELATIONAL],
  ge: [">=", RELATIONAL],
  and: ["&", BITWISE],
  or: ["|", BITWISE],
  xor: ["^", BITWISE],
};

/** `a op b`, with what parentheses it takes. */
export function infix(op: BinaryOp, a: Piece, b: Piece): Piece {
  const [symbol, level] = SYMBOL[op] ?? ["?", PRIMARY];
  const known = { nonNegative: false, maybeNan: true, level };
  switch (level) {
    case BITWISE: {
      const left = a.level === BITWISE && a.chain === symbol ? a.text : within(a, UNARY);
      const right = b.level === BITWISE && b.chain === symbol ? b.text : within(b, UNARY);
      return { ...known, text: `${left} ${symbol} ${right}`, chain: symbol };
    }
    case RELATIONAL:
      return { ...known, text: `${within(a, SHIFT)} ${symbol} ${within(b, SHIFT)}` };
    default:
      return { ...known, text: `${within(a, level)} ${symbol} ${within(b, level + 1)}` };
  }
}
