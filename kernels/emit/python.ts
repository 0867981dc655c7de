/**
 * Expression → Python that PyTorch runs to the same value: every conversion is written out, constants keep their dtype,
 * shared parts and the mod's own names become assignments. print.ts writes for people and leaves out what PyTorch
 * promotes by itself; here the text must give the same bits, and be read back as the same expression.
 *
 * The four index arguments are 0-d tensors under vmap there. Captures are indexed with tensors alone, as FlexAttention
 * asks; constant indices are taken first, outside of vmap's sight.
 */
import type { Binary, Const, Expr, Load } from "../ir/expr.ts";
import type { Capture } from "../ir/mod.ts";
import { isInt, TORCH_NAMES } from "../ir/ops.ts";
import { ATOM, CALLS, COMPARE, INFIX, POWER, PREFIX } from "../ir/print.ts";
import { children, rewrite } from "../ir/walk.ts";
import { schedule } from "./schedule.ts";

/** The text of a function's body: assignments, then the value to return. */
export interface PythonBody {
  readonly lines: readonly string[];
  readonly value: string;
}

export interface PythonNames {
  /** The captures' names in the text. */
  readonly captures: ReadonlyMap<Capture, string>;
  /** Names for sub-expressions, where those are wanted; identifiers that are free. */
  readonly locals: ReadonlyMap<Expr, string>;
}

interface Text {
  readonly text: string;
  readonly strength: number;
}

const atom = (text: string): Text => ({ text, strength: ATOM });
const within = (x: Text, strength: number): string => (x.strength < strength ? `(${x.text})` : x.text);

/** `x` for `True & x` and `False | x`, which PyTorch's own combinators leave behind. */
function withoutStarts(e: Expr): Expr {
  if (e.kind !== "binary" || e.dtype !== "bool" || (e.op !== "and" && e.op !== "or")) return e;
  return e.a.kind === "const" && e.a.value === (e.op === "and" ? 1 : 0) ? e.b : e;
}

/** The function's body for `body`. */
export function emitPython(body: Expr, names: PythonNames): PythonBody {
  const e = rewrite(body, withoutStarts);
  const taken = new Set([...names.locals.values(), ...names.captures.values()]);
  let prefix = "t";
  while ([...taken].some((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))) prefix += "_";
  const lets = schedule([e], { prefix, maxDepth: 7, split: (child) => names.locals.has(child) }).filter(({ node }) => node !== e);
  const known = new Map<Expr, string>();
  const lines: string[] = [];
  for (const { name, node } of lets) {
    lines.push(`${names.locals.get(node) ?? name} = ${write(node, known, names).text}`);
    known.set(node, names.locals.get(node) ?? name);
  }
  if (e.kind === "const") return { lines, value: `b.new_full((), ${constantText(e)}, dtype=torch.${TORCH_NAMES[e.dtype]})` };
  return { lines, value: write(e, known, names).text };
}

/** Operators nest no deeper than `schedule` lets them, so recursion is safe. */
function write(e: Expr, known: ReadonlyMap<Expr, string>, names: PythonNames): Text {
  const go = (x: Expr): Text => {
    const name = known.get(x);
    return name === undefined ? write(x, known, names) : atom(name);
  };
  switch (e.kind) {
    case "const": {
      const text = constantText(e);
      return { text, strength: text.startsWith("-") ? PREFIX : ATOM };
    }
    case "var":
      return atom(e.name);
    case "load":
      return atom(loadText(e, go, names.captures.get(e.capture) ?? e.capture.name));
    case "unary": {
      // A constant operand is a tensor: `torch.exp` takes no number.
      const a = e.a.kind === "const" ? atom(constantTensor(e.a)) : go(e.a);
      if (e.op === "neg" || e.op === "not") return { text: `${e.op === "neg" ? "-" : "~"}${within(a, PREFIX)}`, strength: PREFIX };
      return atom(`torch.${e.op}(${a.text})`);
    }
    case "binary":
      return binaryText(e, go);
    case "where": {
      // Two numbers would become a tensor of PyTorch's default dtype.
      const both = e.a.kind === "const" && e.b.kind === "const";
      const branch = (x: Expr): string => (x.kind === "const" && both ? constantTensor(x) : go(x).text);
      return atom(`torch.where(${e.cond.kind === "const" ? constantTensor(e.cond) : go(e.cond).text}, ${branch(e.a)}, ${branch(e.b)})`);
    }
    case "cast":
      return atom(`${e.a.kind === "const" ? constantTensor(e.a) : within(go(e.a), ATOM)}.to(torch.${TORCH_NAMES[e.dtype]})`);
  }
}

function binaryText(e: Binary, go: (x: Expr) => Text): Text {
  const infix = INFIX[e.op];
  const bothConstant = e.a.kind === "const" && e.b.kind === "const";
  // PyTorch's `number / tensor` multiplies by the reciprocal, and its functions of two tensors take no numbers.
  const asTensor = (x: Expr, isLeft: boolean): boolean =>
    x.kind === "const" && (infix === undefined || (isLeft && (bothConstant || e.op === "div" || e.op === "shl" || e.op === "shr")));
  const operand = (x: Expr, isLeft: boolean): Text => (x.kind === "const" && asTensor(x, isLeft) ? atom(constantTensor(x)) : go(x));
  const [a, b] = [operand(e.a, true), operand(e.b, false)];
  if (infix === undefined) {
    const extra = e.op === "truncdiv" ? ', rounding_mode="trunc"' : "";
    return atom(`${CALLS[e.op] ?? `torch.${e.op}`}(${a.text}, ${b.text}${extra})`);
  }
  const [symbol, strength] = infix;
  // Left-associative but for `**`; comparisons do not chain.
  const left = within(a, strength === COMPARE || strength === POWER ? strength + 1 : strength);
  const right = within(b, strength === POWER ? PREFIX : strength + 1);
  return { text: `${left} ${symbol} ${right}`, strength };
}

/** `table[h, q_idx]`; with constants among the indices `table[:, 3][q_idx]`. */
function loadText({ indices }: Load, go: (x: Expr) => Text, name: string): string {
  if (indices.length === 0) return name;
  const fixed = indices.map((i) => (i.kind === "const" ? String(i.value) : ":"));
  while (fixed.at(-1) === ":") fixed.pop();
  const free = indices.filter((i) => i.kind !== "const").map((i) => go(i).text);
  return `${name}${fixed.length === 0 ? "" : `[${fixed.join(", ")}]`}${free.length === 0 ? "" : `[${free.join(", ")}]`}`;
}

/** A constant beside a tensor of its dtype: a number takes that dtype. */
function constantText(e: Const): string {
  if (e.dtype === "bool") return e.value !== 0 ? "True" : "False";
  return isInt(e.dtype) ? BigInt(e.value).toString() : floatText(e.value);
}

const constantTensor = (e: Const): string => `torch.tensor(${constantText(e)}, dtype=torch.${TORCH_NAMES[e.dtype]}, device=b.device)`;

/** A float as Python reads it back. */
export function floatText(x: number): string {
  if (Number.isNaN(x)) return 'float("nan")';
  if (!Number.isFinite(x)) return x > 0 ? 'float("inf")' : '-float("inf")';
  if (Object.is(x, -0)) return "-0.0";
  const text = String(x);
  return /[.e]/.test(text) ? text.replace("e+", "e") : `${text}.0`;
}

/** Sub-expressions of `e` that can have a name: neither numbers nor arguments, nor the whole. */
export function isNameable(x: Expr, e: Expr): boolean {
  return x !== e && children(x).length > 0;
}
