import { expect, test } from "vitest";
import { findVariant, lowerModule } from "../../../kernels/frontend/lower.ts";
import { printExpr } from "../../../kernels/ir/print.ts";

const mod = (name: string, sign: string, indent = ""): string =>
  `${indent}def ${name}(b, h, q_idx, kv_idx):\n${indent}    return q_idx ${sign} kv_idx\n`;
const bodyOf = (text: string, name: string): string => {
  const variant = findVariant(lowerModule([{ file: "f.py", text }]), name);
  return variant?.maskMod == null ? "none" : printExpr(variant.maskMod.body);
};
const namesOf = (text: string): string[] => lowerModule([{ file: "f.py", text }]).variants.map((v) => v.name);

test.each<[string, string, string[], string]>([
  ["of two definitions the last, as in Python", mod("f", ">=") + mod("f", "<="), ["f at line 1", "f"], "q_idx <= kv_idx"],
  ["of three the last", mod("f", ">=") + mod("f", "<=") + mod("f", ">"), ["f at line 1", "f at line 3", "f"], "q_idx > kv_idx"],
  [
    "of two branches the one that runs",
    `if True:\n${mod("f", ">=", "    ")}else:\n${mod("f", "<=", "    ")}`,
    ["f", "f at line 5"],
    "q_idx >= kv_idx",
  ],
  [
    "a variable after a definition",
    `${mod("f", ">=")}g = f\nf = lambda b, h, q_idx, kv_idx: ~g(b, h, q_idx, kv_idx)\n`,
    ["f at line 1", "g", "f"],
    "~(q_idx >= kv_idx)",
  ],
])("a name means %s", (_, text, names, body) => {
  expect(namesOf(text)).toEqual(names);
  expect(bodyOf(text, "f")).toBe(body);
});

test("the earlier definition is there under its line", () => {
  expect(bodyOf(mod("f", ">=") + mod("f", "<="), "f at line 1")).toBe("q_idx >= kv_idx");
});
