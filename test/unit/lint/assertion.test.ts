/** Assertions: that what is said of a mod is so, by every cell; that it is said once, of the right mod, and summed up. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { runCommand } from "../../../kernels/cli/command.ts";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import type { Claim, LoweredModule } from "../../../kernels/frontend/module.ts";
import { interpret } from "../../../kernels/ir/interpret.ts";
import { assertionSummary, checkAssertions } from "../../../kernels/lint/assertion.ts";

const lower = (text: string): LoweredModule => lowerModule([{ file: "m.py", text: `import torch\n${text}` }]);
const verdicts = (text: string): string[] =>
  checkAssertions(lower(text)).outcomes.map((o) => `${o.variant}: ${o.assertion.text}: ${o.verdict.kind}`);

const MASKS = [
  "q >= k",
  "q > k",
  "(q >= k) & (q - k < 5)",
  "(q - k).abs() <= 3",
  "q // 4 == k // 4",
  "(q >= k) & (q // 4 == k // 4)",
  "(k < 2) | (q - k == 0)",
  "(q + k) % 2 == 0",
  "doc[q] == doc[k]",
  "(doc[q] == doc[k]) & (q >= k)",
  "q * 2 >= k * 3",
  "(q ^ k) < 4",
  "k >= 3",
  "torch.where(q < 8, k <= q, k > 7)",
];
const CLAIMS = [
  "k <= q",
  "q - k < 5",
  "(q - k).abs() <= 3 or k < 2",
  "0 <= q - k < 16",
  "doc[q] == doc[k]",
  "not k > q",
  "q // 4 >= k // 4",
];

describe("a verdict is what the cells say", () => {
  const size = 17;
  const every = (holds: (q: number, k: number) => boolean): boolean =>
    Array.from({ length: size * size }, (_, i) => holds(Math.floor(i / size), i % size)).every((x) => x);

  test.each(MASKS)("of %s", (mask) => {
    const claims = [
      ...CLAIMS,
      ...MASKS.map((_, i) => `equals(m${i})`),
      ...MASKS.map((_, i) => `implies(m${i})`),
      "no_empty_rows",
      "symmetric",
    ];
    const text = [
      `doc = torch.tensor([0, 0, 0, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4, 4, 5, 5, 5])`,
      ...MASKS.map((m, i) => `m${i} = lambda b, h, q, k: ${m}`),
      `# flexlens: Q_LEN=${size}, KV_LEN=${size}`,
      ...claims.map((c) => `# flexlens: assert ${c}`),
      `def f(b, h, q, k):\n    return ${mask}\n`,
    ].join("\n");
    const module = lower(text);
    const body = module.variants.find((v) => v.name === "f")?.maskMod?.body;
    if (body === undefined) throw new Error(module.diagnostics.map((d) => d.message).join("\n"));
    const allows = (q: number, k: number): boolean => interpret(body, { b: 0, h: 0, q_idx: q, kv_idx: k }) === 1;
    const truth = (claim: Claim): boolean => {
      const is = (e: Parameters<typeof interpret>[0], q: number, k: number) => interpret(e, { b: 0, h: 0, q_idx: q, kv_idx: k }) === 1;
      switch (claim.kind) {
        case "holds":
          return every((q, k) => !allows(q, k) || is(claim.predicate, q, k));
        case "equals":
          return every((q, k) => allows(q, k) === is(claim.body, q, k));
        case "implies":
          return every((q, k) => !allows(q, k) || is(claim.body, q, k));
        case "no_empty_rows":
          return every((q) => Array.from({ length: size }, (_, k) => allows(q, k)).includes(true));
        case "symmetric":
          return every((q, k) => allows(q, k) === allows(k, q));
        case "sparsity":
          throw new Error("not among the claims");
      }
    };
    const { outcomes } = checkAssertions(module);
    expect(outcomes).toHaveLength(claims.length);
    for (const { assertion, verdict } of outcomes) {
      expect([assertion.text, verdict.kind === "proved" || verdict.kind === "checked"]).toEqual([assertion.text, truth(assertion.claim)]);
      if (verdict.kind !== "fails" || assertion.claim.kind !== "holds") continue;
      // The cell that is named breaks it, and no cell before it does.
      const [, q, k] = /q_idx = (\d+), kv_idx = (\d+)/.exec(verdict.why)?.map(Number) ?? [];
      const { predicate } = assertion.claim;
      const broken = Array.from({ length: size * size }, (_, i) => i).find((i) => {
        const point = { b: 0, h: 0, q_idx: Math.floor(i / size), kv_idx: i % size };
        return allows(point.q_idx, point.kv_idx) && interpret(predicate, point) === 0;
      });
      expect((q ?? 0) * size + (k ?? 0)).toBe(broken);
    }
  });
});

describe("what is asserted", () => {
  const CAUSAL = "def causal(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n";

  test("is of the mod below: a def, its decorators, an assignment, a factory, a method, a def inside", () => {
    expect(verdicts(`# flexlens: assert kv_idx <= q_idx\n${CAUSAL}`)).toEqual(["causal: kv_idx <= q_idx: proved"]);
    expect(verdicts("# flexlens: assert k <= q\nf = lambda b, h, q, k: q >= k\n")).toEqual(["f: k <= q: proved"]);
    const factory = "def make(w):\n    def near(b, h, q, k):\n        return (q >= k) & (q - k < w)\n    return near\n";
    expect(verdicts(`# flexlens: w=8; assert q - k < w\n${factory}`)).toEqual(["make: q - k < w: proved"]);
    expect(verdicts(`${factory}# flexlens: assert q - k < 16\nnear = make(16)\n`)).toEqual(["near: q - k < 16: proved"]);
    const inside = factory.replace("    def near", "    # flexlens: assert q - k < w\n    def near");
    expect(verdicts(`${inside}near = make(16)\n`)).toEqual(["make: q - k < w: proved"]);
    const method =
      "class M:\n    w = 4\n    # flexlens: assert q - k < self.w\n    def near(self, b, h, q, k):\n        return q - k < self.w\n";
    expect(verdicts(method)).toEqual(["M.near: q - k < self.w: proved"]);
  });

  test("at the file's head is of every mask_mod", () => {
    const text = `# flexlens: assert k <= q\n\na = lambda b, h, q, k: q > k\nc = lambda b, h, q, k: q < k\ns = lambda score, b, h, q, k: score\n`;
    expect(verdicts(text)).toEqual(["a: k <= q: proved", "c: k <= q: fails"]);
  });

  test("reads the mod's names, its arguments by either name, and what it captures", () => {
    const text =
      "W = 3\n# flexlens: assert d == q_idx - kv_idx, assert near == (d < W), assert half == 1, assert row.any()\ndef f(b, h, q, k):\n    half = W // 2\n    d = q - k\n    near = d < W\n    row = torch.stack([near, k > q])\n    return near\n";
    expect(verdicts(text).map((v) => v.split(": ").at(-1))).toEqual(["proved", "proved", "proved", "proved"]);
  });

  test("of a score_mod is of every cell, and of the cells of its mask where a call puts them together", () => {
    const score = "# flexlens: assert q_idx >= kv_idx\ndef bias(score, b, h, q_idx, kv_idx):\n    return score - (q_idx - kv_idx)\n";
    expect(verdicts(score)).toEqual(["bias: q_idx >= kv_idx: fails"]);
    const call =
      "from torch.nn.attention.flex_attention import create_block_mask, flex_attention\nbm = create_block_mask(causal, None, None, 64, 64)\ndef run(q, k, v):\n    return flex_attention(q, k, v, score_mod=bias, block_mask=bm)\n";
    expect(verdicts(`${CAUSAL}${score}${call}`)).toEqual(["bias + causal: q_idx >= kv_idx: proved"]);
  });

  test("of a score_mod compares it with another, whatever the order of sums and products", () => {
    const text = (body: string): string =>
      `t = torch.linspace(0, 1, 8)\ndef one(score, b, h, q, k):\n    return score - t[h] * (q - k).abs()\n# flexlens: assert equals(one)\ndef two(score, b, h, q, k):\n    return ${body}\n`;
    expect(verdicts(text("score - abs(q - k) * t[h]"))).toEqual(["two: equals(one): proved"]);
    expect(verdicts(text("score - t[h] * (k - q).abs()"))).toEqual(["two: equals(one): undecided"]);
    const [differs] = checkAssertions(lower(text("score + t[h] * (q - k).abs()"))).diagnostics;
    expect(differs?.message).toContain("at b = 0, h = 1, q_idx = 0, kv_idx = 1, for a score of 0");
  });

  test("goes over several lines, beside values, with words of its own", () => {
    const text = `# flexlens: Q_LEN=64\n# flexlens: assert (kv_idx <= q_idx) &\n# flexlens:        (q_idx >= 0), "looks back",\n# flexlens: assert kv_idx < q_idx, "strictly"\n${CAUSAL}`;
    const { outcomes, diagnostics } = checkAssertions(lower(text));
    expect(outcomes.map((o) => [o.assertion.message, o.verdict.kind])).toEqual([
      ["looks back", "proved"],
      ["strictly", "fails"],
    ]);
    expect(diagnostics[0]?.message).toContain("strictly: ");
  });

  test("of the whole mask may be written as a call, and in brackets", () => {
    expect(verdicts(`# flexlens: assert no_empty_rows(), assert(kv_idx <= q_idx)\n${CAUSAL}`).map((v) => v.split(": ").at(-1))).toEqual([
      "proved",
      "proved",
    ]);
  });

  test("counts blocks as PyTorch does, or elements", () => {
    const text = (claim: string) => `# flexlens: Q_LEN=256, KV_LEN=256, BLOCK_SIZE=64, assert ${claim}\n${CAUSAL}`;
    for (const claim of ["sparsity == 0.375", "sparsity.blocks == 6 / 16", "0.49 < sparsity.elements < 0.5"]) {
      expect(verdicts(text(claim))).toEqual([`causal: ${claim}: checked`]);
    }
    expect(verdicts(text("sparsity.elements > 0.5"))).toEqual(["causal: sparsity.elements > 0.5: fails"]);
  });

  test("is undecided where the budget ends", () => {
    const text = `# flexlens: Q_LEN=4096, assert (q_idx * 7919 + kv_idx * 104729) % 10007 != 10008, assert sparsity.elements < 1\ndef f(b, h, q_idx, kv_idx):\n    return (q_idx * 31 + kv_idx * 17) % 5 < 4\n`;
    const { outcomes, diagnostics } = checkAssertions(lower(text.replace("!= 10008", "!= (q_idx * kv_idx) % 3 + 20000")), {
      budget: 2 ** 12,
    });
    expect(outcomes.map((o) => o.verdict.kind).filter((k) => k === "undecided").length).toBeGreaterThan(0);
    expect(diagnostics.every((d) => d.severity === "warning")).toBe(true);
  });

  test("that nothing is asserted says nothing", () => {
    const { outcomes } = checkAssertions(lower(CAUSAL));
    expect([outcomes, assertionSummary(outcomes)]).toEqual([[], ""]);
  });
});

describe("`flexlens check`", () => {
  const folder = mkdtempSync(join(tmpdir(), "flexlens-assert-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "masks.py");
  const text = (claim: string): string =>
    `# flexlens: Q_LEN=512\n# flexlens: assert kv_idx <= q_idx, assert ${claim}\ndef causal(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n`;

  test("sums up, and is content where all hold", async () => {
    writeFileSync(path, text("sparsity > 0.3"));
    const { out, code } = await runCommand(["check", path]);
    expect([code, out]).toEqual([0, "2 assertions: 1 proved at any length, 1 checked (Q_LEN = 512, KV_LEN = 512)"]);
  });

  test("underlines what does not hold, with the first cell that breaks it, and ends with 1", async () => {
    writeFileSync(path, text("q_idx - kv_idx < 100"));
    const { out, err, code } = await runCommand(["check", path, "--json"]);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual([
      {
        code: "assertion-fails",
        severity: "error",
        file: path,
        line: 2,
        column: 44,
        endLine: 2,
        endColumn: 64,
        message: expect.stringContaining("b = 0, h = 0, q_idx = 100, kv_idx = 0"),
        fix: null,
      },
    ]);
    expect(err).toBe("2 assertions: 1 proved at any length, 1 broken");
  });

  test("asks about the lengths that it is given", async () => {
    writeFileSync(path, text("sparsity > 0.4"));
    expect((await runCommand(["check", path, "--q-len", "1024", "--kv-len", "1024"])).code).toBe(0);
    expect((await runCommand(["check", path])).code).toBe(1);
  });
});
