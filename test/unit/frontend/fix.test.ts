import { describe, expect, test } from "vitest";
import { type Diagnostic, diagnosticCodes } from "../../../kernels/frontend/diagnostic.ts";
import { quote } from "../../../kernels/frontend/diagnosticRow.ts";
import { difference, fixAll } from "../../../kernels/frontend/fixAll.ts";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import { nearest } from "../../../kernels/frontend/nearest.ts";

const HEAD = "import math\nimport torch\nWINDOW = 3\n";

function lower(text: string): { text: string; diagnostics: readonly Diagnostic[]; count: number } {
  const whole = HEAD + text;
  const m = lowerModule([{ file: "f.py", text: whole }]);
  return { text: whole, diagnostics: m.diagnostics, count: m.variants.length };
}

/** The text with the first fix of `code` done. */
function applied(text: string, diagnostics: readonly Diagnostic[], code: string): string {
  const edits = diagnostics.find((d) => d.code === code)?.fix?.edits ?? [];
  return [...edits]
    .sort((a, b) => b.span.from - a.span.from)
    .reduce((t, e) => t.slice(0, e.span.from) + e.newText + t.slice(e.span.to), text);
}

const mask = (body: string): string => `def mod(b, h, q_idx, kv_idx):\n    ${body}\n`;
const score = (body: string): string => `def mod(score, b, h, q_idx, kv_idx):\n    ${body}\n`;

describe("a fix leaves a mod that lowers", () => {
  test.each([
    ["chained-comparison", mask("return 0 <= q_idx - kv_idx < WINDOW"), "return (0 <= q_idx - kv_idx) & (q_idx - kv_idx < WINDOW)"],
    ["chained-comparison", mask("return 0 < q_idx < kv_idx < 9"), "return (0 < q_idx) & (q_idx < kv_idx) & (kv_idx < 9)"],
    ["boolean-operator", mask("return q_idx >= kv_idx and q_idx < 3"), "return (q_idx >= kv_idx) & (q_idx < 3)"],
    ["boolean-operator", mask("return q_idx == 1 or kv_idx == 2 and q_idx < 3"), "return (q_idx == 1) | (kv_idx == 2) & (q_idx < 3)"],
    ["boolean-operator", mask("return not q_idx < kv_idx"), "return ~(q_idx < kv_idx)"],
    [
      "data-dependent-branch",
      mask("if q_idx >= kv_idx:\n        return kv_idx < 2\n    return q_idx < 2"),
      "return torch.where(q_idx >= kv_idx, kv_idx < 2, q_idx < 2)",
    ],
    [
      "data-dependent-branch",
      mask("if q_idx > 3:\n        x = kv_idx\n    else:\n        x = q_idx\n    return x > 2"),
      "x = torch.where(q_idx > 3, kv_idx, q_idx)",
    ],
    [
      "data-dependent-ternary",
      score("return score if q_idx >= kv_idx else -float('inf')"),
      "return torch.where(q_idx >= kv_idx, score, -float('inf'))",
    ],
    ["mask-returns-constant", mask("return True"), "return q_idx >= 0"],
    ["mask-returns-constant", "mod = lambda b, h, i, j: False\n", "mod = lambda b, h, i, j: i < 0"],
    ["mask-not-bool", mask("return q_idx - kv_idx"), "return q_idx - kv_idx != 0"],
    ["score-returns-mask", score("return q_idx >= kv_idx"), 'return torch.where(q_idx >= kv_idx, score, -float("inf"))'],
    ["score-returns-constant", score("return 0.0"), "return torch.full_like(score, 0.0)"],
    ["item-of-tensor", mask("return kv_idx < q_idx.item() + 1"), "return kv_idx < q_idx + 1"],
    ["item-of-tensor", mask("return kv_idx < int(q_idx / 2)"), "return kv_idx < (q_idx / 2).long()"],
    ["item-of-tensor", mask("return kv_idx < math.floor(q_idx / 2)"), "return kv_idx < q_idx // 2"],
    ["unknown-name", mask("return q_idx - kv_idx < WINDWO"), "return q_idx - kv_idx < WINDOW"],
    ["unknown-name", mask("return q_inx >= kv_idx"), "return q_idx >= kv_idx"],
    [
      "unknown-attribute",
      score("return torch.where(q_idx >= kv_idx, score, -torch.inf_like(score))"),
      'torch.full_like(score, float("inf"), dtype=torch.float32)',
    ],
    ["builtin-min-max", mask("return max(q_idx - kv_idx, 0) < 3"), "return torch.clamp(q_idx - kv_idx, min=0) < 3"],
    ["bool-negation", mask("return -(q_idx >= kv_idx)"), "return ~(q_idx >= kv_idx)"],
  ])("%s: %j", (code, body, expected) => {
    const before = lower(body);
    expect(before.diagnostics.map((d) => d.code)).toContain(code);
    const text = applied(before.text, before.diagnostics, code);
    expect(text).toContain(expected);
    const after = lower(text.slice(HEAD.length));
    expect(after.diagnostics).toEqual([]);
    expect(after.count).toBe(1);
  });
});

