import { describe, expect, it } from "vitest";
import { parseTokens, tokenLabel, tokenRoom } from "../../../webview/mask/tokens.ts";

describe("token texts", () => {
  it.each<[string, string, readonly string[]]>([
    ["words between white space", "The cat\n sat  down", ["The", "cat", "sat", "down"]],
    ["a JSON list", '["The", " cat", "\\n", "it\\u0027s", "a, b"]', ["The", " cat", "\n", "it's", "a, b"]],
    ["a Python list", "['The', \" cat\", 'don\\'t', '\\x41']", ["The", " cat", "don't", "A"]],
    ["a list without quotes", "[12, 7, <s>]", ["12", "7", "<s>"]],
    ["an empty list", "[]", []],
    ["nothing", "  ", []],
    ["a bracket alone is a word", "[ a", ["[", "a"]],
  ])("come from %s", (_, text, tokens) => expect(parseTokens(text)).toEqual(tokens));

  it.each([
    ["Ġcat", "·cat"],
    ["▁the", "·the"],
    ["\n", "⏎"],
    ["", "∅"],
    ["internationalization", "internat…"],
  ])("show white space and stay short: %j", (token, label) => expect(tokenLabel(token)).toBe(label));

  it("take room beside the numbers only where there are any", () => {
    expect(tokenRoom([])).toEqual({ width: 0, height: 0 });
    expect(tokenRoom(["a"]).width).toBeGreaterThan(0);
  });
});
