/**
 * Rewrites of calls that PyTorch refuses inside a mod: Python's and NumPy's functions of numbers as torch's, and
 * torch's own with the arguments that they take.
 */
import type { TextOf } from "./diagnostic.ts";
import { BINDS, type FactOf, isNumber, operand, piece, type Rewrite, receiver, replace, replaceLooser } from "./fix.ts";
import { asMask, rewriteAll } from "./fixCondition.ts";
import type { BinOp, Call, Expression } from "./syntax.ts";

/** The rewrite of a call that was refused as `code`; null where there is none. */
export function rewriteCall(code: string, node: Call, facts: FactOf, textOf: TextOf): Rewrite | null {
  switch (code) {
    case "item-of-tensor":
      return rewriteConversion(node, facts, textOf);
    case "truth-value":
      return rewriteTruth(node, facts, textOf);
    case "python-round":
      return rewriteRounding(node, textOf);
    case "operand-types":
      return (
        rewriteBounds(node, facts, textOf) ??
        rewriteIsin(node, facts, textOf) ??
        rewriteCondition(node, facts, textOf) ??
        rewriteListReduction(node, textOf)
      );
    case "index-out-of-range":
      return rewriteExtreme(node, facts, textOf);
    case "argument-count":
      return rewriteWhere(node, facts, textOf);
    default:
      return null;
  }
}

/**
 * `max(a, 0)` → `torch.clamp(a, min=0)`, `max(a, b)` → `torch.maximum(a, b)`, more arguments one after another; null
 * where an argument is not plain.
 */
export function rewriteMinMax(node: Call, facts: FactOf, textOf: TextOf): Rewrite | null {
  if (node.callee.kind !== "Name" || node.keywords.length > 0) return null;
  const [only, ...more] = node.args;
  const given = more.length === 0 && only?.kind === "Sequence" ? only.elements : node.args;
  if (given.length < 2 || given.some((a) => a.kind === "Starred")) return null;
  const isPlain = (a: Expression): boolean => isNumber(a) || facts(a) === "scalar" || facts(a) === "flag";
  const tensors = given.filter((a) => !isPlain(a));
  const numbers = given.filter(isPlain);
  const isMax = node.callee.id === "max";
  const [first, ...rest] = tensors.map((a) => textOf(a.span));
  if (first === undefined) return null;
  const tensor = rest.reduce((acc, a) => `torch.${isMax ? "maximum" : "minimum"}(${acc}, ${a})`, first);
  if (numbers.length === 0) return replace(node, tensor);
  const bound = numbers.map((n) => textOf(n.span)).join(", ");
  return replace(node, `torch.clamp(${tensor}, ${isMax ? "min" : "max"}=${numbers.length > 1 ? `${node.callee.id}(${bound})` : bound})`);
}

/** `t.item()` → `t`, `int(t)` → `t.long()`, `float(t)` → `t.float()`, `math.f(t)` → `torch.f(t)`. */
function rewriteConversion(node: Call, facts: FactOf, textOf: TextOf): Rewrite | null {
  const { callee } = node;
  const [arg, second] = node.args;
  if (callee.kind === "Attribute" && (callee.name === "item" || callee.name === "tolist") && arg === undefined)
    return replaceLooser(node, piece(callee.object, textOf), textOf);
  if (arg === undefined || node.keywords.length > 0 || node.args.some((a) => a.kind === "Starred"))
    return rewriteBounds(node, facts, textOf);
  if (callee.kind === "Name" && second === undefined) {
    if (callee.id === "int") return replace(node, `${receiver(arg, textOf)}.long()`);
    if (callee.id === "float") return replace(node, `${receiver(arg, textOf)}.float()`);
  }
  if (callee.kind === "Attribute" && callee.name === "tensor" && arg.kind === "Sequence" && second === undefined) {
    const isTensor = (e: Expression): boolean => facts(e) === "number" || facts(e) === "mask";
    return arg.elements.every(isTensor) ? replace(node, `${textOf(callee.object.span)}.stack(${textOf(arg.span)})`) : null;
  }
  const isMath = callee.kind === "Attribute" && callee.object.kind === "Name" && callee.object.id === "math";
  return isMath ? rewriteMath(node, callee.name, facts, textOf) : rewriteBounds(node, facts, textOf);
}

