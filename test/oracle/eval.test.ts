/**
 * PyTorch's values through the command line, as a person gets them: `flexlens eval` over every score_mod and mask_mod
 * of the fixtures, the 233 expressions, and the 80 constructs, which it takes or refuses as PyTorch does.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { runCommand } from "../../kernels/cli/command.ts";
import { decodeBits, decodeTensor, type Entry, fixtureNames, loadFixture, readGolden, rnd } from "../support/fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "flexlens-eval-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const VARIANTS = join(import.meta.dirname, "variants.py");

let files = 0;
const file = (ending: string, text: string): string => {
  const path = join(folder, `${files++}.${ending}`);
  writeFileSync(path, text);
  return path;
};

const NAMES = new Map<unknown, number>([
  ["nan", Number.NaN],
  ["inf", Number.POSITIVE_INFINITY],
  ["-inf", Number.NEGATIVE_INFINITY],
]);
const number = (x: unknown): number => NAMES.get(x) ?? Number(x);

interface Evaluated {
  readonly code: number;
  readonly err: string;
  readonly kind: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly float64: readonly number[];
  readonly float32: readonly number[];
  /** Codes of the diagnostics, where there are no values. */
  readonly refused: readonly string[];
}

async function evaluate(args: readonly string[]): Promise<Evaluated> {
  const { out, err, code } = await runCommand(["eval", ...args, "--json"]);
  const json = out === "" ? [] : JSON.parse(out);
  const refused = Array.isArray(json) ? json.map((d: { code: string }) => d.code) : [];
  const values = (run: string): number[] => (Array.isArray(json) ? [] : json[run].map(number));
  return { code, err, ...json, refused, float64: values("float64"), float32: values("float32") };
}

const targetOf = (entry: Entry): string[] =>
  entry.call === undefined
    ? [`${VARIANTS}::${entry.name}`]
    : [`${VARIANTS}::${entry.call}`, "--bind-file", file("json", JSON.stringify(entry.args))];

function firstDifference(got: readonly number[], want: ArrayLike<number>, bound: number): string | null {
  if (got.length !== want.length) return `${got.length} values, not ${want.length}`;
  for (const [i, x] of got.entries()) {
    const y = want[i] ?? Number.NaN;
    if (!(Object.is(x, y) || x === y || Math.abs(x - y) <= bound * Math.max(1, Math.abs(y)))) return `${x}, PyTorch ${y}, at ${i}`;
  }
  return null;
}

describe("the fixtures", () => {
  const grid = { dtype: "float64", shape: [1, 2, 24, 24], data: [...rnd([1, 2, 24, 24], 77)].map((x) => x * 2) };
  const scored = fixtureNames().filter((name) => loadFixture(name).score_grid !== null);
  const masks = fixtureNames().flatMap((name) =>
    Object.entries(loadFixture(name).mask_cases).flatMap(([size, c]) => (size === "m37x61" ? [{ name, size, ...c }] : [])),
  );

  test("are all there", () => {
    expect(scored.length + new Set(masks.map((m) => m.name)).size).toBeGreaterThanOrEqual(64);
  });

  test.each(scored)("scores of %s are PyTorch's", async (name) => {
    const { score_grid, flex_cases } = loadFixture(name);
    const { score } = flex_cases.f24;
    if (score === null || score_grid === null) throw new Error("a fixture without a score_mod");
    const got = await evaluate([...targetOf(score), "--scores", file("json", JSON.stringify(grid))]);
    expect(got.code, got.err).toBe(0);
    expect([got.kind, got.shape, got.dtype]).toEqual(["score_mod", grid.shape, score_grid.float32.result_dtype]);
    // A float32 function inside of the float64 run is as exact as float32 is.
    expect(firstDifference(got.float64, decodeTensor(score_grid.float64.values).data, 2e-7)).toBeNull();
    expect(firstDifference(got.float32, decodeTensor(score_grid.float32.values).data, 2e-6)).toBeNull();
  });

  test.each(masks)("mask of $name at $size is PyTorch's", async ({ cfg, mask, bits_b64 }) => {
    const sizes = ["--b", cfg.B, "--h", cfg.H, "--q-len", cfg.Sq, "--kv-len", cfg.Skv].map(String);
    const got = await evaluate([...targetOf(mask), ...sizes]);
    expect(got.code, got.err).toBe(0);
    expect([got.kind, got.shape, got.dtype]).toEqual(["mask_mod", [cfg.B, cfg.H, cfg.Sq, cfg.Skv], "bool"]);
    const want = decodeBits(bits_b64 ?? "", got.float32.length);
    expect(firstDifference(got.float32, want, 0)).toBeNull();
    expect(firstDifference(got.float64, want, 0)).toBeNull();
  });
});

