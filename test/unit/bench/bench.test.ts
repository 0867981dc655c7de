/** The parts of the benchmarks that decide what they say: intervals and verdicts, models and layouts handed to peers. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../../../kernels/flash/plan.ts";
import { fillProblem } from "../../../kernels/flash/problem.ts";
import { planEngine } from "../../../kernels/flash/select.ts";
import { buildBlockMask } from "../../../kernels/mask/build.ts";
import { blockMOf, byHand } from "../../bench/byHand.ts";
import { countKernel } from "../../bench/counted.ts";
import { additiveBias, headsInside, headsOutside, transposed } from "../../bench/peers/layouts.ts";
import { type Node, onnxModel } from "../../bench/peers/onnx.ts";
import { causal } from "../../support/variants.ts";

interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly rounds: number;
}
interface Bar {
  readonly least?: number;
  readonly most?: number;
}
interface Figures {
  readonly medianInterval: (numbers: readonly number[]) => Interval;
  readonly pairedShift: (differences: readonly number[]) => Interval;
  readonly ratioInterval: (above: readonly number[], below: readonly number[]) => Interval;
  readonly verdict: (interval: Omit<Interval, "value">, bar: Bar) => string;
}
const file = join(import.meta.dirname, "../../bench/figures.mjs");
const { medianInterval, pairedShift, ratioInterval, verdict }: Figures = await import(file);

interface Documents {
  readonly withSection: (
    document: string,
    mark: string,
    title: string,
    head: string,
    parts: readonly { readonly name: string; readonly text: string }[],
  ) => string;
}
const { withSection }: Documents = await import(join(import.meta.dirname, "../../bench/document.mjs"));

describe("the document of benchmarks", () => {
  const part = (name: string, figure: number) => ({ name, text: `### ${name}\n\n| ms |\n| ---: |\n| ${figure} |` });
  const first = withSection("# Benchmarks\n", "a", "A", "Ten rounds.", [part("dense", 1), part("causal", 2)]);

  test("a run of some groups keeps the figures of the others, and other sections", () => {
    const both = withSection(first, "b", "B", "Two rounds.", [part("dense", 3)]);
    const again = withSection(both, "a", "A", "Five rounds.", [part("causal", 4), part("window", 5)]);
    const figures = [...again.matchAll(/<!-- part (\w+) -->|^\| (\d) \|/gm)].map(([, name, figure]) => name ?? figure);
    expect(figures).toEqual(["dense", "1", "causal", "4", "window", "5", "dense", "3"]);
    expect(again).toContain("Five rounds.");
    expect(again).not.toContain("Ten rounds.");
    expect(again).toContain("Two rounds.");
  });

  test("the same run again changes nothing", () => {
    expect(withSection(first, "a", "A", "Ten rounds.", [part("causal", 2)])).toBe(first);
  });
});

describe("figures of rounds", () => {
  test("an interval holds the median, is the same each time, and shrinks to a point where all rounds agree", () => {
    const numbers = [5, 7, 6, 9, 5.5, 6.5, 7.5, 6.2, 5.9, 8];
    const interval = medianInterval(numbers);
    expect(interval.value).toBeCloseTo(6.35);
    expect(interval.low).toBeLessThan(interval.value);
    expect(interval.high).toBeGreaterThan(interval.value);
    expect(interval.low).toBeGreaterThan(5);
    expect(interval.high).toBeLessThan(9);
    expect(medianInterval(numbers)).toEqual(interval);
    expect(medianInterval([3, 3, 3])).toEqual({ value: 3, low: 3, high: 3, rounds: 3 });
  });

  test("pairs differ by the middle of their differences' means, with Wilcoxon's interval, whatever one outlier is", () => {
    const differences = Array.from({ length: 21 }, (_, i) => i - 7);
    // The tables' critical value for 21 pairs is 58: the interval ends at the 59th mean from either side.
    expect(pairedShift(differences)).toEqual({ value: 3, low: 0, high: 6, rounds: 21 });
    expect(pairedShift([...differences.slice(0, 20), 1e6]).value).toBe(3);
    expect(pairedShift(Array.from({ length: 20 }, () => 2))).toEqual({ value: 2, low: 2, high: 2, rounds: 20 });
  });

  test("ratios are taken round by round: a slow round slows both sides and changes nothing", () => {
    const below = [1, 10, 2, 5, 1, 3, 1, 4, 7, 2];
    expect(
      ratioInterval(
        below.map((ms) => 6 * ms),
        below,
      ),
    ).toEqual({ value: 6, low: 6, high: 6, rounds: 10 });
  });

  test.each<[string, Omit<Interval, "value">, Bar, string]>([
    ["the whole interval above", { low: 7.1, high: 8, rounds: 10 }, { least: 7 }, "met"],
    ["the bar inside of the interval", { low: 6.9, high: 8, rounds: 10 }, { least: 7 }, "open"],
    ["the whole interval below", { low: 5, high: 6.9, rounds: 10 }, { least: 7 }, "missed"],
    ["under a ceiling", { low: 1, high: 1.04, rounds: 10 }, { most: 1.05 }, "met"],
    ["over a ceiling", { low: 1.06, high: 1.2, rounds: 10 }, { most: 1.05 }, "missed"],
    ["between two bars", { low: 0.95, high: 1.05, rounds: 12 }, { least: 0.9, most: 1.1 }, "met"],
    ["out of two bars", { low: 0.7, high: 0.8, rounds: 12 }, { least: 0.9, most: 1.1 }, "missed"],
    ["too few rounds", { low: 7.1, high: 8, rounds: 2 }, { least: 7 }, "(met: 2 rounds)"],
  ])("a bar with %s", (_, interval, bar, word) => {
    expect(verdict(interval, bar)).toBe(word);
  });
});

type Field = readonly [field: number, value: number | Uint8Array];

/** Protobuf's own structure: field numbers with numbers or bytes. */
function fields(bytes: Uint8Array): Field[] {
  const out: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = BigInt(bytes[at++] ?? 0);
      value |= (byte & 127n) << shift;
      if (byte < 128n) return Number(BigInt.asIntN(64, value));
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const value = varint();
    if (key % 8 === 0) out.push([key >> 3, value]);
    else {
      out.push([key >> 3, bytes.subarray(at, at + value)]);
      at += value;
    }
  }
  return out;
}
const parts = (bytes: Uint8Array, field: number): Uint8Array[] =>
  fields(bytes).flatMap(([f, value]) => (f === field && typeof value !== "number" ? [value] : []));
