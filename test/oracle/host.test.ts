/** The static evaluator against Python, PyTorch and NumPy: each snippet of host/*.txt has the value that they give. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { difference, type HostRow, runSnippet } from "../support/hostValue.ts";

const golden = JSON.parse(readFileSync(new URL("./host.json", import.meta.url), "utf8")) as {
  readonly preamble: string;
  readonly rows: readonly HostRow[];
};

/** What is not followed, though Python computes it: no value comes out. The list may only shrink. */
const REFUSED: ReadonlySet<string> = new Set([
  'class D(dict):\n    pass\nresult = D(a=1)["a"]',
  'class A:\n    def __getattribute__(self, n): return "got " + n\nresult = A().x',
  'class Meta(type):\n    def __call__(cls, *a): return "made"\nclass A(metaclass=Meta): pass\nresult = A()',
  "import functools as ft\nclass A:\n    def p(self, a, b): return a, b\n    q = ft.partialmethod(p, 1)\nresult = A().q(2)",
  "result = sorted([3, 1, 2], key=functools.cmp_to_key(lambda a, b: b - a))",
  "result = torch.gcd(torch.tensor([12]), torch.tensor([18]))",
  "result = torch.nn.functional.max_pool1d(torch.tensor([[[1.0, 3.0, 2.0, 4.0]]]), 2)",
  "result = torch.nn.functional.avg_pool1d(torch.tensor([[[1.0, 3.0, 2.0, 4.0]]]), 2)",
  'result = torch.nn.functional.interpolate(torch.tensor([[[1.0, 2.0]]]), size=4, mode="nearest")',
  "result = torch.arange(3).apply_(lambda x: x + 1)",
  "result = torch.arange(3).map_(torch.arange(3), lambda a, b: a + b)",
  "result = statistics.mean([1, 2, 3])",
  "result = string.ascii_lowercase[:3]",
  'result = inspect.signature(lambda a, b: 0).parameters.keys() == {"a": 0, "b": 0}.keys()',
  "result = len(inspect.signature(lambda a, b: 0).parameters)",
  'result = json.loads("[1, 2.5]")',
  "result = fractions.Fraction(1, 2) + fractions.Fraction(1, 3) == fractions.Fraction(5, 6)",
  'result = re.sub(r"\\d", "x", "a1b2")',
  "result = time.time() > 0",
  "result = torch.ops.aten.add(torch.arange(2), 1)",
  "result = torch.complex(torch.tensor(1.0), torch.tensor(2.0)).real",
  "result = torch.vander(torch.tensor([1, 2, 3]))",
  "result = torch.hann_window(4, periodic=False)",
  "result = torch.bartlett_window(5, periodic=False)",
  "result = torch.nn.functional.unfold(torch.arange(9.0).view(1, 1, 3, 3), 2).shape",
]);

function fault({ code, value, error }: HostRow): string | null {
  const run = runSnippet(golden.preamble, code);
  if (value === undefined) return "fault" in run ? null : `Python raises ${error}, and a ${run.value.type} came out`;
  return "fault" in run ? run.fault : difference(run.value, value);
}

describe.each([...new Set(golden.rows.map((r) => r.group))])("%s", (group) => {
  test.each(golden.rows.filter((r) => r.group === group && !REFUSED.has(r.code)))("$code", (row) => {
    expect(fault(row)).toBeNull();
  });
});

test("what is listed as refused still is, and nothing comes out wrong", () => {
  const rows = golden.rows.filter((r) => REFUSED.has(r.code));
  expect(rows.length).toBe(REFUSED.size);
  expect(rows.filter((r) => !("fault" in runSnippet(golden.preamble, r.code))).map((r) => r.code)).toEqual([]);
});
