/**
 * "Extract to factory": a mod with numbers in it becomes a function that takes these and returns the mod, and a call of
 * it with the numbers as they were, bound to the mod's name, so that whoever uses the mod goes on doing so. What the
 * mod computes stays the same. A lambda stays a lambda, in a function above its statement; a method stays one too, and
 * calls a factory above its class with what `self` gives. In: an outline, the place of the cursor, the module's numbers.
 * Out: edits and names.
 */
import { modKind } from "../../kernels/frontend/discover.ts";
import type { LoweredVariant } from "../../kernels/frontend/module.ts";
import type { ClassDef, Expression, FunctionDef, Lambda, Node } from "../../kernels/frontend/syntax.ts";
import { walkSyntax } from "../../kernels/frontend/walkSyntax.ts";
import { bodyOf, boundIn, callArguments, namesIn, parametersOf, replacements } from "./extractParameters.ts";
import { applied, type Edit } from "./importEdit.ts";
import { firstOffset, freshName, functionAt, indentAt, lambdaAt, lineEnd, lineStart, moduleNames, type Outline } from "./outline.ts";

export interface Extraction {
  readonly edits: readonly Edit[];
  /** What the function is called. */
  readonly factory: string;
  /** `window=256`, for whoever asks what will happen. */
  readonly call: string;
}

/** `variant`: the one at `offset`, for the module's numbers that it reads. null: there is no mod, or nothing to extract. */
export function extractFactory(outline: Outline, offset: number, variant: LoweredVariant | null): Extraction | null {
  return extractLambda(outline, offset, variant) ?? extractFunction(outline, offset, variant) ?? extractMethod(outline, offset, variant);
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
  return { factory, call, edits: [{ from, to: node.span.to, newText: lines.join("\n") }] };
}

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
  const call = `${factory}(${callArguments(parameters)})`;
  const lines = [
    `${indent}def ${factory}(${parameters.map(({ name }) => name).join(", ")}):`,
    indented(text, node, from, to, replacements(parameters), indent + unit),
    "",
    `${indent}${unit}return ${node.name}`,
    ...(indent === "" ? ["", ""] : [""]),
    `${indent}${node.name} = ${call}`,
  ];
  // Between a definition and what follows stand two lines, which now follow an assignment.
  return { factory, call, edits: [{ from, to, newText: lines.join("\n") }] };
}

/** The factory stands above the class, where the method's names mean the same; the method gives its arguments on. */
function extractMethod(outline: Outline, offset: number, variant: LoweredVariant | null): Extraction | null {
  const { text } = outline;
  const found = functionAt(outline, offset);
  const owner = found === null ? null : outermostClass(found.around);
  if (found === null || owner === null) return null;
  const { node } = found;
  const isStatic = node.decorators.some((d) => d.kind === "Name" && d.id === "staticmethod");
  const [first] = node.params;
  const [self, given] = isStatic ? [undefined, node.params] : [first, node.params.slice(1)];
  const [next] = given;
  const [body] = node.body;
  if (modKind(node, !isStatic) === null || next === undefined || body === undefined || node.isAsync) return null;
  // A default is evaluated in the class.
  if (node.params.some((p) => p.role !== "positional" || p.default !== null)) return null;
  if (!isMovable(node) || !isFreeOfClass(node, self?.name ?? null)) return null;
  const parameters = parametersOf(text, node, variant, self?.name);
  if (parameters.length === 0) return null;
  const factory = freshName(`generate_${node.name}`, namesAround(outline, node));
  const call = `${factory}(${callArguments(parameters)})`;
  const at = outline.parts.find((part) => part.statements.includes(owner))?.from ?? lineStart(text, firstOffset(owner));
  const indent = indentAt(text, owner.span.from);
  const unit = unitOf(text, node, indentAt(text, node.span.from));
  const from = lineStart(text, node.span.from);
  const to = lineEnd(text, node.span.to);
  const edits = [...replacements(parameters), ...(self === undefined ? [] : [{ from: self.span.from, to: next.span.from, newText: "" }])];
  const lines = [
    `${indent}def ${factory}(${parameters.map(({ name }) => name).join(", ")}):`,
    indented(text, node, from, to, edits, indent + unit),
    "",
    `${indent}${unit}return ${node.name}`,
    ...(indent === "" ? ["", "", ""] : ["", ""]),
  ];
  return {
    factory,
    call,
    edits: [
      { from: at, to: at, newText: lines.join("\n") },
      { from: body.span.from, to, newText: `return ${call}(${given.map(({ name }) => name).join(", ")})` },
    ],
  };
}

