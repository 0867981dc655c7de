/**
 * Quick fixes that need the module's tree, or the names that there are: of what a mod returns and takes, of names that
 * are spelt wrong, and of a fault that the same text has again nearby. In: a diagnostic as it was found. Out: the same
 * with its fix, and the rewrite in its message.
 */
import { KERNELS, type Span } from "../ir/mod.ts";
import { type Diagnostic, diagnose, type Fix, type TextOf } from "./diagnostic.ts";
import { RESERVED_KEYS } from "./directive.ts";
import { BINDS, operand, replace } from "./fix.ts";
import { rewriteInfLike } from "./fixCall.ts";
import { parametersOf } from "./fixParameters.ts";
import { KERNEL_KEYS } from "./kernelWish.ts";
import { lineBefore } from "./layout.ts";
import { nearest } from "./nearest.ts";
import type { Expression, FunctionDef, Module, Node, Statement } from "./syntax.ts";
import { freeNames, walkSyntax } from "./walkSyntax.ts";

/** Names that a fault may have meant. */
export interface KnownNames {
  /** The module's, and those of the functions around a place. */
  readonly around: (span: Span) => Iterable<string>;
  /** Functions of a module, by the name that the text has for it; a tensor's methods for any other object. */
  readonly functions: (object: string) => readonly string[];
}

/** `diagnostic` with the fix that the text allows; itself where it has one, or there is none. */
export function withSuggestion(diagnostic: Diagnostic, module: Module, names: KnownNames, textOf: TextOf): Diagnostic {
  const { code, span } = diagnostic;
  if (span.file !== module.file || span.to <= span.from) return diagnostic;
  const text = textOf(span);
  if (code === "index-of-list") return withNeighbours(diagnostic, module, textOf);
  if (diagnostic.fix !== null) return diagnostic;
  switch (code) {
    case "unknown-name": {
      const known = nearest(text, names.around(span));
      if (known === null) {
        const isFree = /^\w+$/.test(text) && diagnostic.message.endsWith("here.");
        return isFree ? diagnose("unknown-name", span, [text, `define it, or bind it with \`# flexlens: ${text}=…\``]) : diagnostic;
      }
      return diagnose("unknown-name", span, [text, `write \`${known}\`, if that is meant`], replace({ span }, known).fix);
    }
    case "unknown-attribute":
      return infinite(diagnostic, module, textOf);
    case "unsupported-function":
      return misspeltFunction(diagnostic, module, names, textOf);
    case "mask-not-bool": {
      const value = returned(module, span);
      if (value === null) return diagnostic;
      const dtype = / is (\w+);/.exec(diagnostic.message)?.[1] ?? "";
      const { text: rewrite, fix } = replace(value, `${operand(value, BINDS["|"], textOf)} != 0`);
      return diagnose("mask-not-bool", span, [text, dtype, rewrite], fix);
    }
    case "score-returns-mask": {
      const value = returned(module, span);
      if (value === null) return diagnostic;
      const { text: rewrite, fix } = replace(value, `torch.where(${text}, ${scoreName(module, span)}, -float("inf"))`);
      return diagnose("score-returns-mask", span, [text, rewrite], fix);
    }
    case "score-returns-constant": {
      const value = returned(module, span);
      if (value === null) return diagnostic;
      const { text: rewrite, fix } = replace(value, `torch.full_like(${scoreName(module, span)}, ${text})`);
      return diagnose("score-returns-constant", span, [text, rewrite], fix);
    }
    case "syntax-error": {
      const known = Object.hasOwn(OTHER_LANGUAGES, text) ? OTHER_LANGUAGES[text] : undefined;
      if (known === undefined) return diagnostic;
      return diagnose("syntax-error", span, [`Python has no \`${text}\`; write \`${known}\``], replace({ span }, known).fix);
    }
    case "returns-nothing":
      return missingReturn(diagnostic, module, textOf);
    case "directive-unused":
      return misspeltKey(diagnostic, module, names, textOf);
    case "parameter-count": {
      const node = nodeAt(
        module,
        (n) => (n.kind === "FunctionDef" && same(n.nameSpan, span)) || (n.kind === "Lambda" && same(n.span, span)),
      );
      const fix = node?.kind === "FunctionDef" || node?.kind === "Lambda" ? parametersOf(node, textOf) : null;
      if (fix === null) return diagnostic;
      return { ...diagnostic, fix, message: `${diagnostic.message.replace(/\.$/, "")}; ${fix.title.replace("Add", "add")}.` };
    }
    default:
      return diagnostic;
  }
}

