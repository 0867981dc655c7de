/** The corpus of whole modules (test/oracle/corpus): its mods lowered by our front end, and PyTorch's values beside them. */
import { readdirSync, readFileSync } from "node:fs";
import { lowerPair } from "../../kernels/frontend/lower.ts";
import { interpret } from "../../kernels/ir/interpret.ts";
import { toDType } from "../../kernels/ir/number.ts";
import { type DType, TORCH_NAMES } from "../../kernels/ir/ops.ts";

const FOLDER = new URL("../oracle/corpus/", import.meta.url);

/** A mod's sizes and what PyTorch gave for it: mask bits, two score grids, or an error. */
export interface CorpusRow {
  readonly kind: "mask" | "score";
  readonly sizes: readonly [number, number, number, number];
  readonly bits?: string;
  readonly float32?: Grid;
  readonly float64?: Grid;
  readonly error?: string;
}
interface Grid {
  readonly dtype: string;
  readonly data: string;
}

export const corpusFiles = (): string[] =>
  readdirSync(FOLDER)
    .filter((f) => f.endsWith(".py"))
    .map((f) => f.slice(0, -3));
export const corpusText = (file: string): string => readFileSync(new URL(`${file}.py`, FOLDER), "utf8");
export const corpusRows = (file: string): [string, CorpusRow][] =>
  Object.entries(JSON.parse(readFileSync(new URL(`${file}.json`, FOLDER), "utf8")) as Record<string, CorpusRow>);

/** Why the mod `name` of `file` does not do what PyTorch does, or null. */
export function corpusFault(file: string, name: string, row: CorpusRow): string | null {
  const sources = [{ file: `${file}.py`, text: corpusText(file) }];
  if (row.kind === "mask") return maskFault(sources, name, row);
  return scoreFault(sources, name, row, "f32") ?? (row.error === undefined ? scoreFault(sources, name, row, "f64") : null);
}

type Sources = Parameters<typeof lowerPair>[0];

function errorsOf(lowered: ReturnType<typeof lowerPair>): string {
  return lowered.diagnostics
    .filter((d) => d.severity === "error")
    .map((d) => `${d.code}: ${d.message}`)
    .join(" | ");
}

function maskFault(sources: Sources, name: string, row: CorpusRow): string | null {
  const lowered = lowerPair(sources, null, name);
  const body = lowered.variant?.maskMod?.body;
  if (row.error !== undefined) return body === undefined ? null : `PyTorch refuses it: ${row.error}`;
  if (body === undefined) return `it does not lower: ${errorsOf(lowered)}`;
  const wanted = Buffer.from(row.bits ?? "", "base64");
  return firstCell(row.sizes, (at, i) => {
    const bit = (((wanted[i >> 3] ?? 0) >> (i & 7)) & 1) === 1;
    const got = interpret(body, { ...at, score: 0 }) !== 0;
    return got === bit ? null : `${got}, PyTorch ${bit}`;
  });
}

/** The scores that corpusGenerate.py gives the mods. */
const scoreAt = (i: number): number => (((i * 37) % 101) - 50) / 16;

/** Units in the last place of a transcendental function are the bound; what is exact in PyTorch is exact here. */
function scoreFault(sources: Sources, name: string, row: CorpusRow, scoreDType: "f32" | "f64"): string | null {
  const lowered = lowerPair(sources, name, null, { scoreDType });
  const body = lowered.variant?.scoreMod?.body;
  if (row.error !== undefined) return body === undefined ? null : `PyTorch refuses it: ${row.error}`;
  if (body === undefined) return `it does not lower: ${errorsOf(lowered)}`;
  const grid = scoreDType === "f32" ? row.float32 : row.float64;
  if (grid === undefined) return "there is no grid";
  if (TORCH_NAMES[body.dtype as DType] !== grid.dtype) return `${TORCH_NAMES[body.dtype as DType]}, PyTorch ${grid.dtype}`;
  const bytes = Buffer.from(grid.data, "base64");
  const width = grid.dtype === "float64" ? 8 : 4;
  // float32 parts inside a float64 result carry float32's error.
  const bound = 2e-6;
  return firstCell(row.sizes, (at, i) => {
    const want = width === 8 ? bytes.readDoubleLE(i * 8) : bytes.readFloatLE(i * 4);
    const got = interpret(body, { ...at, score: toDType(scoreAt(i), scoreDType) });
    const isClose = Object.is(got, want) || got === want || Math.abs(got - want) <= bound * Math.max(1, Math.abs(want));
    return isClose ? null : `${got}, PyTorch ${want}`;
  });
}

function firstCell(
  sizes: CorpusRow["sizes"],
  check: (at: { b: number; h: number; q_idx: number; kv_idx: number }, i: number) => string | null,
): string | null {
  const [B, H, Q, KV] = sizes;
  for (let i = 0; i < B * H * Q * KV; i++) {
    const at = { b: Math.floor(i / (H * Q * KV)), h: Math.floor(i / (Q * KV)) % H, q_idx: Math.floor(i / KV) % Q, kv_idx: i % KV };
    const why = check(at, i);
    if (why !== null) return `b ${at.b} h ${at.h} q ${at.q_idx} kv ${at.kv_idx}: ${why}`;
  }
  return null;
}
