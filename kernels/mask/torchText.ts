/**
 * The texts of PyTorch's `BlockMask`: `to_string()`, `str()` and `repr()`, of a mask that was built (straight from its
 * runs, whatever its length) and of one that was listed. In the picture each cell stands for a section of the block
 * grid and is doubled: `█` all its blocks are present, `░` some, blank none.
 */
import { type BlockMask, blockSparsity, forEachRun, keyBlocks, queryBlocks, rowIndex, torchSparsity } from "./blockMask.ts";
import { listedDense, listedSparsity, type TorchBlockMask, torchShape } from "./torchBlockMask.ts";
import { type IntTensor, lastOf, TorchRefusal } from "./torchOrder.ts";

/** `grid_size`: at most so many cells down and across; one number for both, -1 for all blocks. */
export type GridSize = number | readonly [rows: number, columns: number];

const DEFAULT_GRID: GridSize = [20, 20];

/** What `BlockMask.to_string(grid_size, limit)` returns; `limit` is how many batches and heads are drawn. */
export function torchString(
  m: BlockMask,
  batch: number = m.batch,
  heads: number = m.heads,
  grid: GridSize = DEFAULT_GRID,
  limit = 4,
): string {
  const present: CountPresent = (plane, row, cells, step) => {
    forEachRun(m.rows, rowIndex(m, Math.floor(plane / heads), plane % heads, row), (first, end) => {
      for (let c = first; c < end; ) {
        const cell = Math.floor(c / step);
        const next = Math.min(end, (cell + 1) * step);
        cells[cell] = (cells[cell] ?? 0) + next - c;
        c = next;
      }
    });
  };
  return picture([batch, heads], queryBlocks(m), keyBlocks(m), present, grid, limit);
}

/**
 * `to_string` of a mask as PyTorch holds it.
 * @throws TorchRefusal as `listedDense`.
 */
export function listedString(m: TorchBlockMask, grid: GridSize = DEFAULT_GRID, limit = 4): string {
  const { shape, data } = listedDense(m);
  const [rows, columns] = [shape.at(-2) ?? 0, lastOf(shape)];
  const present: CountPresent = (plane, row, cells, step) => {
    const from = (plane * rows + row) * columns;
    for (let c = 0; c < columns; c++) {
      const cell = Math.floor(c / step);
      cells[cell] = (cells[cell] ?? 0) + (data[from + c] ?? 0);
    }
  };
  return picture(shape.slice(0, -2), rows, columns, present, grid, limit);
}

/** `str(block_mask)` of a mask that was built: its shape, PyTorch's sparsity, its picture. */
export function torchText(m: BlockMask, batch: number = m.batch, heads: number = m.heads): string {
  return text([batch, heads, m.qLen, m.kvLen], torchSparsity(m), torchString(m, batch, heads));
}

/**
 * `str(block_mask)` of a mask as PyTorch holds it.
 * @throws TorchRefusal as `listedSparsity` and `listedString`.
 */
export const listedText = (m: TorchBlockMask): string => text(torchShape(m), listedSparsity(m), listedString(m));

function text(shape: readonly number[], sparsity: number, drawn: string): string {
  return `BlockMask(shape=${tuple(shape)}, sparsity=${percentText(sparsity)}, \n${drawn.trim()}\n)`;
}

/** What PyTorch prints for a sparsity: two digits, ties to even, and a sign where it goes below 0. */
export function percentText(percent: number): string {
  // A tie of the third digit is an odd number of eighths; toFixed rounds those up, Python to even.
  const eighths = Math.abs(percent) * 8;
  if (eighths % 2 !== 1) return `${percent.toFixed(2)}%`;
  const hundredths = Math.floor(Math.abs(percent) * 100);
  const even = (hundredths + (hundredths % 2)) / 100;
  return `${(Math.sign(percent) * even).toFixed(2)}%`;
}

