/**
 * Which definitions of a module are mods, by their text alone.
 *
 * A mask_mod takes four positional arguments without defaults, a score_mod five (create_block_mask counts so too).
 * That is not enough evidence by itself, so the names of the parameters must look the part, or the function must be
 * handed to FlexAttention; what is handed over is found by running (lower.ts). Excluded are look-alikes: Triton, CuTe
 * and other kernels with the same names.
 *
 * Beside mods there are factories (functions that return a mod) and users (functions that call create_block_mask or
 * flex_attention, often with mods defined inside): both are run by lower.ts to get at the mods within.
 */
import type { Assign, Call, ClassDef, Expression, FunctionDef, Lambda, Parameter, Statement } from "./syntax.ts";
import { walkSyntax } from "./walkSyntax.ts";

export type ModKind = "mask_mod" | "score_mod";

export interface Candidate {
  readonly role: "mod" | "factory" | "user";
  /** `Class.method` for a method. */
  readonly name: string;
  readonly node: FunctionDef;
  /** Null for a module's own function. */
  readonly owner: ClassDef | null;
  readonly isStatic: boolean;
}

/** The candidates of a module in the order of its text; functions inside functions belong to the one around them. */
export function discover(body: readonly Statement[]): Candidate[] {
  const factories = new Set<string>();
  const functions = definitions(body);
  const others = functions.filter(({ node, name }) => modKind(node, name.includes(".")) === null);
  // A factory may return what another one gives: repeat until no more are found.
  for (let found = true; found; ) {
    found = false;
    for (const { node, name } of others) {
      if (!factories.has(name) && returnsMod(node, factories)) {
        factories.add(name);
        found = true;
      }
    }
  }
  return functions.flatMap(({ node, name, owner, isStatic }): Candidate[] => {
    const role = roleOf(node, owner !== null && !isStatic, factories.has(name));
    return role === null || isLookAlike(node) ? [] : [{ role, name, node, owner, isStatic }];
  });
}

function roleOf(node: FunctionDef, hasSelf: boolean, isFactory: boolean): Candidate["role"] | null {
  const isUser = usesFlexAttention(node);
  if (!isUser && modKind(node, hasSelf) !== null) return "mod";
  if (isFactory) return "factory";
  return isUser ? "user" : null;
}

/** The kind of mod that a function's parameters show it to be; null if they do not. `self` is not counted. */
export function modKind(node: FunctionDef | Lambda, hasSelf = false): ModKind | null {
  const positional = positionalNames(node.params);
  if (node.params.some((p) => p.role === "args")) return null;
  return kindByNames(hasSelf ? positional.slice(1) : positional);
}

/** The kind of mod whose arguments are called so. */
export function kindByNames(names: readonly string[]): ModKind | null {
  if (names.length === 4 && looksLike(names, MASK_NAMES)) return "mask_mod";
  if (names.length === 5 && looksLike(names, SCORE_NAMES)) return "score_mod";
  return null;
}

/** Positional parameters that a call must fill. */
export function positionalNames(params: readonly Parameter[]): string[] {
  return params.filter((p) => (p.role === "positional" || p.role === "positional-only") && p.default === null).map((p) => p.name);
}

const BATCH = /^_*(b|bs|bsz|bz|z|off_z|b_?idx|batch(_?(idx|index|id|size))?|bidx)_*$/i;
const HEAD = /^_*(h|hq|off_h|h_?idx|n_?heads?|heads?(_?(idx|index|id|num))?|hidx)_*$/i;
const QUERY = /^_*(q|i|m|q\w*|row\w*|query\w*|\w*_q|\w*q_idx|\w*q_?pos\w*|token_q\w*)_*$/i;
const KEY = /^_*(k|kv|j|n|k\w*|col\w*|key\w*|\w*_kv?|\w*kv_idx|\w*k_?pos\w*|token_kv\w*)_*$/i;
const SCORE = /^_*(s|qk|x|attn\w*|logits?|\w*scores?(?!_?(mod|fn))\w*|sim|weight)_*$/i;
/** What the arguments of a mask_mod are called, in order. */
export const MASK_NAMES: readonly RegExp[] = [BATCH, HEAD, QUERY, KEY];
/** What the arguments of a score_mod are called, in order. */
export const SCORE_NAMES: readonly RegExp[] = [SCORE, BATCH, HEAD, QUERY, KEY];

