/** What the text says of the problem: reserved keys of form and directives, and call sites, as `ProblemHints`. */

import { type Capture, type Mod, type ProblemHints, SIZE_KEYS } from "../ir/mod.ts";
import { postorder } from "../ir/walk.ts";
import type { Subject } from "./bindings.ts";
import type { Directive, ReservedKey } from "./directive.ts";
import type { RecordedCall } from "./evaluate.ts";
import { callOptions } from "./kernelWish.ts";
import { isTensor, numberOf, type Value } from "./value.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The hint that a reserved key gives, or null with the reason where its value is no size. */
export function reservedHint(key: ReservedKey, value: Value): { readonly hint: ProblemHints } | { readonly why: string } {
  if (key === "SCALE") {
    if ((value.type === "float" || value.type === "int") && Number.isFinite(numberOf(value))) return { hint: { scale: numberOf(value) } };
    return { why: "it must be a number" };
  }
  if (key === "DTYPE") {
    const storage = storageOf(value);
    return storage === null
      ? { why: "it must be torch.float32 or torch.float16: kernels keep q, k and v as one of these" }
      : { hint: { storage } };
  }
  if (key === "BLOCK_SIZE") {
    const blockSize = blockSizeOf(value);
    return blockSize === null ? { why: "it must be a positive integer, or a pair of them" } : { hint: { blockSize } };
  }
  const n = sizeOf(value);
  if (n === null) return { why: "it must be a positive integer" };
  return { hint: { [SIZE_KEYS[key]]: n } };
}

/** What directives say of the kernel: those at the subject's statements before those of the whole file, later ones first. */
export function kernelHints(directives: readonly Directive[], { targets }: Pick<Subject, "targets">): ProblemHints {
  const of = (list: readonly Directive[]): ProblemHints[] => list.map((d) => d.kernel.hints).reverse();
  const isNear = (d: Directive): boolean => d.target !== null && targets.includes(d.target);
  return mergeHints([...of(directives.filter(isNear)), ...of(directives.filter((d) => d.target === null))]);
}

/** `create_block_mask(mask_mod, B, H, Q_LEN, KV_LEN, BLOCK_SIZE=…)`, `flex_attention(q, k, v, scale=…)`. */
export function callHints(call: RecordedCall): ProblemHints {
  const hints: Mutable<ProblemHints> = {};
  const put = (field: (typeof SIZE_KEYS)[keyof typeof SIZE_KEYS], size: number | null | undefined): void => {
    if (size !== null && size !== undefined) hints[field] = size;
  };
  if (call.callee === "flex_attention") {
    const [query, key, value] = ["query", "key", "value"].map((n) => call.args.get(n));
    const shape = (v: Value | undefined): readonly number[] => (v !== undefined && isTensor(v) && v.shape.length === 4 ? v.shape : []);
    const [batch, qHeads, qLen, qkHeadDim] = shape(query);
    const [, kvHeads, kvLen] = shape(key);
    const vHeadDim = shape(value)[3];
    put("batch", batch);
    put("qHeads", qHeads);
    put("qLen", qLen);
    put("qkHeadDim", qkHeadDim);
    put("kvHeads", kvHeads);
    put("kvLen", kvLen);
    put("vHeadDim", vHeadDim);
    const scale = call.args.get("scale");
    if (scale?.type === "float" || scale?.type === "int") hints.scale = numberOf(scale);
    const options = callOptions(call.args.get("kernel_options"));
    if (options !== null) hints.callKernelOptions = options;
    return hints;
  }
  for (const key of ["B", "H", "Q_LEN", "KV_LEN"] as const) put(SIZE_KEYS[key], sizeOf(call.args.get(key)));
  const block = call.args.get("BLOCK_SIZE");
  const blockSize = block === undefined ? null : blockSizeOf(block);
  if (blockSize !== null) hints.blockSize = blockSize;
  const separate = call.args.get("separate_full_blocks");
  if (separate?.type === "bool") hints.separateFullBlocks = separate.value;
  const ordered = call.args.get("compute_dq_write_order");
  const order = call.args.get("dq_kv_order");
  if (ordered?.type === "bool" && ordered.value) hints.dqKvOrder = order?.type === "bool" ? order.value : true;
  return hints;
}

/**
 * Lengths that a mod's captures set: `doc[q_idx]` with 4,096 elements is made for 4,096 queries. `given` are the
 * captures that count: made-up ones were sized by the problem, and prove nothing.
 */
export function captureHints(mods: readonly (Mod | null)[], given: (capture: Capture) => boolean): ProblemHints {
  const hints: Mutable<ProblemHints> = {};
  const field = { b: "batch", h: "qHeads", q_idx: "qLen", kv_idx: "kvLen" } as const;
  for (const e of postorder(mods.flatMap((m) => (m === null ? [] : [m.body])))) {
    if (e.kind !== "load" || !given(e.capture)) continue;
    e.indices.forEach((index, d) => {
      const n = e.capture.shape[d];
      if (index.kind !== "var" || index.name === "score" || n === undefined || n < 1) return;
      const key = field[index.name];
      // A batch or head of one is a table that broadcasts by hand, or a small example: it says no less than others.
      hints[key] = Math.min(hints[key] ?? Number.POSITIVE_INFINITY, n);
    });
  }
  return hints;
}

/** The first of `all` that says something, for each size. */
export function mergeHints(all: readonly ProblemHints[]): ProblemHints {
  const merged: Mutable<ProblemHints> = {};
  for (let i = all.length - 1; i >= 0; i--) Object.assign(merged, all[i]);
  return merged;
}

function sizeOf(value: Value | undefined): number | null {
  if (value?.type !== "int") return null;
  const n = numberOf(value);
  return Number.isSafeInteger(n) && n > 0 ? n : null;
}

/** Names that a storage type goes by. */
const STORAGE_NAMES: Readonly<Record<string, "f32" | "f16">> = {
  float32: "f32",
  float: "f32",
  f32: "f32",
  float16: "f16",
  half: "f16",
  f16: "f16",
};

/** The storage type that a text names (`f16`, `half`, `torch.float16`, …); null where it names none. */
export function storageNamed(text: string): "f32" | "f16" | null {
  const name = text.replace(/^torch\./, "");
  return Object.hasOwn(STORAGE_NAMES, name) ? (STORAGE_NAMES[name] ?? null) : null;
}

function storageOf(value: Value): "f32" | "f16" | null {
  if (value.type === "dtype") return value.dtype === "f32" || value.dtype === "f16" ? value.dtype : null;
  return value.type === "str" ? storageNamed(value.value) : null;
}

function blockSizeOf(value: Value): readonly [number, number] | null {
  const one = sizeOf(value);
  if (one !== null) return [one, one];
  if (value.type !== "tuple" && value.type !== "list") return null;
  const [q, kv] = [sizeOf(value.items[0]), sizeOf(value.items[1])];
  return q === null || kv === null || value.items.length !== 2 ? null : [q, kv];
}
