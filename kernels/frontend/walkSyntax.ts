/** Ways through a syntax tree: every node below some statements, and the names that a function takes from around it. */
import type { Expression, FormatPart, FunctionDef, Lambda, Node, Pattern, Statement } from "./syntax.ts";

/** Visits nodes in the order of the text, parents first; `visit` says whether to go below a node. */
export function walkSyntax(roots: readonly Node[], visit: (node: Node) => boolean): void {
  const stack: Node[] = [...roots].reverse();
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (!visit(node)) continue;
    const first = stack.length;
    addChildren(node, stack);
    reverse(stack, first);
  }
}

/** Turns round what stands from `first` on. */
function reverse(stack: Node[], first: number): void {
  for (let i = first, j = stack.length - 1; i < j; i++, j--) {
    const [a, b] = [stack[i], stack[j]];
    if (a === undefined || b === undefined) return;
    stack[i] = b;
    stack[j] = a;
  }
}

/** Adds the nodes directly below `node` to `to`: decorators, defaults and annotations included, patterns not. */
function addChildren(node: Node, to: Node[]): void {
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
      addReplaced(node.parts, to);
      return;
    case "BinOp":
    case "BoolOp":
      to.push(node.left, node.right);
      return;
    case "UnaryOp":
      to.push(node.operand);
      return;
    case "Compare":
      to.push(node.left);
      addAll(node.comparators, to);
      return;
    case "Call":
      to.push(node.callee);
      addAll(node.args, to);
      for (const k of node.keywords) to.push(k.value);
      return;
    case "Attribute":
      to.push(node.object);
      return;
    case "Subscript":
      to.push(node.object, node.index);
      return;
    case "Slice":
      addOne(node.lower, to);
      addOne(node.upper, to);
      addOne(node.step, to);
      return;
    case "Sequence":
      addAll(node.elements, to);
      return;
    case "Dict":
      for (const e of node.entries) {
        addOne(e.key, to);
        to.push(e.value);
      }
      return;
    case "Comprehension":
      to.push(node.element);
      addOne(node.value, to);
      for (const g of node.generators) {
        to.push(g.target, g.iterable);
        addAll(g.conditions, to);
      }
      return;
    case "Lambda":
      addDefaults(node, to);
      to.push(node.body);
      return;
    case "IfExp":
      to.push(node.body, node.condition, node.otherwise);
      return;
    case "NamedExpr":
      to.push(node.target, node.value);
      return;
    case "Starred":
      to.push(node.value);
      return;
    case "Yield":
    case "Return":
      addOne(node.value, to);
      return;
    case "FunctionDef":
      addAll(node.decorators, to);
      addDefaults(node, to);
      addOne(node.returns, to);
      addAll(node.body, to);
      return;
    case "ClassDef":
      addAll(node.decorators, to);
      addAll(node.bases, to);
      for (const k of node.keywords) to.push(k.value);
      addAll(node.body, to);
      return;
    case "Assign":
      addAll(node.targets, to);
      to.push(node.value);
      return;
    case "AugAssign":
      to.push(node.target, node.value);
      return;
    case "AnnAssign":
      to.push(node.target, node.annotation);
      addOne(node.value, to);
      return;
    case "For":
      to.push(node.target, node.iterable);
      addAll(node.body, to);
      addAll(node.otherwise, to);
      return;
    case "While":
    case "If":
      to.push(node.condition);
      addAll(node.body, to);
      addAll(node.otherwise, to);
      return;
    case "With":
      for (const i of node.items) {
        to.push(i.context);
        addOne(i.target, to);
      }
      addAll(node.body, to);
      return;
    case "Try":
      addAll(node.body, to);
      for (const h of node.handlers) {
        addOne(h.type, to);
        addAll(h.body, to);
      }
      addAll(node.otherwise, to);
      addAll(node.finally, to);
      return;
    case "Match":
      to.push(node.subject);
      for (const c of node.cases) {
        addOne(c.guard, to);
        addAll(c.body, to);
      }
      return;
    case "ExpressionStatement":
      to.push(node.value);
      return;
    case "Delete":
      addAll(node.targets, to);
      return;
    case "Assert":
      to.push(node.test);
      addOne(node.message, to);
      return;
    case "Raise":
      addOne(node.exception, to);
      return;
  }
}

function addAll(nodes: readonly Node[], to: Node[]): void {
  for (const node of nodes) to.push(node);
}

function addOne(node: Node | null, to: Node[]): void {
  if (node !== null) to.push(node);
}

function addDefaults(fn: FunctionDef | Lambda, to: Node[]): void {
  for (const p of fn.params) addOne(p.default, to);
}

/** The expressions that an f-string replaces, those in format specs included. */
function addReplaced(parts: readonly FormatPart[], to: Node[]): void {
  for (const p of parts) {
    if (typeof p === "string") continue;
    to.push(p.value);
    addReplaced(p.spec, to);
  }
}

/** A name that a function reads and does not bind, with the first place where it reads it. */
export interface FreeName {
  readonly name: string;
  readonly node: Extract<Expression, { kind: "Name" }>;
}

/** A function as its text has it, or as a value. */
type Function = Pick<FunctionDef | Lambda, "params" | "body">;

/** The names that a function takes from around it, functions inside it included, in order of first reading. */
export function freeNames(fn: Function): readonly FreeName[] {
  const known = freeNamesOf.get(fn.body);
  if (known !== undefined) return known;
  const found = new Map<string, FreeName>();
  collect(fn, new Set(), found);
  const all = [...found.values()];
  freeNamesOf.set(fn.body, all);
  return all;
}

const freeNamesOf = new WeakMap<Function["body"], readonly FreeName[]>();

function collect(fn: Function, outer: ReadonlySet<string>, found: Map<string, FreeName>): void {
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
