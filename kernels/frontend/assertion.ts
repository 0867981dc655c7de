/**
 * Claims about a mod, `# flexlens: assert kv_idx <= q_idx`, from their text to what has to be shown; whether it is so is
 * found out elsewhere (kernels/lint/assertion.ts), off the keystroke.
 *
 * A claim is an expression in the scope of the mod's own body: its parameters (and `b h q_idx kv_idx score` whatever it
 * calls them), its named values, what it captures, and `result`. As nobody traces it, `and`, `or`, `not` and chained
 * comparisons mean what they say. Beside expressions there are `equals(m)`, `implies(m)`, `sparsity > 0.8` (and
 * `sparsity.blocks`, `sparsity.elements`), `no_empty_rows` and `symmetric`.
 */
import { boolean, type Expr, type VarName, variable } from "../ir/expr.ts";
import type { Mod, Span } from "../ir/mod.ts";
import { TORCH_NAMES } from "../ir/ops.ts";
import { describe } from "./describe.ts";
import { type Diagnostic, diagnose } from "./diagnostic.ts";
import type { Claimed, Directive } from "./directive.ts";
import type { Interpreter } from "./evaluate.ts";
import type { Assertion, BoundName, Claim, SparsityTest } from "./module.ts";
import { parseExpression } from "./parse.ts";
import { bindParameters, functionOf, lookupName, positionalCount } from "./pythonCall.ts";
import type { Compare, Expression } from "./syntax.ts";
import { dataOf, dynamic, dynamicElements } from "./tensor.ts";
import { combinedMods } from "./torchFlex.ts";
import { isScalar, numberOf, Refusal, type Scope, VAR_BITS, type Value } from "./value.ts";

/** What reading a claim takes of the lowering under way. */
export interface ClaimContext {
  readonly interpreter: Interpreter;
  /** The module's names. */
  readonly scope: Scope;
  readonly overlay: ReadonlyMap<string, Value>;
  readonly scoreDType: "f32" | "f64";
  readonly textOf: (span: Span) => string;
  readonly report: (d: Diagnostic) => void;
}

/** The claims of one module's directives. */
export interface Claims {
  /** Those about `mod`, which `value` is; what cannot be read is reported. */
  about(value: Value, mod: Mod, subject: ClaimSubject, context: () => ClaimContext): Assertion[];
  /** Those whose places are not among `wanted`: they speak of no mod. */
  unused(textOf: (span: Span) => string, wanted: ReadonlySet<string>): Diagnostic[];
}

/** What is known of a mod's making. */
export interface ClaimSubject {
  /** Statements that a directive about it may stand above. */
  readonly targets: readonly number[];
  /** Names that a factory was called with. */
  readonly rows: readonly BoundName[];
}

/** `wanted` is told the place of each claim that speaks of a mod, as `place` gives it. */
export function createClaims(
  directives: readonly Directive[],
  file: string,
  place: (span: Span) => string,
  wanted: (place: string) => void,
): Claims {
  const placeOf = ({ claim }: Claimed): string => place(claim.span);
  return {
    about(value, mod, { targets, rows }, context) {
      const f = functionOf(value);
      const own = f !== null && f.span.file === file ? [...targets, f.span.from] : targets;
      // At the file's head they speak of every mask_mod.
      const speaks = ({ target }: Directive): boolean => (target === null ? mod.kind === "mask_mod" : own.includes(target));
      const claimed = directives.filter(speaks).flatMap((d) => d.claims);
      for (const c of claimed) wanted(placeOf(c));
      if (claimed.length === 0) return [];
      const here = context();
      const scope = scopeOf(value, mod, rows, here);
      return claimed.flatMap((c) => readClaims(c, mod, scope, here));
    },
    unused: (textOf, places) =>
      directives
        .flatMap((d) => d.claims.filter((c) => !places.has(placeOf(c))))
        .map(({ claim }) => diagnose("assertion-unused", claim.span, [textOf(claim.span)])),
  };
}

