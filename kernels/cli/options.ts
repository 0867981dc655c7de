/**
 * The command line's arguments: what each command takes, checked, as plain data. Wrong usage is a `UsageError` (exit 2);
 * everything about the user's file is a diagnostic (exit 1), not an error here.
 */
import { parseArgs } from "node:util";
import { readOptions } from "../flash/kernelOptions.ts";
import type { Engine } from "../flash/plan.ts";
import { LAYOUTS, type Layout } from "../flash/problem.ts";
import { storageNamed } from "../frontend/hints.ts";
import type { BindingValue } from "../frontend/module.ts";
import { nearest } from "../frontend/nearest.ts";
import { KERNELS, type OptionValue } from "../ir/mod.ts";
import { RANKS } from "../mask/sharding.ts";
import { COMMANDS, type CommandName } from "./usage.ts";

export class UsageError extends Error {}

/** Which variant of a file: one by name, or a pair. */
export interface Target {
  readonly file: string;
  readonly name: string | null;
  readonly scoreMod: string | null;
  readonly maskMod: string | null;
}

export interface Options {
  readonly command: CommandName;
  /** `check` takes several files; the others have one target, `diff` two, `run` one or none. */
  readonly files: readonly string[];
  readonly target: Target | null;
  /** `diff`: what the target is compared with. */
  readonly other: Target | null;
  /** `--bind` and the sizes, as the front end's bindings (reserved keys for the sizes). */
  readonly bindings: Readonly<Record<string, BindingValue>>;
  readonly bindFiles: readonly string[];
  /** Sizes of the problem that were given as options of their own; they are among the bindings too. */
  readonly sizes: { readonly b?: number; readonly h?: number; readonly qLen?: number; readonly kvLen?: number };
  /** `trace`: b, h, q_idx, kv_idx. */
  readonly at: readonly [b: number, h: number, q: number, kv: number] | null;
  /** `trace`: the score there. */
  readonly score: number;
  /** `eval`: a file of scores. */
  readonly scores: string | null;
  /** `captures`: the lines that save them instead of the list. */
  readonly snippet: boolean;
  /** Folders in which imported modules are looked for besides those around the file. */
  readonly paths: readonly string[];
  /** `check`: lints too. */
  readonly lints: boolean;
  readonly output: "summary" | "text" | "json";
  readonly png: string | null;
  /** `mask`, `python`, `run`: a file to write. */
  readonly out: string | null;
  /** `mask --out`: first query, end, first key, end; null: all. */
  readonly rect: readonly [q0: number, q1: number, k0: number, k1: number] | null;
  /** `mask --out`: batch and head. */
  readonly slice: readonly [b: number, h: number];
  /** `mask`: the structure report in place of the summary, over so many ranks; null: no report. */
  readonly report: { readonly ranks: number } | null;
  /** `mask --json`: in place of what the file's call says; null where not given. */
  readonly separateFullBlocks: boolean | null;
  /** `run`: the file that holds q, k and v. */
  readonly inputs: string | null;
  /** What q, k, v and out are stored as; it is among the bindings too. */
  readonly dtype: "f32" | "f16" | null;
  /** The scale of q·k; it is among the bindings too. */
  readonly scale: number | null;
  /** The families that may do it; null: the choice is made by what there is. */
  readonly kernel: readonly Engine[] | null;
  /** The tile that is asked for, as PyTorch's `kernel_options`; null: the kernel's own. */
  readonly kernelOptions: Readonly<Record<string, OptionValue>> | null;
  /** Winners of the autotuner are read and kept. */
  readonly cache: boolean;
  /** `tune`: seconds of timing in all; null: the tuner's own. */
  readonly budget: number | null;
  /** `explain`, `kernel`: a file that describes a device. */
  readonly device: string | null;
  /** `run`, `bench`, `explain`, `kernel`: the order of dimensions of q, k, v and out. */
  readonly layout: Layout;
  /** `run`: write each row's largest score too. */
  readonly maxScores: boolean;
}