/** Functions of `math` under torch's names, one argument each. */
const MATH: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    "sqrt exp exp2 expm1 log log2 log10 log1p sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh erf erfc isnan isinf isfinite lgamma"
      .split(" ")
      .map((n) => [n, n]),
  ),
  fabs: "abs",
  degrees: "rad2deg",
  radians: "deg2rad",
};
/** Those that give a Python int. */
const WHOLE: ReadonlySet<string> = new Set(["floor", "ceil", "trunc"]);

function rewriteMath(node: Call, name: string, facts: FactOf, textOf: TextOf): Rewrite | null {
  const [a, b] = node.args;
  if (a === undefined) return null;
  const text = textOf(a.span);
  if (b === undefined) {
    if (name === "floor" && a.kind === "BinOp" && a.op === "/" && bothWhole(a, facts))
      return replaceLooser(node, { text: floored(a, textOf), binds: BINDS.product }, textOf);
    if (WHOLE.has(name)) return replace(node, `torch.${name}(${text}).long()`);
    const torchName = Object.hasOwn(MATH, name) ? MATH[name] : undefined;
    return torchName === undefined ? null : replace(node, `torch.${torchName}(${text})`);
  }
  if (node.args.length > 2) return null;
  if (name === "pow") return rewritePow(node, textOf);
  if (name === "log") {
    const base = `${facts(b) === "scalar" ? "math" : "torch"}.log(${textOf(b.span)})`;
    return replaceLooser(node, { text: `torch.log(${text}) / ${base}`, binds: BINDS.product }, textOf);
  }
  if (name === "fmod") return replace(node, `torch.fmod(${text}, ${textOf(b.span)})`);
  const both = facts(a) === "number" && facts(b) === "number";
  return both && (name === "atan2" || name === "hypot" || name === "copysign")
    ? replace(node, `torch.${name}(${text}, ${textOf(b.span)})`)
    : null;
}

/** `pow(a, b)` → `a ** b`. */
export function rewritePow(node: Call, textOf: TextOf): Rewrite | null {
  const [a, b, more] = node.args;
  if (a === undefined || b === undefined || more !== undefined || node.keywords.length > 0) return null;
  const text = `${operand(a, BINDS.atom, textOf)} ** ${operand(b, BINDS.unary, textOf)}`;
  return replaceLooser(node, { text, binds: BINDS.power }, textOf);
}

/** Whether `a / b` divides integers, as far as the text shows: then `a // b` is exact. */
function bothWhole(node: BinOp, facts: FactOf): boolean {
  const isWhole = (e: Expression): boolean =>
    (e.kind === "Constant" && e.literal.type === "int") || (e.kind !== "Constant" && (facts(e) === "number" || facts(e) === "scalar"));
  return isWhole(node.left) && isWhole(node.right);
}

/** `a / b` → `a // b`. */
export const floored = (node: BinOp, textOf: TextOf): string =>
  `${operand(node.left, BINDS.product, textOf)} // ${operand(node.right, BINDS.unary, textOf)}`;

/** `all([a, b])` → `a & b`, `bool(t)` → `t`. */
function rewriteTruth(node: Call, facts: FactOf, textOf: TextOf): Rewrite | null {
  const [only, more] = node.args;
  if (node.callee.kind !== "Name" || only === undefined || more !== undefined || node.keywords.length > 0) return null;
  const { id } = node.callee;
  if (id === "bool") {
    return replaceLooser(node, asMask(only, facts, textOf), textOf);
  }
  const found = id === "all" || id === "any" ? rewriteAll(id, only, facts, textOf) : null;
  return found === null ? null : replaceLooser(node, found, textOf);
}

