/**
 * BlockMask's whole surface against PyTorch's own values (blockMask.json, made by blockMaskGenerate.py): every field,
 * number, text and exception, of masks that mods make and of lists written by hand, as made, indexed and adjusted. The
 * mods' text is read by the front end.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { lowerPair } from "../../kernels/frontend/lower.ts";
import type { Expr } from "../../kernels/ir/expr.ts";
import { buildBlockMask } from "../../kernels/mask/build.ts";
import { createMask } from "../../kernels/mask/createMask.ts";
import {
  adjusted,
  asTuple,
  fromKvBlocks,
  type KvBlocks,
  listedDense,
  listedSparsity,
  type TorchBlockMask,
  torchBlockMask,
  torchNumel,
  torchPercent,
  torchShape,
} from "../../kernels/mask/torchBlockMask.ts";
import { type BlockIndex, itemOf } from "../../kernels/mask/torchIndex.ts";
import { type IntTensor, TorchRefusal } from "../../kernels/mask/torchOrder.ts";
import { type GridSize, listedRepr, listedString, listedText, percentText, torchString, torchText } from "../../kernels/mask/torchText.ts";

interface Encoded {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface Refused {
  readonly error: string;
  readonly message: string;
}
type Nested = number | readonly Nested[];
interface Make {
  readonly mod: string;
  readonly B: number | null;
  readonly H: number | null;
  readonly Q: number;
  readonly KV: number;
  readonly BLOCK_SIZE?: number | readonly [number, number];
  readonly separate_full_blocks?: boolean;
  readonly compute_dq_write_order?: boolean;
  readonly dq_kv_order?: boolean;
}
interface Hand {
  readonly kv_num_blocks: Nested;
  readonly kv_indices: Nested;
  readonly full_kv_num_blocks?: Nested;
  readonly full_kv_indices?: Nested;
  readonly BLOCK_SIZE?: number | readonly [number, number];
  readonly seq_lengths?: readonly [number, number];
  readonly compute_q_blocks?: boolean;
  readonly mod?: string;
  readonly dq_kv_order?: Nested | boolean;
  readonly dq_write_order_full?: Nested;
}
type Step = { readonly index: readonly BlockIndex[] } | { readonly adjust: readonly [number, number] };
interface Drawn {
  readonly grid: GridSize;
  readonly limit: number;
  readonly text: string | Refused;
}
interface Recorded {
  readonly BLOCK_SIZE: readonly number[];
  readonly seq_lengths: readonly number[];
  readonly shape: readonly number[];
  readonly numel: number;
  readonly mask_mod: string;
  readonly dq_kv_order_spt: boolean | null;
  readonly sparsity: number | Refused;
  readonly to_dense: Encoded | Refused;
  readonly str: string | Refused;
  readonly repr: string | Refused;
  readonly drawn?: readonly Drawn[];
  readonly as_tuple: {
    readonly names: readonly (string | null)[];
    readonly length: number;
    readonly nested: readonly number[];
    readonly nested_length: number;
    readonly ends: readonly unknown[];
  };
  readonly [list: string]: unknown;
}
interface Case {
  readonly make: string;
  readonly steps: readonly Step[];
  readonly result: Recorded | Refused;
}
interface Golden {
  readonly mods: string;
  readonly makes: Readonly<Record<string, Make>>;
  readonly hand: Readonly<Record<string, Hand>>;
  readonly cases: readonly Case[];
  readonly create_mask: Readonly<Record<string, string>>;
  readonly create_mask_of_score: Readonly<Record<string, string>>;
  readonly percents: readonly (readonly [computed: number, total: number, percent: number, text: string])[];
}

const golden = JSON.parse(readFileSync(new URL("blockMask.json", import.meta.url), "utf8")) as Golden;

/** Our names of PyTorch's lists. */
const LISTS = {
  kv_num_blocks: "kvNumBlocks",
  kv_indices: "kvIndices",
  full_kv_num_blocks: "fullKvNumBlocks",
  full_kv_indices: "fullKvIndices",
  q_num_blocks: "qNumBlocks",
  q_indices: "qIndices",
  full_q_num_blocks: "fullQNumBlocks",
  full_q_indices: "fullQIndices",
  dq_write_order: "dqWriteOrder",
  dq_write_order_full: "dqWriteOrderFull",
  dq_kv_order: "dqKvOrder",
} as const;