const SIZES = { b: "B", h: "H", "kv-heads": "HKV", "q-len": "Q_LEN", "kv-len": "KV_LEN", d: "D", dv: "DV" } as const;

/**
 * @param argv without node and script. `null` where help was asked for.
 * @throws UsageError
 */
export function parseOptions(argv: readonly string[]): Options | null {
  const { values, positionals } = parse(argv);
  if (values.help === true || argv.length === 0) return null;
  const [command, ...rest] = positionals;
  if (!isCommand(command)) throw new UsageError(`\`${command ?? ""}\` is no command; use one of ${COMMANDS.join(", ")}`);
  const isPaired = values["score-mod"] !== undefined || values["mask-mod"] !== undefined;
  if (rest.length === 0 && (command !== "run" || isPaired)) throw new UsageError(`\`flexlens ${command}\` needs a FILE`);
  if (command === "diff" && rest.length !== 2) throw new UsageError(`\`flexlens diff\` takes two FILE::NAME, not ${rest.length}`);
  if (command !== "check" && command !== "diff" && rest.length > 1)
    throw new UsageError(`\`flexlens ${command}\` takes one FILE::NAME, not ${rest.length}`);
  const scoreMod = values["score-mod"] ?? null;
  const maskMod = values["mask-mod"] ?? null;
  if (command === "trace" && values.at === undefined) throw new UsageError("`flexlens trace` needs --at B,H,Q,KV");
  return {
    command,
    files: rest,
    target: command === "check" || rest[0] === undefined ? null : target(rest[0], scoreMod, maskMod),
    other: command === "diff" ? target(rest[1] ?? "", scoreMod, maskMod) : null,
    bindings: {
      ...sizes(values),
      ...scaleOf(values.scale),
      ...dtypeBinding(values.dtype),
      ...blockSize(values["block-size"]),
      ...binds(values.bind ?? []),
    },
    bindFiles: values["bind-file"] ?? [],
    sizes: Object.fromEntries(
      LENGTHS.flatMap(([key, option]) => (values[option] === undefined ? [] : [[key, Number(positive(values[option], option))]])),
    ),
    at: values.at === undefined ? null : cellOf(values.at),
    score: values.score === undefined ? 0 : scoreOf(values.score),
    scores: values.scores ?? null,
    snippet: values.snippet === true,
    paths: values.path ?? [],
    lints: values["no-lints"] !== true,
    output: values.json === true ? "json" : values.text === true ? "text" : "summary",
    png: values.png ?? null,
    out: values.out ?? null,
    ...cutOf(command, values),
    report: reportOf(command, values),
    separateFullBlocks: truth(values["separate-full-blocks"], "separate-full-blocks"),
    ...kernelOptions(command, values),
  };
}

const TAKERS = {
  inputs: ["run"],
  kernel: ["run", "bench", "explain", "kernel", "tune"],
  "kernel-options": ["run", "bench", "explain", "kernel"],
  "no-cache": ["run", "bench", "explain", "tune"],
  budget: ["tune"],
  device: ["explain", "kernel"],
  dtype: ["run", "bench", "explain", "kernel", "tune"],
  layout: ["run", "bench", "explain", "kernel", "tune"],
  "max-scores": ["run"],
} as const satisfies Record<string, readonly CommandName[]>;