/** `torch.inf_like`, which PyTorch has not, and people write. */
function infinite(diagnostic: Diagnostic, module: Module, textOf: TextOf): Diagnostic {
  const call = nodeAt(module, (n) => n.kind === "Call" && same(n.callee.span, diagnostic.span));
  const rewrite = call?.kind === "Call" ? rewriteInfLike(call, textOf) : null;
  return rewrite === null ? diagnostic : extended(diagnostic, `\`${rewrite.text}\``, rewrite.fix);
}

/** `torch.were(…)` and other names that differ by a letter or two from a function that there is. */
function misspeltFunction(diagnostic: Diagnostic, module: Module, names: KnownNames, textOf: TextOf): Diagnostic {
  const call = nodeAt(module, (n) => n.kind === "Call" && same(n.span, diagnostic.span));
  if (call?.kind !== "Call" || call.callee.kind !== "Attribute") return diagnostic;
  const { object, name, nameSpan } = call.callee;
  const known = nearest(name, names.functions(textOf(object.span)));
  if (known === null) return diagnostic;
  return extended(diagnostic, `\`${textOf(object.span)}.${known}\`, if that is meant`, replace({ span: nameSpan }, known).fix);
}

const extended = (diagnostic: Diagnostic, way: string, fix: Fix): Diagnostic => ({
  ...diagnostic,
  fix,
  message: `${diagnostic.message.replace(/\.$/, "")}; write ${way}.`,
});

/** `windwo=8`, or `mod.windwo=8`, with the key that is meant; `kernel="qaud"` with the kernel. */
function misspeltKey(diagnostic: Diagnostic, module: Module, names: KnownNames, textOf: TextOf): Diagnostic {
  const { span } = diagnostic;
  const text = textOf(span);
  const value = text === "kernel" ? /^\s*=\s*(["'])(\w*)\1/.exec(textOf({ ...span, from: span.to, to: span.to + 40 })) : null;
  if (value !== null) {
    const [written, , kernel = ""] = value;
    const place = { ...span, from: span.to + written.length - kernel.length - 2, to: span.to + written.length };
    const known = nearest(kernel, KERNELS);
    const why = `there is no such kernel; there are ${KERNELS.map((name) => `\`"${name}"\``).join(", ")}`;
    return diagnose("directive-value", place, [text, why], known === null ? null : replace({ span: place }, `"${known}"`).fix);
  }
  const dot = text.lastIndexOf(".");
  const known = nearest(text.slice(dot + 1), [...RESERVED_KEYS, ...Object.keys(KERNEL_KEYS), ...takenNames(module), ...names.around(span)]);
  if (known === null) return diagnostic;
  const whole = text.slice(0, dot + 1) + known;
  const { fix } = replace({ span }, whole);
  return {
    ...diagnostic,
    fix,
    message: diagnostic.message.replace("check its spelling, or remove it", `write \`${whole}\`, if that is meant, or remove it`),
  };
}

/** Names that functions take: as arguments, and from around them. */
function* takenNames(module: Module): Generator<string> {
  const functions: FunctionDef[] = [];
  walkSyntax(module.body, (n) => {
    if (n.kind === "FunctionDef") functions.push(n);
    return true;
  });
  for (const f of functions) {
    for (const p of f.params) yield p.name;
    for (const { name } of freeNames(f)) yield name;
  }
}