const isRefused = (x: unknown): x is Refused => typeof x === "object" && x !== null && "error" in x;

const bodies = new Map<string, Expr>();
function bodyOf(mod: string): Expr {
  const known = bodies.get(mod);
  if (known !== undefined) return known;
  const body = lowerPair([{ file: "mods.py", text: golden.mods }], null, mod).variant?.maskMod?.body;
  if (body === undefined) throw new Error(`${mod} does not lower`);
  bodies.set(mod, body);
  return body;
}

const pairOf = (size: number | readonly [number, number] = 128): readonly [number, number] =>
  typeof size === "number" ? [size, size] : size;

function built(m: Make) {
  return buildBlockMask(bodyOf(m.mod), { batch: m.B ?? 1, heads: m.H ?? 1, qLen: m.Q, kvLen: m.KV }, pairOf(m.BLOCK_SIZE));
}

/** The name that Python gives the function: the variables `and_masks` and the like are assigned to are not known to it. */
const FUNCTION_NAMES: Readonly<Record<string, string>> = {
  everything: "noop_mask",
  causal_window: "and_mask",
  window_or_stripes: "or_mask",
};

function made(name: string): TorchBlockMask {
  const m = golden.makes[name];
  if (m !== undefined) {
    return torchBlockMask(built(m), {
      batch: m.B ?? 1,
      heads: m.H ?? 1,
      maskMod: { name: FUNCTION_NAMES[m.mod] ?? m.mod, body: bodyOf(m.mod) },
      ...(m.separate_full_blocks === undefined ? {} : { separateFullBlocks: m.separate_full_blocks }),
      ...(m.compute_dq_write_order === true ? { dqKvOrder: m.dq_kv_order ?? true } : {}),
    });
  }
  const h = golden.hand[name];
  if (h === undefined) throw new Error(`nothing makes ${name}`);
  const optional = (x: Nested | undefined): IntTensor | null => (x === undefined ? null : tensorOf(x));
  const blocks: KvBlocks = {
    kvNumBlocks: tensorOf(h.kv_num_blocks),
    kvIndices: tensorOf(h.kv_indices),
    fullKvNumBlocks: optional(h.full_kv_num_blocks),
    fullKvIndices: optional(h.full_kv_indices),
    dqWriteOrderFull: optional(h.dq_write_order_full),
    dqKvOrder: typeof h.dq_kv_order === "boolean" ? h.dq_kv_order : optional(h.dq_kv_order),
    ...(h.BLOCK_SIZE === undefined ? {} : { blockSize: h.BLOCK_SIZE }),
    ...(h.seq_lengths === undefined ? {} : { seqLengths: h.seq_lengths }),
    ...(h.compute_q_blocks === undefined ? {} : { computeQBlocks: h.compute_q_blocks }),
    ...(h.mod === undefined ? {} : { maskMod: { name: h.mod, body: bodyOf(h.mod) } }),
  };
  return fromKvBlocks(blocks);
}

function tensorOf(x: Nested): IntTensor {
  const shape: number[] = [];
  for (let at: Nested | undefined = x; at !== undefined && typeof at !== "number"; at = at[0]) shape.push(at.length);
  const flat = (y: Nested): readonly number[] => (typeof y === "number" ? [y] : y.flatMap(flat));
  return { shape, data: Int32Array.from(flat(x)) };
}

const run = (c: Case): TorchBlockMask =>
  c.steps.reduce((m, step) => ("adjust" in step ? adjusted(m, ...step.adjust) : itemOf(m, step.index)), made(c.make));

const plain = (t: IntTensor | null): unknown => (t === null ? null : { shape: t.shape, data: Array.from(t.data) });

/** What `f` gives, or what it refuses with, as recorded. */
function attempt(f: () => unknown): unknown {
  try {
    return f();
  } catch (error) {
    if (error instanceof TorchRefusal) return { error: error.type, message: error.message };
    throw error;
  }
}

