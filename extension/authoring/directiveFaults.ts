/**
 * What is wrong with the kernel's options in `# flexlens:` directives: names that are none, with the one that is meant,
 * and values that are no size. Reading the text cannot say it, as it knows nothing of kernels. In: a document. Out: as
 * lints find them, after a pause in typing.
 */
import { OPTION_NAMES, readOptions } from "../../kernels/flash/kernelOptions.ts";
import { type Diagnostic, diagnose } from "../../kernels/frontend/diagnostic.ts";
import { readDirectives } from "../../kernels/frontend/directive.ts";
import { replace } from "../../kernels/frontend/fix.ts";
import type { Source } from "../../kernels/frontend/module.ts";
import { nearest } from "../../kernels/frontend/nearest.ts";
import { parseModule } from "../../kernels/frontend/parse.ts";
import type { Constant, Expression } from "../../kernels/frontend/syntax.ts";
import type { OptionValue } from "../../kernels/ir/mod.ts";

export function directiveFaults({ file, text }: Source): readonly Diagnostic[] {
  // Most texts have none: they are not read again for it.
  if (!/#\s*flexlens\s*:[^\r\n]*kernel_options/i.test(text)) return [];
  const { module, comments } = parseModule(file, text);
  const { directives } = readDirectives(module, comments);
  const dicts = directives.flatMap(({ kernel }) => kernel.entries.map(({ value }) => value)).filter((value) => value.kind === "Dict");
  return dicts.flatMap(({ entries }) => entries.flatMap(({ key, value }) => faultOf(key, value)));
}

function faultOf(key: Expression | null, value: Expression): readonly Diagnostic[] {
  const given = value.kind === "Constant" ? plain(value) : null;
  if (key?.kind !== "Constant" || key.literal.type !== "str" || given === null) return [];
  const name = key.literal.value;
  const [fault] = readOptions({ [name]: given }).faults;
  if (fault === undefined) return [];
  const isKnown = (OPTION_NAMES as readonly string[]).includes(name);
  const meant = isKnown ? null : nearest(name, OPTION_NAMES);
  const { span } = isKnown ? value : key;
  return [diagnose("directive-value", span, ["kernel_options", fault], meant === null ? null : replace({ span }, `"${meant}"`).fix)];
}

function plain({ literal }: Constant): OptionValue | null {
  switch (literal.type) {
    case "int":
    case "float":
      return Number(literal.value);
    case "str":
    case "bool":
      return literal.value;
    default:
      return null;
  }
}
