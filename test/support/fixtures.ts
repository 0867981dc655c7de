/**
 * PyTorch's own values (test/oracle/golden): reading them, and the inputs they were made from. Each fixture names its
 * mods as they stand in test/oracle/variants.py, which the front end itself parses. See golden/README.md.
 */
import { readdirSync, readFileSync } from "node:fs";
import { lowerPair } from "../../kernels/frontend/lower.ts";
import type { BindingValue, LoweredVariant } from "../../kernels/frontend/module.ts";
import { arrayFor, type Capture, type TypedArray } from "../../kernels/ir/mod.ts";
import { type DType, TORCH_NAMES } from "../../kernels/ir/ops.ts";

/** A tensor as the fixtures hold it: `data` for integers and bools, little-endian `b64` for floats. */
export interface EncodedTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data?: readonly (number | string)[];
  readonly b64?: string;
}

export type EncodedArgument = EncodedTensor | number | boolean | string | null | readonly number[];

/** A mod of variants.py: by name, or the factory's name and arguments. */
export type Entry =
  | { readonly name: string; readonly call?: undefined; readonly args?: undefined }
  | { readonly name?: undefined; readonly call: string; readonly args: Readonly<Record<string, EncodedArgument>> };

export interface BlockMaskFields {
  readonly kv_num_blocks: number[][][];
  readonly kv_indices: number[][][][];
  readonly full_kv_num_blocks: number[][][];
  readonly full_kv_indices: number[][][][];
  readonly q_num_blocks: number[][][];
  readonly q_indices: number[][][][];
  readonly full_q_num_blocks: number[][][];
  readonly full_q_indices: number[][][][];
  readonly BLOCK_SIZE: readonly [q: number, kv: number];
  readonly seq_lengths: readonly [q: number, kv: number];
  readonly shape: readonly number[];
  /** PyTorch's percentage, which can be negative. */
  readonly sparsity: number;
}

export interface MaskCase {
  readonly cfg: { readonly B: number; readonly H: number; readonly Sq: number; readonly Skv: number };
  readonly mask: Entry;
  /** Allowed elements. */
  readonly popcount: number;
  /** Of the bits as in `bits_b64`, in hexadecimal. */
  readonly bits_sha256: string;
  /** Row-major [B, H, Sq, Skv], least significant bit first; left out in `m300`. */
  readonly bits_b64?: string;
  readonly block_mask: BlockMaskFields;
  /** `BlockMask.to_string()`; in `m50` alone. */
  readonly to_string?: string;
}

export interface FlexCase {
  readonly cfg: {
    readonly B: number;
    readonly Hq: number;
    readonly Hkv: number;
    readonly Sq: number;
    readonly Skv: number;
    readonly D: number;
    readonly BLOCK_SIZE: number;
  };
  readonly mask: Entry | null;
  readonly score: Entry | null;
  /** float64, [B, Hq, Sq, D]. */
  readonly out: EncodedTensor;
  /** float64, [B, Hq, Sq]; natural logarithm, -inf for a row that is masked throughout. */
  readonly lse: EncodedTensor;
  readonly dq: EncodedTensor;
  readonly dk: EncodedTensor;
  readonly dv: EncodedTensor;
  /** `d_<capture>` for captures that have a gradient. */
  readonly [gradient: `d_${string}`]: EncodedTensor;
}

export interface ScoreGrid {
  readonly cfg: "f24";
  readonly float64: { readonly result_dtype: string; readonly values: EncodedTensor };
  readonly float32: { readonly result_dtype: string; readonly values: EncodedTensor };
}

export interface Fixture {
  readonly variant: string;
  readonly description: string;
  /** Empty where the variant has no mask_mod; else m64, m50, m37x61, m300. */
  readonly mask_cases: Readonly<Record<string, MaskCase>>;
  readonly flex_cases: Readonly<Record<"f24" | "f19x23gqa", FlexCase>>;
  /** score_mod of the f24 case over `rnd([1, 2, 24, 24], 77)` times 2; null where there is none. */
  readonly score_grid: ScoreGrid | null;
  readonly has_mask: boolean;
  readonly has_score: boolean;
}

const ORACLE = new URL("../oracle/", import.meta.url);

export function readGolden(file: string): unknown {
  return JSON.parse(readFileSync(new URL(`golden/${file}`, ORACLE), "utf8"));
}

/** The 64 variants' names. */
export function fixtureNames(): readonly string[] {
  return readdirSync(new URL("golden/", ORACLE))
    .filter((f) => f.endsWith(".json") && !f.startsWith("_") && f !== "index.json")
    .map((f) => f.slice(0, -".json".length))
    .sort();
}

const loaded = new Map<string, Fixture>();

export function loadFixture(name: string): Fixture {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const fixture = readGolden(`${name}.json`) as Fixture;
  loaded.set(name, fixture);
  return fixture;
}

