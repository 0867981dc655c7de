import { expect, test } from "vitest";
import { definitionOf, definitionsIn } from "../../../kernels/frontend/definitionLines.ts";

const TEXT = `near: Callable = lambda b, h, q, k: q > k
near == 3
class A:
    async def near(
        self, b,
    ):
        return 1
# note

def make[T](n):
    def inner(b):
        return b
    w = 3
    return inner
x = 1
`;

test("lists functions and the module's variables, each with its lines", () => {
  const lines = definitionsIn(TEXT).map(({ kind, name, from, to }) => [
    kind,
    name,
    TEXT.slice(from, to).trimEnd().split("\n").at(-1)?.trim(),
  ]);
  expect(lines).toEqual([
    ["variable", "near", "near: Callable = lambda b, h, q, k: q > k"],
    ["function", "near", "# note"],
    ["function", "make", "return inner"],
    ["function", "inner", "return b"],
    ["variable", "x", "x = 1"],
  ]);
  for (const { name, nameFrom } of definitionsIn(TEXT)) expect(TEXT.slice(nameFrom, nameFrom + name.length)).toBe(name);
});

test.each([
  ["near", "variable"],
  ["A.near", "function"],
  ["inner", "function"],
])("finds what %s means", (name, kind) => {
  expect(definitionOf(TEXT, name)?.kind).toBe(kind);
});

test("finds nothing of a name that is nowhere defined", () => expect(definitionOf(TEXT, "w + x")).toBeNull());
