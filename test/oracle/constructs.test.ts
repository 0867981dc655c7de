/**
 * What PyTorch takes and refuses (80 probes): the front end agrees, and names the front end of PyTorch that differs.
 * A construct counts as accepted where create_block_mask or flex_attention takes it.
 */
import { describe, expect, test } from "vitest";
import { lowerModule } from "../../kernels/frontend/lower.ts";
import type { LoweredModule } from "../../kernels/frontend/module.ts";
import { lintModule } from "../../kernels/lint/lint.ts";
import { readGolden } from "../support/fixtures.ts";

interface Construct {
  readonly name: string;
  readonly source: string;
  readonly create_mask: string;
  readonly create_block_mask: string;
  readonly flex_attention: string;
}

const { cases } = readGolden("_constructs.json") as { readonly cases: readonly Construct[] };

/** Where this front end and PyTorch do not agree yet. The list may only shrink: a test fails when an entry is right. */
const KNOWN: ReadonlySet<string> = new Set([]);

const PREAMBLE = `import functools
import math
import torch
from torch.nn.attention.flex_attention import create_block_mask

doc = torch.tensor([0, 0, 0, 1, 1, 1, 2, 2])
lst = [0, 0, 0, 1, 1, 1, 2, 2]
st = {1, 2}
dct = {"a": doc}


class Config:
    t = doc


cfg = Config()
`;

/** The construct as a module: a lambda gets a name, a def stands as it is. */
function lowered({ source }: Construct): LoweredModule {
  const text = source.startsWith("lambda") ? `f = ${source}` : source;
  const sources = [{ file: "probe.py", text: `${PREAMBLE}\n${text}\nblock_mask = create_block_mask(f, 1, 1, 8, 8)\n` }];
  const module = lowerModule(sources);
  return { ...module, diagnostics: [...module.diagnostics, ...lintModule(sources, module)] };
}

const isOk = (result: string): boolean => result === "ok" || result.startsWith("ok ");
const takes = (c: Construct): boolean => isOk(c.create_block_mask) || isOk(c.flex_attention);

function agrees(c: Construct): string[] {
  const { variants, diagnostics } = lowered(c);
  const errors = diagnostics.filter((d) => d.severity === "error").map((d) => `${d.code}: ${d.message}`);
  // Out of range at run time: the mask is drawn all the same.
  const beyond = diagnostics.some((d) => d.code === "index-beyond-end");
  if (/out of bounds/.test(c.create_block_mask)) return beyond ? [] : ["PyTorch raises, and nothing says so"];
  if (beyond) return ["PyTorch does not raise"];
  const variant = variants.find((v) => v.name === "f" || v.maskMod !== null);
  if (!takes(c))
    return variant === undefined && errors.length > 0 ? [] : [`PyTorch refuses it (${c.create_block_mask.slice(0, 80)})`, ...errors];
  const wrong = variant === undefined ? ["PyTorch takes it", ...errors] : errors;
  const differs = isOk(c.create_block_mask) !== isOk(c.flex_attention);
  const other = isOk(c.create_block_mask) ? "flex_attention" : "create_block_mask";
  const said = diagnostics.some((d) => d.severity === "warning" && d.message.includes(other));
  return differs && !said ? [...wrong, `no warning names ${other}`] : wrong;
}

describe("constructs", () => {
  test("there are eighty", () => {
    expect(cases.length).toBe(80);
  });

  test.each(cases.filter((c) => !KNOWN.has(c.name)))("$name", (c) => {
    expect(agrees(c)).toEqual([]);
  });

  test("what is listed as wrong still is", () => {
    const right = cases.filter((c) => KNOWN.has(c.name) && agrees(c).length === 0).map((c) => c.name);
    expect(right).toEqual([]);
  });
});
