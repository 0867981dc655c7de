/**
 * "Extract to factory": a mod with numbers in it becomes a function that takes these and returns the mod, and a call of
 * it with the numbers as they were, bound to the mod's name, so that whoever uses the mod goes on doing so. What the
 * mod computes stays the same. A lambda stays a lambda, in a function above its statement. In: an outline, the place of
 * the cursor, the module's numbers. Out: one edit and names.
 */
import { modKind } from "../../kernels/frontend/discover.ts";
import type { LoweredVariant } from "../../kernels/frontend/module.ts";
import type { Constant, Expression, FunctionDef, Lambda, Name, Node } from "../../kernels/frontend/syntax.ts";
import { bindingsIn, freeNames, walkSyntax } from "../../kernels/frontend/walkSyntax.ts";
import { applied, type Edit } from "./importEdit.ts";
import { firstOffset, freshName, functionAt, indentAt, lambdaAt, lineEnd, lineStart, moduleNames, type Outline } from "./outline.ts";

export interface Extraction {
  readonly edit: Edit;
  /** What the function is called. */
  readonly factory: string;
  /** `window=256`, for whoever asks what will happen. */
  readonly call: string;
}

/** A number in the mod's text, under the name that it gets. */
interface Parameter {
  readonly name: string;
  /** As the call gives it. */
  readonly value: string;
  readonly places: readonly { readonly from: number; readonly to: number }[];
}

/** `variant`: the one at `offset`, for the module's numbers that it reads. null: there is no mod, or nothing to extract. */
export function extractFactory(outline: Outline, offset: number, variant: LoweredVariant | null): Extraction | null {
  return extractLambda(outline, offset, variant) ?? extractFunction(outline, offset, variant);
}

/** A lambda stays one: the function that returns it stands above the statement, and its call in the lambda's place. */
function extractLambda(outline: Outline, offset: number, variant: LoweredVariant | null): Extraction | null {
  const { text } = outline;
  const found = lambdaAt(outline, offset);
  const kind = found === null ? null : modKind(found.node);
  if (found === null || kind === null) return null;
  const { node, statement } = found;
  const from = lineStart(text, statement.span.from);
  const indent = indentAt(text, from);
  // Above a statement that does not begin its line there is no room.
  if (from + indent.length !== statement.span.from || !isMovable(node)) return null;
  const parameters = parametersOf(text, node, variant);
  if (parameters.length === 0) return null;
  const [target] = statement.kind === "Assign" && statement.value === node ? statement.targets : [];
  const name = target?.kind === "Name" ? target.id : kind;
  const factory = freshName(`generate_${name}`, namesAround(outline, node));
  const lambda = applied(text, replacements(parameters), node.span.from, node.span.to);
  const call = `${factory}(${callArguments(parameters)})`;
  const lines = [
    `${indent}def ${factory}(${parameters.map((p) => p.name).join(", ")}):`,
    `${indent}${indent.includes("\t") ? "\t" : "    "}return ${/[\r\n]/.test(lambda) ? `(${lambda})` : lambda}`,
    ...(indent === "" ? ["", ""] : [""]),
    `${text.slice(from, node.span.from)}${call}`,
  ];
  return { factory, call, edit: { from, to: node.span.to, newText: lines.join("\n") } };
}

const callArguments = (parameters: readonly Parameter[]): string => parameters.map(({ name, value }) => `${name}=${value}`).join(", ");

const replacements = (parameters: readonly Parameter[]): Edit[] =>
  parameters.flatMap(({ name, places }) => places.map((place) => ({ ...place, newText: name })));

function extractFunction(outline: Outline, offset: number, variant: LoweredVariant | null): Extraction | null {
  const { text } = outline;
  const found = functionAt(outline, offset);
  if (found === null || modKind(found.node) === null || found.around.at(-1)?.kind === "ClassDef") return null;
  const { node } = found;
  if (!isMovable(node)) return null;
  const parameters = parametersOf(text, node, variant);
  if (parameters.length === 0) return null;
  const factory = freshName(`generate_${node.name}`, namesAround(outline, node));
  const from = lineStart(text, firstOffset(node));
  const to = lineEnd(text, node.span.to);
  const indent = indentAt(text, from);
  const unit = unitOf(text, node, indent);
  const call = callArguments(parameters);
  const edits = replacements(parameters);
  const lines = [
    `${indent}def ${factory}(${parameters.map(({ name }) => name).join(", ")}):`,
    indented(text, node, from, to, edits, unit),
    "",
    `${indent}${unit}return ${node.name}`,
    ...(indent === "" ? ["", ""] : [""]),
    `${indent}${node.name} = ${factory}(${call})`,
  ];
  // Between a definition and what follows stand two lines, which now follow an assignment.
  return { factory, call: `${factory}(${call})`, edit: { from, to, newText: lines.join("\n") } };
}

