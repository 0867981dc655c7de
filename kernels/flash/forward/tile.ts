/**
 * The tile kernel: a workgroup has BLOCK_M query rows and takes BLOCK_N keys a step, as published GPU kernels do. Its
 * threads form a grid; each has a micro-tile of rows × keys of the scores, and of rows × columns of the accumulator, in
 * registers, so that what is read once from workgroup memory serves many multiply-adds in both products. Q, K and V are
 * staged in workgroup memory, in parts where a whole tile of them does not fit; K is turned round on the way, so that a
 * vec4f holds one component of four keys. The softmax happens in registers, and p goes to the other threads of its row
 * through workgroup memory.
 *
 * Needs no subgroups. The shape is sized to the device's workgroup memory (tileShapes.ts).
 *
 * One loop serves full and partial blocks: a step is long, and the question which of the two it is costs nothing beside it.
 */
import type { Variant } from "../../ir/mod.ts";
import type { BlockMask } from "../../mask/blockMask.ts";
import type { DeviceLimits, Planned } from "../plan.ts";
import type { Problem } from "../problem.ts";
import { type ForwardTemplate, planForward } from "./frame.ts";
import { closeTile, openTile, runTile, tileFunctions } from "./tileBody.ts";
import { type TileLayout, tileLayout } from "./tileLayout.ts";
import { candidateOf, type TileCandidate, type TileShape, tileShape } from "./tileShapes.ts";

/** Plans the tile kernel, or says why the device cannot run it. `asked` takes the place of the default shape. */
export function planTile(variant: Variant, problem: Problem, limits: DeviceLimits, blocks?: BlockMask, asked?: TileShape): Planned {
  const tile = asked === undefined ? tileShape(problem, limits) : candidateOf(asked, problem, limits);
  if (tile.refusal !== null) return { kind: "refused", refusal: { engine: "tile", reason: tile.refusal } };
  return planForward(tileTemplate(problem, tile, variant), variant, problem, limits, blocks);
}

function tileTemplate(problem: Problem, tile: TileCandidate, variant: Variant): ForwardTemplate {
  const { shape } = tile;
  const layout = tileLayout(problem, tile, variant);
  return {
    engine: "tile",
    blockM: tile.blockM,
    blockN: tile.blockN,
    workgroupSize: tile.threads,
    workgroupBytes: tile.bytes,
    tile: `${tile.blockM} rows × ${tile.blockN} keys, ${shape.rows} × ${shape.keys} scores a thread`,
    enable: "",
    about: aboutTile(layout),
    functions: tileFunctions(layout),
    builtins: [],
    open: openTile(layout),
    step: runTile(layout),
    close: closeTile(layout),
  };
}

function aboutTile(t: TileLayout): string[] {
  const { rows, keys, threadsX, threadsY } = t.shape;
  const last = t.groups.length - 1;
  return [
    `The workgroup's ${t.threads} threads stand in a grid of ${threadsX} × ${threadsY}. Thread (tx, ty) has rows ty, ty + ${threadsY}, … (${rows} of them), for each the`,
    `scores of ${keys} keys (${t.quads.length === 1 ? "quad tx of keys" : `quads tx, tx + ${threadsX}, … of keys`}), and the accumulator's chunks tx, tx + ${threadsX}, … .`,
    "",
    ...(t.shape.keepQ
      ? [
          "q_staged    the tile's rows of Q times SM_SCALE, one after the other",
          "p_staged    p of the tile, for each row the keys, four in a vec4f",
        ]
      : ["qp_staged   the tile's rows of Q times SM_SCALE, one after the other; then p, for each row the keys, four in a vec4f"]),
    "kv_staged   K turned round: for each component of the head dim the keys, four in a vec4f; then V, key after key",
    "row_staged  what the threads of a row tell each other: the maximum, at the end the sum, of their keys",
    `s2_${t.quads.length - 1}        scores of the thread's row 2 with its quad ${t.quads.length - 1} of keys, later t; o2_${t.columns - 1} chunk ${t.columns - 1} of row 2 of the accumulator`,
    `m${last}, l${last}      of the thread's rows ${4 * last} to ${4 * last + 3}; l counts the thread's own keys only, and is summed over the row at the end`,
  ];
}
