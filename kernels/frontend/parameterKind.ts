/**
 * What a function's parameter is (a number, a tensor, a mod, another function), by its annotation, its use, what it is
 * handed to, its name: so that a value can be made up for it.
 */
import { lastName } from "./discover.ts";
import type { SeedKind } from "./seed.ts";
import type { Call, Expression, Node, Parameter } from "./syntax.ts";
import type { Scope, Value } from "./value.ts";
import { walkSyntax } from "./walkSyntax.ts";

/** What a parameter is, by its annotation, else by how the function uses it, or one of `scope` that it is handed to. */
export function kindOf(param: Parameter, body: readonly Node[], scope: Scope, depth = 0): SeedKind {
  const annotation = param.annotation === null ? "" : annotationName(param.annotation);
  if (annotation === "int" || annotation === "float" || annotation === "bool") return annotation;
  if (/Tensor$/.test(annotation)) return "tensor";
  if (/mask_mod|MaskMod|mask_fn/i.test(annotation)) return "mask_mod";
  if (/score_mod|ScoreMod/i.test(annotation)) return "score_mod";
  const name = param.name;
  if (/(^|_)device$/.test(name)) return "device";
  let kind: SeedKind | null = /callable/i.test(annotation) ? (/score/.test(name) ? "score_mod" : "mask_mod") : null;
  const held = attributesHolding(name, body);
  const isIt = (e: Expression): boolean => (e.kind === "Name" && e.id === name) || (e.kind === "Attribute" && held.has(e.name));
  walkSyntax(body, (n) => {
    if (kind !== null) return false;
    if (n.kind === "Subscript" && isIt(n.object)) kind = "tensor";
    else if (n.kind === "For" && isIt(n.iterable)) kind = "tensor";
    else if (n.kind === "Compare" && n.comparators.some((e, i) => isIt(e) && /in$/.test(n.ops[i] ?? ""))) kind = "tensor";
    else if (n.kind === "Attribute" && isIt(n.object)) kind = "tensor";
    else if (n.kind === "Call" && isIt(n.callee)) kind = CALLED[n.args.length] ?? "function";
    else if (n.kind === "Call" && (n.args.some(isIt) || n.keywords.some((k) => isIt(k.value)))) {
      const callee = lastName(n.callee);
      if (callee === "and_masks" || callee === "or_masks") kind = "mask_mod";
      else if (TENSOR_FUNCTIONS.has(callee) || ((callee === "zip" || callee === "enumerate") && n.args.some(isIt))) kind = "tensor";
      else if (depth < 3) {
        const inner = kindWhereHanded(n, isIt, scope, depth);
        // A number is what a parameter is taken for that shows nothing: it says no more of this one.
        if (inner !== null && inner !== "int") kind = inner;
      }
    }
    if (n.kind === "FunctionDef" || n.kind === "Lambda") return held.size > 0 || !n.params.some((p) => p.name === name);
    return true;
  });
  if (kind !== null) return kind;
  // An object whose attributes are made up one by one.
  if (/(^|_)(config|cfg|args|hparams|opts|options|model|module|metadata|meta|info)$/.test(name)) return "tensor";
  if (/(^|_)(mask_mod|mask_fn|inner_mod|inner_mask|mod)$/.test(name)) return "mask_mod";
  if (/(^|_)(score_mod|score_fn)$/.test(name)) return "score_mod";
  if (/(^|_)(ids|offsets|lengths|lens|seqlens|table|bias|mask|slopes|positions|boundaries|tokens|tensor|spans)$/.test(name))
    return "tensor";
  return /^(is|use|has|enable)_|causal$|bidirectional/.test(name) ? "bool" : "int";
}

/** What each of `*name` is, by how it is called: `name[0](b, h, q_idx, kv_idx)`, `for mod in name: mod(…)`; null: no mod. */
export function kindOfItems(name: string, body: readonly Node[]): SeedKind | null {
  const isAll = (e: Expression): boolean => (e.kind === "Subscript" ? isAll(e.object) : e.kind === "Name" && e.id === name);
  const items = new Set<string>();
  let kind: SeedKind | null = null;
  walkSyntax(body, (n) => {
    if (n.kind === "For" && n.target.kind === "Name" && isAll(n.iterable)) items.add(n.target.id);
    if (n.kind === "Call" && (isAll(n.callee) || (n.callee.kind === "Name" && items.has(n.callee.id))))
      kind ??= CALLED[n.args.length] ?? null;
    return true;
  });
  return kind;
}