/** Nothing in it speaks of the scope that it stands in, beyond reading names. */
function isMovable(node: FunctionDef | Lambda): boolean {
  let isFree = true;
  walkSyntax(bodyOf(node), (n) => {
    if (n.kind === "Scope" || n.kind === "UnsupportedStatement" || n.kind === "UnsupportedExpression") isFree = false;
    return isFree;
  });
  return isFree;
}

const bodyOf = (node: FunctionDef | Lambda): readonly Node[] => (node.kind === "Lambda" ? [node.body] : node.body);

/** Parameters, and what statements of the body bind. */
const boundIn = (node: FunctionDef | Lambda): ReadonlySet<string> =>
  new Set([...node.params.map((p) => p.name), ...(node.kind === "Lambda" ? [] : bindingsIn(node.body))]);

/** Every name in the function and its own, whatever scope it is of. */
function namesIn(node: FunctionDef | Lambda): ReadonlySet<string> {
  const own = node.kind === "Lambda" ? [] : [node.name];
  const names = new Set([...own, ...boundIn(node), ...freeNames(node).map((f) => f.name)]);
  walkSyntax(bodyOf(node), (n) => {
    if (n.kind === "FunctionDef" || n.kind === "Lambda") {
      for (const p of n.params) names.add(p.name);
      if (n.kind === "FunctionDef") for (const bound of bindingsIn(n.body)) names.add(bound);
    }
    return true;
  });
  return names;
}

/** Names that a function beside `node` must not take: the module's, those of the functions around, and its own. */
function namesAround(outline: Outline, node: FunctionDef | Lambda): ReadonlySet<string> {
  const place = functionAt(outline, node.span.from);
  const around = place === null ? [] : [...place.around, place.node];
  const bound = around.flatMap((f) => (f.kind === "FunctionDef" ? [...boundIn(f)] : []));
  return new Set([...moduleNames(outline), ...bound, ...namesIn(node)]);
}

/** Numbers in the order of the text: equal ones are one parameter, and so are the module's under their names. */
function parametersOf(text: string, node: FunctionDef | Lambda, variant: LoweredVariant | null): readonly Parameter[] {
  const groups = new Map<string, { base: Set<string>; value: string; isName: boolean; places: { from: number; to: number }[] }>();
  const add = (key: string, base: string, value: string, isName: boolean, span: Node["span"]): void => {
    const group = groups.get(key) ?? { base: new Set(), value, isName, places: [] };
    group.base.add(base);
    group.places.push({ from: span.from, to: span.to });
    groups.set(key, group);
  };
  const constants = moduleNumbers(node, variant);
  const bound = boundIn(node);
  visitNumbers(node, (number, role) => {
    const { literal } = number;
    add(
      `${literal.type} ${"value" in literal ? String(literal.value) : ""}`,
      role,
      text.slice(number.span.from, number.span.to),
      false,
      number.span,
    );
  });
  walkSyntax(bodyOf(node), (n) => {
    if (n.kind === "Name" && constants.has(n.id) && !bound.has(n.id)) add(`name ${n.id}`, n.id.toLowerCase(), n.id, true, n.span);
    return true;
  });
  const taken = new Set(namesIn(node));
  return [...groups.values()]
    .sort((a, b) => (a.places[0]?.from ?? 0) - (b.places[0]?.from ?? 0))
    .map(({ base, value, isName, places }) => {
      // A lower-case constant of the module gives the parameter its own name.
      const name = isName && base.has(value) ? value : freshName(roleName(base), taken);
      taken.add(name);
      return { name, value, places };
    });
}

/** The module's numbers that the mod's own text reads. */
function moduleNumbers(node: FunctionDef | Lambda, variant: LoweredVariant | null): ReadonlySet<string> {
  const free = new Set(freeNames(node).map(({ name }) => name));
  const rows = variant?.bindings ?? [];
  return new Set(
    rows
      .filter(({ name, origin, tensor, value }) => free.has(name) && origin === "module" && tensor === null && /^-?\d/.test(value ?? ""))
      .map(({ name }) => name),
  );
}