/** `round(t)` → `torch.round(t).long()`, `round(t, 2)` → `torch.round(t, decimals=2)`, `divmod(a, b)` → `(a // b, a % b)`. */
function rewriteRounding(node: Call, textOf: TextOf): Rewrite | null {
  const [a, b] = node.args;
  if (node.callee.kind !== "Name" || a === undefined || node.args.length > 2 || node.args.some((x) => x.kind === "Starred")) return null;
  if (node.callee.id === "round") {
    const digits = b ?? node.keywords.find((k) => k.name === "ndigits")?.value;
    const text = textOf(a.span);
    return replace(node, digits === undefined ? `torch.round(${text}).long()` : `torch.round(${text}, decimals=${textOf(digits.span)})`);
  }
  if (node.callee.id !== "divmod" || b === undefined) return null;
  const left = operand(a, BINDS.product, textOf);
  const right = operand(b, BINDS.unary, textOf);
  return replace(node, `(${left} // ${right}, ${left} % ${right})`);
}

/** `torch.inf_like(x)` → `torch.full_like(x, float("inf"), dtype=torch.float32)`; null for another call. */
export function rewriteInfLike(node: Call, textOf: TextOf): Rewrite | null {
  const arg = node.args[0];
  if (node.callee.kind !== "Attribute" || node.callee.name !== "inf_like" || arg === undefined) return null;
  return replace(node, `torch.full_like(${textOf(arg.span)}, float("inf"), dtype=torch.float32)`);
}

/** `torch.maximum(t, 0)` → `torch.clamp(t, min=0)`; `torch.clamp(t, 0, u)` → `torch.clamp(torch.clamp(t, min=0), max=u)`. */
function rewriteBounds(node: Call, facts: FactOf, textOf: TextOf): Rewrite | null {
  const { callee } = node;
  if (callee.kind !== "Attribute" || node.args.some((a) => a.kind === "Starred")) return null;
  const isMethod = facts(callee.object) === "number" || facts(callee.object) === "mask";
  const [x, ...bounds] = isMethod ? [callee.object, ...node.args] : node.args;
  if (x === undefined) return null;
  if (callee.name === "maximum" || callee.name === "minimum") {
    const [y] = bounds;
    if (y === undefined || bounds.length > 1) return null;
    const numbers = [x, y].filter((e) => facts(e) === "scalar");
    const [tensor] = [x, y].filter((e) => facts(e) === "number");
    const [number] = numbers;
    if (number === undefined || tensor === undefined) return null;
    return replace(node, `torch.clamp(${textOf(tensor.span)}, ${callee.name === "maximum" ? "min" : "max"}=${textOf(number.span)})`);
  }
  if (callee.name !== "clamp" && callee.name !== "clip") return null;
  const min = bounds[0] ?? node.keywords.find((k) => k.name === "min")?.value;
  const max = bounds[1] ?? node.keywords.find((k) => k.name === "max")?.value;
  if (min === undefined || max === undefined) return null;
  return replace(node, `torch.clamp(torch.clamp(${textOf(x.span)}, min=${textOf(min.span)}), max=${textOf(max.span)})`);
}

/** `torch.max(t, 3)`, where the 3 is no dimension → `torch.clamp(t, min=3)`. */
function rewriteExtreme(node: Call, facts: FactOf, textOf: TextOf): Rewrite | null {
  const { callee } = node;
  if (callee.kind !== "Attribute" || (callee.name !== "max" && callee.name !== "min") || node.keywords.length > 0) return null;
  const isMethod = facts(callee.object) === "number";
  const [x, bound, more] = isMethod ? [callee.object, ...node.args] : node.args;
  if (x === undefined || bound === undefined || more !== undefined || facts(bound) !== "scalar") return null;
  return replace(node, `torch.clamp(${textOf(x.span)}, ${callee.name === "max" ? "min" : "max"}=${textOf(bound.span)})`);
}

