/** `torch.nn.attention.flex_attention`: and_masks, or_masks, noop_mask, and the calls that use mods. */
import type { Span } from "../ir/mod.ts";
import { blockMaskValue, fromKvBlocks } from "./blockMask.ts";
import { scalarTensor } from "./tensor.ts";
import { invoke } from "./torchArguments.ts";
import { CREATE } from "./torchCreate.ts";
import { tensorBinary } from "./torchElement.ts";
import { type Builtin, type Call, FALSE, int, isTensor, NO_KWARGS, type Opaque, refuse, TRUE, unknown, type Value } from "./value.ts";

/** `and_masks(*mods)`: their `&`, folded from True; the other folds `|` from False. Called as a mod, calls each. */
function combine(name: "and_masks" | "or_masks"): Builtin {
  const op = name === "and_masks" ? "&" : "|";
  return {
    type: "builtin",
    name,
    call: ({ args: mods }) => {
      const combined: Builtin = {
        type: "builtin",
        name,
        call: ({ run, args, span }) => {
          const at = { run, span };
          return mods.reduce(
            (acc: Value, mod) => {
              const mask = run.call(mod, args, NO_KWARGS, span);
              if (!isTensor(mask) || !isTensor(acc)) {
                const text = run.text(span);
                return refuse("operand-types", span, [
                  text,
                  `\`${name}\` combines tensors, and a mod gives ${mask.type === "bool" ? "Python's own True or False" : "none"}`,
                ]);
              }
              return tensorBinary(at, op, acc, mask);
            },
            scalarTensor(name === "and_masks" ? TRUE : FALSE),
          );
        },
      };
      MODS.set(combined, mods);
      return combined;
    },
  };
}

const MODS = new WeakMap<Value, readonly Value[]>();

/** The mods that `and_masks` or `or_masks` put together, or null for another value. */
export const combinedMods = (v: Value): readonly Value[] | null => MODS.get(v) ?? null;

const noopMask: Builtin = {
  type: "builtin",
  name: "noop_mask",
  call: ({ run, args, span, node }) => {
    const [b] = args;
    const ones = CREATE.methods["new_ones"];
    if (b === undefined || ones === undefined || args.length !== 4)
      return refuse("argument-count", span, ["noop_mask", "takes b, h, q_idx, kv_idx"]);
    return invoke(ones, {
      run,
      name: "noop_mask",
      args: [b, { type: "tuple", items: [] }],
      kwargs: new Map([["dtype", { type: "dtype", dtype: "bool" }]]),
      span,
      node,
    });
  },
};

/** Records the call for the front door, and gives what stands for its result. */
function recorded(callee: string, params: readonly string[], result: (args: ReadonlyMap<string, Value>) => Value): Builtin {
  return {
    type: "builtin",
    name: callee,
    call: (call) => {
      const args = callee === "flex_attention" ? withMaskAsItIs(call, byName(call, params)) : byName(call, params);
      const given = result(args);
      call.run.record(callee, args, given, call.span, placesOf(call, params));
      noteMod(given, args.get("mask_mod"));
      return given;
    },
  };
}

/** The mod that whoever looks for mods was told a BlockMask has. */
const TOLD = new WeakMap<Value, Value>();

/** As `create_block_mask` is given them. */
function lengthsOf(mask: Opaque): readonly (readonly [string, Value])[] {
  const lengths = mask.attributes?.get("seq_lengths");
  const [qLen, kvLen] = lengths?.type === "tuple" ? lengths.items : [];
  return qLen === undefined || kvLen === undefined ? [] : [["Q_LEN", qLen] as const, ["KV_LEN", kvLen] as const];
}

function noteMod(mask: Value, mod: Value | undefined): void {
  if (mod !== undefined) TOLD.set(mask, mod);
}