const words = (bytes: Uint8Array, field: number): string[] => parts(bytes, field).map((part) => new TextDecoder().decode(part));

describe("ONNX models", () => {
  const x = { name: "x", dims: ["B", 300] };
  const bias = { name: "bias", dims: [1] };
  const between = { name: "between", dims: ["B", 300] };
  const counts = { name: "counts", type: "int32", dims: [2] } as const;
  const out = { name: "out", dims: ["B", 300] };
  const first: Node = {
    operator: "First",
    domain: "com.microsoft",
    inputs: [x, "", bias],
    outputs: [between],
    attributes: { heads: 8, window: -1 },
  };
  const second: Node = { operator: "Second", domain: "", inputs: [between, counts], outputs: [out], attributes: {} };
  const model = onnxModel([first, second], ["out"]);
  const graph = parts(model, 7)[0] ?? new Uint8Array();

  test("hold nodes with operator, domain, attributes, and inputs that are left out", () => {
    const nodes = parts(graph, 1);
    expect(nodes.map((node) => [words(node, 4), words(node, 7), words(node, 1), words(node, 2)])).toEqual([
      [["First"], ["com.microsoft"], ["x", "", "bias"], ["between"]],
      [["Second"], [""], ["between", "counts"], ["out"]],
    ]);
    const attributes = parts(nodes[0] ?? new Uint8Array(), 5).map((a) => [words(a, 1)[0], fields(a).find(([f]) => f === 3)?.[1]]);
    expect(attributes).toEqual([
      ["heads", 8],
      ["window", -1],
    ]);
  });

  test("list as inputs what no node puts out, with types and sizes", () => {
    const inputs = parts(graph, 11);
    expect(inputs.map((value) => words(value, 1)[0])).toEqual(["x", "bias", "counts"]);
    const tensors = inputs.map((value) => parts(parts(value, 2)[0] ?? new Uint8Array(), 1)[0] ?? new Uint8Array());
    expect(tensors.map((tensor) => fields(tensor).find(([f]) => f === 1)?.[1])).toEqual([1, 1, 6]);
    const dims = parts(parts(tensors[0] ?? new Uint8Array(), 2)[0] ?? new Uint8Array(), 1);
    expect(dims.map((dim) => words(dim, 2)[0] ?? fields(dim)[0]?.[1])).toEqual(["B", 300]);
    expect(parts(graph, 12).map((value) => words(value, 1)[0])).toEqual(["out"]);
  });
});