test.each([
  ["a tensor", "q_idx.flaot()", "q_idx.float()"],
  ["a module", "math.flor(2.5)", "math.floor(2.5)"],
  ["a string, which has no `where`", '"ab".whree()', null],
])("a misspelt attribute of %s becomes one of its own", (_what, written, expected) => {
  const found = lower(mask(`return ${written} > kv_idx`));
  const [fault] = found.diagnostics.filter((d) => d.code === "unknown-attribute");
  expect(fault).toBeDefined();
  if (expected === null) expect(fault?.fix).toBeNull();
  else expect(applied(found.text, found.diagnostics, "unknown-attribute")).toContain(`return ${expected} >`);
});

test.each([
  ["widnow", "self.window"],
  ["sizw", "self.size"],
  ["depth", null],
  ["clmap", null],
])("an instance's misspelt attribute `%s` becomes the one that is near", (written, expected) => {
  const found = lower(`class A:
    size = 8
    def __init__(self):
        self.window = 4
    def mod(self, b, h, q_idx, kv_idx):
        return q_idx - kv_idx < self.${written}
`);
  expect(found.diagnostics.map((d) => d.code)).toEqual(["unknown-attribute"]);
  if (expected === null) expect(found.diagnostics[0]?.fix).toBeNull();
  else expect(applied(found.text, found.diagnostics, "unknown-attribute")).toContain(`< ${expected}\n`);
});

test.each([
  [mask("return not (q_idx < kv_idx and kv_idx > 3)"), "return ~((q_idx < kv_idx) & (kv_idx > 3))"],
  [score("return 0 * score if 0 < q_idx < 3 else score"), "return torch.where((0 < q_idx) & (q_idx < 3), 0 * score, score)"],
])("fixes one after another end at a mod that lowers: %j", (body, expected) => {
  let text = HEAD + body;
  for (let round = 0; round < 3; round++) {
    const { diagnostics } = lower(text.slice(HEAD.length));
    text = applied(text, diagnostics, diagnostics[0]?.code ?? "");
  }
  expect(lower(text.slice(HEAD.length)).diagnostics).toEqual([]);
  expect(text).toContain(expected);
});

describe("the table", () => {
  test("codes are kebab-case, and each has a line for the manual", () => {
    for (const { code, about } of diagnosticCodes()) {
      expect(code).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
      expect(about).toMatch(/\.$/);
    }
  });

  test("a quotation is one line, cut where it is long", () => {
    expect(quote("a +\n    b")).toBe("`a + b`");
    expect(quote("a  # first\n    + b")).toBe("`a + b`");
    expect(quote("x".repeat(100))).toBe(`\`${"x".repeat(59)}…\``);
  });
});

test.each([
  ["WINDWO", ["WINDOW", "WIDTH"], "WINDOW"],
  ["kv_idx2", ["q_idx", "kv_idx"], "kv_idx"],
  ["x", ["y", "z"], null],
  ["foo", ["bar", "quux"], null],
  ["Causal", ["causal"], "causal"],
])("the name nearest to %s among %j is %s", (name, names, expected) => {
  expect(nearest(name, names)).toBe(expected);
});

describe("fix all", () => {
  const MANY = `${HEAD}def near(b, h, q_idx, kv_idx):
    if q_idx < 2 and kv_idx < 2:
        return True
    gap = max(q_idx - kv_idx, 0)
    return 0 <= gap < 3 and not kv_idx == 5


def far(score, b, h, q_idx, kv_idx):
    return score if q_idx - kv_idx > 3 else -float("inf")
`;
  const diagnosticsOf = (text: string): readonly Diagnostic[] => lowerModule([{ file: "f.py", text }]).diagnostics;

  test("does one fix after another until none is left", () => {
    const text = fixAll(MANY, "f.py", diagnosticsOf);
    expect(text.slice(HEAD.length)).toBe(`def near(b, h, q_idx, kv_idx):
    gap = torch.clamp(q_idx - kv_idx, min=0)
    return torch.where((q_idx < 2) & (kv_idx < 2), True, (0 <= gap) & (gap < 3) & ~(kv_idx == 5))


def far(score, b, h, q_idx, kv_idx):
    return torch.where(q_idx - kv_idx > 3, score, -float("inf"))
`);
    expect(diagnosticsOf(text)).toEqual([]);
  });

  test("leaves what it would have to guess at", () => {
    const text = `${HEAD}${score("return q_idx >= kv_idx")}`;
    expect(fixAll(text, "f.py", diagnosticsOf)).toBe(text);
  });

  test.each([
    ["abc", "aXc", { from: 1, to: 2, newText: "X" }],
    ["aa", "aaa", { from: 2, to: 2, newText: "a" }],
    ["abc", "abc", { from: 3, to: 3, newText: "" }],
  ])("is one edit, no wider than it must be: %s to %s", (before, after, edit) => {
    expect(difference(before, after)).toEqual(edit);
  });
});
