/** Where a directive is written so that it speaks of the definition below it. */
import { describe, expect, test } from "vitest";
import { directivePlace } from "../../../extension/directivePlace.ts";
import { lowerModule } from "../../../kernels/frontend/lower.ts";

const MASK = "def mask(b, h, q_idx, kv_idx):\n    return doc[q_idx] == doc[kv_idx]\n";

describe("a directive goes", () => {
  test.each([
    ["above the definition", MASK, 0, { line: 0, indent: "" }],
    ["below what stands before it", `x = 1\n${MASK}`, 1, { line: 1, indent: "" }],
    ["above its decorators", `import functools\n\n@functools.cache\n@staticmethod\n${MASK}`, 4, { line: 2, indent: "" }],
    ["above a decorator of several lines", `@decorate(\n    1,\n)\n${MASK}`, 3, { line: 0, indent: "" }],
    ["with a method's indentation", `class A:\n    @staticmethod\n    ${MASK.replaceAll("\n", "\n    ")}`, 2, { line: 1, indent: "    " }],
    ["below another function's body", `@first\ndef f():\n    return 1\n${MASK}`, 3, { line: 3, indent: "" }],
    ["above a variable", "mask = make(8)\n", 0, { line: 0, indent: "" }],
  ])("%s", (_, text, line, expected) => {
    expect(directivePlace(text, line)).toEqual(expected);
  });

  test("where lowering reads it as the definition's own", () => {
    const text = `import functools\n\n\n@functools.lru_cache(\n    maxsize=None,\n)\ndef make(doc):\n    ${MASK.replaceAll("\n", "\n    ")}\n    return mask\n`;
    const line = text.split("\n").findIndex((row) => row.startsWith("def make"));
    const place = directivePlace(text, line);
    const lines = text.split("\n");
    lines.splice(place.line, 0, "# flexlens: doc=torch.arange(4)");
    const { variants, diagnostics } = lowerModule([{ file: "m.py", text: lines.join("\n") }]);
    expect(diagnostics).toEqual([]);
    expect(variants[0]?.bindings).toMatchObject([{ name: "doc", origin: "directive" }]);
  });
});
