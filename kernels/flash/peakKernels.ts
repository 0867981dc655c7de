/**
 * The kernels that a device's peaks are measured with: f32 matrix products C = A B of n × n, tuned in two ways, float16
 * ones by the device's matrix units, and a copy. In both f32 products a thread has a rectangle of C in registers, as vec4f
 * columns that lie a workgroup apart, so that neighbours read neighbouring memory. The one reads A and B straight from
 * storage (best where workgroup memory and barriers are dear, as on software adapters), the other by way of workgroup
 * memory, as every fast product on a GPU does since Volkov and Demmel (2008). n is data: a multiple of the tile's sides, so
 * nothing is checked at edges.
 */
import { source } from "../emit/source.ts";
import { MATRIX_ENABLE, matrixAliases } from "./forward/matrix.ts";
import type { KernelPlan, MatrixShape } from "./plan.ts";

/** A kernel that no problem belongs to. */
export type PeakKernel = Pick<KernelPlan, "name" | "wgsl" | "bindings">;

/** How a product is cut. */
export interface MatmulTile {
  /** Threads of a workgroup, across and down. */
  readonly x: number;
  readonly y: number;
  /** Of C a thread has so many rows by so many vec4f. */
  readonly rows: number;
  readonly columns: number;
  /** Length of the pieces of A's rows and B's columns in workgroup memory, a multiple of 4; 0: no workgroup memory. */
  readonly depth: number;
}

/** Rows and columns of C that a workgroup has. */
export const tileSides = (t: MatmulTile): readonly [rows: number, columns: number] => [t.y * t.rows, 4 * t.x * t.columns];

/** Bytes of workgroup memory that the tile takes. */
export const tileBytes = (t: MatmulTile): number => 4 * t.depth * (tileSides(t)[0] + tileSides(t)[1]);

/** `8 × 8 a thread, 16 × 16 threads, 16 deep in workgroup memory`. */
export function tileText(t: MatmulTile): string {
  const memory = t.depth === 0 ? "" : `, ${t.depth} deep in workgroup memory`;
  return `${t.rows} × ${4 * t.columns} a thread, ${t.x} × ${t.y} threads${memory}`;
}

const PRODUCT_BINDINGS: PeakKernel["bindings"] = [
  { name: "A", kind: "storage-read", buffer: "a" },
  { name: "B", kind: "storage-read", buffer: "b" },
  { name: "C", kind: "storage-write", buffer: "c" },
  { name: "N", kind: "uniform", buffer: "n" },
];

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** The product with this tile: bindings A, B, C and N, the vec4f of a row. Grid: columns' tiles × rows' tiles. */
export function matmulKernel(t: MatmulTile): PeakKernel {
  const rows = range(t.rows);
  const columns = range(t.columns);
  const products = (k: number): string[] =>
    rows.flatMap((r) => columns.map((c) => `c${r}_${c} = fma(vec4f(a${r}.${"xyzw".charAt(k)}), b${c}, c${r}_${c});`));
  const fourDeep = (b: (k: number, c: number) => string): string[] =>
    range(4).flatMap((k) => ["{", ...columns.map((c) => `  let b${c} = ${b(k, c)};`), ...products(k).map((p) => `  ${p}`), "}"]);
  const loop = t.depth === 0 ? fromStorage(t, fourDeep) : byWorkgroup(t, fourDeep);
  const wgsl = source`
    // C = A B, f32, n × n: ${tileText(t)}. N is n / 4.

    @group(0) @binding(0) var<storage, read> A: array<vec4f>;
    @group(0) @binding(1) var<storage, read> B: array<vec4f>;
    @group(0) @binding(2) var<storage, read_write> C: array<vec4f>;
    @group(0) @binding(3) var<uniform> N: u32;
    ${t.depth === 0 ? [] : [`var<workgroup> a_tile: array<vec4f, ${tileSides(t)[0] * (t.depth / 4)}>;`, `var<workgroup> b_tile: array<vec4f, ${t.depth * t.x * t.columns}>;`]}

    @compute @workgroup_size(${t.x}, ${t.y})
    fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) lane: vec3u) {
      let row = ${tileSides(t)[0]}u * group.y + ${t.rows}u * lane.y;
      let column = ${t.x * t.columns}u * group.x + lane.x;
      ${rows.flatMap((r) => columns.map((c) => `var c${r}_${c} = vec4f(0);`))}
      ${loop}
      ${rows.flatMap((r) => columns.map((c) => `C[(row + ${r}u) * N + column + ${c * t.x}u] = c${r}_${c};`))}
    }
  `;
  return { name: `f32 matrix product, ${tileText(t)}`, wgsl, bindings: PRODUCT_BINDINGS };
}

type FourDeep = (b: (k: number, c: number) => string) => string[];

function fromStorage(t: MatmulTile, fourDeep: FourDeep): string[] {
  return [
    "for (var k = 0u; k < N; k++) {",
    ...range(t.rows).map((r) => `  let a${r} = A[(row + ${r}u) * N + k];`),
    ...fourDeep((k, c) => `B[(4u * k + ${k}u) * N + column + ${c * t.x}u]`).map((line) => `  ${line}`),
    "}",
  ];
}