/** What a number stands for, by what it stands beside. */
function visitNumbers(node: FunctionDef | Lambda, found: (number: Constant, role: string) => void): void {
  const seen = new Set<Constant>();
  const note = (e: Expression, role: string): void => {
    if (e.kind === "UnaryOp" && e.op === "-") note(e.operand, role);
    if (!isNumber(e) || seen.has(e)) return;
    seen.add(e);
    found(e, role);
  };
  walkSyntax(bodyOf(node), (n) => {
    switch (n.kind) {
      case "Compare":
        for (const side of [n.left, ...n.comparators]) note(side, hasDistance([n.left, ...n.comparators]) ? "window" : "limit");
        return true;
      case "BinOp":
        if (n.op === "**") return true;
        note(n.left, LEFT[n.op] ?? "value");
        note(n.right, RIGHT[n.op] ?? "value");
        return true;
      case "Call":
        for (const argument of n.args) note(argument, "value");
        for (const { name, value } of n.keywords) if (name !== "dim" && name !== "axis") note(value, name ?? "value");
        return true;
      case "Assign":
        note(n.value, n.targets[0]?.kind === "Name" ? `${n.targets[0].id}_value` : "value");
        return true;
      case "Return":
        if (n.value !== null) note(n.value, "value");
        return true;
      case "Subscript":
        // An index that is a number is a matter of layout.
        return n.index.kind !== "Constant";
      default:
        return true;
    }
  });
}

const LEFT: Readonly<Record<string, string>> = { "*": "factor", "+": "offset", "-": "offset", "/": "numerator" };
const RIGHT: Readonly<Record<string, string>> = {
  "*": "factor",
  "+": "offset",
  "-": "offset",
  "/": "divisor",
  "//": "block",
  "%": "period",
};

/** 0 and 1 are no settings: they stay. */
const isNumber = (e: Expression): e is Constant =>
  e.kind === "Constant" &&
  (e.literal.type === "int" || e.literal.type === "float") &&
  Number(e.literal.value) !== 0 &&
  Number(e.literal.value) !== 1;

/** Whether one of the sides is a difference of two names, or the size of one. */
function hasDistance(sides: readonly Expression[]): boolean {
  let has = false;
  const isName = (e: Expression): e is Name => e.kind === "Name";
  walkSyntax(sides, (n) => {
    if (n.kind === "BinOp" && n.op === "-" && isName(n.left) && isName(n.right)) has = true;
    return !has;
  });
  return has;
}

/** One name for a number in several roles: what a score is divided and multiplied by is its cap. */
function roleName(roles: ReadonlySet<string>): string {
  if (roles.has("factor") && roles.has("divisor")) return "cap";
  const [first = "value"] = [...roles].filter((role) => role !== "value");
  return first;
}

/** What a line of the body is indented by, more than the definition. */
function unitOf(text: string, node: FunctionDef, indent: string): string {
  const first = node.body.find((s) => lineStart(text, s.span.from) !== lineStart(text, node.span.from));
  const inner = first === undefined ? "" : indentAt(text, first.span.from);
  return inner.startsWith(indent) && inner.length > indent.length ? inner.slice(indent.length) : "    ";
}

/** The definition a step further in, with `edits` made; lines within a string of several stay, but for the docstring's. */
function indented(text: string, node: FunctionDef, from: number, to: number, edits: readonly Edit[], unit: string): string {
  const strings: { from: number; to: number }[] = [];
  const [docstring] = node.body;
  walkSyntax(node.body, (n) => {
    const isText = n.kind === "JoinedStr" || (n.kind === "Constant" && n.literal.type === "str");
    const isDocstring = docstring?.kind === "ExpressionStatement" && docstring.value === n;
    if (isText && !isDocstring) strings.push(n.span);
    return n.kind !== "JoinedStr";
  });
  let result = "";
  for (let at = from; at <= to; ) {
    const end = lineEnd(text, at);
    const isInside = strings.some((s) => s.from < at && at < s.to);
    const line = applied(text, edits, at, end);
    result += `${isInside || line.trim() === "" ? "" : unit}${line}`;
    if (end >= to) break;
    result += "\n";
    at = end + (text.startsWith("\r\n", end) ? 2 : 1);
  }
  return result;
}
