/**
 * `create_block_mask(causal, B, H, S, S)` for a mask that does not read `b` or `h`: the same blocks are computed and
 * stored B·H times, which is what people run out of memory on; None stores them once and broadcasts. The argument is
 * underlined, and the fix puts None in its place.
 */
import { simplify } from "../analysis/simplify.ts";
import { type Diagnostic, diagnose, type Words } from "../frontend/diagnostic.ts";
import { lastName } from "../frontend/discover.ts";
import type { CallArgument, CallSite, LoweredVariant } from "../frontend/module.ts";
import type { Expression, FunctionDef, Module } from "../frontend/syntax.ts";
import { bindingsIn, walkSyntax } from "../frontend/walkSyntax.ts";
import { freeVars } from "../ir/walk.ts";
import type { LintContext } from "./context.ts";

const SIZES = [
  { argument: "B", variable: "b", what: "batch" },
  { argument: "H", variable: "h", what: "head" },
] as const;

/** `module` is the document's tree. */
export function lintBroadcast(module: Module, variants: readonly LoweredVariant[], context: LintContext): Diagnostic[] {
  const found: Diagnostic[] = [];
  // One place in the text may be run for several masks: it is told of where none of them reads the index.
  const byPlace = new Map<number, CallSite[]>();
  for (const call of [...context.calls, ...callsNotRun(module, variants, context)]) {
    if (call.callee === "flex_attention" || call.span.file !== context.file) continue;
    byPlace.set(call.span.from, [...(byPlace.get(call.span.from) ?? []), call]);
  }
  for (const [at, calls] of byPlace) {
    const [first] = calls;
    if (first === undefined || takesAnyMask(first, at, module, context)) continue;
    const repeated = SIZES.flatMap(({ argument, variable, what }) => {
      const given = calls.map((call) => call.arguments.get(argument));
      const [size] = given;
      if (size === undefined || !given.some((g) => g !== undefined && repeats(g, context))) return [];
      const masks = calls.map((call) => call.maskMod);
      if (masks.some((mod) => mod === null || freeVars(simplify(mod.body)).has(variable))) return [];
      return [{ argument, variable, what, size, name: masks[0]?.name ?? "" }];
    });
    // Whichever is asked about, all of the call's are mended.
    const edits = repeated.map(({ size }) => ({ span: size.span, newText: "None" }));
    const texts = repeated.map(({ size }) => `\`${context.textOf(size.span)}\``);
    const fix = { title: `Replace ${texts.join(" and ")} by \`None\``, edits };
    for (const { argument, variable, what, size, name } of repeated) {
      const words: Words<"mask-repeated"> = [name, variable, argument, context.textOf(size.span), times(size, what)];
      found.push(diagnose("mask-repeated", size.span, words, fix));
    }
  }
  return found;
}

const MASK_PARAMS = ["mask_mod", "B", "H", "Q_LEN", "KV_LEN", "device", "BLOCK_SIZE", "_compile"];

/** Calls in code that was not reached (a test's, a trainer's), where the text names the one mask of that name. */
function callsNotRun(module: Module, variants: readonly LoweredVariant[], { calls, file }: LintContext): CallSite[] {
  const run = new Set(calls.flatMap((call) => (call.span.file === file ? [call.span.from] : [])));
  const found: CallSite[] = [];
  walkSyntax(module.body, (n) => {
    if (n.kind !== "Call" || lastName(n.callee) !== "create_block_mask" || run.has(n.span.from)) return true;
    if (n.args.some((a) => a.kind === "Starred")) return true;
    const nodes = new Map<string, Expression>(n.args.flatMap((a, i) => (MASK_PARAMS[i] === undefined ? [] : [[MASK_PARAMS[i], a]])));
    for (const { name, value } of n.keywords) if (name !== null) nodes.set(name, value);
    const mask = nodes.get("mask_mod");
    const name = mask === undefined ? "" : mask.kind === "Call" ? lastName(mask.callee) : lastName(mask);
    // The definition that the name means here: in the innermost function that binds it, else the module's own.
    const holder = functionsAround(n.span.from, module).findLast((f) => bindsName(f, name)) ?? null;
    const named = variants.filter((v) => {
      if (v.maskMod === null || v.scoreMod !== null || v.name !== name) return false;
      return functionsAround(v.nameSpan.from, module).findLast((f) => f.nameSpan.from !== v.nameSpan.from) === (holder ?? undefined);
    });
    const maskMod = named.length === 1 ? (named[0]?.maskMod ?? null) : null;
    const arguments_ = new Map([...nodes].map(([key, e]): [string, CallArgument] => [key, { span: e.span, value: literal(e) }]));
    found.push({ callee: "create_block_mask", span: n.span, maskMod, scoreMod: null, arguments: arguments_ });
    return true;
  });
  return found;
}

function literal(e: Expression): CallArgument["value"] {
  if (e.kind !== "Constant") return null;
  if (e.literal.type === "None") return "None";
  return e.literal.type === "int" ? Number(e.literal.value) : null;
}

/** Whether the argument makes several copies: a number above 1, or what is not known and called like a size. */
function repeats({ value, span }: CallArgument, { textOf }: LintContext): boolean {
  if (value === "None") return false;
  if (value !== null) return value > 1;
  return /shape|size|batch|bsz|heads|^bs$|^[BH]Q?$/i.test(textOf(span));
}

const times = ({ value }: CallArgument, what: string): string =>
  typeof value === "number" && value > 1 ? `${value} times` : `for each ${what}`;

/** A function that hands on a mask which it was given: the mask at hand is one of many. */
function takesAnyMask(call: CallSite, at: number, module: Module, { textOf }: LintContext): boolean {
  const mask = call.arguments.get("mask_mod") ?? call.arguments.get("mod_fn");
  const name = mask === undefined ? "" : textOf(mask.span);
  return functionsAround(at, module).some((f) => f.params.some((p) => p.name === name));
}

/** The functions around a place, the outermost first. */
function functionsAround(at: number, module: Module): FunctionDef[] {
  const around: FunctionDef[] = [];
  walkSyntax(module.body, (n) => {
    const contains = n.span.from <= at && at < n.span.to;
    if (contains && n.kind === "FunctionDef") around.push(n);
    return contains;
  });
  return around;
}

const bindsName = (f: FunctionDef, name: string): boolean => f.params.some((p) => p.name === name) || bindingsIn(f.body).has(name);
