/** The cell trace against PyTorch: every local variable of the gallery's and the corpus's mods, with its dtype and value. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { findVariant, lowerModule } from "../../kernels/frontend/lower.ts";
import type { LoweredModule } from "../../kernels/frontend/module.ts";
import { type DType, TORCH_NAMES } from "../../kernels/ir/ops.ts";
import { traceMod } from "../../kernels/ir/trace.ts";
import { readGolden } from "../support/fixtures.ts";

/** dtype, or Python's type, and the elements. */
type Held = readonly [dtype: string, values: readonly (number | string)[]];
interface Case {
  readonly file: string;
  readonly name: string;
  readonly at: readonly [number, number, number, number];
  readonly locals: Readonly<Record<string, Held>>;
  readonly result: Held;
}

const { cases, score } = readGolden("_trace.json") as { readonly cases: readonly Case[]; readonly score: number };
const FOLDERS: Readonly<Record<string, string>> = { gallery: "../../kernels/gallery/", corpus: "./corpus/" };

const modules = new Map<string, LoweredModule>();
function moduleOf(file: string): LoweredModule {
  const [folder = "", name = ""] = file.split("/");
  let module = modules.get(file);
  if (module === undefined) {
    const text = readFileSync(new URL(`${FOLDERS[folder]}${name}`, import.meta.url), "utf8");
    module = lowerModule([{ file: name, text }]);
    modules.set(file, module);
  }
  return module;
}

const isClose = (x: number, want: number | string): boolean => {
  const y = typeof want === "number" ? want : Number(want.replace("inf", "Infinity"));
  return Object.is(x, y) || x === y || Math.abs(x - y) <= 2e-6 * Math.max(1, Math.abs(y));
};

describe("the trace has what PyTorch's frame has", () => {
  test("of many mods", () => {
    expect(new Set(cases.map((c) => `${c.file} ${c.name}`)).size).toBeGreaterThan(60);
    expect(cases.reduce((n, c) => n + Object.keys(c.locals).length, 0)).toBeGreaterThan(100);
  });

  test.each(cases)("$file $name at $at", ({ file, name, at, locals, result }) => {
    const module = moduleOf(file);
    const variant = findVariant(module, name);
    const mod = variant?.scoreMod ?? variant?.maskMod;
    if (mod === null || mod === undefined) throw new Error(module.diagnostics.map((d) => d.message).join("\n"));
    const [b, h, q_idx, kv_idx] = at;
    const trace = traceMod(mod, { b, h, q_idx, kv_idx, score });
    const nameOf = (type: DType | "int" | "float"): string => (type === "int" || type === "float" ? type : TORCH_NAMES[type]);
    // Of several values the last.
    const got = new Map(trace.steps.map((s) => [s.name, s]));
    for (const [local, [dtype, values]] of Object.entries(locals)) {
      const step = got.get(local);
      expect([local, step === undefined ? null : nameOf(step.type), step?.values?.length]).toEqual([local, dtype, values.length]);
      step?.values?.forEach((x, i) => {
        expect(isClose(x, values[i] ?? "nan"), `${local}: ${x}, PyTorch ${values[i]}`).toBe(true);
      });
    }
    expect([nameOf(trace.result.dtype), isClose(trace.result.value, result[1][0] ?? "nan")]).toEqual([result[0], true]);
  });
});
