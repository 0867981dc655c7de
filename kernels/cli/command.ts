/** The command `flexlens`: arguments in, text and an exit code out. Each command is a file beside this one. */
import type { Diagnostic } from "../frontend/diagnostic.ts";
import { findVariant, lowerModule, lowerPair } from "../frontend/lower.ts";
import type { BindingValue, LoweredVariant } from "../frontend/module.ts";
import { benchCommand, kernelCommand, type Outcome } from "./bench.ts";
import { readBindings } from "./bindFile.ts";
import { type CheckRow, checkRows, checkText } from "./check.ts";
import { withDataFiles } from "./dataFiles.ts";
import { type Input, readInput, readText } from "./input.ts";
import { maskCommand } from "./mask.ts";
import { type Options, parseOptions, type Target, USAGE, UsageError } from "./options.ts";

/** Runs the command line `argv` (without node and script). Throws nothing that the user can cause. */
export async function runCommand(argv: readonly string[]): Promise<Outcome> {
  try {
    const options = parseOptions(argv);
    if (options === null) return { out: USAGE, err: "", code: 0 };
    return options.target === null ? await check(options) : await run(options, options.target);
  } catch (error) {
    if (error instanceof UsageError) return { out: "", err: `${error.message}\n\`flexlens --help\` lists what there is.`, code: 2 };
    throw error;
  }
}

function bindingsOf(options: Options): Readonly<Record<string, BindingValue>> {
  const files = options.bindFiles.map((file) => readBindings(readText(file), file));
  return Object.assign({}, ...files, options.bindings);
}

async function check(options: Options): Promise<Outcome> {
  const bindings = bindingsOf(options);
  const rows: CheckRow[] = [];
  for (const file of options.files) {
    const input = await readInput(file, { paths: options.paths, bindings });
    rows.push(...checkRows(input, lowerModule(input.sources, withDataFiles(input.sources, { bindings })).diagnostics));
  }
  const isFine = rows.every((row) => row.severity !== "error");
  return { out: options.output === "json" ? JSON.stringify(rows) : checkText(rows), err: "", code: isFine ? 0 : 1 };
}

async function run(options: Options, target: Target): Promise<Outcome> {
  const bindings = bindingsOf(options);
  const input = await readInput(target.file, { paths: options.paths, bindings });
  const { variant, diagnostics } = choose(input, target, bindings);
  // What is said of the whole file belongs to `check`; here only what concerns the variant, or stands in its way.
  const relevant = variant === null ? diagnostics.filter((d) => d.severity === "error") : diagnostics.filter((d) => concerns(d, variant));
  const notes = checkText(checkRows(input, relevant));
  if (variant === null) return { out: "", err: notes, code: 1 };
  const outcome = await perform(variant, options);
  return { ...outcome, err: [notes, outcome.err].filter((text) => text !== "").join("\n") };
}

function choose(input: Input, target: Target, bindings: Readonly<Record<string, BindingValue>>) {
  const options = withDataFiles(input.sources, { bindings });
  if (target.scoreMod !== null || target.maskMod !== null) return lowerPair(input.sources, target.scoreMod, target.maskMod, options);
  const module = lowerModule(input.sources, options);
  const variant = target.name === null ? (module.variants[0] ?? null) : findVariant(module, target.name);
  if (variant === null && module.diagnostics.every((d) => d.severity !== "error")) {
    const names = [...new Set(module.variants.map((v) => v.name))];
    const way = names.length === 0 ? "it has no mask_mod and no score_mod" : `its variants are ${names.join(", ")}`;
    throw new UsageError(`${target.file} has no \`${target.name ?? ""}\`: ${way}`);
  }
  return { variant, diagnostics: module.diagnostics };
}

function concerns(d: Diagnostic, variant: LoweredVariant): boolean {
  const spans = [variant.nameSpan, variant.maskMod?.span, variant.scoreMod?.span].filter((s) => s !== undefined);
  return spans.some((s) => s.file === d.span.file && d.span.from < s.to && s.from < d.span.to);
}

async function perform(variant: LoweredVariant, options: Options): Promise<Outcome> {
  switch (options.command) {
    case "bench":
      return benchCommand(variant, options);
    case "kernel":
      return kernelCommand(variant, options);
    case "mask":
    case "check":
      return { out: maskCommand(variant, options), err: "", code: 0 };
  }
}
