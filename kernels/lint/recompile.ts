/**
 * Python numbers that a mod captures and that change from call to call. torch.compile takes a captured number for a
 * constant and guards on it. Measured on PyTorch 2.13: an int in a global or an attribute is compiled again for every
 * new value, until after 8 the whole flex_attention runs unfused; an int or float of an enclosing function, and a float
 * anywhere, is compiled a second time, with the number as an argument. A tensor is compiled once.
 *
 * Told from the text alone, and only where the change is plain to see: `global` and `+=` in a function, `self.x += 1`
 * in a method, the counter of a loop that itself calls flex_attention. A window that is set once is none of these.
 */
import { type Diagnostic, diagnose } from "../frontend/diagnostic.ts";
import { discover, lastName, modKind } from "../frontend/discover.ts";
import type { Assign, AugAssign, ClassDef, Expression, For, FunctionDef, Lambda, Module, Node, While } from "../frontend/syntax.ts";
import { bindingsIn, freeNames, walkSyntax } from "../frontend/walkSyntax.ts";
import type { Span } from "../ir/mod.ts";

/** A mod of the document, with what stands around it, the outermost first. */
interface Place {
  readonly mod: FunctionDef | Lambda;
  readonly around: readonly Node[];
}

/** A number that changes, where the mod reads it and where it changes. */
interface Change {
  readonly name: string;
  readonly read: Span;
  readonly changed: Span;
  /** Whether each new value is compiled for itself. */
  readonly each: boolean;
}

/** `module` is the document's tree. */
export function lintRecompiles(module: Module): Diagnostic[] {
  const textOf = ({ from, to }: Span): string => module.text.slice(from, to);
  const changes = indexChanges(module);
  // Nearly every file ends here.
  if (changes.globals.size + changes.counted.length + changes.loops.length === 0) return [];
  const all = [...placesOf(module).flatMap((place) => changesOf(place, module, changes)), ...factoryCalls(module, changes.loops)];
  return all.map(({ name, read, changed, each }) =>
    diagnose(each ? "recompiles-each-step" : "recompiles-on-change", read, [name, textOf(changed)]),
  );
}

const isFunction = (n: Node): n is FunctionDef | Lambda => n.kind === "FunctionDef" || n.kind === "Lambda";
const isLoop = (n: Node): n is For | While => n.kind === "For" || n.kind === "While";

/** Every mod with its surroundings; `self` of a method is not counted among a mod's parameters. */
function placesOf(module: Module): Place[] {
  const places: Place[] = [];
  const path: Node[] = [];
  walkSyntax(module.body, (n) => {
    while (path.length > 0 && !within(n.span, path[path.length - 1]?.span)) path.pop();
    if (isFunction(n) && modKind(n, path[path.length - 1]?.kind === "ClassDef") !== null) places.push({ mod: n, around: [...path] });
    if (isFunction(n) || isLoop(n) || n.kind === "ClassDef") path.push(n);
    return true;
  });
  return places;
}

const within = (inner: Span, outer: Span | undefined): boolean => outer !== undefined && outer.from <= inner.from && inner.to <= outer.to;

function changesOf({ mod, around }: Place, module: Module, changes: Changes): Change[] {
  const found: Change[] = [];
  for (const { name, node } of freeNames(mod)) {
    const holder = around.findLast((n): n is FunctionDef | Lambda => isFunction(n) && binds(n, name));
    const changed = holder === undefined ? (changes.globals.get(name) ?? null) : null;
    if (changed !== null) found.push({ name, read: node.span, changed, each: isInt(firstValue(name, module.body)) });
    else {
      const loop = changes.loops.findLast((l) => within(mod.span, l.span) && (holder === undefined || within(l.span, holder.span)));
      const counter = loop === undefined ? null : countersOf(loop).get(name);
      if (counter !== null && counter !== undefined) {
        found.push({ name, read: node.span, changed: counter.span, each: holder === undefined && counter.isInt });
      }
    }
  }
  walkSyntax(mod.kind === "Lambda" ? [mod.body] : mod.body, (n) => {
    const change = n.kind === "Attribute" && n.object.kind === "Name" ? attributeChange(n.object.id, n.name, mod, around, changes) : null;
    if (change !== null && !found.some((f) => f.name === change.name)) found.push({ ...change, read: n.span });
    return true;
  });
  return found;
}

