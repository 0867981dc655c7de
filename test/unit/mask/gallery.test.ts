/**
 * Every mask of the gallery through the whole line: text → expression → block mask. The pictures stand in
 * gallery.masks.txt, to be read by eye; and the analysed mask equals the one counted from every cell.
 */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { simplify } from "../../../kernels/analysis/simplify.ts";
import { fillProblem } from "../../../kernels/flash/problem.ts";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import type { Expr } from "../../../kernels/ir/expr.ts";
import { printExpr } from "../../../kernels/ir/print.ts";
import type { MaskSize } from "../../../kernels/mask/blockMask.ts";
import { buildBlockMask } from "../../../kernels/mask/build.ts";
import { maskCells } from "../../../kernels/mask/cells.ts";
import { sparsityOf } from "../../../kernels/mask/count.ts";
import { maskText } from "../../../kernels/mask/picture.ts";
import { torchDense, torchFields } from "../../../kernels/mask/torchView.ts";
import { denseStates } from "../../support/denseMask.ts";

const FOLDER = new URL("../../../kernels/gallery/", import.meta.url);

interface Found {
  readonly name: string;
  readonly body: Expr;
  readonly size: MaskSize;
  readonly blockSize: readonly [number, number];
}

/** Each file's masks; the same mask under a second name (in a pair, say) once. */
function galleryMasks(): Found[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(".py"))
    .sort()
    .flatMap((file) => {
      const bodies = new Set<Expr>();
      return lowerModule([{ file, text: readFileSync(new URL(file, FOLDER), "utf8") }]).variants.flatMap((v) => {
        const body = v.maskMod?.body;
        if (body === undefined || bodies.has(body)) return [];
        bodies.add(body);
        const { batch, qHeads, qLen, kvLen, blockSize } = fillProblem(v.problem);
        return [{ name: `${file}::${v.name}`, body, size: { batch, heads: qHeads, qLen, kvLen }, blockSize }];
      });
    });
}

const masks = galleryMasks();
const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

test("there are masks in the gallery", () => expect(masks.length).toBeGreaterThanOrEqual(14));

test("the pictures are those that were looked at", async () => {
  const pictures = masks.map(({ name, body, size, blockSize }) => {
    const m = buildBlockMask(body, size, blockSize);
    const { blocks, elements } = sparsityOf(m, body);
    return [
      `${name}, ${size.qLen} × ${size.kvLen} in blocks of ${blockSize.join(" × ")}`,
      printExpr(simplify(body)),
      `${percent(blocks)} of blocks skipped, ${percent(elements)} of elements masked`,
      maskText(m, { maxRows: 32, maxColumns: 32 }),
    ].join("\n");
  });
  await expect(`${pictures.join("\n\n")}\n`).toMatchFileSnapshot("gallery.masks.txt");
});

test.each(masks.map((m) => [m.name, m] as const))("%s: the analysed mask is the one counted from every cell", (_, { body, size }) => {
  for (const blockSize of [
    [16, 16],
    [64, 128],
    [100, 48],
  ] as const) {
    const m = buildBlockMask(body, size, blockSize);
    const stored = { ...size, batch: m.batch, heads: Math.min(m.heads, 2) };
    const fields = torchFields(m, stored.batch, stored.heads);
    const dense = torchDense(m, stored.batch, stored.heads);
    const [rows, columns] = fields.grid;
    // Occupied blocks that are not partial are full.
    const states = dense.map((present, i) => {
      const line = Math.floor(i / columns);
      const partial = fields.kvIndices.subarray(line * columns, line * columns + (fields.kvNumBlocks[line] ?? 0));
      return present === 0 ? 0 : partial.includes(i % columns) ? 1 : 2;
    });
    expect(states.length).toBe(stored.batch * stored.heads * rows * columns);
    expect(Buffer.from(Uint8Array.from(states)).equals(Buffer.from(denseStates(allCells(body, stored), stored, blockSize)))).toBe(true);
  }
});

function allCells(body: Expr, { batch, heads, qLen, kvLen }: MaskSize): Uint8Array {
  const plane = qLen * kvLen;
  const cells = new Uint8Array(batch * heads * plane);
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) maskCells(body, { b, h, q0: 0, q1: qLen, k0: 0, k1: kvLen }, cells.subarray((b * heads + h) * plane));
  }
  return cells;
}