/** One claim; `and` makes several of it. */
function readClaims({ claim, message }: Claimed, mod: Mod, scope: Scope, context: ClaimContext): Assertion[] {
  return conjunction(claim).flatMap((part): Assertion[] => {
    const text = context.textOf(part.span);
    const read = readClaim(part, mod, scope, context);
    if ("why" in read) {
      context.report(diagnose("assertion-malformed", read.span, [text, read.why]));
      return [];
    }
    return [{ span: part.span, text, message, claim: read }];
  });
}

/** Why a claim cannot be read. */
interface Unread {
  readonly why: string;
  readonly span: Span;
}

const conjunction = (e: Expression): Expression[] =>
  e.kind === "BoolOp" && e.op === "and" ? [...conjunction(e.left), ...conjunction(e.right)] : [e];

function readClaim(e: Expression, mod: Mod, scope: Scope, context: ClaimContext): Claim | Unread {
  const whole = e.kind === "Call" && e.args.length === 0 && e.keywords.length === 0 ? e.callee : e;
  if (whole.kind === "Name" && (whole.id === "no_empty_rows" || whole.id === "symmetric")) {
    return mod.kind === "mask_mod"
      ? { kind: whole.id }
      : { why: `\`${whole.id}\` speaks of a mask, and this is a score_mod`, span: e.span };
  }
  if (e.kind === "Call" && e.callee.kind === "Name" && (e.callee.id === "equals" || e.callee.id === "implies")) {
    const [argument, ...more] = e.args;
    if (argument === undefined || more.length > 0 || e.keywords.length > 0) {
      return { why: `\`${e.callee.id}(m)\` takes one ${mod.kind}`, span: e.span };
    }
    if (e.callee.id === "implies" && mod.kind === "score_mod") return { why: "`implies` compares masks", span: e.span };
    const other = otherMod(argument, mod, scope, context);
    return "why" in other ? other : { kind: e.callee.id, name: context.textOf(argument.span), body: other.body };
  }
  if (e.kind === "Compare" && [e.left, ...e.comparators].some((x) => measureOf(x) !== null)) return sparsityClaim(e, mod, scope, context);
  return predicateClaim(e, mod, scope, context);
}

// ------------------------------------------------------------------------------------------------------ expressions

function predicateClaim(e: Expression, mod: Mod, scope: Scope, context: ClaimContext): Claim | Unread {
  const outcome = context.interpreter.evaluateInMod(logical(e), scope, context.scoreDType, context.overlay);
  if (!outcome.ok) return unreadBy(outcome.fault, e.span);
  const predicate = elementOf(outcome.value);
  if (predicate === null) return { why: `it is ${describe(outcome.value)}, and a claim is one bool`, span: e.span };
  if (predicate.dtype !== "bool") return { why: `it is ${TORCH_NAMES[predicate.dtype]}, and a claim is bool`, span: e.span };
  return { kind: "holds", of: mod.kind, predicate };
}

const unreadBy = (fault: Diagnostic, at: Span): Unread => ({
  why: fault.message.replace(/\.$/, ""),
  span: fault.span.file === at.file && fault.span.from >= at.from && fault.span.to <= at.to ? fault.span : at,
});

/** The one element of a value, or null. */
function elementOf(value: Value): Expr | null {
  if (value.type === "bool") return boolean(value.value);
  if (value.type === "dynamic" && value.shape.length === 0) return dynamicElements(value)[0] ?? null;
  if (value.type === "tensor" && value.shape.length === 0 && value.dtype === "bool") return boolean(dataOf(value)[0] === 1);
  return null;
}