/** What the commands that plan kernels take. */
function kernelOptions(
  command: CommandName,
  values: {
    readonly inputs?: string;
    readonly out?: string;
    readonly kernel?: string;
    readonly "kernel-options"?: string;
    readonly "no-cache"?: boolean;
    readonly budget?: string;
    readonly device?: string;
    readonly scale?: string;
    readonly dtype?: string;
    readonly layout?: string;
    readonly "max-scores"?: boolean;
  },
): Pick<Options, "inputs" | "scale" | "kernel" | "kernelOptions" | "cache" | "budget" | "device" | "dtype" | "layout" | "maxScores"> {
  for (const option of Object.keys(TAKERS) as (keyof typeof TAKERS)[]) {
    const takers: readonly CommandName[] = TAKERS[option];
    if (values[option] !== undefined && !takers.includes(command)) {
      throw new UsageError(`--${option} is an option of ${takers.map((c) => `\`flexlens ${c}\``).join(" and ")}`);
    }
  }
  if (command === "run" && values.inputs === undefined) throw new UsageError("`flexlens run` needs --inputs FILE, which holds q, k and v");
  const scale = values.scale === undefined ? null : Number(scaleOf(values.scale)["SCALE"]);
  return {
    inputs: values.inputs ?? null,
    scale,
    kernel: values.kernel === undefined ? null : kernelsOf(values.kernel),
    kernelOptions: values["kernel-options"] === undefined ? null : optionsOf(values["kernel-options"]),
    cache: values["no-cache"] !== true,
    budget: values.budget === undefined ? null : Number(positive(values.budget, "budget")),
    device: values.device ?? null,
    dtype: dtypeOf(values.dtype),
    layout: layoutOf(values.layout),
    maxScores: values["max-scores"] === true,
  };
}

function kernelsOf(text: string): Engine[] {
  return text.split(",").map((word) => {
    const kernel = KERNELS.find((k) => k === word.trim());
    if (kernel !== undefined) return kernel;
    throw new UsageError(`--kernel takes ${KERNELS.slice(0, -1).join(", ")} or ${KERNELS.at(-1)}, not \`${word.trim()}\``);
  });
}

function optionsOf(text: string): Record<string, OptionValue> {
  const options: Record<string, OptionValue> = {};
  for (const part of text.split(",")) {
    const [, name, value] = /^\s*(\w+)\s*=\s*(\S+)\s*$/.exec(part) ?? [];
    if (name === undefined || value === undefined)
      throw new UsageError(`--kernel-options takes NAME=N,…, as BLOCK_M=64,BLOCK_N=32, not \`${part.trim()}\``);
    const number = Number(value);
    options[name] = /^(true|false)$/i.test(value) ? value.toLowerCase() === "true" : Number.isNaN(number) ? value : number;
  }
  const [fault] = readOptions(options).faults;
  if (fault !== undefined) throw new UsageError(`--kernel-options: ${fault}`);
  return options;
}

const LENGTHS = [
  ["b", "b"],
  ["h", "h"],
  ["qLen", "q-len"],
  ["kvLen", "kv-len"],
] as const;

const SIZE_OPTION = { type: "string" } as const;

const OPTIONS = {
  help: { type: "boolean" },
  json: { type: "boolean" },
  "no-lints": { type: "boolean" },
  text: { type: "boolean" },
  png: { type: "string" },
  out: { type: "string", short: "o" },
  inputs: { type: "string" },
  scale: { type: "string" },
  dtype: { type: "string" },
  layout: { type: "string" },
  "max-scores": { type: "boolean" },
  kernel: { type: "string" },
  "kernel-options": { type: "string" },
  "no-cache": { type: "boolean" },
  budget: { type: "string" },
  device: { type: "string" },
  rect: { type: "string" },
  slice: { type: "string" },
  report: { type: "boolean" },
  ranks: { type: "string" },
  at: { type: "string" },
  score: { type: "string" },
  scores: { type: "string" },
  snippet: { type: "boolean" },
  bind: { type: "string", multiple: true },
  "bind-file": { type: "string", multiple: true },
  path: { type: "string", multiple: true },
  "score-mod": { type: "string" },
  "mask-mod": { type: "string" },
  "block-size": { type: "string" },
  "separate-full-blocks": { type: "string" },
  b: SIZE_OPTION,
  h: SIZE_OPTION,
  "kv-heads": SIZE_OPTION,
  "q-len": SIZE_OPTION,
  "kv-len": SIZE_OPTION,
  d: SIZE_OPTION,
  dv: SIZE_OPTION,
} as const;

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: withValues(argv), allowPositionals: true, options: OPTIONS });
  } catch (error) {
    const [, unknown] = /^Unknown option '(-\S+?)'/.exec(error instanceof Error ? error.message : "") ?? [];
    if (unknown === undefined) throw new UsageError(error instanceof Error ? error.message : String(error));
    const meant = nearest(unknown.replace(/^-+/, ""), Object.keys(OPTIONS));
    throw new UsageError(`\`${unknown}\` is no option${meant === null ? "" : `; --${meant} is one`}`);
  }
}