describe("the expressions", () => {
  interface Case {
    readonly expr: string;
    readonly score_dtype?: "float32" | "float64";
    readonly dtype?: string;
    readonly values?: readonly (readonly unknown[])[];
    readonly error?: string;
  }
  const ops = readGolden("_ops.json") as {
    readonly q: readonly number[];
    readonly k: readonly number[];
    readonly s: readonly number[];
    readonly captures: Readonly<Record<string, object>>;
    readonly cases: readonly Case[];
  };
  const rows = ops.q.length;
  const columns = ops.k.length;
  const scores = file(
    "json",
    JSON.stringify({ dtype: "float64", shape: [1, 1, rows, columns], data: ops.s.flatMap((s) => ops.k.map(() => s)) }),
  );
  const captures = file("json", JSON.stringify({ ...ops.captures, flag: true, none: null }));

  test.each(ops.cases)("$expr (score $score_dtype)", async (c) => {
    const path = file(
      "py",
      `import torch\nqs = torch.tensor([${ops.q}])\nks = torch.tensor([${ops.k}])\ndef f(s, b, h, q_idx, kv_idx):\n    q, k = qs[q_idx], ks[kv_idx]\n    return ${c.expr}\n`,
    );
    const got = await evaluate([`${path}::f`, "--bind-file", captures, "--scores", scores]);
    if (c.error !== undefined || c.dtype === "int") {
      expect(got.code).toBe(1);
      expect(got.refused).toHaveLength(1);
      return;
    }
    expect(got.code, got.err).toBe(0);
    const run = c.score_dtype ?? "float32";
    if (run === "float32") expect(got.dtype).toBe(c.dtype);
    const want = (c.values ?? []).flat().map(number);
    expect(firstDifference(got[run], want, c.dtype === "float64" ? 1e-14 : 3e-7)).toBeNull();
  });
});

describe("the constructs", () => {
  const { cases } = readGolden("_constructs.json") as {
    readonly cases: readonly { name: string; source: string; create_block_mask: string; flex_attention: string }[];
  };
  const HEAD = `import functools
import math
import torch

doc = torch.tensor([0, 0, 0, 1, 1, 1, 2, 2])
lst = [0, 0, 0, 1, 1, 1, 2, 2]
st = {1, 2}
dct = {"a": doc}
class Config:
    t = doc
cfg = Config()
`;
  const isOk = (result: string): boolean => result === "ok" || result.startsWith("ok ");

  test.each(cases)("$name", async ({ source, create_block_mask, flex_attention }) => {
    const path = file("py", `${HEAD}\n${source.startsWith("lambda") ? `f = ${source}` : source}\n`);
    const got = await evaluate([`${path}::f`, "--b", "1", "--h", "1", "--q-len", "8", "--kv-len", "8"]);
    const isTaken = isOk(create_block_mask) || isOk(flex_attention);
    expect([got.code, got.float64.length, got.refused.length > 0], got.err).toEqual(isTaken ? [0, 64, false] : [1, 0, true]);
  });
});
