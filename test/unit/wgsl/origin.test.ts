/** From a kernel's lines back to the Python: over the gallery and the corpus every line of a mod has its place. */
import { describe, expect, it } from "vitest";
import { simplify, simplifyNodes } from "../../../kernels/analysis/simplify.ts";
import { type KernelOrigins, type LineOrigin, originsOf } from "../../../kernels/emit/wgslOrigin.ts";
import { DEFAULT_LIMITS } from "../../../kernels/flash/plan.ts";
import { fillProblem } from "../../../kernels/flash/problem.ts";
import { planEngine } from "../../../kernels/flash/select.ts";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import type { LoweredVariant } from "../../../kernels/frontend/module.ts";
import { GALLERY } from "../../../kernels/gallery/gallery.ts";
import type { Span } from "../../../kernels/ir/mod.ts";
import { postorder } from "../../../kernels/ir/walk.ts";
import { corpusFiles, corpusText } from "../../support/corpus.ts";

const TEXTS = [
  ...GALLERY.map(({ file, text }) => ({ file, text })),
  ...corpusFiles().map((name) => ({ file: `${name}.py`, text: corpusText(name) })),
];

function kernelOf(variant: LoweredVariant): string {
  const planned = planEngine("row", variant, fillProblem({ ...variant.problem, qLen: 64, kvLen: 64 }), DEFAULT_LIMITS);
  if (planned.kind === "refused") throw new Error(planned.refusal.reason);
  return planned.plan.kernels[0]?.wgsl ?? "";
}

/** The lines of the functions of the user's expression, by their number. */
function modLines(wgsl: string): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  let inside = false;
  wgsl.split("\n").forEach((line, at) => {
    if (line === "}") inside = false;
    if (inside) found.set(at, line);
    if (/^fn (score_mod|mask_mod)\(/.test(line)) inside = true;
  });
  return found;
}

const read = (text: string): { readonly variants: readonly LoweredVariant[] } => lowerModule([{ file: "m.py", text }], {});
const only = (text: string): LoweredVariant => {
  const variant = read(text).variants[0];
  if (variant === undefined) throw new Error("no variant");
  return variant;
};
/** Each linked line with the Python line that it is written in. */
function table(text: string, name?: string): string[] {
  const variant = read(text).variants.find((v) => name === undefined || v.name === name);
  if (variant === undefined) throw new Error("no variant");
  const wgsl = kernelOf(variant);
  const lines = wgsl.split("\n");
  return [...originsOf(variant, wgsl).lines].map(
    ([at, origin]) => `${lineOf(text, origin.span)} ${origin.name ?? "-"} <- ${lines[at]?.trim()}`,
  );
}
const lineOf = (text: string, span: Span): number => text.slice(0, span.from).split("\n").length;

describe.each(TEXTS)("the kernels of $file", ({ text }) => {
  const { variants } = read(text);
  const origins = variants.map((variant): [LoweredVariant, string, KernelOrigins] => {
    const wgsl = kernelOf(variant);
    return [variant, wgsl, originsOf(variant, wgsl)];
  });

  it("have a place in the text for every line of the mod, and for every load", () => {
    for (const [variant, wgsl, { lines }] of origins) {
      const loads = wgsl.split("\n").flatMap((line, at) => (line.startsWith("fn load_") ? [at] : []));
      for (const at of [...modLines(wgsl).keys(), ...loads]) {
        const origin = lines.get(at);
        expect(origin, `${variant.name}: ${wgsl.split("\n")[at]}`).toBeDefined();
        for (const { from, to } of origin?.spans ?? []) expect(text.slice(from, to).trim()).not.toBe("");
      }
    }
  });

  it("compute at each line what stands at its place", () => {
    for (const [variant, , { lines }] of origins) {
      for (const origin of lines.values()) {
        if (!("kind" in origin.of)) continue;
        const mod = origin.kind === "mask_mod" ? variant.maskMod : variant.scoreMod;
        // What is written there, by the front end's own table, is the line's value or a part of it.
        const written = [...(mod?.places ?? []), ...(mod?.locals ?? []).map((l) => [l.value, l.span] as const)]
          .filter(([, span]) => span.from === origin.span.from && span.to === origin.span.to)
          .flatMap(([key]) => ("kind" in key ? [simplify(key)] : []));
        const parts = new Set(postorder([origin.of]));
        expect(
          written.some((e) => parts.has(e)) || origin.span === mod?.span,
          `${variant.name}: ${text.slice(origin.span.from, origin.span.to)}`,
        ).toBe(true);
      }
    }
  });

  it("call a line as the user does where the user's name stands in it", () => {
    for (const [, wgsl, { lines }] of origins) {
      for (const [at, line] of modLines(wgsl)) {
        const own = /let ([A-Za-z]\w*?) =/.exec(line)?.[1] ?? "t0";
        // A name that means something in WGSL gets a number.
        if (!/^t\d+$/.test(own)) expect(own).toMatch(new RegExp(`^${lines.get(at)?.name?.replace(/^_+|_+$/g, "")}(_\\d+)*$`));
      }
    }
  });
});