/** `"causal"` of `name == "causal"`: the first of the words that a function compares the parameter with. */
export function comparedWith(name: string, body: readonly Node[]): string | null {
  let word: string | null = null;
  walkSyntax(body, (n) => {
    const [right] = n.kind === "Compare" && n.left.kind === "Name" && n.left.id === name ? n.comparators : [];
    if (right?.kind === "Constant" && right.literal.type === "str") word ??= right.literal.value;
    return word === null;
  });
  return word;
}

/** Whether a function's own code, and not only the functions inside it, reads `name`. */
export function isComputedFrom(name: string, body: readonly Node[]): boolean {
  let found = false;
  walkSyntax(body, (n) => {
    if (n.kind === "Name" && n.id === name) found = true;
    return !found && n.kind !== "FunctionDef" && n.kind !== "Lambda";
  });
  return found;
}

/** The kind of the parameter that gets it in a call of one of the module's own functions. */
function kindWhereHanded(call: Call, isIt: (e: Expression) => boolean, scope: Scope, depth: number): SeedKind | null {
  const isPartial = lastName(call.callee) === "partial";
  const args = isPartial ? call.args.slice(1) : call.args;
  const called = isPartial ? call.args[0] : call.callee;
  const callee =
    called?.kind === "Name" ? scope.names.get(called.id) : called?.kind === "Attribute" ? methodCalled(called.name, scope) : undefined;
  if (callee?.type !== "function") return null;
  const params = called?.kind === "Attribute" ? callee.params.slice(1) : callee.params;
  const keyword = call.keywords.find((k) => isIt(k.value))?.name;
  const taking = keyword === undefined || keyword === null ? params[args.findIndex(isIt)] : params.find((p) => p.name === keyword);
  return taking === undefined ? null : kindOf(taking, "kind" in callee.body ? [callee.body] : callee.body, scope, depth + 1);
}

/** The method of that name that one of the module's classes has. */
function methodCalled(name: string, scope: Scope): Value | undefined {
  for (const value of scope.names.values()) {
    const member = value.type === "class" ? value.members.get(name) : undefined;
    if (member !== undefined) return member;
  }
  return undefined;
}

/** `doc` of `kwargs["doc"]`: what a function takes without a parameter for it. */
export function keysReadFrom(name: string, body: readonly Node[]): ReadonlySet<string> {
  const keys = new Set<string>();
  walkSyntax(body, (n) => {
    if (
      n.kind === "Subscript" &&
      n.object.kind === "Name" &&
      n.object.id === name &&
      n.index.kind === "Constant" &&
      n.index.literal.type === "str"
    )
      keys.add(n.index.literal.value);
    return true;
  });
  return keys;
}

/** `table` of `self.table = name`: what an object keeps of an argument shows what that is. */
function attributesHolding(name: string, body: readonly Node[]): ReadonlySet<string> {
  const held = new Set<string>();
  walkSyntax(body, (n) => {
    if (n.kind === "Assign" && n.value.kind === "Name" && n.value.id === name)
      for (const t of n.targets) if (t.kind === "Attribute" && t.object.kind === "Name" && t.object.id === "self") held.add(t.name);
    return true;
  });
  return held;
}

/** What is called with so many arguments. */
const CALLED: Readonly<Record<number, SeedKind>> = { 4: "mask_mod", 5: "score_mod" };

const TENSOR_FUNCTIONS = new Set(
  "len pad bincount cumsum repeat_interleave cat stack bucketize searchsorted diff flip gather index_select where isin unique offsets_to_doc_ids".split(
    " ",
  ),
);

/** `Tensor` of `torch.Tensor | None`, `Optional[Tensor]`, `"Tensor"`. */
function annotationName(e: Expression): string {
  if (e.kind === "Constant" && e.literal.type === "str") return e.literal.value;
  if (e.kind === "BinOp" && e.op === "|") return annotationName(e.left);
  if (e.kind === "Subscript") return lastName(e.object) === "Optional" ? annotationName(e.index) : lastName(e.object);
  return lastName(e);
}