/** `torch.where(i, a, b)` with a number for a condition → `torch.where(i != 0, a, b)`. */
function rewriteCondition(node: Call, facts: FactOf, textOf: TextOf): Rewrite | null {
  const [c, ...sides] = node.args;
  if (node.callee.kind !== "Attribute" || node.callee.name !== "where" || c === undefined || facts(c) !== "number") return null;
  const rest = [...sides, ...node.keywords].map((n) => textOf(n.span));
  return replace(node, `${textOf(node.callee.span)}(${[asMask(c, facts, textOf).text, ...rest].join(", ")})`);
}

/** `torch.isin(x, [1, 2])` → `torch.isin(x, torch.tensor([1, 2]))`. */
function rewriteIsin(node: Call, facts: FactOf, textOf: TextOf): Rewrite | null {
  const [x, among, more] = node.args;
  if (node.callee.kind !== "Attribute" || node.callee.name !== "isin" || x === undefined || among === undefined || more !== undefined)
    return null;
  if (facts(among) !== "object" || node.keywords.length > 0) return null;
  const elements = among.kind === "Sequence" && among.form !== "set" ? textOf(among.span) : `list(${textOf(among.span)})`;
  return replace(node, `${textOf(node.callee.span)}(${textOf(x.span)}, torch.tensor(${elements}))`);
}

/** `torch.all([a, b])` → `torch.stack([a, b]).all()`. */
function rewriteListReduction(node: Call, textOf: TextOf): Rewrite | null {
  const [items, more] = node.args;
  if (node.callee.kind !== "Attribute" || items?.kind !== "Sequence" || more !== undefined || node.keywords.length > 0) return null;
  const { name, object } = node.callee;
  if (!REDUCTIONS.has(name) || object.kind !== "Name") return null;
  return replace(node, `${object.id}.stack(${textOf(items.span)}).${name}()`);
}

const REDUCTIONS: ReadonlySet<string> = new Set(["all", "any", "sum", "max", "min", "prod", "amax", "amin"]);

/** `torch.where(c, x)`: the other side is -inf where `x` is a score, False where it is a mask. */
function rewriteWhere(node: Call, facts: FactOf, textOf: TextOf): Rewrite | null {
  const [c, x] = node.args;
  if (node.callee.kind !== "Attribute" || node.callee.name !== "where" || node.args.length !== 2 || node.keywords.length > 0) return null;
  if (c === undefined || x === undefined || facts(c) !== "mask") return null;
  const fact = facts(x);
  if (fact === "mask" || fact === "flag") return replace(node, `${textOf(node.callee.span)}(${textOf(c.span)}, ${textOf(x.span)}, False)`);
  return fact === "number" ? replace(node, `${textOf(node.callee.span)}(${textOf(c.span)}, ${textOf(x.span)}, -float("inf"))`) : null;
}

/** `np.where(…)` → `torch.where(…)`, for the functions that both have under one name and with the same arguments. */
export function rewriteNumpy(node: Call, textOf: TextOf): Rewrite | null {
  const { callee } = node;
  if (callee.kind !== "Attribute" || node.keywords.length > 0) return null;
  const name = Object.hasOwn(NUMPY, callee.name) ? NUMPY[callee.name] : undefined;
  if (name === undefined) return null;
  return replace(node, `torch.${name}(${node.args.map((a) => textOf(a.span)).join(", ")})`);
}

const NUMPY: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    "where abs sqrt exp exp2 expm1 log log2 log10 log1p sin cos tan sinh cosh tanh floor ceil trunc sign square isnan isinf isfinite logical_and logical_or logical_not logical_xor remainder fmod isin"
      .split(" ")
      .map((n) => [n, n]),
  ),
  absolute: "abs",
  fabs: "abs",
  mod: "remainder",
  rint: "round",
};