/** A mask whose mask_mod was assigned, or that indexing made, is told of as another one, with the mod that it has now. */
function withMaskAsItIs({ run, span }: Call, args: ReadonlyMap<string, Value>): ReadonlyMap<string, Value> {
  const mask = args.get("block_mask");
  const mod = mask?.type === "opaque" ? mask.attributes?.get("mask_mod") : undefined;
  if (mask === undefined || mod === undefined || mod.type === "unknown" || TOLD.get(mask) === mod) return args;
  const asItIs: Value = { ...mask };
  const said = new Map([["mask_mod", mod]]);
  const lengthOf = (v: Value | undefined): number | undefined => (v !== undefined && isTensor(v) ? v.shape.at(-2) : undefined);
  for (const [key, tensor] of [["Q_LEN", "query"] as const, ["KV_LEN", "key"] as const]) {
    const length = lengthOf(args.get(tensor));
    if (length !== undefined) said.set(key, int(length));
  }
  run.record("create_block_mask", said, asItIs, span, new Map());
  return new Map([...args, ["block_mask", asItIs]]);
}

/** The mask of these arguments: B and H are 1 where they are None. */
function createdMask(args: ReadonlyMap<string, Value>): Value {
  const one = (name: string): Value | null => (args.get(name)?.type === "none" ? int(1) : (args.get(name) ?? null));
  return blockMaskValue({
    maskMod: args.get("mask_mod") ?? unknown("this BlockMask was made without a mask_mod"),
    batch: one("B"),
    heads: one("H"),
    qLen: args.get("Q_LEN") ?? null,
    kvLen: args.get("KV_LEN") ?? null,
    blockSize: args.get("BLOCK_SIZE") ?? null,
  });
}

/** `BlockMask.from_kv_blocks`: for whoever looks for mods it is a call that makes a mask of one. */
const FROM_KV_BLOCKS: Builtin = {
  type: "builtin",
  name: "BlockMask.from_kv_blocks",
  call: (call) => {
    const args = byName(call, KV_PARAMS);
    const given = fromKvBlocks(args, noopMask);
    const mod = args.get("mask_mod");
    // Its lists decide the sizes, so none is a place to write another in.
    if (mod !== undefined)
      call.run.record("create_block_mask", new Map([["mask_mod", mod], ...lengthsOf(given)]), given, call.span, new Map());
    noteMod(given, mod);
    return given;
  },
};

function byName(call: Call, params: readonly string[]): Map<string, Value> {
  const out = new Map<string, Value>(call.kwargs);
  call.args.forEach((v, i) => {
    const name = params[i];
    if (name !== undefined) out.set(name, v);
  });
  return out;
}

/** Where the arguments stand that the call itself writes out; those after a `*x` are not known. */
function placesOf({ node, args }: Call, params: readonly string[]): Map<string, Span> {
  const places = new Map<string, Span>();
  if (node === null) return places;
  const isWhole = node.args.length === args.length && node.args.every((a) => a.kind !== "Starred");
  for (const [i, arg] of node.args.entries()) {
    const name = params[i];
    if (name !== undefined && isWhole) places.set(name, arg.span);
  }
  for (const { name, value } of node.keywords) if (name !== null) places.set(name, value.span);
  return places;
}

const MASK_PARAMS = [
  ...["mask_mod", "B", "H", "Q_LEN", "KV_LEN", "device", "BLOCK_SIZE", "_compile"],
  ...["separate_full_blocks", "compute_dq_write_order", "dq_kv_order"],
];

const KV_PARAMS = [
  ...["kv_num_blocks", "kv_indices", "full_kv_num_blocks", "full_kv_indices", "BLOCK_SIZE", "mask_mod"],
  ...["seq_lengths", "compute_q_blocks"],
];

export const FLEX: Readonly<Record<string, Value>> = {
  and_masks: combine("and_masks"),
  or_masks: combine("or_masks"),
  noop_mask: noopMask,
  create_block_mask: recorded("create_block_mask", MASK_PARAMS, createdMask),
  create_mask: recorded("create_mask", ["mod_fn", "B", "H", "Q_LEN", "KV_LEN", "device"], () =>
    unknown("the cells that `create_mask` gives are not computed here"),
  ),
  flex_attention: recorded(
    "flex_attention",
    ["query", "key", "value", "score_mod", "block_mask", "scale", "enable_gqa", "return_lse", "kernel_options"],
    () => ({ type: "opaque", what: "attention output" }),
  ),
  BlockMask: {
    type: "class",
    name: "BlockMask",
    bases: [],
    members: new Map([["from_kv_blocks", FROM_KV_BLOCKS]]),
    nameSpan: null,
    fields: null,
    opaque: true,
  },
};