/** The expression with `&`, `|`, `~` for `and`, `or`, `not` and for chains of comparisons. */
function logical(e: Expression): Expression {
  const { span } = e;
  if (e.kind === "BoolOp") {
    const op = e.op === "and" ? "&" : "|";
    return { kind: "BinOp", span, op, opSpan: e.opSpan, left: logical(e.left), right: logical(e.right) };
  }
  if (e.kind === "UnaryOp" && e.op === "not") return { ...e, op: "~", operand: logical(e.operand) };
  if (e.kind === "BinOp" && (e.op === "&" || e.op === "|" || e.op === "^")) return { ...e, left: logical(e.left), right: logical(e.right) };
  if (e.kind !== "Compare" || e.ops.length < 2) return e;
  const links = linksOf(e);
  return links.reduce((left, right): Expression => ({ kind: "BinOp", span, op: "&", opSpan: span, left, right }));
}

/** `a < b < c` as `a < b` and `b < c`. */
function linksOf(e: Compare): Expression[] {
  return e.ops.flatMap((op, i) => {
    const left = i === 0 ? e.left : e.comparators[i - 1];
    const right = e.comparators[i];
    if (left === undefined || right === undefined) return [];
    return [{ kind: "Compare", span: e.span, left, ops: [op], comparators: [right] } as const];
  });
}

/** The names that a claim sees: the mod's arguments, its named values, and what is around its body. */
function scopeOf(value: Value, mod: Mod, rows: readonly BoundName[], context: ClaimContext): Scope {
  const { scope, scoreDType } = context;
  const names = new Map<string, Value>();
  const argument = (name: VarName): Value => {
    const dtype = name === "score" ? scoreDType : "i64";
    return dynamic(dtype, [], [variable(name, dtype)], VAR_BITS[name]);
  };
  names.set("result", dynamic(mod.body.dtype, [], [mod.body], VAR_BITS.score));
  const order: VarName[] = mod.kind === "score_mod" ? ["score", "b", "h", "q_idx", "kv_idx"] : ["b", "h", "q_idx", "kv_idx"];
  for (const name of order) names.set(name, argument(name));
  const f = functionOf(value);
  const parent = f?.scope ?? closureOf(value, scope);
  for (const { name, value: text } of rows) {
    const outcome =
      text === null || lookupName(parent, name, null) !== null
        ? null
        : context.interpreter.evaluate(parseExpression(text, scope.module.file).expression, scope);
    if (outcome?.ok === true) names.set(name, outcome.value);
  }
  if (f !== null) for (const [name, each] of parametersOf(value, order.map(argument), f.span)) names.set(name, each);
  for (const { name, within, type, shape, elements } of mod.steps ?? []) {
    const first = elements?.[0];
    if (within !== null || elements === null || first === undefined) continue;
    if (type === "int" || type === "float") names.set(name, { type, value: first.kind === "const" ? first.value : Number.NaN });
    else names.set(name, dynamic(type, shape, elements, VAR_BITS.score));
  }
  return { names, parent, elsewhere: null, kind: "function", module: parent.module };
}

/** What the mods that `and_masks` and `or_masks` put together see, the first before the others. */
function closureOf(value: Value, module: Scope): Scope {
  const names = new Map<string, Value>();
  const gather = (each: Value): void => {
    for (const mod of combinedMods(each) ?? []) gather(mod);
    for (let s = functionOf(each)?.scope ?? null; s !== null && s.kind === "function"; s = s.parent) {
      for (const [name, known] of s.names) if (!names.has(name)) names.set(name, known);
    }
  };
  gather(value);
  return { names, parent: module, elsewhere: null, kind: "function", module: module.module };
}

/** A mod's parameters with what a call gives them, through partial, methods and callable objects. */
function parametersOf(mod: Value, args: readonly Value[], span: Span): ReadonlyMap<string, Value> {
  const f = functionOf(mod);
  if (f === null) return new Map();
  let given = args;
  const kwargs = new Map<string, Value>();
  let callee: Value = mod;
  while (callee.type === "partial" || callee.type === "method") {
    given = callee.type === "method" ? [callee.self, ...given] : [...callee.args, ...given];
    if (callee.type === "partial") for (const [name, value] of callee.kwargs) if (!kwargs.has(name)) kwargs.set(name, value);
    callee = callee.callee;
  }
  if (callee.type === "instance") given = [callee, ...given];
  try {
    return bindParameters(f, given, kwargs, span);
  } catch (e) {
    if (e instanceof Refusal) return new Map();
    throw e;
  }
}

