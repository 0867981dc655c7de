/**
 * The fixtures' mods, lowered from variants.py with the fixtures' arguments. Lowering that file costs most of a second,
 * so fixtures that do not bind one factory twice are lowered together, once for all tests of a file.
 */
import type { Diagnostic } from "../../kernels/frontend/diagnostic.ts";
import { findVariant, lowerModule } from "../../kernels/frontend/lower.ts";
import type { BindingValue, LoweredModule } from "../../kernels/frontend/module.ts";
import type { Mod } from "../../kernels/ir/mod.ts";
import { bindingsOf, decodeTensor, type Entry, entryName, fixtureNames, loadFixture, variantsText } from "./fixtures.ts";

export type FlexCaseName = "f24" | "f19x23gqa";

export interface LoweredMods {
  readonly scoreMod: Mod | null;
  readonly maskMod: Mod | null;
}

interface Batch {
  readonly bindings: Record<string, BindingValue>;
  readonly callees: Set<string>;
  module: LoweredModule | null;
}

const batches = new Map<string, { readonly all: Batch[]; readonly of: Map<string, Batch> }>();

/** Mods of a fixture's flex case. @throws Error where the front end does not give the mod, with its diagnostics. */
export function lowerFlexCase(name: string, flexCase: FlexCaseName, scoreDType: "f32" | "f64"): LoweredMods {
  const { mask, score } = loadFixture(name).flex_cases[flexCase];
  const key = `${flexCase} ${scoreDType}`;
  let group = batches.get(key);
  if (group === undefined) {
    group = batchesOf(flexCase, scoreDType);
    batches.set(key, group);
  }
  const batch = group.of.get(name);
  if (batch === undefined) throw new Error(`no fixture ${name}`);
  batch.module ??= lowerModule([{ file: "variants.py", text: variantsText() }], { bindings: batch.bindings, scoreDType });
  return { scoreMod: modOf(batch.module, score, "scoreMod"), maskMod: modOf(batch.module, mask, "maskMod") };
}

/** What the front end says inside the mods of a fixture's flex case. */
export function diagnosticsOfFixture(name: string, flexCase: FlexCaseName): readonly Diagnostic[] {
  const { scoreMod, maskMod } = lowerFlexCase(name, flexCase, "f32");
  const said = batches.get(`${flexCase} f32`)?.of.get(name)?.module?.diagnostics ?? [];
  const inside = (d: Diagnostic, mod: Mod | null): boolean => mod !== null && d.span.from >= mod.span.from && d.span.to <= mod.span.to;
  return said.filter((d) => inside(d, scoreMod) || inside(d, maskMod));
}

function batchesOf(flexCase: FlexCaseName, scoreDType: "f32" | "f64"): { readonly all: Batch[]; readonly of: Map<string, Batch> } {
  const all: Batch[] = [];
  const of = new Map<string, Batch>();
  for (const name of fixtureNames()) {
    const { mask, score } = loadFixture(name).flex_cases[flexCase];
    const entries = [mask, score === null || scoreDType === "f64" ? score : narrowed(score)].filter((e) => e !== null);
    const callees = entries.flatMap((e) => (e.call === undefined ? [] : [e.call]));
    let batch = all.find((each) => !callees.some((callee) => each.callees.has(callee)));
    if (batch === undefined) {
      batch = { bindings: {}, callees: new Set(), module: null };
      all.push(batch);
    }
    for (const callee of callees) batch.callees.add(callee);
    for (const entry of entries) Object.assign(batch.bindings, bindingsOf(entry));
    of.set(name, batch);
  }
  return { all, of };
}

function modOf(module: LoweredModule, entry: Entry | null, kind: "scoreMod" | "maskMod"): Mod | null {
  if (entry === null) return null;
  const name = entryName(entry);
  const mod = (module.variants.find((v) => v.name === name && v[kind] !== null) ?? findVariant(module, name))?.[kind];
  if (mod === null || mod === undefined) {
    const said = module.diagnostics.filter((d) => d.severity === "error").map((d) => d.message);
    throw new Error(`\`${name}\` is not lowered: ${said.join("; ")}`);
  }
  return mod;
}

/** The entry with float32 copies of its float64 tensors, as the generator's float32 runs have them. */
function narrowed(entry: Entry): Entry {
  if (entry.call === undefined) return entry;
  const args = Object.entries(entry.args).map(([name, value]) => {
    if (typeof value !== "object" || value === null || !("dtype" in value) || value.dtype !== "float64") return [name, value] as const;
    const data = Float32Array.from(decodeTensor(value).data);
    return [name, { dtype: "float32", shape: value.shape, b64: Buffer.from(data.buffer).toString("base64") }] as const;
  });
  return { call: entry.call, args: Object.fromEntries(args) };
}