/** Whether the function gives the name a value, as a parameter or by assignment. */
function binds(fn: FunctionDef | Lambda, name: string): boolean {
  return fn.params.some((p) => p.name === name) || (fn.kind === "FunctionDef" && bindingsIn(fn.body).has(name));
}

// --------------------------------------------------------------------------------------------- globals, attributes

/** What the document changes, found in one walk. */
interface Changes {
  /** Module names that a function declares `global` and gives a number. */
  readonly globals: ReadonlyMap<string, Span>;
  /** `x.name += …`, with plain numbers. */
  readonly counted: readonly AugAssign[];
  /** `x.name = …`. */
  readonly set: readonly Assign[];
  /** Loops that call flex_attention, the outer ones first. */
  readonly loops: readonly (For | While)[];
}

function indexChanges(module: Module): Changes {
  const globals = new Map<string, Span>();
  const counted: AugAssign[] = [];
  const set: Assign[] = [];
  const loops: (For | While)[] = [];
  const compiled = new Set<string>();
  walkSyntax(module.body, (n) => {
    if (n.kind === "AugAssign" && n.target.kind === "Attribute" && isPlain(n.value)) counted.push(n);
    if (n.kind === "Assign" && n.targets.some((t) => t.kind === "Attribute")) set.push(n);
    if (isLoop(n)) loops.push(n);
    if (n.kind === "Assign" && n.value.kind === "Call" && lastName(n.value.callee) === "compile") {
      const [of] = n.value.args;
      if (of !== undefined && lastName(of) === "flex_attention") for (const t of n.targets) compiled.add(lastName(t));
    }
    if (n.kind === "FunctionDef") {
      const names = n.body.flatMap((s) => (s.kind === "Scope" && s.word === "global" ? s.names : []));
      if (names.length > 0) noteGlobals(n, names, module, globals);
    }
    return true;
  });
  return { globals, counted, set, loops: attending(loops, compiled) };
}

/** Assignments of numbers in `fn` to names that the module itself gives a number. */
function noteGlobals(fn: FunctionDef, names: readonly string[], module: Module, globals: Map<string, Span>): void {
  const note = (target: Expression, span: Span): void => {
    if (target.kind !== "Name" || !names.includes(target.id) || globals.has(target.id)) return;
    if (isNumber(firstValue(target.id, module.body))) globals.set(target.id, span);
  };
  walkSyntax(fn.body, (s) => {
    if (s.kind === "AugAssign" && isPlain(s.value)) note(s.target, s.span);
    if (s.kind === "Assign" && isPlain(s.value)) for (const target of s.targets) note(target, s.span);
    return true;
  });
}

/** `self.step` in a mod, where a method counts it up; the same for an object that has a name. */
function attributeChange(object: string, name: string, mod: Node, around: readonly Node[], changes: Changes): Omit<Change, "read"> | null {
  const owner = around.findLast((n): n is ClassDef => n.kind === "ClassDef");
  if (object === "self" && owner === undefined) return null;
  const isIt = (e: Expression): boolean => e.kind === "Attribute" && e.name === name && e.object.kind === "Name" && e.object.id === object;
  const isHere = ({ span }: Node): boolean => !within(span, mod.span) && (object !== "self" || within(span, owner?.span));
  const change = changes.counted.find((n) => isIt(n.target) && isHere(n));
  if (change === undefined) return null;
  const first =
    changes.set.find((n) => n.targets.some(isIt) && isHere(n))?.value ?? (owner === undefined ? null : firstValue(name, owner.body));
  if (!isNumber(first)) return null;
  return { name: `${object}.${name}`, changed: change.span, each: isInt(first) && isPlainInt(change.value) };
}

// ----------------------------------------------------------------------------------------------------------- loops

