/**
 * Python numbers of a module that change while it runs, told from its text: names that a function declares `global` or
 * `nonlocal` and counts, attributes that are counted, and what a loop counts that itself calls flex_attention. Only
 * where the change is plain to see; a window that is set once is none of these.
 */
import { lastName } from "../frontend/discover.ts";
import type { Assign, AugAssign, Expression, For, FunctionDef, Lambda, Module, Node, While } from "../frontend/syntax.ts";
import { walkSyntax } from "../frontend/walkSyntax.ts";
import type { Span } from "../ir/mod.ts";

/** Where a number changes. */
export interface Change {
  readonly span: Span;
  /** Whether it stays an int, as far as the text shows. */
  readonly isInt: boolean;
}

export interface Loop {
  readonly node: For | While;
  /** The function that the loop is in; null for the module's own code. */
  readonly owner: FunctionDef | Lambda | null;
  readonly counters: ReadonlyMap<string, Change>;
}

export interface Changes {
  /** Module names that a function declares `global` and gives a number. */
  readonly globals: ReadonlyMap<string, Change>;
  /** Names of functions that a function inside declares `nonlocal` and gives a number. */
  readonly nonlocals: readonly (Change & { readonly name: string })[];
  /** `x.name += …` and `x.name = … x.name …`, with plain numbers. */
  readonly counted: readonly (Change & { readonly target: Expression })[];
  /** `x.name = …`. */
  readonly set: readonly Assign[];
  /** Loops that call flex_attention, the outer ones first. */
  readonly loops: readonly Loop[];
}

export const isFunction = (n: Node): n is FunctionDef | Lambda => n.kind === "FunctionDef" || n.kind === "Lambda";
export const within = (inner: Span, outer: Span): boolean => outer.from <= inner.from && inner.to <= outer.to;

export function changesIn(module: Module): Changes {
  const globals = new Map<string, Change>();
  const nonlocals: (Change & { readonly name: string })[] = [];
  const counted: (Change & { readonly target: Expression })[] = [];
  const set: Assign[] = [];
  const loops: { node: For | While; owner: FunctionDef | Lambda | null }[] = [];
  const compiled = new Set<string>();
  const path: (FunctionDef | Lambda)[] = [];
  walkSyntax(module.body, (n) => {
    for (let top = path.at(-1); top !== undefined && !within(n.span, top.span); top = path.at(-1)) path.pop();
    if (isFunction(n)) path.push(n);
    if (n.kind === "For" || n.kind === "While") loops.push({ node: n, owner: path.at(-1) ?? null });
    if (n.kind === "AugAssign" && n.target.kind === "Attribute" && isPlain(n.value)) {
      counted.push({ target: n.target, span: n.span, isInt: isIntStep(n) });
    }
    if (n.kind === "Assign") {
      const target = n.targets.find((t) => t.kind === "Attribute");
      if (target?.kind === "Attribute" && readsItself(n.value, target)) counted.push({ target, span: n.span, isInt: false });
      else if (target !== undefined) set.push(n);
      const [of] = n.value.kind === "Call" && lastName(n.value.callee) === "compile" ? n.value.args : [];
      if (of !== undefined && lastName(of) === "flex_attention") for (const t of n.targets) compiled.add(lastName(t));
    }
    if (n.kind === "FunctionDef") {
      for (const { name, change } of outsideOf(n, "global")) {
        const first = firstValue(name, module.body);
        if (isNumber(first) && !globals.has(name)) globals.set(name, { ...change, isInt: change.isInt && isInt(first) });
      }
      for (const { name, change } of outsideOf(n, "nonlocal")) nonlocals.push({ name, ...change });
    }
    return true;
  });
  const attending = loops.filter(({ node }) => callsFlexAttention(node, compiled));
  return { globals, nonlocals, counted, set, loops: attending.map((loop) => ({ ...loop, counters: countersOf(loop.node) })) };
}

/** Numbers that `fn` gives to names which it declares to be another scope's. */
function outsideOf(fn: FunctionDef, word: "global" | "nonlocal"): { readonly name: string; readonly change: Change }[] {
  const names = fn.body.flatMap((s) => (s.kind === "Scope" && s.word === word ? s.names : []));
  const found: { readonly name: string; readonly change: Change }[] = [];
  if (names.length === 0) return found;
  const note = (target: Expression, change: Change): void => {
    if (target.kind === "Name" && names.includes(target.id)) found.push({ name: target.id, change });
  };
  walkSyntax(fn.body, (s) => {
    if (s.kind === "AugAssign" && isPlain(s.value)) note(s.target, { span: s.span, isInt: isIntStep(s) });
    if (s.kind === "Assign" && isPlain(s.value)) for (const t of s.targets) note(t, { span: s.span, isInt: isPlainInt(s.value) });
    return true;
  });
  return found;
}

