/** `torch.nn.attention.flex_attention`: and_masks, or_masks, noop_mask, and the calls that use mods. */
import type { Span } from "../ir/mod.ts";
import { scalarTensor } from "./tensor.ts";
import { invoke } from "./torchArguments.ts";
import { CREATE } from "./torchCreate.ts";
import { tensorBinary } from "./torchElement.ts";
import { type Builtin, type Call, FALSE, isTensor, NO_KWARGS, refuse, TRUE, type Value } from "./value.ts";

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
function recorded(callee: string, params: readonly string[], what: string): Builtin {
  return {
    type: "builtin",
    name: callee,
    call: (call) => {
      const result: Value = { type: "opaque", what };
      call.run.record(callee, byName(call, params), result, call.span, placesOf(call, params));
      return result;
    },
  };
}

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

export const FLEX: Readonly<Record<string, Value>> = {
  and_masks: combine("and_masks"),
  or_masks: combine("or_masks"),
  noop_mask: noopMask,
  create_block_mask: recorded("create_block_mask", MASK_PARAMS, "BlockMask"),
  create_mask: recorded("create_mask", ["mod_fn", "B", "H", "Q_LEN", "KV_LEN", "device"], "mask"),
  flex_attention: recorded(
    "flex_attention",
    ["query", "key", "value", "score_mod", "block_mask", "scale", "enable_gqa", "return_lse", "kernel_options"],
    "attention output",
  ),
  BlockMask: { type: "class", name: "BlockMask", bases: [], members: new Map(), nameSpan: null, fields: null, opaque: true },
};
