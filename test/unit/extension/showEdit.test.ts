import { describe, expect, test } from "vitest";
import { asEdit } from "../../../extension/show.ts";
import type { Source } from "../../../kernels/frontend/module.ts";
import { edited } from "../../../webview/host.ts";
import type { Show } from "../../../webview/protocol.ts";
import { seeded, whole } from "../../support/random.ts";
import { showOf } from "../../support/showOf.ts";

const show = (sources: readonly Source[], changes: Partial<Show> = {}): Show => showOf("", { sources, ...changes });

/** What the page makes of `next`, which goes over the wire as JSON, after `before`. */
function told(before: Show, next: Show): Show | null {
  const message = JSON.parse(JSON.stringify(asEdit(before, next))) as ReturnType<typeof asEdit>;
  return message.type === "edit" ? edited(before, message) : message;
}

const a = (text: string): Source => ({ file: "file:///a.py", text });
const lib: Source = { file: "file:///lib.py", text: "def causal(): ...\n".repeat(10_000), imports: { torch: { looked: "x" } } };

describe("an edit on its way to the page", () => {
  test.each<[string, Show, Show]>([
    ["a constant typed", show([a("WINDOW = 51\n"), lib]), show([a("WINDOW = 512\n"), lib])],
    ["a text that became empty", show([a("x")]), show([a("")])],
    ["a text that was empty", show([a("")]), show([a("x")])],
    ["the half of a pair of surrogates", show([a("# \u{1f600}")]), show([a("# \u{1f601}")])],
    ["nothing but the view", show([a("x"), lib]), show([a("x"), lib], { view: "kernel", editedAt: 7 })],
    ["an import found", show([a("import lib")]), show([a("import lib"), lib])],
    [
      "an import gone, another in its place",
      show([a("import lib"), lib]),
      show([a("import l2"), { file: "file:///l2.py", text: "y" }, lib]),
    ],
    ["what an import means", show([a("x"), lib]), show([a("x"), { ...lib, imports: { torch: { file: "t" } } }])],
    ["another document", show([a("x")]), show([{ file: "file:///b.py", text: "x" }], { document: "file:///b.py" })],
  ])("arrives as what was told: %s", (_, before, next) => {
    expect(told(before, next)).toEqual(next);
  });

  test("arrives whatever is edited", () => {
    const random = seeded(11);
    const letters = "ab\n\u{1f600}é";
    const word = (most: number): string =>
      Array.from({ length: whole(random, 0, most) }, () => letters[whole(random, 0, letters.length - 1)]).join("");
    let before = show([a(word(40)), { file: "file:///l.py", text: word(40) }]);
    for (let i = 0; i < 400; i++) {
      const sources = before.sources.map((source) => {
        const from = whole(random, 0, source.text.length + 1);
        const to = Math.min(source.text.length, from + whole(random, 0, 4));
        return whole(random, 0, 3) === 0 ? source : { ...source, text: source.text.slice(0, from) + word(4) + source.text.slice(to) };
      });
      const next = show(sources);
      expect(told(before, next)).toEqual(next);
      before = next;
    }
  });

  test("costs its own length, however much is imported", () => {
    const message = asEdit(show([a("WINDOW = 51\n"), lib]), show([a("WINDOW = 512\n"), lib]));
    expect(JSON.stringify(message).length).toBeLessThan(500);
  });

  test("is told whole to a page that knows nothing, or another document", () => {
    const next = show([a("x")]);
    expect(asEdit(null, next)).toBe(next);
    expect(asEdit({ ...next, document: "file:///b.py" }, next)).toBe(next);
  });

  test("of a text that is not there is none", () => {
    const message = asEdit(show([a("x"), lib]), show([a("xy"), lib]));
    if (message.type !== "edit") throw new Error("no edit");
    expect(edited(null, message)).toBeNull();
    expect(edited(show([a("x")]), message)).toBeNull();
    expect(edited(show([a("x"), lib], { document: "file:///b.py" }), message)).toBeNull();
  });
});