/** `rows[q_idx]` and the function's other subscripts of `rows` by more than a constant, in one fix. */
function withNeighbours(diagnostic: Diagnostic, module: Module, textOf: TextOf): Diagnostic {
  const [edit, more] = diagnostic.fix?.edits ?? [];
  const around = functionAround(module, diagnostic.span);
  if (edit === undefined || more !== undefined || around === null) return diagnostic;
  const text = textOf(edit.span);
  const edits = [edit];
  walkSyntax(around.body, (n) => {
    if (n.kind !== "Subscript" || textOf(n.object.span) !== text || same(n.object.span, edit.span)) return true;
    const { kind } = n.index;
    if (kind !== "Constant" && kind !== "Slice" && kind !== "UnaryOp") edits.push({ ...edit, span: n.object.span });
    return true;
  });
  return edits.length === 1 ? diagnostic : { ...diagnostic, fix: { title: diagnostic.fix?.title ?? "", edits } };
}

/** A last statement that computes and does not return: `return` in front of it, or after it with the name it gives. */
function missingReturn(diagnostic: Diagnostic, module: Module, textOf: TextOf): Diagnostic {
  const { span } = diagnostic;
  const node = nodeAt(module, (n) => n.kind === "FunctionDef" && same(n.nameSpan, span));
  const last = node?.kind === "FunctionDef" ? node.body.at(-1) : undefined;
  if (last === undefined) return diagnostic;
  const name = textOf(span);
  if (last.kind === "ExpressionStatement" && last.value.kind !== "Constant") {
    const rewrite = `return ${textOf(last.value.span)}`;
    const edits = [{ span: { ...last.span, to: last.span.from }, newText: "return " }];
    return diagnose("returns-nothing", span, [name, rewrite], { title: "Return the last expression", edits });
  }
  const given = assignedName(last);
  if (given === null) return diagnostic;
  const indent = /^[ \t]*/.exec(lineBefore(module, last.span.from))?.[0] ?? "";
  const edits = [{ span: { ...last.span, from: last.span.to }, newText: `\n${indent}return ${given}` }];
  return diagnose("returns-nothing", span, [name, `return ${given}`], { title: `Return \`${given}\``, edits });
}

function assignedName(s: Statement): string | null {
  const target =
    s.kind === "Assign" && s.targets.length === 1 ? s.targets[0] : s.kind === "AugAssign" || s.kind === "AnnAssign" ? s.target : undefined;
  return target?.kind === "Name" ? target.id : null;
}

/** Operators that other languages have, as Python's for tensors. */
const OTHER_LANGUAGES: Readonly<Record<string, string>> = { "&&": "&", "||": "|", "!": "~" };

/** What a `return` gives, or a lambda's body, where that is the whole of the span; else null. */
function returned(module: Module, span: Span): Expression | null {
  const node = nodeAt(
    module,
    (n) => (n.kind === "Return" && n.value !== null && same(n.value.span, span)) || (n.kind === "Lambda" && same(n.body.span, span)),
  );
  return node?.kind === "Return" ? node.value : node?.kind === "Lambda" ? node.body : null;
}

/** The first parameter of the innermost function around `span`. */
function scoreName(module: Module, span: Span): string {
  let name = "score";
  walkSyntax(module.body, (n) => {
    const around = n.span.from <= span.from && span.to <= n.span.to;
    if (around && (n.kind === "FunctionDef" || n.kind === "Lambda")) name = n.params.find((p) => p.name !== "self")?.name ?? name;
    return around;
  });
  return name;
}

function functionAround(module: Module, span: Span): FunctionDef | null {
  let found: FunctionDef | null = null;
  walkSyntax(module.body, (n) => {
    const around = n.span.from <= span.from && span.to <= n.span.to;
    if (around && n.kind === "FunctionDef") found = n;
    return around;
  });
  return found;
}

function nodeAt(module: Module, wanted: (node: Node) => boolean): Node | null {
  let found: Node | null = null;
  walkSyntax(module.body, (n) => {
    if (found === null && wanted(n)) found = n;
    return found === null;
  });
  return found;
}

const same = (a: Span, b: Span): boolean => a.from === b.from && a.to === b.to;