/** Most names fit, and one of the last two (query, key) does; `_` and `_1` fit everywhere, but prove nothing. */
function looksLike(names: readonly string[], patterns: readonly RegExp[]): boolean {
  const fits = names.map((name, i) => patterns[i]?.test(name) === true);
  const misfits = names.filter((name, i) => !fits[i] && !/^_+\d*$/.test(name)).length;
  const n = names.length;
  return misfits <= 1 && (fits[n - 2] === true || fits[n - 1] === true);
}

const FLEX_CALLS = new Set(["create_block_mask", "create_mask", "flex_attention", "create_nested_block_mask"]);
const COMBINATORS = new Set(["and_masks", "or_masks"]);

/** By its own name, by that of a wrapper (`compiled_flex_attention`), or by what it is handed. */
function isFlexCall({ callee, keywords }: Call): boolean {
  const name = lastName(callee);
  if (FLEX_CALLS.has(name) || name.includes("flex_attention") || name.includes("create_block_mask")) return true;
  return keywords.some((k) => k.name === "score_mod" || k.name === "mask_mod");
}

/** What a function does. */
interface Doings {
  /** Those inside it counted. */
  readonly usesFlexAttention: boolean;
  /** Functions and assignments in the order of the text. */
  readonly binds: readonly (FunctionDef | Assign)[];
  readonly returned: readonly Expression[];
}

const doingsOf = kept((node): Doings => {
  let usesFlex = false;
  const binds: (FunctionDef | Assign)[] = [];
  const returned: Expression[] = [];
  walkSyntax(node.body, (n) => {
    switch (n.kind) {
      case "Call":
        if (isFlexCall(n)) usesFlex = true;
        return true;
      case "FunctionDef":
        binds.push(n);
        if (usesFlexAttention(n)) usesFlex = true;
        return false;
      case "Assign":
        binds.push(n);
        return true;
      case "Return":
        if (n.value !== null) returned.push(n.value);
        return true;
      case "Lambda":
      case "ClassDef":
        return false;
      default:
        return true;
    }
  });
  return { usesFlexAttention: usesFlex, binds, returned };
});

/** Whether the function, or one inside it, calls FlexAttention. */
export const usesFlexAttention = (node: FunctionDef): boolean => doingsOf(node).usesFlexAttention;

/** `f`, asked once for each function: nodes never change. */
function kept<T>(f: (node: FunctionDef) => T): (node: FunctionDef) => T {
  const answers = new WeakMap<FunctionDef, { readonly answer: T }>();
  return (node) => {
    const known = answers.get(node);
    if (known !== undefined) return known.answer;
    const answer = f(node);
    answers.set(node, { answer });
    return answer;
  };
}

/** Whether some `return` of the function gives a mod, as far as the text shows. */
function returnsMod(node: FunctionDef, factories: ReadonlySet<string>): boolean {
  const annotation = node.returns === null ? "" : lastName(node.returns);
  const { binds, returned, usesFlexAttention: isUser } = doingsOf(node);
  if (!isUser && /^_?(mask|score)_mod_signature$/i.test(annotation)) return true;
  if (returned.length === 0) return false;
  const mods = new Set<string>();
  for (const n of binds) {
    if (n.kind === "FunctionDef") {
      if (modKind(n) !== null || returnsMod(n, factories)) mods.add(n.name);
    } else if (givesMod(n.value, mods, factories)) {
      for (const target of n.targets) if (target.kind === "Name") mods.add(target.id);
    }
  }
  return returned.some((value) => givesMod(value, mods, factories));
}

