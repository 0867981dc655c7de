/**
 * PyTorch's way of writing down which blocks of a line are present: a count, and a list that names the present ones
 * first. Lists ⇄ occupancy, and the transpose, for any number of leading dimensions and for lists written by hand:
 * entries after the count are ignored, a block named twice is there once, and what is out of range is refused as
 * PyTorch refuses it. Masks built here do not come this way (torchView.ts writes their lists from runs).
 */

/** An int32 tensor, row-major. */
export interface IntTensor {
  readonly shape: readonly number[];
  readonly data: Int32Array;
}

/** What PyTorch raises, with the name of its exception. */
export class TorchRefusal extends Error {
  readonly type: "AssertionError" | "IndexError" | "NotImplementedError" | "RuntimeError" | "ValueError" | "ZeroDivisionError";
  constructor(type: TorchRefusal["type"], message: string) {
    super(message);
    this.type = type;
  }
}

/** Present blocks of lines: counts [..., lines] and ids [..., lines, length]. */
export interface OrderedBlocks {
  readonly counts: IntTensor;
  readonly indices: IntTensor;
}

export const product = (shape: readonly number[]): number => shape.reduce((n, s) => n * s, 1);

/** The last dimension of a shape that has one. */
export const lastOf = (shape: readonly number[]): number => shape.at(-1) ?? 0;

/**
 * Occupancy, 0 or 1, [..., lines, columns].
 * @throws TorchRefusal where a present entry names no column, or counts and ids do not belong together.
 */
export function orderedToDense({ counts, indices }: OrderedBlocks, columns: number): IntTensor {
  const [lines, length] = [indices.shape.at(-2) ?? 0, lastOf(indices.shape)];
  const lead = indices.shape.slice(0, -2);
  if (String(counts.shape) !== String([...lead, lines])) {
    const told = `counts of shape [${counts.shape.join(", ")}] do not fit lists of shape [${indices.shape.join(", ")}]`;
    throw new TorchRefusal("ValueError", `${told}: the counts have all dimensions of the lists but the last`);
  }
  const data = new Int32Array(product(lead) * lines * columns);
  for (let line = 0; line < counts.data.length; line++) {
    const present = Math.min(counts.data[line] ?? 0, length);
    for (let i = 0; i < present; i++) {
      const column = indices.data[line * length + i] ?? 0;
      // PyTorch writes into a row that is one longer: the column after the last is taken and dropped, and -1 means it.
      const at = column < 0 ? column + columns + 1 : column;
      if (at < 0 || at > columns)
        throw new TorchRefusal("IndexError", `index ${column} is out of bounds for dimension ${lead.length + 1} with size ${columns + 1}`);
      if (at < columns) data[line * columns + at] = 1;
    }
  }
  return { shape: [...lead, lines, columns], data };
}

/** Counts, and ids with the present ones ascending, then the absent ones ascending (a stable argsort). */
export function denseToOrdered(dense: IntTensor): OrderedBlocks {
  const length = lastOf(dense.shape);
  const lead = dense.shape.slice(0, -1);
  const counts = new Int32Array(product(lead));
  const indices = new Int32Array(dense.data.length);
  for (let line = 0; line < counts.length; line++) {
    const from = line * length;
    let at = from;
    for (let i = 0; i < length; i++) if (dense.data[from + i] === 1) indices[at++] = i;
    counts[line] = at - from;
    for (let i = 0; i < length; i++) if (dense.data[from + i] !== 1) indices[at++] = i;
  }
  return { counts: { shape: lead, data: counts }, indices: { shape: dense.shape, data: indices } };
}

/**
 * The lists of the columns, from those of the lines.
 * @throws TorchRefusal as `orderedToDense`.
 */
export function transposeOrdered(blocks: OrderedBlocks): OrderedBlocks {
  return denseToOrdered(transposed(orderedToDense(blocks, lastOf(blocks.indices.shape))));
}

function transposed({ shape, data }: IntTensor): IntTensor {
  const [rows, columns] = [shape.at(-2) ?? 0, lastOf(shape)];
  const out = new Int32Array(data.length);
  const size = rows * columns;
  for (let base = 0; base < data.length; base += size) {
    for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[base + c * rows + r] = data[base + r * columns + c] ?? 0;
  }
  return { shape: [...shape.slice(0, -2), columns, rows], data: out };
}
