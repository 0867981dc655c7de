/** Tensors that are known at lowering: PyTorch's makers, views, joins, reductions, indexing, promotion. */
import { describe, expect, test } from "vitest";
import { printValue, runText } from "./evaluateText.ts";

function outcome(text: string): string {
  const { scope } = runText(`import torch\nimport torch.nn.functional as F\n${text}`);
  const x = scope.names.get("x");
  return x === undefined ? "unbound" : printValue(x);
}

describe("makers", () => {
  test.each([
    ["torch.arange(4)", "i64[4] 0 1 2 3"],
    ["torch.arange(1, 2, 0.25)", "f32[4] 1 1.25 1.5 1.75"],
    ["torch.arange(5, 0, -2)", "i64[3] 5 3 1"],
    ["torch.tensor([[1, 2], [3, 4]])", "i64[2,2] 1 2 3 4"],
    ["torch.tensor([1, 2.5, True])", "f32[3] 1 2.5 1"],
    ["torch.tensor([300, -1], dtype=torch.uint8)", "u8[2] 44 255"],
    ["torch.tensor([[1], [2, 3]])", "operand-types"],
    ["torch.zeros(2, 1, dtype=torch.bool)", "bool[2,1] 0 0"],
    ["torch.ones((3,))", "f32[3] 1 1 1"],
    ["torch.full((2,), 7)", "i64[2] 7 7"],
    ["torch.linspace(0, 1, 5)", "f32[5] 0 0.25 0.5 0.75 1"],
    ["torch.eye(2, dtype=torch.int32)", "i32[2,2] 1 0 0 1"],
    ["torch.exp2(-torch.arange(1, 5) * 8.0 / 4)", "f32[4] 0.25 0.0625 0.015625 0.00390625"],
    ["torch.tensor([1.5, -1.5]).long()", "i64[2] 1 -1"],
    ["torch.ones(2, 2).tril()", "f32[2,2] 1 0 1 1"],
  ])("%s", (expression, expected) => {
    expect(outcome(`x = ${expression}`)).toBe(expected);
  });
});

describe("views, joins and reductions", () => {
  test.each([
    ["torch.arange(6).view(2, 3).T", "i64[3,2] 0 3 1 4 2 5"],
    ["torch.arange(6).reshape(2, -1)[:, 1]", "i64[2] 1 4"],
    ["torch.arange(6).view(2, 3)[1, ::2]", "i64[2] 3 5"],
    ["torch.arange(3)[None] < torch.tensor([[1], [2]])", "bool[2,3] 1 0 0 1 1 0"],
    ["torch.arange(3).expand(2, 3)", "i64[2,3] 0 1 2 0 1 2"],
    ["torch.cat([torch.zeros(1, dtype=torch.int64), torch.tensor([1, 2]).cumsum(0)])", "i64[3] 0 1 3"],
    ["torch.stack([torch.tensor([1, 2]), torch.tensor([3, 4])], dim=1)", "i64[2,2] 1 3 2 4"],
    ["torch.repeat_interleave(torch.arange(3), torch.tensor([2, 0, 1]))", "i64[3] 0 0 2"],
    ["torch.arange(2).repeat_interleave(2)", "i64[4] 0 0 1 1"],
    ["torch.arange(2).repeat(2)", "i64[4] 0 1 0 1"],
    ["torch.bincount(torch.tensor([0, 2, 2]))", "i64[3] 1 0 2"],
    ["torch.tensor([[1, 2], [3, 4]]).sum(0)", "i64[2] 4 6"],
    ["torch.tensor([[1, 5], [3, 4]]).max(dim=1)", "(i64[2] 5 4, i64[2] 1 1)"],
    ["torch.tensor([3, 1, 2]).argsort()", "i64[3] 1 2 0"],
    ["torch.unique(torch.tensor([3, 1, 3]), return_counts=True)", "(i64[2] 1 3, i64[2] 1 2)"],
    ["torch.diff(torch.tensor([1, 4, 9]))", "i64[2] 3 5"],
    ["torch.tensor([True, False]).any(), torch.tensor([True, False]).all()", "(bool[] 1, bool[] 0)"],
    ["torch.nonzero(torch.tensor([0, 5, 6])).squeeze(-1)", "i64[2] 1 2"],
    ["F.pad(torch.tensor([1, 2]), (1, 0))", "i64[3] 0 1 2"],
    ["torch.tensor([[1, 2], [3, 4]]) @ torch.tensor([1, 1])", "i64[2] 3 7"],
    ["torch.arange(4).flip(0).roll(1)", "i64[4] 0 3 2 1"],
    ["torch.arange(4).chunk(2)[1]", "i64[2] 2 3"],
    ["torch.where(torch.arange(3) > 1, 1.0, 0)", "f32[3] 0 0 1"],
    ["torch.searchsorted(torch.tensor([1, 3, 5]), torch.tensor([0, 3, 9]), right=True)", "i64[3] 0 2 3"],
    ["torch.arange(12).view(3, 4).gather(1, torch.tensor([[0], [1], [3]]))", "i64[3,1] 0 5 11"],
    ["len(torch.zeros(3, 2)), torch.zeros(3, 2).shape[1], torch.zeros(3, 2).numel(), torch.arange(3).tolist()", "(3, 2, 6, [0, 1, 2])"],
    ["torch.arange(3).sum().item() + 1, int(torch.tensor(2.7)), torch.tensor([4])[0].item()", "(4, 2, 4)"],
    ["torch.zeros(2, 3).expand(2, 2)", "operand-types"],
  ])("%s", (expression, expected) => {
    expect(outcome(`x = ${expression}`)).toBe(expected);
  });
});

