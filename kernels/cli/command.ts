/** The command `flexlens`: arguments in, text and an exit code out. Each command is a file beside this one. */
import { lowerModule } from "../frontend/lower.ts";
import type { BindingValue, LoweredVariant } from "../frontend/module.ts";
import { type AssertionOutcome, assertionSummary, checkAssertions } from "../lint/assertion.ts";
import { lintModule } from "../lint/lint.ts";
import { benchCommand, kernelCommand, type Outcome } from "./bench.ts";
import { readBindings } from "./bindFile.ts";
import { capturesCommand } from "./captures.ts";
import { type CheckRow, checkRows, checkText } from "./check.ts";
import { choose, notesOf } from "./choose.ts";
import { withDataFiles } from "./dataFiles.ts";
import { diffCommand } from "./diff.ts";
import { evalCommand } from "./eval.ts";
import { explainCommand } from "./explain.ts";
import { type Input, readInput, readText } from "./input.ts";
import { maskCommand } from "./mask.ts";
import { type Options, parseOptions, type Target, UsageError } from "./options.ts";
import { pythonCommand } from "./python.ts";
import { runKernel } from "./run.ts";
import { traceCommand } from "./trace.ts";
import { tuneCommand } from "./tune.ts";
import { USAGE } from "./usage.ts";

/** Runs the command line `argv` (without node and script). Throws nothing that the user can cause. */
export async function runCommand(argv: readonly string[]): Promise<Outcome> {
  try {
    const options = parseOptions(argv);
    if (options === null) return { out: USAGE, err: "", code: 0 };
    if (options.command === "check") return await check(options);
    if (options.command === "run") return await runOwn(options);
    if (options.target === null) throw new Error("every other command has a target");
    return await onTarget(options, options.target);
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
  const asserted: AssertionOutcome[] = [];
  const fine: string[] = [];
  for (const file of options.files) {
    const input = await readInput(file, { paths: options.paths, bindings });
    const module = lowerModule(input.sources, withDataFiles(input.sources, { bindings }));
    const lints = options.lints ? lintModule(input.sources, module) : [];
    const { outcomes, diagnostics } = checkAssertions(module, { budget: ASSERTION_BUDGET });
    const found = checkRows(input, [...module.diagnostics, ...lints, ...diagnostics]);
    if (found.length === 0) fine.push(fineText(file, module.variants.length));
    rows.push(...found);
    asserted.push(...outcomes);
  }
  const isFine = rows.every((row) => row.severity !== "error");
  const code = isFine ? 0 : 1;
  const summary = assertionSummary(asserted);
  if (options.output === "json") return { out: JSON.stringify(rows), err: summary, code };
  return { out: [checkText(rows), summary].filter((text) => text !== "").join("\n"), err: fine.join("\n"), code };
}

/** For people, who take silence for nothing done. */
function fineText(file: string, count: number): string {
  if (count === 0) return `${file}: it has no mask_mod and no score_mod`;
  return `${file}: nothing to say of its ${count === 1 ? "one variant" : `${count} variants`}`;
}

/** Cells that one assertion may cost: about a second of them. */
const ASSERTION_BUDGET = 2 ** 30;

/** `run`, which can do without a file of mods. */
async function runOwn(options: Options): Promise<Outcome> {
  const { target } = options;
  const bindings = bindingsOf(options);
  const input = target === null ? null : await readInput(target.file, { paths: options.paths, bindings });
  return runKernel(input === null || target === null ? null : { input, target }, options, bindings);
}

async function onTarget(options: Options, target: Target): Promise<Outcome> {
  const bindings = bindingsOf(options);
  const input = await readInput(target.file, { paths: options.paths, bindings });
  if (options.command === "eval") return evalCommand(input, target, options);
  if (options.other !== null) {
    const other = await readInput(options.other.file, { paths: options.paths, bindings });
    return diffCommand({ input, target }, { input: other, target: options.other }, options, bindings);
  }
  if (options.command === "trace") return traceCommand(input, target, options, bindings);
  const { variant, diagnostics } = choose(input, target, { bindings }, options.bindings);
  const notes = notesOf(input, diagnostics);
  if (variant === null) return { out: "", err: notes, code: 1 };
  const outcome = await perform(input, variant, options);
  return { ...outcome, err: [notes, outcome.err].filter((text) => text !== "").join("\n") };
}

async function perform(input: Input, variant: LoweredVariant, options: Options): Promise<Outcome> {
  if (options.command === "captures") return capturesCommand(input, variant, options);
  if (options.command === "bench") return benchCommand(variant, options);
  if (options.command === "tune") return tuneCommand(variant, options);
  if (options.command === "explain") return explainCommand(variant, options);
  if (options.command === "kernel") return kernelCommand(variant, options);
  if (options.command === "python") return pythonCommand(variant, options);
  return { out: maskCommand(variant, options), err: "", code: 0 };
}