function givesMod(value: Expression, mods: ReadonlySet<string>, factories: ReadonlySet<string>): boolean {
  switch (value.kind) {
    case "Name":
      return mods.has(value.id);
    case "Lambda":
      return modKind(value) !== null;
    case "IfExp":
      return givesMod(value.body, mods, factories) || givesMod(value.otherwise, mods, factories);
    case "Call": {
      const name = lastName(value.callee);
      if (COMBINATORS.has(name) || factories.has(name)) return true;
      return name === "partial" && value.args[0] !== undefined;
    }
    default:
      return false;
  }
}

/** Kernels in other languages that look like Python functions with these parameters. */
const isLookAlike = kept((node: FunctionDef): boolean => {
  if (node.isAsync) return true;
  if (node.decorators.some((d) => isForeign(d))) return true;
  if (node.params.some((p) => p.annotation !== null && isForeign(p.annotation))) return true;
  let foreign = false;
  walkSyntax(node.body, (n) => {
    if (n.kind === "Attribute" && n.object.kind === "Name" && FOREIGN.has(n.object.id)) foreign = true;
    return !foreign;
  });
  return foreign;
});

const FOREIGN = new Set(["tl", "triton", "cute", "cutlass", "tilelang", "tvm", "pl", "pltpu", "numba", "cuda", "wp"]);

function isForeign(e: Expression): boolean {
  if (e.kind === "Call") return isForeign(e.callee);
  if (e.kind === "Attribute") return isForeign(e.object);
  return e.kind === "Name" && FOREIGN.has(e.id);
}

/** A body that only says what others are to write: `...`, `pass`, `raise NotImplementedError`. */
const isStub = (node: FunctionDef): boolean =>
  node.body.every(
    (s) =>
      (s.kind === "Simple" && s.word === "pass") ||
      (s.kind === "ExpressionStatement" && s.value.kind === "Constant") ||
      (s.kind === "Raise" && s.exception !== null && isCalled(s.exception, "NotImplementedError")),
  );

/** A class of which there are no instances: a Protocol, or with methods that are left to its subclasses. */
const isAbstract = (c: ClassDef): boolean =>
  c.bases.some((b) => isCalled(b, "Protocol")) ||
  c.body.some((s) => s.kind === "FunctionDef" && s.decorators.some((d) => lastName(d) === "abstractmethod"));

const isCalled = (e: Expression, name: string): boolean =>
  lastName(e.kind === "Call" ? e.callee : e.kind === "Subscript" ? e.object : e) === name;

interface Definition {
  readonly node: FunctionDef;
  readonly name: string;
  readonly owner: ClassDef | null;
  readonly isStatic: boolean;
}

/** Functions of the module and methods of its classes, also those under `if`, `try`, `with`. */
function definitions(body: readonly Statement[]): Definition[] {
  const found: Definition[] = [];
  const visit = (statements: readonly Statement[], owner: ClassDef | null): void => {
    for (const s of statements) {
      switch (s.kind) {
        case "FunctionDef": {
          const isStatic = s.decorators.some((d) => lastName(d) === "staticmethod");
          const isClassMethod = s.decorators.some((d) => lastName(d) === "classmethod");
          if (isClassMethod || (owner !== null && (isStub(s) || isAbstract(owner)))) break;
          found.push({ node: s, name: owner === null ? s.name : `${owner.name}.${s.name}`, owner, isStatic });
          break;
        }
        case "ClassDef":
          if (owner === null) visit(s.body, s);
          break;
        case "If":
          visit(s.body, owner);
          visit(s.otherwise, owner);
          break;
        case "For":
        case "While":
        case "With":
        case "Try":
          visit(s.body, owner);
          break;
        default:
          break;
      }
    }
  };
  visit(body, null);
  return found;
}

/** `c` of `a.b.c` and of `a.b.c(…)`; empty for anything else. */
export function lastName(e: Expression): string {
  if (e.kind === "Name") return e.id;
  if (e.kind === "Attribute") return e.name;
  if (e.kind === "Call") return lastName(e.callee);
  return "";
}