/** The text of variants.py. */
export function variantsText(): string {
  return readFileSync(new URL("variants.py", ORACLE), "utf8");
}

const SHORT = new Map<string, DType>((Object.entries(TORCH_NAMES) as [DType, string][]).map(([short, long]) => [long, short]));

/** @throws Error on a dtype that is not PyTorch's. */
export function decodeTensor(t: EncodedTensor, name = ""): Capture {
  const dtype = SHORT.get(t.dtype);
  if (dtype === undefined) throw new Error(`unknown dtype ${t.dtype}`);
  const length = t.shape.reduce((a, n) => a * n, 1);
  const data: TypedArray = arrayFor(dtype, length);
  if (t.b64 !== undefined) {
    const bytes = Uint8Array.from(Buffer.from(t.b64, "base64"));
    data.set(t.dtype === "float64" ? new Float64Array(bytes.buffer) : new Float32Array(bytes.buffer));
  } else {
    data.set((t.data ?? []).map((x) => (typeof x === "string" ? Number(x.replace("inf", "Infinity")) : x)));
  }
  return { name, dtype, shape: t.shape, data };
}

/** The bits of a mask case, one byte each. */
export function decodeBits(b64: string, count: number): Uint8Array {
  const bytes = Buffer.from(b64, "base64");
  return Uint8Array.from({ length: count }, (_, i) => ((bytes[i >> 3] ?? 0) >> (i & 7)) & 1);
}

/** The generator's portable hash of `i`, an unsigned 32-bit number. */
export function hashU32(i: number, seed: number): number {
  let x = (Math.imul(i + 1, 0x9e3779b1) + Math.imul(seed, 0x85ebca6b)) >>> 0;
  x = (x ^ (x >>> 16)) >>> 0;
  x = Math.imul(x, 0x85ebca6b) >>> 0;
  x = (x ^ (x >>> 13)) >>> 0;
  x = Math.imul(x, 0xc2b2ae35) >>> 0;
  return (x ^ (x >>> 16)) >>> 0;
}

/** The generator's numbers: multiples of 2^-23 in [-1, 1), row-major. */
export function rnd(shape: readonly number[], seed: number): Float64Array {
  return Float64Array.from({ length: shape.reduce((a, n) => a * n, 1) }, (_, i) => ((hashU32(i, seed) >>> 8) - 2 ** 23) / 2 ** 23);
}

/** q, k, v and the output's gradient of a flex case. */
export function flexInputs(cfg: FlexCase["cfg"]): Record<"q" | "k" | "v" | "gradOut", Float64Array> {
  const scaled = (x: Float64Array): Float64Array => x.map((v) => v * 1.5);
  return {
    q: scaled(rnd([cfg.B, cfg.Hq, cfg.Sq, cfg.D], 101)),
    k: scaled(rnd([cfg.B, cfg.Hkv, cfg.Skv, cfg.D], 102)),
    v: rnd([cfg.B, cfg.Hkv, cfg.Skv, cfg.D], 103),
    gradOut: rnd([cfg.B, cfg.Hq, cfg.Sq, cfg.D], 104),
  };
}

/** What an entry's mod is called in `LoweredModule`. */
export function entryName(entry: Entry): string {
  return entry.name ?? entry.call;
}

/** An entry's arguments as bindings, `name.parameter` each: tensors as captures, the rest as Python text. */
export function bindingsOf(entry: Entry | null): Record<string, BindingValue> {
  const bindings: Record<string, BindingValue> = {};
  if (entry?.call === undefined) return bindings;
  for (const [name, value] of Object.entries(entry.args)) {
    bindings[`${entry.call}.${name}`] = isTensor(value) ? decodeTensor(value, name) : pythonText(value);
  }
  return bindings;
}

function isTensor(value: EncodedArgument): value is EncodedTensor {
  return typeof value === "object" && value !== null && "dtype" in value;
}

function pythonText(value: Exclude<EncodedArgument, EncodedTensor>): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") return String(value);
  return `[${value.join(", ")}]`;
}

/**
 * Lowers the mods of a fixture's case, found in variants.py with its arguments bound.
 * @throws Error with the diagnostics where a mod does not lower, or lowers with an error.
 */
export function lowerEntry(
  entries: { readonly mask: Entry | null; readonly score?: Entry | null },
  scoreDType: "f32" | "f64" = "f64",
): LoweredVariant {
  const { mask } = entries;
  const score = entries.score ?? null;
  const sources = [{ file: "variants.py", text: variantsText() }];
  const options = { bindings: { ...bindingsOf(mask), ...bindingsOf(score) }, scoreDType };
  const { variant, diagnostics } = lowerPair(sources, score && entryName(score), mask && entryName(mask), options);
  if (variant === null) throw new Error(diagnostics.map((d) => `${d.code}: ${d.message}`).join("\n"));
  return variant;
}