function byWorkgroup(t: MatmulTile, fourDeep: FourDeep): string[] {
  const threads = t.x * t.y;
  const deep = t.depth / 4;
  const across = t.x * t.columns;
  return [
    `let thread = ${t.x}u * lane.y + lane.x;`,
    `for (var first = 0u; first < N; first += ${deep}u) {`,
    `  for (var i = thread; i < ${tileSides(t)[0] * deep}u; i += ${threads}u) {`,
    `    a_tile[i] = A[(${tileSides(t)[0]}u * group.y + i / ${deep}u) * N + first + i % ${deep}u];`,
    "  }",
    `  for (var i = thread; i < ${t.depth * across}u; i += ${threads}u) {`,
    `    b_tile[i] = B[(4u * first + i / ${across}u) * N + ${across}u * group.x + i % ${across}u];`,
    "  }",
    "  workgroupBarrier();",
    `  for (var k = 0u; k < ${deep}u; k++) {`,
    ...range(t.rows).map((r) => `    let a${r} = a_tile[(${t.rows}u * lane.y + ${r}u) * ${deep}u + k];`),
    ...fourDeep((k, c) => `b_tile[(4u * k + ${k}u) * ${across}u + lane.x + ${c * t.x}u]`).map((line) => `    ${line}`),
    "  }",
    "  workgroupBarrier();",
    "}",
  ];
}

/** How a product by matrix units is cut. */
export interface MatrixProductTile {
  /** One product of the device: M × K times K × N. */
  readonly shape: MatrixShape;
  /** Lanes of a subgroup. */
  readonly lanes: number;
  /** Subgroups of a workgroup, one below the other. */
  readonly subgroups: number;
  /** Of C a subgroup has so many matrices down and across, in its registers. */
  readonly down: number;
  readonly across: number;
}

/** Rows and columns of C that a workgroup has. */
export const matrixProductSides = ({ shape, subgroups, down, across }: MatrixProductTile): readonly [rows: number, columns: number] => [
  shape.m * down * subgroups,
  shape.n * across,
];

/** `4 × 4 matrices of 16 × 16 × 16 a subgroup, 2 subgroups of 32`. */
export function matrixProductText({ shape: { m, n, k }, lanes, subgroups, down, across }: MatrixProductTile): string {
  return `${down} × ${across} matrices of ${m} × ${n} × ${k} a subgroup, ${subgroups === 1 ? "a subgroup" : `${subgroups} subgroups`} of ${lanes}`;
}

/**
 * The product of float16 matrices into float32 by subgroup matrices, straight from storage: bindings A, B, C and N, a
 * quarter of n. n is a multiple of the tile's sides and of K. Grid: columns' tiles × rows' tiles.
 */
export function matrixProductKernel(t: MatrixProductTile): PeakKernel {
  const { m, n, k } = t.shape;
  const down = range(t.down);
  const across = range(t.across);
  const wgsl = source`
    ${MATRIX_ENABLE}
    // C = A B, float16 into float32, n × n: ${matrixProductText(t)}. N is n / 4.

    @group(0) @binding(0) var<storage, read> A: array<f16>;
    @group(0) @binding(1) var<storage, read> B: array<f16>;
    @group(0) @binding(2) var<storage, read_write> C: array<f32>;
    @group(0) @binding(3) var<uniform> N: u32;

    ${matrixAliases(t.shape)}

    @compute @workgroup_size(${t.lanes * t.subgroups})
    fn main(
      @builtin(workgroup_id) group: vec3u,
      @builtin(local_invocation_index) thread: u32,
      @builtin(subgroup_size) subgroup_size: u32,
    ) {
      let n = 4u * N;
      let subgroup = min(thread / subgroup_size, ${t.subgroups - 1}u);
      let row = ${matrixProductSides(t)[0]}u * group.y + ${m * t.down}u * subgroup;
      let column = ${matrixProductSides(t)[1]}u * group.x;
      ${down.flatMap((r) => across.map((c) => `var c${r}_${c} = Result();`))}
      for (var k = 0u; k < n; k += ${k}u) {
        ${down.map((r) => `let a${r} = subgroupMatrixLoad<Left, row_major>(&A, (row + ${r * m}u) * n + k, n);`)}
        ${across.map((c) => `let b${c} = subgroupMatrixLoad<Right, row_major>(&B, k * n + column + ${c * n}u, n);`)}
        ${down.flatMap((r) => across.map((c) => `c${r}_${c} = subgroupMatrixMultiplyAccumulate(a${r}, b${c}, c${r}_${c});`))}
      }
      ${down.flatMap((r) => across.map((c) => `subgroupMatrixStore<row_major>(&C, (row + ${r * m}u) * n + column + ${c * n}u, c${r}_${c}, n);`))}
    }
  `;
  return { name: `float16 matrix product, ${matrixProductText(t)}`, wgsl, bindings: PRODUCT_BINDINGS };
}

/** Threads of a workgroup of the copy. */
export const COPY_THREADS = 64;

/** TO = FROM, `each` vec4f a thread, a workgroup apart. */
export function copyKernel(each: number): PeakKernel {
  const wgsl = source`
    // TO = FROM: ${each} vec4f a thread.

    @group(0) @binding(0) var<storage, read> FROM: array<vec4f>;
    @group(0) @binding(1) var<storage, read_write> TO: array<vec4f>;

    @compute @workgroup_size(${COPY_THREADS})
    fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) lane: vec3u) {
      let at = ${COPY_THREADS * each}u * group.x + lane.x;
      ${range(each).map((i) => `TO[at + ${i * COPY_THREADS}u] = FROM[at + ${i * COPY_THREADS}u];`)}
    }
  `;
  return {
    name: `copy, ${16 * each} bytes a thread`,
    wgsl,
    bindings: [
      { name: "FROM", kind: "storage-read", buffer: "a" },
      { name: "TO", kind: "storage-write", buffer: "b" },
    ],
  };
}
