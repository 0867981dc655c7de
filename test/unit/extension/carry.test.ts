import { describe, expect, test } from "vitest";
import { carried } from "../../../extension/carry.ts";
import { type Diagnostic, diagnose } from "../../../kernels/frontend/diagnostic.ts";

const at = (text: string, word: string): { file: string; from: number; to: number } => {
  const from = text.indexOf(word);
  return { file: "a.py", from, to: from + word.length };
};
const told = (text: string, word: string): Diagnostic =>
  diagnose("score-unused", at(text, word), [word], { title: "", edits: [{ span: at(text, word), newText: "x" }] });
const shown = (text: string, diagnostics: readonly Diagnostic[]): string[] =>
  diagnostics.map((d) => `${text.slice(d.span.from, d.span.to)}${d.fix === null ? " without a fix" : ""}`);

const BEFORE = "first = 1\nsecond = 2\nthird = 3\n";
const all = (): Diagnostic[] => ["first", "second", "third"].map((w) => told(BEFORE, w));

describe("a diagnostic of the text before", () => {
  test.each([
    ["stays where nothing changed", BEFORE, ["first", "second", "third"]],
    ["moves along with what stands before it", `# a comment\n${BEFORE}`, ["first", "second", "third"]],
    ["moves back where a line is gone", BEFORE.replace("first = 1\n", ""), ["second", "third"]],
    ["is dropped where its own words change", BEFORE.replace("second", "seCond"), ["first", "third"]],
    ["stays where the text after it changes", BEFORE.replace("= 3", "= 4 + 4"), ["first", "second", "third"]],
    ["is dropped with the whole text", "", []],
  ])("%s", (_, after, expected) => {
    expect(shown(after, carried(all(), "a.py", BEFORE, after))).toEqual(expected);
  });

  test("keeps its place in another file", () => {
    const other = { ...told(BEFORE, "third"), span: { file: "b.py", from: 4, to: 8 } };
    expect(carried([other], "a.py", BEFORE, `\n\n${BEFORE}`)[0]?.span).toEqual({ file: "b.py", from: 4, to: 8 });
  });

  test("loses a fix whose text was edited", () => {
    const d = { ...told(BEFORE, "third"), fix: { title: "", edits: [{ span: at(BEFORE, "second"), newText: "x" }] } };
    const after = BEFORE.replace("second", "seCond");
    expect(shown(after, carried([d], "a.py", BEFORE, after))).toEqual(["third without a fix"]);
  });
});