/** A factory of the file that is called with the counter of such a loop. */
function factoryCalls(module: Module, loops: Changes["loops"]): Change[] {
  if (loops.length === 0) return [];
  const factories = new Set(discover(module.body).flatMap((c) => (c.role === "factory" ? [c.name] : [])));
  const found: Change[] = [];
  for (const loop of loops) {
    const counters = countersOf(loop);
    if (counters.size === 0) continue;
    walkSyntax(loop.body, (n) => {
      if (n.kind !== "Call" || !factories.has(lastName(n.callee))) return true;
      for (const arg of [...n.args, ...n.keywords.map((k) => k.value)]) {
        const counter = arg.kind === "Name" ? counters.get(arg.id) : undefined;
        if (arg.kind === "Name" && counter !== undefined && !found.some((f) => f.read.from === arg.span.from))
          found.push({ name: arg.id, read: arg.span, changed: counter.span, each: false });
      }
      return true;
    });
  }
  return found;
}

interface Counter {
  readonly span: Span;
  readonly isInt: boolean;
}

/** Numbers that a loop counts: its own counter, what it adds to, and what is made of these. */
function countersOf(loop: For | While): ReadonlyMap<string, Counter> {
  const counters = new Map<string, Counter>();
  if (loop.kind === "For" && loop.iterable.kind === "Call") {
    const target = loop.target;
    const callee = lastName(loop.iterable.callee);
    const counter = callee === "range" || callee === "count" || callee === "trange" ? target : null;
    const numbered = callee === "enumerate" && target.kind === "Sequence" ? (target.elements[0] ?? null) : counter;
    if (numbered?.kind === "Name") counters.set(numbered.id, { span: { ...loop.span, to: loop.iterable.span.to }, isInt: true });
  }
  walkSyntax(loop.body, (n) => {
    if (n.kind === "AugAssign" && n.target.kind === "Name" && isPlain(n.value)) {
      counters.set(n.target.id, { span: n.span, isInt: n.op !== "/" && isPlainInt(n.value) });
    }
    const [target] = n.kind === "Assign" ? n.targets : [];
    if (n.kind === "Assign" && target?.kind === "Name" && isPlain(n.value) && namesIn(n.value).some((name) => counters.has(name))) {
      counters.set(target.id, { span: n.span, isInt: isPlainInt(n.value) });
    }
    return !isFunction(n);
  });
  return counters;
}

/** The loops among `loops` that call flex_attention, or a name that stands for it compiled. */
function attending(loops: readonly (For | While)[], compiled: ReadonlySet<string>): (For | While)[] {
  return loops.filter((loop) => {
    let calls = false;
    walkSyntax(loop.body, (n) => {
      if (n.kind === "Call" && (/flex_attention/.test(lastName(n.callee)) || compiled.has(lastName(n.callee)))) calls = true;
      return !calls;
    });
    return calls;
  });
}

// --------------------------------------------------------------------------------------------------------- numbers

/** The first value that statements of a module or a class give a name. */
function firstValue(name: string, body: readonly Node[]): Expression | null {
  for (const s of body) {
    if (s.kind === "Assign" && s.targets.some((t) => t.kind === "Name" && t.id === name)) return s.value;
    if (s.kind === "AnnAssign" && s.target.kind === "Name" && s.target.id === name) return s.value;
  }
  return null;
}

const literalType = (e: Expression | null): string =>
  e === null ? "" : e.kind === "UnaryOp" ? literalType(e.operand) : e.kind === "Constant" ? e.literal.type : "";
const isNumber = (e: Expression | null): boolean => literalType(e) === "int" || literalType(e) === "float";
const isInt = (e: Expression | null): boolean => literalType(e) === "int";

/** Arithmetic of names and numbers: nothing that could make a tensor of them. */
function isPlain(e: Expression): boolean {
  let plain = true;
  walkSyntax([e], (n) => {
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

function namesIn(e: Expression): string[] {
  const names: string[] = [];
  walkSyntax([e], (n) => {
    if (n.kind === "Name") names.push(n.id);
    return true;
  });
  return names;
}