describe("writing", () => {
  test.each([
    ["by numbers", "x = torch.zeros(2, 2, dtype=torch.bool)\nx[1, 0] = True\n", "bool[2,2] 0 0 1 0"],
    ["by slice, through a view", "x = torch.arange(4)\ny = x[1:3]\ny[0] = 9\n", "i64[4] 0 9 2 3"],
    ["by mask", "x = torch.arange(4)\nx[x > 1] = 0\n", "i64[4] 0 1 0 0"],
    ["by index tensor", "x = torch.zeros(4)\nx[torch.tensor([0, 2])] = torch.tensor([1., 2.])\n", "f32[4] 1 0 2 0"],
    ["in place, seen through other names", "y = torch.ones(2)\nx = y\ny += 1\ny.mul_(3)\n", "f32[2] 6 6"],
    ["a wider dtype does not fit in place", "x = torch.arange(2)\nx += 0.5\n", "i64[2] 0 1"],
    ["scatter_", "x = torch.zeros(3, dtype=torch.int64)\nx.scatter_(0, torch.tensor([2]), 7)\n", "i64[3] 0 0 7"],
    ["fill_ and zero_", "x = torch.arange(2).fill_(4)\n", "i64[2] 4 4"],
  ])("%s", (_, text, expected) => {
    expect(outcome(text)).toBe(expected);
  });
});

describe("promotion follows torch.result_type", () => {
  test.each([
    ["torch.ones(2, dtype=torch.float16) * 0.1", "f16"],
    ["torch.ones(2, dtype=torch.float16) * torch.tensor(0.1)", "f16"],
    ["torch.ones(2, dtype=torch.float16) * torch.ones(2)", "f32"],
    ["torch.ones(2, dtype=torch.float16) + torch.ones(2, dtype=torch.bfloat16)", "f32"],
    ["torch.ones(2, dtype=torch.int32) + torch.tensor(1)", "i32"],
    ["torch.ones(2, dtype=torch.int32) + torch.ones(2, dtype=torch.int64)", "i64"],
    ["torch.ones(2, dtype=torch.uint8) + torch.ones(2, dtype=torch.int8)", "i16"],
    ["torch.ones(2, dtype=torch.bool) + 1", "i64"],
    ["torch.ones(2, dtype=torch.bool) + torch.tensor(1, dtype=torch.int32)", "i32"],
    ["torch.ones(2) + torch.tensor(1.0, dtype=torch.float64)", "f32"],
    ["torch.ones(()) + torch.tensor(1.0, dtype=torch.float64)", "f64"],
    ["torch.ones(2, dtype=torch.int64) / 2", "f32"],
    ["torch.ones(2, dtype=torch.int32) * 1.5", "f32"],
    ["torch.ones(2, dtype=torch.float64) + 1j if False else torch.ones(2, dtype=torch.float64) + 1", "f64"],
  ])("%s is %s", (expression, dtype) => {
    expect(outcome(`x = ${expression}`).split("[")[0]).toBe(dtype);
  });
});

test("a range of a thousand million is never made", () => {
  const started = performance.now();
  expect(outcome("x = len(range(10 ** 9))")).toBe("1000000000");
  expect(outcome("x = torch.arange(10 ** 9)")).toBe("too-large");
  expect(outcome("x = [0] * 10 ** 9")).toBe("too-large");
  expect(performance.now() - started).toBeLessThan(1000);
});
