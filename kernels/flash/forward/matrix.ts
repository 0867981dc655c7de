/**
 * The matrix kernel: both products by subgroup matrices, the operation that reaches a GPU's matrix units (WebGPU's
 * experimental feature `chromium-experimental-subgroup-matrix`). Operands are float16, sums float32. A subgroup has as
 * many query rows as lanes: q and the accumulator are matrices in its registers; K and V are read straight from storage.
 *
 * What lies in which lane of a matrix is not known, so the softmax between the products goes through workgroup memory:
 * a step's scores are stored there in f32, each thread turns one row of them into weights, and these are read back as a
 * matrix of f16. The accumulator is taken through the same memory to be rescaled, in steps where some row's maximum grew;
 * that soon becomes rare.
 *
 * Weights are at most 1 and are stored times 2^15: so those down to 2^-29 keep all bits of a half, where plain ones would
 * lose them below 2^-14. The sum l is of the unrounded weights, as in FlashAttention and PyTorch's templates.
 *
 * There are no bounds to check: matrices that would reach beyond the last query or key are moved back until they fit, and
 * what they then hold a second time is masked (keys) or not written (queries). Source: the WGSL proposal for subgroup
 * matrices (gpuweb, Dawn's implementation).
 */
import { source } from "../../emit/source.ts";
import type { Variant } from "../../ir/mod.ts";
import type { BlockMask } from "../../mask/blockMask.ts";
import { type DeviceLimits, type MatrixShape, mebibytes, type Planned } from "../plan.ts";
import type { Problem } from "../problem.ts";
import { emitWeight } from "../step.ts";
import { type ForwardTemplate, planForward } from "./frame.ts";

/** How a problem is cut for the matrix kernel. */
export interface MatrixTile {
  /** One product: an M × K times a K × N matrix. */
  readonly shape: MatrixShape;
  /** Lanes of a subgroup, and its query rows: a multiple of M. */
  readonly lanes: number;
  readonly subgroups: number;
  /** Keys of a step: a multiple of N and of K. */
  readonly keys: number;
}

/** Rows of a workgroup, which workgroup memory bounds, and keys of a step, at most. */
const MOST_ROWS = 64;
const MOST_KEYS = 32;

/** The default tile, or in words why there is none: the largest product that divides the head dims. */
export function matrixTile(
  problem: Problem,
  { subgroupMatrices, maxComputeWorkgroupStorageSize: memory }: Pick<DeviceLimits, "subgroupMatrices" | "maxComputeWorkgroupStorageSize">,
): MatrixTile | string {
  if (subgroupMatrices === null) return "it needs the experimental device feature `chromium-experimental-subgroup-matrix`";
  const { lanes, shapes } = subgroupMatrices;
  const { qkHeadDim: d, vHeadDim: dv, qLen, kvLen } = problem;
  const usable = shapes.filter(({ m, n, k }) => lanes % m === 0 && MOST_KEYS % n === 0 && MOST_KEYS % k === 0);
  if (usable.length === 0) return `the device has no product of float16 matrices that subgroups of ${lanes} lanes hold whole rows of`;
  const dividing = usable.filter(({ n, k }) => d % k === 0 && dv % n === 0);
  const dims = usable.map(({ k, n }) => `${k} (D) and ${n} (DV)`).join(", or ");
  if (dividing.length === 0) return `D is ${d} and DV is ${dv}; its matrices need multiples of ${dims}`;
  const fitting = dividing.filter(({ m, n, k }) => qLen >= m && kvLen >= Math.max(n, k));
  const [shape] = fitting.sort((a, b) => b.m * b.n * b.k - a.m * a.n * a.k);
  if (shape === undefined) {
    const least = dividing.map(({ m, n, k }) => `${m} queries and ${Math.max(n, k)} keys`).join(", or ");
    return `Q_LEN is ${qLen} and KV_LEN is ${kvLen}; its matrices need at least ${least}`;
  }
  let keys = MOST_KEYS;
  while (keys > kvLen) keys /= 2;
  let subgroups = Math.max(1, Math.floor(MOST_ROWS / lanes));
  while (subgroups > 1 && bytesOf({ lanes, subgroups, keys }) > memory) subgroups--;
  const bytes = bytesOf({ lanes, subgroups, keys });
  if (bytes > memory) {
    return `a subgroup of ${lanes} lanes needs ${mebibytes(bytes)} of workgroup memory, the device has ${mebibytes(memory)}`;
  }
  return { shape, lanes, subgroups, keys };
}