/** `--score -1`: a number that begins with a minus is its value, and not an option. */
function withValues(argv: readonly string[]): string[] {
  return argv.flatMap((word, i) => {
    if (i > 0 && VALUED.has(argv[i - 1] ?? "")) return [];
    return VALUED.has(word) && argv[i + 1] !== undefined ? [`${word}=${argv[i + 1]}`] : [word];
  });
}

const VALUED: ReadonlySet<string> = new Set(["--score", "--at", "--bind", "--scale"]);

function isCommand(word: string | undefined): word is CommandName {
  return COMMANDS.some((c) => c === word);
}

function target(word: string, scoreMod: string | null, maskMod: string | null): Target {
  const at = word.lastIndexOf("::");
  const paired = scoreMod !== null || maskMod !== null;
  if (at >= 0 && paired) throw new UsageError("give ::NAME, or --score-mod and --mask-mod, not both");
  const name = at < 0 ? null : word.slice(at + 2);
  if (name === "") throw new UsageError(`\`${word}\` ends without a name after ::`);
  return { file: at < 0 ? word : word.slice(0, at), name, scoreMod, maskMod };
}

function positive(text: string, option: string): string {
  const n = Number(text.replaceAll("_", ""));
  if (!Number.isSafeInteger(n) || n < 1) throw new UsageError(`--${option} takes a whole number from 1, not \`${text}\``);
  return String(n);
}

function cellOf(text: string): [number, number, number, number] {
  const [b, h, q, kv, ...more] = text.split(",").map((part) => (/^\s*\d+\s*$/.test(part) ? Number(part) : Number.NaN));
  const cell: [number, number, number, number] = [b ?? Number.NaN, h ?? Number.NaN, q ?? Number.NaN, kv ?? Number.NaN];
  if (more.length > 0 || !cell.every((n) => n < 2 ** 31 - 1))
    throw new UsageError(`--at takes four indices from 0, B,H,Q,KV, not \`${text}\``);
  return cell;
}

function indices(text: string, count: number): number[] | null {
  const parts = text.split(",");
  return parts.length === count && parts.every((part) => /^\s*[\d_]+\s*$/.test(part))
    ? parts.map((part) => Number(part.replaceAll("_", "")))
    : null;
}

function cutOf(
  command: CommandName,
  values: { readonly out?: string; readonly rect?: string; readonly slice?: string },
): Pick<Options, "rect" | "slice"> {
  const isCut = values.rect !== undefined || values.slice !== undefined;
  if (isCut && (command !== "mask" || values.out === undefined))
    throw new UsageError("--rect and --slice choose what `flexlens mask --out FILE` writes: give --out too");
  const [q0, q1, k0, k1] = (values.rect === undefined ? null : indices(values.rect, 4)) ?? [];
  const isRect = q0 !== undefined && q1 !== undefined && k0 !== undefined && k1 !== undefined;
  if (values.rect !== undefined && !isRect) throw new UsageError(`--rect takes four indices, Q0,Q1,KV0,KV1, not \`${values.rect}\``);
  const [b, h] = indices(values.slice ?? "0,0", 2) ?? [];
  if (b === undefined || h === undefined) throw new UsageError(`--slice takes two indices from 0, B,H, not \`${values.slice}\``);
  return { rect: isRect ? [q0, q1, k0, k1] : null, slice: [b, h] };
}

