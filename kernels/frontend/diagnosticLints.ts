/** Rows of the table of diagnostics (diagnostic.ts): the lints (kernels/lint). */
import { hint, quote, warning } from "./diagnosticRow.ts";

// Words named `text`, `name`, … are the user's own and come in without backticks.

/** What is worth a word about mods that lower well. */
export const LINTS = {
  "index-may-leave": warning(
    (text: string, value: string, place: string, size: string) =>
      `${quote(text)} reads element ${value} of ${size}${place === "" ? "" : ` at ${place}`} if the lengths are those of the captured tensors: PyTorch then raises, or reads another tensor's memory once compiled; clamp the index.`,
    "A captured tensor is indexed beyond its end, at the lengths that the mod's captures have.",
  ),
  "index-leaves-later": hint(
    (text: string, value: string, place: string, size: string, length: string) =>
      `${quote(text)} reads element ${value} of ${size} at ${place}, where PyTorch raises; no length is stated here, so say how far it goes, as with \`# flexlens: Q_LEN=${length}, KV_LEN=${length}\`.`,
    "A captured tensor is indexed beyond its end at the lengths that are assumed where none is stated.",
  ),
  "negative-index-wraps": hint(
    (text: string, value: string, place: string, size: string) =>
      `${quote(text)} reads element ${value}${place === "" ? "" : ` at ${place}`}, which PyTorch counts from the end of the ${size} without a word; clamp the index with \`.clamp(min=0)\`, or mask those cells.`,
    "A negative index whose value the result depends on.",
  ),
  "int32-overflow": warning(
    (text: string, value: string, place: string) =>
      `${quote(text)} is ${value} at ${place}, beyond int32, in which a GPU computes indices (a CPU computes in int64, and gets another value); convert first, as in \`q_idx.to(torch.int64)\`.`,
    "Arithmetic of indices that leaves 32 bits at the problem's lengths.",
  ),
  "mask-repeated": warning(
    (mask: string, variable: string, argument: string, text: string, times: string) =>
      `${quote(mask)} does not read \`${variable}\`, so \`${argument}=${text}\` computes and stores the same blocks ${times}; pass None, which stores them once.`,
    "A mask that ignores `b` or `h` is built with `B=` or `H=`: the same blocks again and again, until memory runs out.",
  ),
  "mask-always-true": hint(
    (name: string, where: string) =>
      `${quote(name)} allows every cell ${where}; leave the mask out, and attention is as fast as without FlexAttention.`,
    "A mask that masks nothing.",
  ),
  "mask-always-false": warning(
    (name: string, where: string) => `${quote(name)} allows no cell ${where}, so the output is 0 everywhere; check its conditions.`,
    "A mask that lets nothing through.",
  ),
  "empty-rows": hint(
    (name: string, place: string, rest: string) =>
      `${quote(name)} lets the query at ${place} see no key, ${rest}: its output is 0 and its lse -inf; if that is not padding, allow \`q_idx == kv_idx\` as well.`,
    "Queries that see no key at all.",
  ),
  "mask-ignores-positions": hint(
    (name: string) =>
      `${quote(name)} reads neither \`q_idx\` nor \`kv_idx\`: it keeps or drops whole heads and batches; compare positions if that is not meant.`,
    "A mask that is the same for every query and key.",
  ),
  "block-size-wasteful": hint(
    (name: string, size: string, share: string, better: string, saved: string, way: string) =>
      `${share} of the cells in the partial blocks of ${quote(name)} are masked at BLOCK_SIZE ${size}, and computed all the same; BLOCK_SIZE=${better} computes ${saved} fewer cells${way}.`,
    "A mask finer than its blocks, as of many short documents.",
  ),
  "causal-reversed": warning(
    (name: string, text: string) =>
      `${quote(text)} lets a query see the keys after it and hides those before, and ${quote(name)} is called causal; write \`q_idx >= kv_idx\`.`,
    "A mask called causal that looks into the future.",
  ),
  "causal-top-left": hint(
    (text: string, qLen: string, kvLen: string, by: string) =>
      `With Q_LEN = ${qLen} and KV_LEN = ${kvLen}, ${quote(text)} starts at the first key: the last query sees ${qLen} of ${kvLen} keys. For queries that come last, as in decoding, add the offset: \`q_idx + ${by} >= kv_idx\`.`,
    "`q_idx >= kv_idx` with fewer queries than keys.",
  ),
  "score-unused": warning(
    (name: string) =>
      `The result of ${quote(name)} does not depend on \`score\`, so q and k have no effect; add to it, as in \`score + …\`.`,
    "A score_mod that drops the score.",
  ),
  "recompiles-each-step": warning(
    (name: string, change: string) =>
      `${quote(name)} is a Python int that changes with ${quote(change)}: torch.compile compiles flex_attention again for each value, and after 8 runs it unfused; capture a tensor that is updated in place, as in \`step = torch.tensor(0)\` and \`step += 1\`.`,
    "A captured int of a global or an attribute that is counted up.",
  ),
  "recompiles-on-change": hint(
    (name: string, change: string) =>
      `${quote(name)} is a Python number that changes with ${quote(change)}, and torch.compile guards on it: flex_attention is compiled again when it does; a captured tensor, as \`torch.tensor(…)\`, is compiled once.`,
    "A captured number of a loop that calls flex_attention.",
  ),
  "cell-run-last": hint(
    (name: string, ran: string, read: string) =>
      `${quote(name)} was last set by the cell run as ${ran}, above; what is shown here is this cell's, run as ${read}, for cells are read from top to bottom. Run this cell again, or all in their order.`,
    "A notebook in which a cell above was run last, and so set another value than the one that is read.",
  ),
  "cell-outdated": hint(
    (name: string, own: string, other: string, source: string) =>
      `${quote(name)} was computed in ${own}, before ${quote(other)} was set anew in ${source}; what is shown is what this cell would give now. Run it again.`,
    "A notebook in which a value was not computed again after what it is made of has changed.",
  ),
  "cell-below": hint(
    (name: string, other: string, source: string) =>
      `${quote(name)} is made of ${quote(other)}, which the cell run as ${source} sets further down; cells are read from top to bottom, so it is not known here. Move that cell up.`,
    "A notebook in which a value is made of one that is set further down, by a cell that was run before.",
  ),
} as const;