/** Plans the matrix kernel, or says why the device cannot run it. */
export function planMatrix(
  variant: Variant,
  problem: Problem,
  limits: DeviceLimits,
  blocks?: BlockMask,
  tile = matrixTile(problem, limits),
): Planned {
  const refused = (reason: string): Planned => ({ kind: "refused", refusal: { engine: "matrix", reason } });
  if (typeof tile === "string") return refused(tile);
  if (problem.storage !== "f16") return refused("it multiplies float16 matrices; q, k and v are float32 (DTYPE, --dtype f16)");
  if (!limits.subgroups || !limits.f16) return refused("it needs the device features `subgroups` and `shader-f16`");
  return planForward(matrixTemplate(problem, tile, variant), variant, problem, limits, blocks);
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Elements between two rows in workgroup memory: 16 bytes more than a row, so that rows begin in different banks. */
const scoreStride = ({ keys }: Pick<MatrixTile, "keys">): number => keys + 4;
const weightStride = ({ keys }: Pick<MatrixTile, "keys">): number => keys + 8;

/** Workgroup memory: scores, weights, and the last step that grew. */
const bytesOf = (tile: Pick<MatrixTile, "lanes" | "subgroups" | "keys">): number =>
  tile.lanes * tile.subgroups * (4 * scoreStride(tile) + 2 * weightStride(tile)) + 4;

function matrixTemplate(problem: Problem, tile: MatrixTile, variant: Variant): ForwardTemplate {
  const { shape, lanes, subgroups, keys } = tile;
  const { m, n, k } = shape;
  const rows = lanes * subgroups;
  const parts: Parts = {
    ...tile,
    tiles: range(lanes / m),
    qkTiles: range(problem.qkHeadDim / k),
    vTiles: range(problem.vHeadDim / n),
    hasMaskMod: variant.maskMod !== null,
    weight: (difference) => emitWeight({ hasScoreMod: variant.scoreMod !== null }, difference),
  };
  return {
    engine: "matrix",
    element: "f16",
    blockM: rows,
    blockN: keys,
    workgroupSize: rows,
    workgroupBytes: bytesOf(tile),
    tile: `${rows} rows × ${keys} keys, matrices of ${m} × ${n} × ${k}`,
    enable: MATRIX_ENABLE,
    about: [
      `Each subgroup has ${lanes} query rows, as ${lanes / m === 1 ? "a matrix" : `${lanes / m} matrices`} of ${m} rows; each thread does the softmax of one row. Scores and`,
      "weights pass through workgroup memory.",
      "",
      "q0_1        matrix of the first rows of q, columns from K; o0_1 of the accumulator, columns from N, times WEIGHT_SCALE",
      "s0          scores of the first rows with N keys",
      "first_key   key of the step's first column: `key`, or before it where the step would reach beyond KV_LEN",
    ],
    functions: functionsOf(tile),
    builtins: ["@builtin(subgroup_size) subgroup_size: u32"],
    open: open(parts),
    step: run(parts),
    close: close(parts),
  };
}

/** What the text depends on. */
interface Parts extends MatrixTile {
  /** Matrices of M rows in a subgroup. */
  readonly tiles: readonly number[];
  /** Matrices side by side in a row of q and k, and of v and out. */
  readonly qkTiles: readonly number[];
  readonly vTiles: readonly number[];
  readonly hasMaskMod: boolean;
  readonly weight: (difference: string) => string;
}

/** What a shader with products of subgroup matrices begins with. */
export const MATRIX_ENABLE =
  "enable f16;\nenable subgroups;\nenable chromium_experimental_subgroup_matrix;\ndiagnostic(off, chromium.subgroup_matrix_uniformity);\n";

/** The three kinds of matrices in one product, as WGSL's types: `Left` times `Right` is added to a `Result`. */
export const matrixAliases = ({ m, n, k }: MatrixShape): string => `alias Left = subgroup_matrix_left<f16, ${k}, ${m}>;  // M rows
alias Right = subgroup_matrix_right<f16, ${n}, ${k}>;  // N columns
alias Result = subgroup_matrix_result<f32, ${n}, ${m}>;  // M rows, N columns`;

const functionsOf = (tile: MatrixTile): string => {
  const { m, n, k } = tile.shape;
  return `const M = ${m}u;
const N = ${n}u;
const K_DEPTH = ${k}u;
const SUBGROUPS = ${tile.subgroups}u;
const SCORE_STRIDE = ${scoreStride(tile)}u;  // elements from row to row
const WEIGHT_STRIDE = ${weightStride(tile)}u;
const WEIGHT_SCALE = 32768.0;  // weights are stored times this: more of the small ones have all bits of a half

${matrixAliases(tile.shape)}

var<workgroup> scores: array<f32, BLOCK_M * SCORE_STRIDE>;
var<workgroup> weights: array<f16, BLOCK_M * WEIGHT_STRIDE>;
var<workgroup> last_growth: atomic<u32>;  // the last step in which some row's maximum grew`;
};

function open({ tiles, qkTiles, vTiles }: Parts): string {
  return source`
    // Rows of this thread (its softmax) and of its subgroup (its matrices). Where matrices end beyond the last query they
    // are moved back; the rows before own_row are then another's to write.
    let own_row = q_tile * BLOCK_M + thread / M * M;
    let row = min(own_row, params.Q_LEN - M) + thread % M;
    let q_idx = i32(row);
    let subgroup = min(thread / subgroup_size, SUBGROUPS - 1u);
    let first_row = subgroup * ${tiles.length === 1 ? "M" : `${tiles.length}u * M`};
    let q_step = 4u * params.Q.row;
    let k_stride = 4u * k_step;
    let v_stride = 4u * v_step;
    ${tiles.map(
      (t) => source`

        let q${t}_at = 4u * q_base + min(q_tile * BLOCK_M + ${rowOf(t)}, params.Q_LEN - M) * q_step;
        ${qkTiles.map((d) => `let q${t}_${d} = subgroupMatrixLoad<Left, row_major>(&Q, ${plusTimes(`q${t}_at`, d, "K_DEPTH")}, q_step);`)}
        ${vTiles.map((x) => `var o${t}_${x} = Result();`)}`,
    )}

    var m = NEG_INF;
    var l = 0.0;
    var steps = 0u;
    let own_scores = thread * SCORE_STRIDE;
    let own_weights = thread * WEIGHT_STRIDE;`;
}

/** `text + n * unit`, without what does nothing. */
const plusTimes = (text: string, n: number, unit: string): string => (n === 0 ? text : `${text} + ${n === 1 ? "" : `${n}u * `}${unit}`);

/** First row of matrix t of the subgroup, in the workgroup. */
const rowOf = (t: number): string => plusTimes("first_row", t, "M");

/** Where it begins in the memory whose rows are `stride` apart. */
const placeOf = (t: number, stride: string): string => `${t === 0 ? rowOf(t) : `(${rowOf(t)})`} * ${stride}`;

/** The walk over one run: full and partial blocks differ in the mods alone, which are asked apart from the products. */
function run({ tiles, qkTiles, vTiles, keys, shape, hasMaskMod, weight }: Parts): string {
  const columns = keys / shape.n;
  const scores = (masked: boolean): string => {
    const score = `${masked ? "masked_score" : "full_score"}(scores[own_scores + j] * params.SM_SCALE, b, h, q_idx, i32(first_key + j))`;
    return source`
      for (var j = 0u; j < BLOCK_N; j++) {
        let t = ${masked ? `select(NEG_INF, ${score}, first_key + j >= key)` : score};
        scores[own_scores + j] = t;
        new_m = max(new_m, t);
      }`;
  };
  const step = source`
    let first_key = min(key, params.KV_LEN - BLOCK_N);
    steps++;

    // Scores.
    let k_at = 4u * k_base + first_key * k_stride;
    for (var n = 0u; n < BLOCK_N; n += N) {
      ${tiles.map((t) => `var s${t} = Result();`)}
      ${qkTiles.map(
        (d) => source`
        {
          let k = subgroupMatrixLoad<Right, col_major>(&K, ${plusTimes("k_at + n * k_stride", d, "K_DEPTH")}, k_stride);
          ${tiles.map((t) => `s${t} = subgroupMatrixMultiplyAccumulate(q${t}_${d}, k, s${t});`)}
        }`,
      )}
      ${tiles.map((t) => `subgroupMatrixStore<row_major>(&scores, ${placeOf(t, "SCORE_STRIDE")} + n, s${t}, SCORE_STRIDE);`)}
    }
    workgroupBarrier();

    // Online softmax of this thread's row. Columns before key belonged to the step before.
    var new_m = m;
    ${
      hasMaskMod
        ? source`
          if (is_full) {
            ${scores(false)}
          } else {
            ${scores(true)}
          }`
        : scores(true)
    }
    let alpha = ${weight("m - new_m")};
    var sum = 0.0;
    for (var j = 0u; j < BLOCK_N; j++) {
      let p = ${weight("scores[own_scores + j] - new_m")};
      sum += p;
      weights[own_weights + j] = f16(p * WEIGHT_SCALE);
    }
    l = l * alpha + sum;
    if (new_m > m) {
      atomicMax(&last_growth, steps);
    }
    m = new_m;

    // The accumulator is rescaled where a maximum grew, ${columns === 1 ? "a matrix" : `${columns} matrices`} at a time. Weights are there for all after this.
    if (workgroupUniformLoad(&last_growth) == steps) {
      ${throughMemory(vTiles, columns, tiles, (count) => [
        source`
          for (var j = 0u; j < ${count === 1 ? "N" : `${count}u * N`}; j++) {
            scores[own_scores + j] *= alpha;
          }
          workgroupBarrier();`,
        "load",
      ])}
    }

    let v_at = 4u * v_base + first_key * v_stride;
    for (var n = 0u; n < BLOCK_N; n += K_DEPTH) {
      ${tiles.map((t) => `let p${t} = subgroupMatrixLoad<Left, row_major>(&weights, ${placeOf(t, "WEIGHT_STRIDE")} + n, WEIGHT_STRIDE);`)}
      ${vTiles.map(
        (x) => source`
        {
          let v = subgroupMatrixLoad<Right, row_major>(&V, ${plusTimes("v_at + n * v_stride", x, "N")}, v_stride);
          ${tiles.map((t) => `o${t}_${x} = subgroupMatrixMultiplyAccumulate(p${t}, v, o${t}_${x});`)}
        }`,
      )}
    }`;
  return source`
    ${hasMaskMod ? "let is_full = runs[run + 2u] == 1u;  // full blocks do not ask mask_mod" : ""}
    for (var key = run_start; key < run_end; key += BLOCK_N) {
      ${step}
    }`;
}

/**
 * The accumulator, as many matrices at a time as `scores` has columns, stored there for the threads to work on by rows:
 * what `work` says for so many matrices from column `from`; `load` takes them back.
 */
function throughMemory(
  vTiles: readonly number[],
  columns: number,
  tiles: readonly number[],
  work: (count: number, from: number) => readonly (string | "load")[],
): string[] {
  const place = (t: number, i: number): string => plusTimes(placeOf(t, "SCORE_STRIDE"), i, "N");
  return range(Math.ceil(vTiles.length / columns)).map((chunk) => {
    const matrices = vTiles.slice(chunk * columns, (chunk + 1) * columns);
    const each = (text: (t: number, x: number, i: number) => string): string[] =>
      matrices.flatMap((x, i) => tiles.map((t) => text(t, x, i)));
    const load = each((t, x, i) => `o${t}_${x} = subgroupMatrixLoad<Result, row_major>(&scores, ${place(t, i)}, SCORE_STRIDE);`);
    return source`
      ${each((t, x, i) => `subgroupMatrixStore<row_major>(&scores, ${place(t, i)}, o${t}_${x}, SCORE_STRIDE);`)}
      workgroupBarrier();
      ${work(matrices.length, chunk * columns).map((line) => (line === "load" ? load.join("\n") : line))}
      workgroupBarrier();`;
  });
}

function close({ tiles, vTiles, keys, shape }: Parts): string {
  return source`
    let scale = row_scale(m, l) / WEIGHT_SCALE;
    let out_row = 4u * (out_base + row * params.OUT.row);
    workgroupBarrier();
    ${throughMemory(vTiles, keys / shape.n, tiles, (count, from) => [
      source`
        if (row >= own_row) {
          for (var j = 0u; j < ${count === 1 ? "N" : `${count}u * N`}; j += 4u) {
            let at = own_scores + j;
            let o = vec4h(row_output(vec4f(scores[at], scores[at + 1u], scores[at + 2u], scores[at + 3u]), scale));
            let to = ${plusTimes("out_row + j", from, "N")};
            OUT[to] = o.x;
            OUT[to + 1u] = o.y;
            OUT[to + 2u] = o.z;
            OUT[to + 3u] = o.w;
          }
        }`,
    ])}
    if (row >= own_row) {
      LSE[row_base + row] = row_lse(m, l);
      LSE[params.ROWS + row_base + row] = row_max(m);
    }`;
}