// ------------------------------------------------------------------------------------------------------- other mods

function otherMod(e: Expression, mod: Mod, scope: Scope, context: ClaimContext): { readonly body: Expr } | Unread {
  const { interpreter, overlay, scoreDType } = context;
  const outcome = interpreter.evaluateInMod(e, scope, scoreDType, overlay);
  if (!outcome.ok) return unreadBy(outcome.fault, e.span);
  const { value } = outcome;
  const asExpression = elementOf(value);
  if (asExpression !== null && (mod.kind === "score_mod" || asExpression.dtype === "bool")) return { body: asExpression };
  const count = positionalCount(value);
  if (count !== (mod.kind === "mask_mod" ? 4 : 5)) {
    const what =
      count === 4 ? "a mask_mod" : count === 5 ? "a score_mod" : value.type === "unknown" ? `not known: ${value.cause}` : describe(value);
    return { why: `\`${context.textOf(e.span)}\` is ${what}, and this is a ${mod.kind}`, span: e.span };
  }
  const traced = interpreter.traceMod(value, mod.kind, scoreDType, e.span, overlay);
  return traced.ok ? traced.value : unreadBy(traced.fault, e.span);
}

// --------------------------------------------------------------------------------------------------------- sparsity

/** `sparsity` is that of the blocks, as in PyTorch and in the lens. */
function measureOf(e: Expression): "blocks" | "elements" | null {
  if (e.kind === "Name" && e.id === "sparsity") return "blocks";
  if (e.kind !== "Attribute" || e.object.kind !== "Name" || e.object.id !== "sparsity") return null;
  return e.name === "blocks" || e.name === "elements" ? e.name : null;
}

const FLIPPED = { "<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!=" } as const;

function sparsityClaim(e: Compare, mod: Mod, scope: Scope, context: ClaimContext): Claim | Unread {
  const unread = (why: string, span: Span = e.span): Unread => ({ why, span });
  if (mod.kind !== "mask_mod") return unread("sparsity is a mask's, and this is a score_mod");
  const tests: SparsityTest[] = [];
  let measure: "blocks" | "elements" | null = null;
  for (const [i, op] of e.ops.entries()) {
    const left = i === 0 ? e.left : e.comparators[i - 1];
    const right = e.comparators[i];
    if (left === undefined || right === undefined) continue;
    if (!(op in FLIPPED)) return unread("sparsity is a number: compare it with `<`, `<=`, `>`, `>=` or `==`");
    const sign = op as keyof typeof FLIPPED;
    const of = measureOf(left) ?? measureOf(right);
    const bound = measureOf(left) === null ? left : right;
    if (of === null || measureOf(bound) !== null || (measure !== null && measure !== of)) {
      return unread("compare one sparsity with numbers, as in `sparsity > 0.8`");
    }
    measure = of;
    const outcome = context.interpreter.evaluateInMod(bound, scope, context.scoreDType, context.overlay);
    if (!outcome.ok) return unreadBy(outcome.fault, bound.span);
    if (!isScalar(outcome.value))
      return unread(`\`${context.textOf(bound.span)}\` is ${describe(outcome.value)}, not a number`, bound.span);
    const value = numberOf(outcome.value);
    if (!(value >= 0 && value <= 1))
      return unread(`sparsity is a share from 0 to 1, and \`${context.textOf(bound.span)}\` is ${value}`, bound.span);
    tests.push({ sign: measureOf(left) === null ? FLIPPED[sign] : sign, bound: value });
  }
  return measure === null ? unread("it compares nothing") : { kind: "sparsity", measure, tests };
}
