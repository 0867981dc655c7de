/** Ways through a syntax tree: every node below some statements, and the names that a function takes from around it. */
import type { Expression, FormatPart, FunctionDef, Lambda, Node, Pattern, Statement } from "./syntax.ts";

/** What is asked about each node: whether to go below it. */
type Visit = (node: Node) => boolean;

/** Visits nodes in the order of the text, parents first; the parser bounds how deep they nest. */
export function walkSyntax(roots: readonly Node[], visit: Visit): void {
  for (const root of roots) walk(root, visit);
}

/** Visits `node` and those below it: decorators, defaults and annotations included, patterns not. */
function walk(node: Node, visit: Visit): void {
  if (!visit(node)) return;
  switch (node.kind) {
    case "Name":
    case "Constant":
    case "UnsupportedExpression":
    case "UnsupportedStatement":
    case "Import":
    case "ImportFrom":
    case "Simple":
    case "Scope":
      return;
    case "JoinedStr":
      walkReplaced(node.parts, visit);
      return;
    case "BinOp":
    case "BoolOp":
      walk(node.left, visit);
      walk(node.right, visit);
      return;
    case "UnaryOp":
      walk(node.operand, visit);
      return;
    case "Compare":
      walk(node.left, visit);
      walkSyntax(node.comparators, visit);
      return;
    case "Call":
      walk(node.callee, visit);
      walkSyntax(node.args, visit);
      for (const k of node.keywords) walk(k.value, visit);
      return;
    case "Attribute":
      walk(node.object, visit);
      return;
    case "Subscript":
      walk(node.object, visit);
      walk(node.index, visit);
      return;
    case "Slice":
      walkOne(node.lower, visit);
      walkOne(node.upper, visit);
      walkOne(node.step, visit);
      return;
    case "Sequence":
      walkSyntax(node.elements, visit);
      return;
    case "Dict":
      for (const e of node.entries) {
        walkOne(e.key, visit);
        walk(e.value, visit);
      }
      return;
    case "Comprehension":
      walk(node.element, visit);
      walkOne(node.value, visit);
      for (const g of node.generators) {
        walk(g.target, visit);
        walk(g.iterable, visit);
        walkSyntax(g.conditions, visit);
      }
      return;
    case "Lambda":
      walkDefaults(node, visit);
      walk(node.body, visit);
      return;
    case "IfExp":
      walk(node.body, visit);
      walk(node.condition, visit);
      walk(node.otherwise, visit);
      return;
    case "NamedExpr":
      walk(node.target, visit);
      walk(node.value, visit);
      return;
    case "Starred":
      walk(node.value, visit);
      return;
    case "Yield":
    case "Return":
      walkOne(node.value, visit);
      return;
    case "FunctionDef":
      walkSyntax(node.decorators, visit);
      walkDefaults(node, visit);
      walkOne(node.returns, visit);
      walkSyntax(node.body, visit);
      return;
    case "ClassDef":
      walkSyntax(node.decorators, visit);
      walkSyntax(node.bases, visit);
      for (const k of node.keywords) walk(k.value, visit);
      walkSyntax(node.body, visit);
      return;
    case "Assign":
      walkSyntax(node.targets, visit);
      walk(node.value, visit);
      return;
    case "AugAssign":
      walk(node.target, visit);
      walk(node.value, visit);
      return;
    case "AnnAssign":
      walk(node.target, visit);
      walk(node.annotation, visit);
      walkOne(node.value, visit);
      return;
    case "For":
      walk(node.target, visit);
      walk(node.iterable, visit);
      walkSyntax(node.body, visit);
      walkSyntax(node.otherwise, visit);
      return;
    case "While":
    case "If":
      walk(node.condition, visit);
      walkSyntax(node.body, visit);
      walkSyntax(node.otherwise, visit);
      return;
    case "With":
      for (const i of node.items) {
        walk(i.context, visit);
        walkOne(i.target, visit);
      }
      walkSyntax(node.body, visit);
      return;
    case "Try":
      walkSyntax(node.body, visit);
      for (const h of node.handlers) {
        walkOne(h.type, visit);
        walkSyntax(h.body, visit);
      }
      walkSyntax(node.otherwise, visit);
      walkSyntax(node.finally, visit);
      return;
    case "Match":
      walk(node.subject, visit);
      for (const c of node.cases) {
        walkOne(c.guard, visit);
        walkSyntax(c.body, visit);
      }
      return;
    case "ExpressionStatement":
      walk(node.value, visit);
      return;
    case "Delete":
      walkSyntax(node.targets, visit);
      return;
    case "Assert":
      walk(node.test, visit);
      walkOne(node.message, visit);
      return;
    case "Raise":
      walkOne(node.exception, visit);
      return;
  }
}

function walkOne(node: Node | null, visit: Visit): void {
  if (node !== null) walk(node, visit);
}

function walkDefaults(fn: FunctionDef | Lambda, visit: Visit): void {
  for (const p of fn.params) walkOne(p.default, visit);
}

/** The expressions that an f-string replaces, those in format specs included. */
function walkReplaced(parts: readonly FormatPart[], visit: Visit): void {
  for (const p of parts) {
    if (typeof p === "string") continue;
    walk(p.value, visit);
    walkReplaced(p.spec, visit);
  }
}

/** A name that a function reads and does not bind, with the first place where it reads it. */
export interface FreeName {
  readonly name: string;
  readonly node: Extract<Expression, { kind: "Name" }>;
}

/** A function as its text has it, or as a value. */
type FunctionLike = Pick<FunctionDef | Lambda, "params" | "body">;

/** The names that a function takes from around it, functions inside it included, in order of first reading. */
export function freeNames(fn: FunctionLike): readonly FreeName[] {
  const known = freeNamesOf.get(fn.body);
  if (known !== undefined) return known;
  const found = new Map<string, FreeName>();
  collect(fn, new Set(), found);
  const all = [...found.values()];
  freeNamesOf.set(fn.body, all);
  return all;
}

const freeNamesOf = new WeakMap<FunctionLike["body"], readonly FreeName[]>();

function collect(fn: FunctionLike, outer: ReadonlySet<string>, found: Map<string, FreeName>): void {
  const body: readonly Node[] = "kind" in fn.body ? [fn.body] : fn.body;
  const bound = bindingsIn(body);
  for (const name of outer) bound.add(name);
  for (const p of fn.params) bound.add(p.name);
  walkSyntax(body, (n) => {
    if (n.kind === "FunctionDef" || n.kind === "Lambda") {
      if (n.kind === "FunctionDef") for (const d of n.decorators) walkSyntax([d], note);
      for (const p of n.params) if (p.default !== null) walkSyntax([p.default], note);
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
