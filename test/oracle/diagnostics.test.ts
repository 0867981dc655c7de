/**
 * The diagnostics' cases as PyTorch has them (diagnostics.py): what is refused here is refused there, what a fix leaves
 * is taken by create_block_mask and flex_attention alike, has the same values here and there, and means what the text
 * means to Python for plain numbers.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { diagnosticCodes } from "../../kernels/frontend/diagnostic.ts";
import type { LoweredModule } from "../../kernels/frontend/module.ts";
import { interpret } from "../../kernels/ir/interpret.ts";
import { lowerCase, unmarked } from "../support/diagnosticCase.ts";
import { DIAGNOSTIC_CASES } from "../unit/frontend/diagnosticCases.ts";

interface Verdict {
  readonly create_block_mask: string;
  readonly flex_attention: string;
  readonly values: readonly (number | string)[] | null;
  readonly plain: readonly (number | string)[] | null;
}

const golden = JSON.parse(readFileSync(new URL("golden/_diagnostics.json", import.meta.url), "utf8")) as {
  readonly shape: readonly [number, number, number, number];
  readonly verdicts: Readonly<Record<string, Verdict>>;
};
const [B, H, Q, KV] = golden.shape;

const severities = new Map(diagnosticCodes().map(({ code, severity }) => [code, severity]));
const CASES = DIAGNOSTIC_CASES.flatMap((c) => {
  if (c.noTorch === true || c.options !== undefined || c.beside !== undefined) return [];
  const { text } = unmarked(c.fires);
  const fires = golden.verdicts[text];
  const fixed = c.fixed === undefined ? undefined : golden.verdicts[c.fixed];
  return [{ name: `${c.code}: ${text.split("\n").at(-1)?.trim()}`, case: c, text, fires, fixed }];
});

/** Codes whose fix changes what Python makes of the text: that is what they are for. */
const OTHER_MEANING: ReadonlySet<string> = new Set([
  "operator-precedence",
  "mods-joined",
  "score-returns-mask",
  "mask-returns-constant",
  "membership-in-set",
  "returns-nothing",
  "bool-negation",
]);

/** The scores that diagnostics.py gives to score_mods. */
const scoreAt = (i: number): number => (((i * 7 + 3) % 11) - 5) / 4;

/** The values of the text's last mod, flat over [B, H, Q, KV]. */
function valuesOf(module: LoweredModule): (number | string)[] {
  const variant = module.variants.find((v) => v.name === "mod") ?? module.variants.at(-1);
  const body = (variant?.maskMod ?? variant?.scoreMod)?.body;
  if (body === undefined) throw new Error(module.diagnostics.map((d) => d.message).join(" "));
  return Array.from({ length: B * H * Q * KV }, (_, i) => {
    const at = { b: Math.floor(i / (H * Q * KV)), h: Math.floor(i / (Q * KV)) % H, q_idx: Math.floor(i / KV) % Q, kv_idx: i % KV };
    const value = interpret(body, { ...at, score: scoreAt(i) });
    return Number.isNaN(value) ? "nan" : value === Infinity ? "inf" : value === -Infinity ? "-inf" : value + 0;
  });
}

/** Where two lists differ, masks as 0 and 1, floats by more than their last bits. */
function differences(a: readonly (number | string)[], b: readonly (number | string)[]): number {
  return a.filter((x, i) => {
    const y = b[i];
    return typeof x === "number" && typeof y === "number" ? Math.abs(x - y) > 2e-6 * Math.max(1, Math.abs(y)) : x !== y;
  }).length;
}

test("every case that PyTorch can be asked about has its answer", () => {
  const stale = CASES.filter((c) => c.fires === undefined || (c.case.fixed !== undefined && c.fixed === undefined));
  expect(stale.map((c) => c.name)).toEqual([]);
});

describe("what is refused here PyTorch refuses", () => {
  const errors = CASES.filter((c) => severities.get(c.case.code) === "error" && c.fires !== undefined);
  test.each(errors)("$name", ({ fires }) => {
    expect(fires?.create_block_mask).not.toBe("ok");
    expect(fires?.flex_attention).not.toBe("ok");
  });
});

describe("what one front end of PyTorch refuses is a warning that says which", () => {
  const warned = CASES.filter((c) => c.case.code.startsWith("refused-by") || c.case.code === "builtin-min-max");
  test.each(warned)("$name", ({ case: c, fires }) => {
    const refusing = c.code === "refused-by-flex-attention" ? "flex_attention" : "create_block_mask";
    expect([fires?.create_block_mask === "ok", fires?.flex_attention === "ok"]).toEqual([
      refusing !== "create_block_mask",
      refusing !== "flex_attention",
    ]);
  });
});

describe("what a fix leaves", () => {
  const fixed = CASES.filter((c) => c.fixed !== undefined);

  test.each(fixed)("is taken by both front ends of PyTorch: $name", ({ fixed: verdict }) => {
    expect([verdict?.create_block_mask, verdict?.flex_attention]).toEqual(["ok", "ok"]);
  });

  test.each(fixed)("has PyTorch's values: $name", ({ case: c, fixed: verdict }) => {
    const ours = valuesOf(lowerCase(c.fixed ?? "", c));
    expect(differences(ours, verdict?.values ?? [])).toBe(0);
  });

  const meant = fixed.filter(
    (c) => c.fires?.plain !== null && c.fires?.plain !== undefined && !OTHER_MEANING.has(c.case.code) && !c.case.misread,
  );
  test.each(meant)("means what Python makes of the text: $name", ({ fires, fixed: verdict }) => {
    expect(differences(verdict?.values ?? [], fires?.plain ?? [])).toBe(0);
  });
});