function reportOf(command: CommandName, values: { readonly report?: boolean; readonly ranks?: string }): Options["report"] {
  if (values.report !== true && values.ranks === undefined) return null;
  if (command !== "mask") throw new UsageError("--report and --ranks are options of `flexlens mask`");
  const ranks = Number(positive(values.ranks ?? String(DEFAULT_RANKS), "ranks"));
  if (ranks < RANKS.least || ranks > RANKS.most)
    throw new UsageError(`--ranks takes ${RANKS.least} to ${RANKS.most}, not \`${values.ranks}\``);
  return { ranks };
}

const DEFAULT_RANKS = 8;

const NOT_FINITE: Readonly<Record<string, number>> = { nan: Number.NaN, inf: Number.POSITIVE_INFINITY, "-inf": Number.NEGATIVE_INFINITY };

function scoreOf(text: string): number {
  const number = NOT_FINITE[text.trim().toLowerCase()] ?? (text.trim() === "" ? Number.NaN : Number(text));
  if (Number.isNaN(number) && text.trim().toLowerCase() !== "nan") throw new UsageError(`--score takes a number, not \`${text}\``);
  return number;
}

function sizes(values: Partial<Record<keyof typeof SIZES, string>>): Record<string, string> {
  const out: Record<string, string> = {};
  for (const option of Object.keys(SIZES) as (keyof typeof SIZES)[]) {
    const text = values[option];
    if (text !== undefined) out[SIZES[option]] = positive(text, option);
  }
  return out;
}

function scaleOf(text: string | undefined): Record<string, string> {
  if (text === undefined) return {};
  const scale = text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isFinite(scale)) throw new UsageError(`--scale takes a finite number, not \`${text}\``);
  return { SCALE: String(scale) };
}

function layoutOf(text: string | undefined): Layout {
  if (text === undefined) return "BHSD";
  const layout = LAYOUTS.find((each) => each === text.toUpperCase());
  if (layout === undefined) throw new UsageError(`--layout takes ${LAYOUTS.join(" or ")}, not \`${text}\``);
  return layout;
}

function dtypeOf(text: string | undefined): "f32" | "f16" | null {
  if (text === undefined) return null;
  const dtype = storageNamed(text);
  if (dtype === null) throw new UsageError(`--dtype takes f32 or f16, not \`${text}\``);
  return dtype;
}

function dtypeBinding(text: string | undefined): Record<string, string> {
  const dtype = dtypeOf(text);
  return dtype === null ? {} : { DTYPE: `"${dtype}"` };
}

function truth(text: string | undefined, option: string): boolean | null {
  if (text === undefined) return null;
  const word = text.toLowerCase();
  if (word !== "true" && word !== "false") throw new UsageError(`--${option} takes true or false, not \`${text}\``);
  return word === "true";
}

function blockSize(text: string | undefined): Record<string, string> {
  if (text === undefined) return {};
  const parts = text.split(",");
  if (parts.length > 2) throw new UsageError(`--block-size takes N or Q,KV, not \`${text}\``);
  const [q = "", kv = q] = parts.map((part) => positive(part.trim(), "block-size"));
  return { BLOCK_SIZE: `(${q}, ${kv})` };
}

function binds(words: readonly string[]): Record<string, string> {
  const out: Record<string, string> = {};
  for (const word of words) {
    const match = /^\s*([\p{L}_][\p{L}\p{N}_.]*)\s*=\s*(.+)$/su.exec(word);
    if (match?.[1] === undefined || match[2] === undefined) throw new UsageError(`--bind takes NAME=EXPR, not \`${word}\``);
    out[match[1]] = match[2];
  }
  return out;
}