function check(m: TorchBlockMask, want: Recorded): void {
  for (const [theirs, ours] of Object.entries(LISTS)) expect([theirs, plain(m[ours])]).toEqual([theirs, want[theirs]]);
  expect(m.dqKvOrderSpt).toBe(want.dq_kv_order_spt);
  expect(m.blockSize).toEqual(want.BLOCK_SIZE);
  expect(m.seqLengths).toEqual(want.seq_lengths);
  expect(m.maskMod.name).toBe(want.mask_mod);
  expect(torchShape(m)).toEqual(want.shape);
  expect(torchNumel(m)).toBe(want.numel);
  expect(attempt(() => listedSparsity(m))).toEqual(want.sparsity);
  expect(attempt(() => plain(listedDense(m)))).toEqual(want.to_dense);
  expect(attempt(() => listedText(m))).toEqual(want.str);
  expect(attempt(() => listedRepr(m))).toEqual(want.repr);
  checkTuple(m, want.as_tuple);
  for (const { grid, limit, text } of want.drawn ?? []) expect(attempt(() => listedString(m, grid, limit))).toEqual(text);
}

function checkTuple(m: TorchBlockMask, want: Recorded["as_tuple"]): void {
  const flat = asTuple(m);
  const nested = asTuple(m, false);
  const nameOf = (x: unknown): string | null => Object.entries(LISTS).find(([, ours]) => x !== null && m[ours] === x)?.[0] ?? null;
  expect(flat.map(nameOf)).toEqual(want.names);
  expect(flat).toHaveLength(want.length);
  expect(nested).toHaveLength(want.nested_length);
  expect(nested.flatMap((x, i) => (Array.isArray(x) ? [i] : []))).toEqual(want.nested);
  expect([flat[0], flat[1], flat.at(-3), flat.at(-2), m.maskMod.name]).toEqual(want.ends);
  expect(flat.at(-1)).toBe(m.maskMod);
}

/** Where PyTorch stumbles inside of itself, its words say nothing of the call; ours say what is missing. */
const INNER = /^Attempting to broadcast|values to unpack/;

describe("PyTorch's BlockMask", () => {
  test.each(golden.cases.map((c) => [c.make, JSON.stringify(c.steps), c] as const))("%s, then %s", (_, __, c) => {
    const want = c.result;
    if (!isRefused(want)) check(run(c), want);
    else if (INNER.test(want.message)) expect(attempt(() => run(c))).toHaveProperty("error");
    else expect(attempt(() => run(c))).toEqual(want);
  });

  test("there are cases of each kind, and PyTorch refuses some", () => {
    expect(golden.cases.length).toBeGreaterThan(220);
    expect(golden.cases.filter((c) => isRefused(c.result)).length).toBeGreaterThan(30);
  });
});

describe("the texts of a mask straight from its runs", () => {
  const whole = golden.cases.filter((c) => c.steps.length === 0 && golden.makes[c.make] !== undefined);
  test.each(whole.map((c) => [c.make, c.result] as const))("%s", (name, result) => {
    const m = golden.makes[name];
    if (m === undefined || isRefused(result)) throw new Error(`${name} is made by no mod`);
    const [batch, heads] = [m.B ?? 1, m.H ?? 1];
    expect(torchText(built(m), batch, heads)).toBe(result.str);
    for (const { grid, limit, text } of result.drawn ?? []) expect(torchString(built(m), batch, heads, grid, limit)).toBe(text);
  });
});

describe("create_mask", () => {
  test.each(Object.entries(golden.create_mask))("of the mask of %s", (name, bits) => {
    const m = golden.makes[name];
    if (m === undefined) throw new Error(`${name} is made by no mod`);
    const size = { batch: m.B ?? 1, heads: m.H ?? 1, qLen: m.Q, kvLen: m.KV };
    expect(createMask({ kind: "mask_mod", body: bodyOf(m.mod) }, size).join("")).toBe(bits);
  });

  test.each(Object.entries(golden.create_mask_of_score))("of the score_mod %s: where it is not -inf", (name, bits) => {
    const mod = lowerPair([{ file: "mods.py", text: golden.mods }], name, null).variant?.scoreMod;
    if (mod === null || mod === undefined) throw new Error(`${name} does not lower`);
    expect(createMask(mod, { batch: 2, heads: 2, qLen: 9, kvLen: 7 }).join("")).toBe(bits);
    expect(bits).toContain("0");
  });
});

test("percentages are Python's, below zero and at a tie of the third digit too", () => {
  for (const [computed, total, percent, text] of golden.percents) {
    expect(torchPercent(computed, total)).toBe(percent);
    expect(percentText(percent)).toBe(text);
  }
});
