/**
 * Expression → Python text, as the user would have written it: minimal parentheses, captures by name, `torch.*` for
 * what has no operator. Promotions that PyTorch inserts by itself (an index meeting a float) are left out, so the
 * text is for reading; what identifies an expression is the key (key.ts).
 */
import type { Binary, Cast, Const, Expr, Unary } from "./expr.ts";
import { type BinaryOp, isFloat, isInt, TORCH_NAMES, type UnaryOp } from "./ops.ts";
import { children, postorder } from "./walk.ts";

export interface PrintOptions {
  /** Sub-expressions are elided as `…` where the text would be longer; default 4,000 characters. */
  readonly maxLength?: number;
  /** Names for sub-expressions (the mod's locals): printed instead of the expression, the root excepted. */
  readonly names?: ReadonlyMap<Expr, string>;
}

// Python's binding strengths, weakest first.
export const COMPARE = 1;
const OR = 2;
const XOR = 3;
const AND = 4;
const SHIFT = 5;
const SUM = 6;
const PRODUCT = 7;
export const PREFIX = 8;
export const POWER = 9;
export const ATOM = 10;

/** Operators that Python writes between their operands. */
export const INFIX: Readonly<Partial<Record<BinaryOp, readonly [text: string, strength: number]>>> = {
  add: ["+", SUM],
  sub: ["-", SUM],
  mul: ["*", PRODUCT],
  div: ["/", PRODUCT],
  floordiv: ["//", PRODUCT],
  floormod: ["%", PRODUCT],
  pow: ["**", POWER],
  and: ["&", AND],
  or: ["|", OR],
  xor: ["^", XOR],
  shl: ["<<", SHIFT],
  shr: [">>", SHIFT],
  eq: ["==", COMPARE],
  ne: ["!=", COMPARE],
  lt: ["<", COMPARE],
  le: ["<=", COMPARE],
  gt: [">", COMPARE],
  ge: [">=", COMPARE],
};

/** Functions whose name in torch is not the operator's. */
export const CALLS: Readonly<Partial<Record<BinaryOp | UnaryOp, string>>> = {
  min: "torch.minimum",
  max: "torch.maximum",
  truncdiv: "torch.div",
};

/** How a sub-expression came out: its text and how tightly its outermost operator binds. */
interface Printed {
  readonly text: string;
  readonly strength: number;
}

/** Python text of `e`: `(q_idx >= kv_idx) & (q_idx - kv_idx <= 256)`. */
export function printExpr(e: Expr, options: PrintOptions = {}): string {
  const limit = options.maxLength ?? 4000;
  const done = new Map<Expr, Printed>();
  for (const node of postorder([e])) {
    const name = node === e ? undefined : options.names?.get(node);
    if (name !== undefined) {
      done.set(node, { text: name, strength: ATOM });
      continue;
    }
    done.set(node, print(node, fitted(children(node), done, limit)));
  }
  return done.get(e)?.text ?? "";
}

const ELIDED: Printed = { text: "…", strength: ATOM };

/**
 * The children's texts, the long ones elided where all together are too long: a shared node is printed at each use, so
 * a graph may stand for a text of exponential length.
 */
function fitted(kids: readonly Expr[], done: ReadonlyMap<Expr, Printed>, limit: number): ReadonlyMap<Expr, Printed> {
  const lengths = kids.map((kid) => done.get(kid)?.text.length ?? 0);
  if (lengths.reduce((a, b) => a + b, 0) <= limit) return done;
  const share = limit / kids.length;
  const short = new Map(kids.map((kid, i) => [kid, (lengths[i] ?? 0) > share ? ELIDED : (done.get(kid) ?? ELIDED)]));
  // A promoted operand is printed without its conversion (see `promoted`): its own child must be at hand.
  for (const kid of kids) {
    if (kid.kind === "cast") short.set(kid.a, short.get(kid) === ELIDED ? ELIDED : (done.get(kid.a) ?? ELIDED));
    if (kid.kind === "binary") for (const x of [kid.a, kid.b]) if (!short.has(x)) short.set(x, done.get(x) ?? ELIDED);
  }
  return short;
}

/** Python's spelling of a constant: `True`, `256`, `0.5`, `-float("inf")`. */
export function printConst(e: Const): string {
  if (e.dtype === "bool") return e.value !== 0 ? "True" : "False";
  if (isInt(e.dtype)) return String(e.value);
  if (Number.isNaN(e.value)) return 'float("nan")';
  if (!Number.isFinite(e.value)) return e.value > 0 ? 'float("inf")' : '-float("inf")';
  if (Object.is(e.value, -0)) return "-0.0";
  const text = shortest(e);
  return /[.e]/.test(text) ? text.replace("e+", "e") : `${text}.0`;
}

