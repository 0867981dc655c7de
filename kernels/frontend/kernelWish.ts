/**
 * What the text says of the kernel that runs a mod: `kernel="quad"` and `kernel_options={…}` of a directive, and the
 * `kernel_options` of a `flex_attention` call. In: a directive's entry, or the call's value. Out: plain data for
 * flash/kernelOptions.ts, which says what each option means. A directive's are literals: nothing of the module is
 * evaluated for them, and a `kernel` that names no family of kernels is a capture's value like any other.
 */
import { KERNELS, type KernelName, type OptionValue, type ProblemHints } from "../ir/mod.ts";
import type { Expression } from "./syntax.ts";
import { numberOf, type Value } from "./value.ts";

/** The keys, with what completion says of them. */
export const KERNEL_KEYS = {
  kernel: `The kernel family, or families, that may run: ${KERNELS.map((name) => `\`"${name}"\``).join(", ")}.`,
  kernel_options: 'The kernel\'s tile: `{"BLOCK_M": 64}`; also `BLOCK_N`, `ROWS`, `WORKGROUP_SIZE`, `SPLIT_KV`.',
} as const;

/** The hint of `key=value`; `why`: what is wrong with it; null: it does not speak of kernels. */
export function kernelHint(key: string, value: Expression): { readonly hint: ProblemHints } | { readonly why: string } | null {
  if (key === "kernel") {
    const names = (value.kind === "Sequence" ? value.elements : [value]).map(kernelName);
    return names.length > 0 && names.every((name) => name !== null) ? { hint: { kernel: names } } : null;
  }
  if (key !== "kernel_options" || value.kind !== "Dict") return null;
  const options: Record<string, OptionValue> = {};
  for (const entry of value.entries) {
    const name = entry.key === null ? null : literal(entry.key);
    const given = literal(entry.value);
    if (typeof name !== "string" || given === null)
      return { why: "its names and values must be written out: texts, numbers, True or False" };
    options[name] = given;
  }
  return { hint: { kernelOptions: options } };
}

function kernelName(e: Expression): KernelName | null {
  const text = literal(e);
  return KERNELS.find((name) => name === text) ?? null;
}

function literal(e: Expression): OptionValue | null {
  if (e.kind !== "Constant") return null;
  switch (e.literal.type) {
    case "int":
    case "float":
      return Number(e.literal.value);
    case "str":
    case "bool":
      return e.literal.value;
    default:
      return null;
  }
}

/** `kernel_options` of a call: what of it the text gives as numbers, truths and texts. */
export function callOptions(value: Value | undefined): Readonly<Record<string, OptionValue>> | null {
  if (value?.type !== "dict") return null;
  const options: Record<string, OptionValue> = {};
  for (const { key, value: given } of value.entries.values()) {
    if (key.type !== "str") continue;
    if (given.type === "int" || given.type === "float") options[key.value] = numberOf(given);
    else if (given.type === "bool" || given.type === "str") options[key.value] = given.value;
  }
  return Object.keys(options).length === 0 ? null : options;
}