describe("a line of the kernel", () => {
  it("belongs to the line of Python that gives it, also in what the mod calls", () => {
    const text = `def shifted(i):
    moved = i + 3
    return moved // 2


def mask(b, h, q_idx, kv_idx):
    near = shifted(q_idx) > shifted(kv_idx)
    far = q_idx - kv_idx > 9
    return near & far
`;
    expect(table(text).map((row) => row.split(" <-")[0])).toEqual(["7 near", "8 far", "9 return"]);
    const { lines } = originsOf(only(text), kernelOf(only(text)));
    const near = [...lines.values()][0] as LineOrigin;
    expect([...new Set(near.spans.map((s) => lineOf(text, s)))]).toEqual([7, 3, 2]);
  });

  it("keeps its place where simplification has made something else of it", () => {
    const text = `def mask(b, h, q_idx, kv_idx):
    same = (q_idx - kv_idx) + kv_idx >= kv_idx + 0
    return ~(~same)
`;
    expect(table(text)).toEqual(["2 same <- return q_idx >= kv_idx;"]);
  });

  it("of masks put together belongs to the first of them, and knows the other", () => {
    const text = `from torch.nn.attention.flex_attention import and_masks
def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx
def near(b, h, q_idx, kv_idx):
    return q_idx - kv_idx < 7
both = and_masks(causal, near)
`;
    expect(table(text, "both")).toEqual(["3 return <- return (q_idx >= kv_idx) & (q_idx - kv_idx < scalars.i0);"]);
    const variant = read(text).variants.find((v) => v.name === "both") ?? only(text);
    const [origin] = originsOf(variant, kernelOf(variant)).lines.values();
    expect(origin?.spans.map((s) => lineOf(text, s))).toEqual([3, 5, 5]);
  });

  it("that loads belongs to where the tensor is first indexed; fields of the uniform have their values", () => {
    const text = `import torch
docs = torch.arange(64) // 8
def mask(b, h, q_idx, kv_idx):
    return (docs[q_idx] == docs[kv_idx]) & (q_idx - kv_idx < 12)
`;
    const variant = only(text);
    const wgsl = kernelOf(variant);
    const { lines, scalars } = originsOf(variant, wgsl);
    const load = wgsl.split("\n").indexOf("fn load_docs(i: i32) -> i32 {");
    for (const at of [load, load + 1]) expect(lines.get(at)).toMatchObject({ name: "docs", span: { from: text.indexOf("docs[q_idx]") } });
    expect(Object.fromEntries([...scalars.values()].map((s) => [s.name, s.value]))).toEqual({ offset_docs: 0, size_docs: 64, i0: 12 });
    for (const [at, { name }] of scalars) expect(wgsl.split("\n")[at]).toContain(`${name}:`);
  });

  it("of a text without mods has no origin", () => {
    expect(originsOf({ scoreMod: null, maskMod: null }, "fn main() {\n}\n")).toEqual({ lines: new Map(), scalars: new Map() });
  });
});

it("simplifying many at once gives what simplifying each gives", () => {
  for (const { text } of TEXTS) {
    for (const { maskMod, scoreMod } of read(text).variants) {
      const roots = [maskMod, scoreMod].flatMap((mod) => (mod === null ? [] : [mod.body, ...mod.locals.map((l) => l.value)]));
      const forms = simplifyNodes(roots);
      for (const root of roots) expect(forms.get(root)).toBe(simplify(root));
    }
  }
});
