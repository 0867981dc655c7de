/** The table of what is supported: README is made from it, so every name in it must answer. */
import { expect, test } from "vitest";
import { supportedNames } from "../../../kernels/frontend/builtins.ts";
import { evaluateIn, runText } from "./evaluateText.ts";

const ran = runText("import torch\nimport torch.nn.functional\nfrom torch.nn.attention import flex_attention\nt = torch.arange(4)\n");

test("every supported name is found where the table says", () => {
  const names = supportedNames();
  expect(names.length).toBeGreaterThan(300);
  const missing = names.filter(({ module, name }) => {
    const outcome = evaluateIn(ran, module === "Tensor" ? `t.${name}` : `${module}.${name}`);
    return !outcome.ok || outcome.value.type === "unknown";
  });
  expect(missing).toEqual([]);
});

test("each stands once, in order", () => {
  const rows = supportedNames().map((n) => `${n.module}.${n.name}`);
  expect(new Set(rows).size).toBe(rows.length);
});