/** The shortest decimal that reads back as the same f32 (or half); f64 as JavaScript prints it. */
function shortest(e: Const): string {
  if (e.dtype !== "f64") {
    for (let digits = 1; digits < 9; digits++) {
      const candidate = Number(e.value.toPrecision(digits));
      if (Math.fround(candidate) === e.value) return String(candidate);
    }
  }
  return String(e.value);
}

function print(e: Expr, done: ReadonlyMap<Expr, Printed>): Printed {
  const get = (x: Expr): Printed => done.get(x) ?? { text: "…", strength: ATOM };
  const plain = (x: Expr): string => get(x).text;
  const within = (p: Printed, strength: number): string => (p.strength < strength ? `(${p.text})` : p.text);
  switch (e.kind) {
    case "const": {
      const text = printConst(e);
      return { text, strength: text.startsWith("-") ? PREFIX : ATOM };
    }
    case "var":
      return { text: e.name, strength: ATOM };
    case "load":
      return { text: e.indices.length === 0 ? e.capture.name : `${e.capture.name}[${e.indices.map(plain).join(", ")}]`, strength: ATOM };
    case "unary":
      return printUnary(e, get(e.a), within);
    case "binary":
      return printBinary(e, (x) => get(promoted(x, e) ?? x), within);
    case "where":
      return { text: `torch.where(${plain(e.cond)}, ${plain(e.a)}, ${plain(e.b)})`, strength: ATOM };
    case "cast":
      return { text: `${within(get(e.a), ATOM)}${METHOD[e.dtype] ?? `.to(torch.${TORCH_NAMES[e.dtype]})`}`, strength: ATOM };
  }
}

const METHOD: Readonly<Partial<Record<Cast["dtype"], string>>> = {
  bool: ".bool()",
  i32: ".int()",
  i64: ".long()",
  f32: ".float()",
  f64: ".double()",
};

function printUnary(e: Unary, a: Printed, within: (p: Printed, strength: number) => string): Printed {
  if (e.op === "neg") return { text: `-${within(a, PREFIX)}`, strength: PREFIX };
  if (e.op === "not") return { text: `~${within(a, PREFIX)}`, strength: PREFIX };
  return { text: `torch.${e.op}(${a.text})`, strength: ATOM };
}

function printBinary(e: Binary, get: (x: Expr) => Printed, within: (p: Printed, strength: number) => string): Printed {
  const infix = INFIX[e.op];
  if ((e.op === "min" || e.op === "max") && (e.a.kind === "const" || e.b.kind === "const"))
    return { text: printClamp(e, get), strength: ATOM };
  if (infix === undefined) {
    const extra = e.op === "truncdiv" ? ', rounding_mode="trunc"' : "";
    return { text: `${CALLS[e.op] ?? `torch.${e.op}`}(${get(e.a).text}, ${get(e.b).text}${extra})`, strength: ATOM };
  }
  const [symbol, strength] = infix;
  // Left-associative but for `**`; comparisons do not chain.
  const left = within(get(e.a), strength === COMPARE || strength === POWER ? strength + 1 : strength);
  const right = within(get(e.b), strength === POWER ? PREFIX : strength + 1);
  return { text: `${left} ${symbol} ${right}`, strength };
}

/** A bound that is a number: PyTorch's `minimum` and `maximum` take tensors alone. */
function printClamp(e: Binary, get: (x: Expr) => Printed): string {
  const [bound, x] = e.a.kind === "const" ? [e.a, e.b] : [e.b, e.a];
  if (e.op === "min" && x.kind === "binary" && x.op === "max" && x.b.kind === "const") {
    return `torch.clamp(${get(x.a).text}, ${get(x.b).text}, ${get(bound).text})`;
  }
  return `torch.clamp(${get(x).text}, ${e.op === "min" ? "max" : "min"}=${get(bound).text})`;
}

/** The operand below a conversion which PyTorch's promotion would insert by itself; undefined if it must be shown. */
function promoted(x: Expr, parent: Binary): Expr | undefined {
  if (x.kind !== "cast" || isFloat(x.a.dtype)) return undefined;
  const other = parent.a === x ? parent.b : parent.a;
  if (x.dtype === "f32" && isInt(x.a.dtype)) {
    const otherIsFloat = other.kind !== "cast" || isFloat(other.a.dtype);
    return otherIsFloat || parent.op === "div" ? x.a : undefined;
  }
  return undefined;
}