describe("peers' layouts", () => {
  test("heads go inside and come out again", () => {
    const x = Float32Array.from({ length: 2 * 3 * 4 * 5 }, (_, i) => i);
    const inside = headsInside(x, 2, 3, 4, 5);
    // Element [b 1, head 2, t 3, d 4] → [b 1, t 3, head 2, d 4].
    expect(inside[((1 * 4 + 3) * 3 + 2) * 5 + 4]).toBe(x[((1 * 3 + 2) * 4 + 3) * 5 + 4]);
    expect(headsOutside(inside, 2, 3, 4, 5)).toEqual(x);
  });

  test("rows become columns", () => {
    expect([...transposed(Float32Array.from([1, 2, 3, 4, 5, 6]), 1, 3, 2)]).toEqual([1, 3, 5, 2, 4, 6]);
  });

  test("a mask becomes zeros and large negative numbers", () => {
    const bias = additiveBias(causal, fillProblem({ qLen: 2, kvLen: 3 }));
    expect([...bias].map((x) => x < -1e20)).toEqual([false, true, true, false, false, true]);
    expect(Object.is(bias[0], 0)).toBe(true);
  });
});

test("causal by hand is the causal kernel without the walk over runs", () => {
  const problem = fillProblem({ qLen: 256, qkHeadDim: 64 });
  const planned = planEngine("quad", causal, problem, { ...DEFAULT_LIMITS, subgroups: true, software: true });
  if (planned.kind === "refused") throw new Error(planned.refusal.reason);
  const hand = byHand(planned.plan);
  const wgsl = hand.kernels[0]?.wgsl ?? "";
  expect(wgsl).not.toMatch(/\bruns\[/);
  expect(wgsl.split("{").length).toBe(wgsl.split("}").length);
  expect(wgsl).toContain("let diagonal = q_tile * BLOCK_M;");
  expect(hand.kernels[0]?.bindings.map((b) => b.name)).not.toContain("runs");
  expect(blockMOf(planned.plan)).toBe(64);
});

describe("the count of a kernel", () => {
  const blocks = (size: number) =>
    buildBlockMask(causal.maskMod?.body ?? null, { batch: 1, heads: 1, qLen: 256, kvLen: 256 }, [size, size]);
  const kernel = (walk: string) => `
    @group(0) @binding(0) var<storage, read> K: array<vec4f>;
    @group(0) @binding(1) var<storage, read> runs: array<u32>;
    const BLOCK_N = 4u;  // K[0] + K[1] in a comment
    fn main() {
      var sum = K[0];
      ${walk}
    }`;
  const steps = `
    for (var key = 0u; key < n; key += BLOCK_N) {
      sum = sum + K[key];
    }
    for (var key = n; key < m; key += BLOCK_N) {
      sum = max(sum, K[key] * K[key + 1u]);
    }`;

  test("takes each loop as often as the mask has steps for it", () => {
    // Four tiles of 64 rows: 6 full blocks and 4 partial ones of 16 steps each; a step has a comparison and an addition of its own.
    expect(countKernel(kernel(steps), blocks(64))).toEqual({
      loads: 4 + 96 + 64 * 2,
      operations: 96 * (2 + 1) + 64 * (2 + 3),
    });
  });

  test("takes the look for the next run once a run, and once more a tile and kind", () => {
    // Four tiles and seven runs: the first tile has no full block.
    const walked = `fn run_at(at: u32) -> u32 { return runs[at] + 3u; } ${kernel(steps)}`;
    const [by, without] = [countKernel(walked, blocks(64)), countKernel(kernel(steps), blocks(64))];
    expect(by.loads - without.loads).toBe(2 * 4 + 7);
    expect(by.operations - without.operations).toBe(2 * 4 + 7);
  });

  test("gives causal by mask one hundredth more than causal by hand, at most", () => {
    const problem = fillProblem({ qLen: 1024, qkHeadDim: 64, blockSize: [64, 64] }, 8);
    const planned = planEngine("quad", causal, problem, { ...DEFAULT_LIMITS, subgroups: true, software: true });
    if (planned.kind === "refused") throw new Error(planned.refusal.reason);
    const mask = buildBlockMask(causal.maskMod?.body ?? null, { batch: 1, heads: 1, qLen: 1024, kvLen: 1024 }, [64, 64]);
    const [byMask, hand] = [planned.plan, byHand(planned.plan)].map((plan) => countKernel(plan.kernels[0]?.wgsl ?? "", mask));
    if (byMask === undefined || hand === undefined) throw new Error("two plans, two counts");
    for (const what of ["loads", "operations"] as const) {
      expect(byMask[what] / hand[what]).toBeGreaterThan(1);
      expect(byMask[what] / hand[what]).toBeLessThan(1.01);
    }
  });
});
