/** Ways through a syntax tree: every node below some statements, and the names that a function takes from around it. */
import type { Expression, FormatPart, FunctionDef, Lambda, Node, Pattern, Statement } from "./syntax.ts";

/** Visits nodes in the order of the text, parents first; `visit` says whether to go below a node. */
export function walkSyntax(roots: readonly Node[], visit: (node: Node) => boolean): void {
  const stack: Node[] = [...roots].reverse();
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (!visit(node)) continue;
    const below = childrenOf(node);
    for (let i = below.length - 1; i >= 0; i--) {
      const child = below[i];
      if (child !== undefined) stack.push(child);
    }
  }
}

/** The nodes directly below `node`: decorators, defaults and annotations included, patterns not. */
export function childrenOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case "Name":
    case "Constant":
    case "UnsupportedExpression":
    case "UnsupportedStatement":
    case "Import":
    case "ImportFrom":
    case "Simple":
    case "Scope":
      return [];
    case "JoinedStr":
      return replacedIn(node.parts);
    case "BinOp":
    case "BoolOp":
      return [node.left, node.right];
    case "UnaryOp":
      return [node.operand];
    case "Compare":
      return [node.left, ...node.comparators];
    case "Call":
      return [node.callee, ...node.args, ...node.keywords.map((k) => k.value)];
    case "Attribute":
      return [node.object];
    case "Subscript":
      return [node.object, node.index];
    case "Slice":
      return present(node.lower, node.upper, node.step);
    case "Sequence":
      return node.elements;
    case "Dict":
      return node.entries.flatMap((e) => present(e.key, e.value));
    case "Comprehension":
      return [...present(node.element, node.value), ...node.generators.flatMap((g) => [g.target, g.iterable, ...g.conditions])];
    case "Lambda":
      return [...defaultsOf(node), node.body];
    case "IfExp":
      return [node.body, node.condition, node.otherwise];
    case "NamedExpr":
      return [node.target, node.value];
    case "Starred":
      return [node.value];
    case "Yield":
      return present(node.value);
    case "FunctionDef":
      return [...node.decorators, ...defaultsOf(node), ...present(node.returns), ...node.body];
    case "ClassDef":
      return [...node.decorators, ...node.bases, ...node.keywords.map((k) => k.value), ...node.body];
    case "Return":
      return present(node.value);
    case "Assign":
      return [...node.targets, node.value];
    case "AugAssign":
      return [node.target, node.value];
    case "AnnAssign":
      return present(node.target, node.annotation, node.value);
    case "For":
      return [node.target, node.iterable, ...node.body, ...node.otherwise];
    case "While":
      return [node.condition, ...node.body, ...node.otherwise];
    case "If":
      return [node.condition, ...node.body, ...node.otherwise];
    case "With":
      return [...node.items.flatMap((i) => present(i.context, i.target)), ...node.body];
    case "Try":
      return [...node.body, ...node.handlers.flatMap((h) => [...present(h.type), ...h.body]), ...node.otherwise, ...node.finally];
    case "Match":
      return [node.subject, ...node.cases.flatMap((c) => [...present(c.guard), ...c.body])];
    case "ExpressionStatement":
      return [node.value];
    case "Delete":
      return node.targets;
    case "Assert":
      return present(node.test, node.message);
    case "Raise":
      return present(node.exception);
  }
}

/** A name that a function reads and does not bind, with the first place where it reads it. */
export interface FreeName {
  readonly name: string;
  readonly node: Extract<Expression, { kind: "Name" }>;
}

/** The names that a function takes from around it, functions inside it included, in order of first reading. */
export function freeNames(fn: FunctionDef | Lambda): readonly FreeName[] {
  const known = freeNamesOf.get(fn);
  if (known !== undefined) return known;
  const found = new Map<string, FreeName>();
  collect(fn, new Set(), found);
  const all = [...found.values()];
  freeNamesOf.set(fn, all);
  return all;
}

const freeNamesOf = new WeakMap<FunctionDef | Lambda, readonly FreeName[]>();