/**
 * What PyTorch prints for the sparsity of blocks where that is another number than the share that is skipped, because
 * blocks reach over the end of the lengths; null where the two agree.
 */
export function torchSparsityText(m: BlockMask): string | null {
  const torch = percentText(torchSparsity(m));
  return torch === percentText(100 * blockSparsity(m)) ? null : torch;
}

/**
 * `repr(block_mask)`.
 * @throws TorchRefusal as `listedSparsity`.
 */
export function listedRepr(m: TorchBlockMask): string {
  const size = (t: IntTensor | null): string => (t === null ? "None" : `torch.Size([${t.shape.join(", ")}])`);
  const rows: readonly (readonly [string, string])[] = [
    ["kv_num_blocks", size(m.kvNumBlocks)],
    ["kv_indices", size(m.kvIndices)],
    ["full_kv_num_blocks", size(m.fullKvNumBlocks)],
    ["full_kv_indices", size(m.fullKvIndices)],
    ["q_num_blocks", size(m.qNumBlocks)],
    ["q_indices", size(m.qIndices)],
    ["full_q_num_blocks", size(m.fullQNumBlocks)],
    ["full_q_indices", size(m.fullQIndices)],
    ["BLOCK_SIZE", tuple(m.blockSize)],
    ["shape", tuple(torchShape(m))],
    ["sparsity", percentText(listedSparsity(m))],
    ["mask_mod", m.maskMod.name],
  ];
  return `BlockMask(\n${rows.map(([name, value]) => `    ${name}=${value}`).join(",\n")}\n)`;
}

/** A tuple as Python prints it. */
function tuple(items: readonly number[]): string {
  return items.length === 1 ? `(${items.join()},)` : `(${items.join(", ")})`;
}

/** Adds the present blocks of one row to the cells, each of `step` columns. */
type CountPresent = (plane: number, row: number, cells: Int32Array, step: number) => void;

function picture(lead: readonly number[], rows: number, columns: number, present: CountPresent, grid: GridSize, limit: number): string {
  const [maxRows, maxColumns] = typeof grid === "number" ? [grid, grid] : grid;
  const rowStep = stepOf(rows, maxRows);
  const columnStep = stepOf(columns, maxColumns);
  const cells = new Int32Array(Math.ceil(columns / columnStep));
  const planes = lead.reduce((n, s) => n * s, 1);
  const parts: string[] = [];
  for (let plane = 0; plane < planes; plane++) {
    if (plane === limit) {
      parts.push(
        "...",
        "To print out more, set BlockMask.to_string(limit=N)",
        "You can also index (BlockMask[batch, head]) to choose a specific batch or head",
      );
      break;
    }
    let drawn = `${tuple(position(plane, lead))}\n`;
    for (let r0 = 0; r0 < rows; r0 += rowStep) {
      const r1 = Math.min(rows, r0 + rowStep);
      cells.fill(0);
      for (let row = r0; row < r1; row++) present(plane, row, cells, columnStep);
      cells.forEach((n, cell) => {
        const all = (r1 - r0) * (Math.min(columns, (cell + 1) * columnStep) - cell * columnStep);
        drawn += (n === all ? "█" : n === 0 ? " " : "░").repeat(2);
      });
      drawn += "\n";
    }
    parts.push(drawn);
  }
  return parts.join("\n");
}

/** Blocks to a cell, by Python's floor division: a limit below 0 gives one. */
function stepOf(blocks: number, max: number): number {
  if (max === 0) throw new TorchRefusal("ZeroDivisionError", "integer division or modulo by zero");
  return Math.max(1, Math.floor((blocks + max - 1) / max));
}

/** Indices of the `n`th item of an array of this shape. */
function position(n: number, shape: readonly number[]): readonly number[] {
  let rest = n;
  return shape
    .toReversed()
    .map((size) => {
      const index = rest % size;
      rest = Math.floor(rest / size);
      return index;
    })
    .reverse();
}
