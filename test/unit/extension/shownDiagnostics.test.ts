import { describe, expect, test } from "vitest";
import { createShownDiagnostics } from "../../../extension/shownDiagnostics.ts";

const A = "file:///a.py";
const range = (line: number, from: number, end: number, to: number) => ({
  start: { line, character: from },
  end: { line: end, character: to },
});
const said = { message: "no `and`", severity: 0, code: "and-or", range: range(4, 10, 5, 3) };

describe("what the Problems view has", () => {
  test("is told once, and again as soon as a field differs", () => {
    const shown = createShownDiagnostics();
    const told = [
      [],
      [said],
      [said],
      [{ ...said, range: range(4, 10, 5, 4) }],
      [{ ...said, message: "no `or`" }],
      [{ ...said, severity: 1 }],
      [{ ...said, code: "chain" }],
      [said],
      [said, said],
      [],
      [],
    ].map((diagnostics) => shown.change(A, diagnostics));
    expect(told).toEqual([false, true, false, true, true, true, true, true, true, true, false]);
  });

  test("is of each document", () => {
    const shown = createShownDiagnostics();
    expect([shown.change(A, [said]), shown.change("file:///b.py", [said]), shown.change(A, [said])]).toEqual([true, true, false]);
  });

  test.each([
    ["in the line of one, though the text stays the same", [{ range: range(4, 10, 4, 20), text: "a and b" }], true],
    ["in the last line of one", [{ range: range(5, 0, 5, 0), text: "x" }], true],
    ["in another line", [{ range: range(6, 0, 6, 4), text: "x" }], false],
    ["that moves lines", [{ range: range(0, 0, 0, 0), text: "\n" }], true],
    ["that takes lines away", [{ range: range(7, 0, 8, 0), text: "" }], true],
    [
      "in several places, one of them the line of one",
      [
        { range: range(9, 0, 9, 0), text: "x" },
        { range: range(4, 0, 4, 0), text: "x" },
      ],
      true,
    ],
  ])("after an edit %s the same is told again or not", (_, changes, expected) => {
    const shown = createShownDiagnostics();
    shown.change(A, [said]);
    shown.edited(A, changes);
    expect([shown.change(A, [said]), shown.change(A, [said])]).toEqual([expected, false]);
  });

  test("after an edit is told that there are none any more", () => {
    const shown = createShownDiagnostics();
    shown.change(A, [said]);
    shown.edited(A, [{ range: range(4, 0, 4, 30), text: "" }]);
    expect([shown.change(A, []), shown.change(A, [])]).toEqual([true, false]);
  });
});
