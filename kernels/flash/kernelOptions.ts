/**
 * What a user may ask of a kernel's tile, and what PyTorch's `kernel_options` mean here. In: names and values as a
 * directive, the command line or a `flex_attention` call gives them. Out: the options that kernels of ours take, the
 * families they rule out, and a sentence for each that has no meaning here.
 *
 * Names and prefixes are those of torch/nn/attention/flex_attention.py (FlexKernelOptions). The tile sizes of a call in
 * the text are tuned for Triton's kernels: they are told and not taken over. A directive or the command line speaks of
 * ours: there an option that no kernel can honour is a refusal, never a silence.
 */
import { KERNELS, type OptionValue } from "../ir/mod.ts";
import type { Engine } from "./plan.ts";

/** The options that kernels take. ROWS and WORKGROUP_SIZE are ours; the others are PyTorch's names. */
export const OPTION_NAMES = ["BLOCK_M", "BLOCK_N", "ROWS", "WORKGROUP_SIZE", "SPLIT_KV"] as const;
export type OptionName = (typeof OPTION_NAMES)[number];

/** What each is, for people. */
export const OPTION_MEANINGS: Readonly<Record<OptionName, string>> = {
  BLOCK_M: "query rows of a workgroup",
  BLOCK_N: "keys of a step",
  ROWS: "query rows of a quad or a thread",
  WORKGROUP_SIZE: "invocations of a workgroup",
  SPLIT_KV: "shares that a short query's keys are split into",
};

/** A tile as it is asked for: what is left out is up to the kernel. JSON-safe. */
export type KernelOptions = { readonly [N in OptionName]?: number };

/** What was made of options as they were given. */
export interface ReadOptions {
  readonly options: KernelOptions;
  /** Families that they leave; null: all. */
  readonly engines: readonly Engine[] | null;
  /** A sentence each of what cannot be: a value that is no size, a name that nobody knows. */
  readonly faults: readonly string[];
  /** A sentence each of what is PyTorch's alone. */
  readonly told: readonly string[];
}

/** PyTorch's options that no kernel here has a use for, and why. */
const PYTORCH: Readonly<Record<string, string>> = {
  PRESCALE_QK: "q is scaled before the product here in any case",
  ROWS_GUARANTEED_SAFE: "rows that are masked whole cost nothing here",
  BLOCKS_ARE_CONTIGUOUS: "block masks are runs of blocks here in any case",
  USE_TMA: "it is of NVIDIA's own memory copies",
  WRITE_DQ: "it is of the backward pass",
  OUTPUT_LOGSUMEXP: "lse is written here in any case",
  OUTPUT_MAX: "it is of what is returned, not of how",
  num_warps: "WORKGROUP_SIZE gives the invocations of a workgroup here",
  num_stages: "it is of Triton's pipelining",
  num_consumer_groups: "it is of Triton's warp specialisation",
  num_buffers_warp_spec: "it is of Triton's warp specialisation",
  kpack: "it is of AMD's compiler",
  matrix_instr_nonkdim: "it is of AMD's compiler",
  waves_per_eu: "it is of AMD's compiler",
};

const NOT_DECODE: readonly Engine[] = KERNELS.filter((engine) => engine !== "decode");

/** What BACKEND leaves. */
const BACKENDS: Readonly<Record<string, readonly Engine[] | null>> = {
  AUTO: null,
  TRITON: NOT_DECODE,
  TRITON_DECODE: ["decode"],
  FLASH: NOT_DECODE,
};

const isOption = (name: string): name is OptionName => (OPTION_NAMES as readonly string[]).includes(name);

/** `kernel_options` of a directive or the command line: options of ours are taken, PyTorch's others told. */
export function readOptions(given: Readonly<Record<string, OptionValue>>): ReadOptions {
  const options: { [N in OptionName]?: number } = {};
  const faults: string[] = [];
  const told: string[] = [];
  let engines: readonly Engine[] | null = null;
  // `fwd_BLOCK_M` is BLOCK_M of the forward pass, and beats the plain name.
  const entries = Object.entries(given).map(([name, value]) => [name, name.replace(/^fwd_/, ""), value] as const);
  for (const [written, name, value] of entries.sort(([a], [b]) => Number(a.startsWith("fwd_")) - Number(b.startsWith("fwd_")))) {
    if (isOption(name)) {
      if (typeof value === "number" && Number.isSafeInteger(value) && value >= 1) options[name] = value;
      else faults.push(`\`${written}\` is ${printed(value)}; it must be a whole number from 1 (${OPTION_MEANINGS[name]})`);
    } else if (name === "FORCE_USE_FLEX_ATTENTION") {
      if (value === true) engines = NOT_DECODE;
    } else if (name === "BACKEND") {
      const left = typeof value === "string" && Object.hasOwn(BACKENDS, value) ? BACKENDS[value] : undefined;
      if (left === undefined) faults.push(`\`BACKEND\` is ${printed(value)}; it is one of ${Object.keys(BACKENDS).join(", ")}`);
      else engines = left ?? engines;
    } else if (name.startsWith("bwd_") || /^BLOCK_[MN][12]$/.test(name)) told.push(`\`${written}\` is of the backward pass`);
    else if (Object.hasOwn(PYTORCH, name)) told.push(`\`${written}\` has no meaning here: ${PYTORCH[name]}`);
    else faults.push(`\`${written}\` is no kernel option; there are ${OPTION_NAMES.join(", ")}`);
  }
  return { options, engines, faults, told };
}

/** `kernel_options` of a `flex_attention` call in the text: what is of PyTorch's tiles is told, not taken over. */
export function readCallOptions(given: Readonly<Record<string, OptionValue>>): Pick<ReadOptions, "engines" | "told"> {
  const { options, engines, faults, told } = readOptions(given);
  const tiles = OPTION_NAMES.filter((name) => options[name] !== undefined);
  const used = Object.keys(given).filter((name) => engines !== null && (name === "FORCE_USE_FLEX_ATTENTION" || name === "BACKEND"));
  return {
    engines,
    told: [
      ...used.map((name) => `\`${name}\` of the call is used: it leaves ${(engines ?? []).filter((e) => e !== "materialized").join(", ")}`),
      ...(tiles.length === 0
        ? []
        : [
            `${tiles.map((name) => `\`${name}\``).join(", ")} of the call ${tiles.length === 1 ? "is" : "are"} of PyTorch's kernel; \`# flexlens: kernel_options={…}\` asks for a tile of these`,
          ]),
      ...told,
      ...faults,
    ],
  };
}

const printed = (value: OptionValue): string =>
  typeof value === "string" ? `"${value}"` : value === true ? "True" : value === false ? "False" : String(value);

/** `BLOCK_M=64, SPLIT_KV=8`; empty where nothing is asked for. */
export function optionsText(options: KernelOptions): string {
  return OPTION_NAMES.flatMap((name) => (options[name] === undefined ? [] : [`${name}=${options[name]}`])).join(", ");
}

/** Whether both ask for the same. */
export const sameOptions = (a: KernelOptions, b: KernelOptions): boolean => OPTION_NAMES.every((name) => a[name] === b[name]);
