/**
 * A BlockMask of module code, as far as text tells: its mask_mod, block size and lengths, and what `to`, `_adjust` and
 * `[…]` make of them. Its lists are not computed here, so they and what follows from them (`sparsity()`, `to_dense()`)
 * are not known. `mask_mod` can be assigned, as decoding does at each step.
 */
import { type Builtin, bigInt, int, type Opaque, refuse, tuple, unknown, type Value } from "./value.ts";

/** Values as they were given; null where nothing gives them. */
export interface BlockMaskFacts {
  readonly maskMod: Value;
  readonly batch: Value | null;
  readonly heads: Value | null;
  readonly qLen: Value | null;
  readonly kvLen: Value | null;
  /** An int or a pair; null: PyTorch's 128. */
  readonly blockSize: Value | null;
}

const DEFAULT_BLOCK = int(128);

/** What stands for the mask: an object with attributes, which assignments change. */
export function blockMaskValue(facts: BlockMaskFacts): Opaque {
  const { maskMod, batch, heads, qLen, kvLen, blockSize } = facts;
  const lengths = [given(qLen), given(kvLen)];
  const attributes = new Map<string, Value>([
    ["mask_mod", maskMod],
    ["BLOCK_SIZE", pairOf(blockSize ?? DEFAULT_BLOCK)],
    ["seq_lengths", tuple(lengths)],
    ["shape", tuple([given(batch), given(heads), ...lengths])],
  ]);
  const value: Opaque = {
    type: "opaque",
    what: "BlockMask",
    attributes,
    // Which batches, heads and rows are left is not followed; a mod must be attached again.
    item: () => blockMaskValue({ ...facts, maskMod: SLICED, batch: null, heads: null }),
  };
  const method = (name: string, call: Builtin["call"]): void => {
    attributes.set(name, { type: "builtin", name, call });
  };
  method("to", () => value);
  method("numel", () => productOf([batch, heads, qLen, kvLen]));
  method("_adjust", ({ args, kwargs }) =>
    blockMaskValue({
      ...facts,
      maskMod: attributes.get("mask_mod") ?? maskMod,
      qLen: args[0] ?? kwargs.get("new_q_len") ?? null,
      kvLen: args[1] ?? kwargs.get("new_kv_len") ?? null,
    }),
  );
  return value;
}

const given = (v: Value | null): Value => v ?? unknown("the text does not say the sizes of this BlockMask");

function pairOf(size: Value): Value {
  if (size.type === "int") return tuple([size, size]);
  return size.type === "list" ? tuple(size.items) : size;
}

function productOf(sizes: readonly (Value | null)[]): Value {
  let n = 1n;
  for (const size of sizes) {
    if (size?.type !== "int") return unknown("the text does not say the sizes of this BlockMask");
    n *= BigInt(size.value);
  }
  return bigInt(n);
}

/** What indexing leaves in `mask_mod`: it raises when a kernel calls it. */
const SLICED: Builtin = {
  type: "builtin",
  name: "_sliced_mask_mod_error",
  call: ({ run, span }) => refuse("sliced-mask-mod", span, [run.text(span)]),
};

/** `BlockMask.from_kv_blocks(…)`: lengths as given, or those of the lists' blocks. */
export function fromKvBlocks(args: ReadonlyMap<string, Value>, noop: Value): Opaque {
  const mod = args.get("mask_mod");
  const blockSize = args.get("BLOCK_SIZE") ?? null;
  const lengths = args.get("seq_lengths");
  const lists = args.get("kv_indices");
  const shape = lists?.type === "tensor" ? lists.shape : [];
  const [batch = null, heads = null, rows = null, columns = null] = shape.length === 4 ? shape.map((n) => int(n)) : [];
  const pair = pairOf(blockSize ?? DEFAULT_BLOCK);
  const blocks = pair.type === "tuple" ? pair.items : [];
  const covered = (count: Value | null, size: Value | undefined): Value | null => {
    const n = productOf([count, size ?? null]);
    return n.type === "int" ? n : null;
  };
  const [qLen, kvLen] = lengths?.type === "tuple" || lengths?.type === "list" ? lengths.items : [];
  const isGiven = lengths !== undefined && lengths.type !== "none";
  return blockMaskValue({
    maskMod: mod === undefined || mod.type === "none" ? noop : mod,
    batch,
    heads,
    qLen: isGiven ? (qLen ?? null) : covered(rows, blocks[0]),
    kvLen: isGiven ? (kvLen ?? null) : covered(columns, blocks[1]),
    blockSize,
  });
}
