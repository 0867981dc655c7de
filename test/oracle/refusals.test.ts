/** Some 280 expressions that a mod may return (refusals.txt): taken where one of PyTorch's front ends takes them, else refused. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { lowerModule } from "../../kernels/frontend/lower.ts";
import { HEAD } from "../support/diagnosticCase.ts";

const golden = JSON.parse(readFileSync(new URL("golden/_refusals.json", import.meta.url), "utf8")) as Record<string, [boolean, boolean]>;

/** What is refused here and taken there, with the reason. The list may only shrink. */
const NOT_COMPILED: ReadonlySet<string> = new Set([
  // An order that the mod's arguments decide.
  "torch.sort(torch.stack([q_idx, kv_idx]))[0][0] > 2",
  "torch.topk(torch.stack([q_idx, kv_idx]), 1)[0][0] > 2",
  // A dimension of a single number.
  "torch.softmax(score, -1)",
  // Taken under vmap alone, and by no attention.
  "score.unsqueeze(0)",
  "score.__add__(1)",
]);

const CASES = Object.entries(golden).map(([text, takes]) => ({ text, expression: text.split("return ").at(-1) ?? "", takes }));

test.each(CASES)("$expression", ({ text, expression, takes: [mask, attention] }) => {
  const { variants, diagnostics } = lowerModule([{ file: "f.py", text: HEAD + text }]);
  const errors = diagnostics.filter((d) => d.severity === "error").map((d) => d.message);
  const ours = variants.length > 0 && errors.length === 0;
  expect(ours, errors.join(" ")).toBe((mask || attention) && !NOT_COMPILED.has(expression));
});