/** The outermost of the classes that a method's is within; null where it stands in a function or in none. */
function outermostClass(around: readonly (FunctionDef | ClassDef)[]): ClassDef | null {
  const owner = around[around.findLastIndex((n) => n.kind === "FunctionDef") + 1];
  return owner?.kind === "ClassDef" ? owner : null;
}

/** Of the object it does no more than read attributes, and nothing means something else outside of the class. */
function isFreeOfClass(node: FunctionDef, self: string | null): boolean {
  let isFree = true;
  let [names, attributes] = [0, 0];
  walkSyntax(node.body, (n) => {
    if (n.kind === "Name" && n.id === self) names++;
    if (n.kind === "Attribute" && n.object.kind === "Name" && n.object.id === self) attributes++;
    else if (isPrivate(n) || (n.kind === "Name" && (n.id === "super" || n.id === "__class__"))) isFree = false;
    if ((n.kind === "FunctionDef" || n.kind === "Lambda") && n.params.some((p) => p.name === self)) isFree = false;
    walkSyntax(targetsOf(n), (t) => {
      if (t.kind === "Name" && t.id === self) isFree = false;
      return true;
    });
    return isFree;
  });
  return isFree && names === attributes;
}

/** `__name`, which a class makes `_Class__name` of. */
const isPrivate = (n: Node): boolean => /^__.*(?<!__)$/.test(n.kind === "Name" ? n.id : n.kind === "Attribute" ? n.name : "");

function targetsOf(n: Node): readonly Expression[] {
  if (n.kind === "Assign" || n.kind === "Delete") return n.targets;
  return n.kind === "AugAssign" || n.kind === "AnnAssign" || n.kind === "For" ? [n.target] : [];
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

/** Names that a function beside `node` must not take: the module's, those of the functions around, and its own. */
function namesAround(outline: Outline, node: FunctionDef | Lambda): ReadonlySet<string> {
  const place = functionAt(outline, node.span.from);
  const around = place === null ? [] : [...place.around, place.node];
  const bound = around.flatMap((f) => (f.kind === "FunctionDef" ? [...boundIn(f)] : []));
  return new Set([...moduleNames(outline), ...bound, ...namesIn(node)]);
}

/** What a line of the body is indented by, more than the definition. */
function unitOf(text: string, node: FunctionDef, indent: string): string {
  const first = node.body.find((s) => lineStart(text, s.span.from) !== lineStart(text, node.span.from));
  const inner = first === undefined ? "" : indentAt(text, first.span.from);
  return inner.startsWith(indent) && inner.length > indent.length ? inner.slice(indent.length) : "    ";
}

/** The lines from `from` to `to`, `edits` made, indented by `indent`; those within a string stay, but for the docstring's. */
function indented(text: string, node: FunctionDef, from: number, to: number, edits: readonly Edit[], indent: string): string {
  const own = indentAt(text, from);
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
    result += isInside || line.trim() === "" ? line : indent + (line.startsWith(own) ? line.slice(own.length) : line.trimStart());
    if (end >= to) break;
    result += "\n";
    at = end + (text.startsWith("\r\n", end) ? 2 : 1);
  }
  return result;
}