function collect(fn: FunctionDef | Lambda, outer: ReadonlySet<string>, found: Map<string, FreeName>): void {
  const bound = new Set(outer);
  for (const p of fn.params) bound.add(p.name);
  const body: readonly Node[] = fn.kind === "Lambda" ? [fn.body] : fn.body;
  for (const name of bindingsIn(body)) bound.add(name);
  walkSyntax(body, (n) => {
    if (n.kind === "FunctionDef" || n.kind === "Lambda") {
      if (n.kind === "FunctionDef") for (const d of n.decorators) walkSyntax([d], note);
      walkSyntax(defaultsOf(n), note);
      collect(n, bound, found);
      return false;
    }
    return note(n);
  });

  function note(n: Node): boolean {
    if (n.kind === "Name" && !bound.has(n.id) && !found.has(n.id)) found.set(n.id, { name: n.id, node: n });
    return true;
  }
}

/** Names that statements bind in their own scope; a comprehension's targets count too, which hides no more than it must. */
export function bindingsIn(body: readonly Node[]): Set<string> {
  const names = new Set<string>();
  const target = (e: Expression | null): void => {
    if (e === null) return;
    if (e.kind === "Name") names.add(e.id);
    else if (e.kind === "Sequence") for (const x of e.elements) target(x);
    else if (e.kind === "Starred") target(e.value);
  };
  walkSyntax(body, (n) => {
    switch (n.kind) {
      case "FunctionDef":
      case "ClassDef":
        names.add(n.name);
        return false;
      case "Lambda":
        return false;
      case "Assign":
        for (const t of n.targets) target(t);
        return true;
      case "AugAssign":
      case "AnnAssign":
      case "NamedExpr":
      case "For":
        target(n.target);
        return true;
      case "Comprehension":
        for (const g of n.generators) target(g.target);
        return true;
      case "With":
        for (const i of n.items) target(i.target);
        return true;
      case "Try":
        for (const h of n.handlers) if (h.name !== null) names.add(h.name);
        return true;
      case "Match":
        for (const c of n.cases) patternNames(c.pattern, names);
        return true;
      case "Import":
      case "ImportFrom":
        for (const a of n.names) names.add(a.asName ?? a.name.split(".")[0] ?? a.name);
        return false;
      default:
        return true;
    }
  });
  for (const s of body) {
    if (s.kind === "Scope") for (const name of s.names) names.delete(name);
  }
  return names;
}

function patternNames(pattern: Pattern, names: Set<string>): void {
  switch (pattern.kind) {
    case "CapturePattern":
    case "StarPattern":
      if (pattern.name !== null) names.add(pattern.name);
      return;
    case "AsPattern":
      names.add(pattern.name);
      patternNames(pattern.pattern, names);
      return;
    case "SequencePattern":
      for (const p of pattern.elements) patternNames(p, names);
      return;
    case "OrPattern":
      for (const p of pattern.alternatives) patternNames(p, names);
      return;
    case "MappingPattern":
      if (pattern.rest !== null) names.add(pattern.rest);
      for (const e of pattern.entries) patternNames(e.pattern, names);
      return;
    case "ClassPattern":
      for (const a of pattern.args) patternNames(a.pattern, names);
      return;
    case "ValuePattern":
    case "UnsupportedPattern":
      return;
  }
}

/** The expressions that an f-string replaces, those in format specs included. */
function replacedIn(parts: readonly FormatPart[]): Expression[] {
  return parts.flatMap((p) => (typeof p === "string" ? [] : [p.value, ...replacedIn(p.spec)]));
}

function defaultsOf(fn: FunctionDef | Lambda): Expression[] {
  return fn.params.flatMap((p) => present(p.default));
}

function present<T>(...nodes: (T | null)[]): T[] {
  return nodes.filter((n): n is T => n !== null);
}

/** Statements of a function's or module's own level, blocks included, functions and classes not entered. */
export function ownStatements(body: readonly Statement[]): Statement[] {
  const found: Statement[] = [];
  walkSyntax(body, (n) => {
    if (STATEMENTS.has(n.kind)) found.push(n as Statement);
    return STATEMENTS.has(n.kind) && n.kind !== "FunctionDef" && n.kind !== "ClassDef";
  });
  return found;
}

const STATEMENTS: ReadonlySet<Node["kind"]> = new Set([
  "FunctionDef",
  "ClassDef",
  "Return",
  "Assign",
  "AugAssign",
  "AnnAssign",
  "For",
  "While",
  "If",
  "With",
  "Try",
  "Match",
  "Import",
  "ImportFrom",
  "ExpressionStatement",
  "Delete",
  "Simple",
  "Scope",
  "Assert",
  "Raise",
  "UnsupportedStatement",
]);
