/**
 * What a factory takes of a mod: the numbers in its text, those of the module that it reads, and in a method what `self`
 * gives. Each gets a name by what it stands beside. In: a function or lambda. Out: names, values and places in the text.
 */
import type { LoweredVariant } from "../../kernels/frontend/module.ts";
import type { Constant, Expression, FunctionDef, Lambda, Name, Node } from "../../kernels/frontend/syntax.ts";
import { bindingsIn, freeNames, walkSyntax } from "../../kernels/frontend/walkSyntax.ts";
import type { Edit } from "./importEdit.ts";
import { freshName } from "./outline.ts";

/** A number in the mod's text, or an attribute of `self`, under the name that it gets. */
export interface Parameter {
  readonly name: string;
  /** As the call gives it. */
  readonly value: string;
  readonly places: readonly { readonly from: number; readonly to: number }[];
}

/** What a call of it runs. */
export const bodyOf = (node: FunctionDef | Lambda): readonly Node[] => (node.kind === "Lambda" ? [node.body] : node.body);

/** Parameters, and what statements of the body bind. */
export const boundIn = (node: FunctionDef | Lambda): ReadonlySet<string> =>
  new Set([...node.params.map((p) => p.name), ...(node.kind === "Lambda" ? [] : bindingsIn(node.body))]);

/** Every name in the function and its own, whatever scope it is of. */
export function namesIn(node: FunctionDef | Lambda): ReadonlySet<string> {
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

/** `window=256, block=64`, for the call of the factory. */
export const callArguments = (parameters: readonly Parameter[]): string =>
  parameters.map(({ name, value }) => `${name}=${value}`).join(", ");

/** Names in the places of what they stand for. */
export const replacements = (parameters: readonly Parameter[]): Edit[] =>
  parameters.flatMap(({ name, places }) => places.map((place) => ({ ...place, newText: name })));

/**
 * In the order of the text: equal numbers are one parameter, and so are the module's under their names. `receiver`: what
 * a method calls the object that it is of, whose attributes are parameters too.
 */
export function parametersOf(
  text: string,
  node: FunctionDef | Lambda,
  variant: LoweredVariant | null,
  receiver: string | null = null,
): readonly Parameter[] {
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
    if (n.kind === "Attribute" && n.object.kind === "Name" && n.object.id === receiver)
      add(`attribute ${n.name}`, n.name.replace(/^_+(?=[A-Za-z])/, ""), `${receiver}.${n.name}`, false, n.span);
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