/** What a loop counts: its own counter, what it adds to, and what is made of these. */
function countersOf(loop: For | While): ReadonlyMap<string, Change> {
  const counters = new Map<string, Change>();
  if (loop.kind === "For" && loop.iterable.kind === "Call") {
    const callee = lastName(loop.iterable.callee);
    const counter = callee === "range" || callee === "count" || callee === "trange" ? loop.target : null;
    const numbered = callee === "enumerate" && loop.target.kind === "Sequence" ? (loop.target.elements[0] ?? null) : counter;
    if (numbered?.kind === "Name") counters.set(numbered.id, { span: { ...loop.span, to: loop.iterable.span.to }, isInt: true });
  }
  walkSyntax(loop.body, (n) => {
    if (n.kind === "AugAssign" && n.target.kind === "Name" && isPlain(n.value)) {
      counters.set(n.target.id, { span: n.span, isInt: isIntStep(n) });
    }
    const [target] = n.kind === "Assign" ? n.targets : [];
    if (n.kind === "Assign" && target?.kind === "Name" && isPlain(n.value) && namesIn(n.value).some((name) => counters.has(name))) {
      counters.set(target.id, { span: n.span, isInt: isPlainInt(n.value) });
    }
    return !isFunction(n);
  });
  return counters;
}

/** Calls of flex_attention, or of a name that stands for it compiled. */
function callsFlexAttention(loop: For | While, compiled: ReadonlySet<string>): boolean {
  let calls = false;
  walkSyntax(loop.body, (n) => {
    if (n.kind === "Call" && (/flex_attention/.test(lastName(n.callee)) || compiled.has(lastName(n.callee)))) calls = true;
    return !calls;
  });
  return calls;
}

/** `x.scale = x.scale * 0.9`. */
function readsItself(value: Expression, target: Extract<Expression, { kind: "Attribute" }>): boolean {
  const isTarget = (e: Node): boolean =>
    e.kind === "Attribute" &&
    e.name === target.name &&
    target.object.kind === "Name" &&
    e.object.kind === "Name" &&
    e.object.id === target.object.id;
  let reads = false;
  walkSyntax([value], (n) => {
    reads ||= isTarget(n);
    return !isTarget(n);
  });
  return reads && isPlain(value, isTarget);
}

// --------------------------------------------------------------------------------------------------------- numbers

/** The first value that statements of a module or a class give a name. */
export function firstValue(name: string, body: readonly Node[]): Expression | null {
  for (const s of body) {
    if (s.kind === "Assign" && s.targets.some((t) => t.kind === "Name" && t.id === name)) return s.value;
    if (s.kind === "AnnAssign" && s.target.kind === "Name" && s.target.id === name) return s.value;
  }
  return null;
}

const literalType = (e: Expression | null): string =>
  e === null ? "" : e.kind === "UnaryOp" ? literalType(e.operand) : e.kind === "Constant" ? e.literal.type : "";
export const isNumber = (e: Expression | null): boolean => literalType(e) === "int" || literalType(e) === "float";
export const isInt = (e: Expression | null): boolean => literalType(e) === "int";

/** Arithmetic of names and numbers: nothing that could make a tensor of them. `allowed`: nodes that count as names. */
function isPlain(e: Expression, allowed: (n: Node) => boolean = () => false): boolean {
  let plain = true;
  walkSyntax([e], (n) => {
    if (allowed(n)) return false;
    const isKnown = n.kind === "Name" || n.kind === "Constant" || n.kind === "BinOp" || n.kind === "UnaryOp" || n.kind === "IfExp";
    const isCall = n.kind === "Call" && n.callee.kind === "Name" && ["int", "float", "min", "max", "round", "abs"].includes(n.callee.id);
    plain &&= isKnown || isCall || n.kind === "Compare";
    return plain;
  });
  return plain;
}

/** Plain arithmetic that stays among the ints, as far as its text shows. */
function isPlainInt(e: Expression): boolean {
  let int = isPlain(e);
  walkSyntax([e], (n) => {
    if (n.kind === "BinOp" && (n.op === "/" || n.op === "**")) int = false;
    if (n.kind === "Constant" && n.literal.type !== "int") int = false;
    if (n.kind === "Call" && n.callee.kind === "Name" && n.callee.id === "float") int = false;
    return int;
  });
  return int;
}

const isIntStep = ({ op, value }: AugAssign): boolean => op !== "/" && isPlainInt(value);

function namesIn(e: Expression): string[] {
  const names: string[] = [];
  walkSyntax([e], (n) => {
    if (n.kind === "Name") names.push(n.id);
    return true;
  });
  return names;
}
