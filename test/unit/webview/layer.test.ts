import { describe, expect, it } from "vitest";
import { variable } from "../../../kernels/ir/expr.ts";
import type { Mod } from "../../../kernels/ir/mod.ts";
import { layerOf } from "../../../webview/mask/layerHook.ts";
import type { MaskLayer } from "../../../webview/protocol.ts";
import { INITIAL } from "../../../webview/state.ts";

const mod = (kind: Mod["kind"]): Mod => ({ kind, name: kind, span: { file: "a.py", from: 0, to: 0 }, body: variable("q_idx"), locals: [] });
const [maskMod, scoreMod] = [mod("mask_mod"), mod("score_mod")];

describe("the layer that is shown", () => {
  it.each<[string, { maskMod: Mod | null; scoreMod: Mod | null }, chosen: MaskLayer | null, MaskLayer]>([
    ["a mask opens on its blocks", { maskMod, scoreMod: null }, null, "state"],
    ["a mask with a score_mod opens on its blocks", { maskMod, scoreMod }, null, "state"],
    ["a lone score_mod opens on its bias", { maskMod: null, scoreMod }, null, "bias"],
    ["a lone score_mod has no reasons: its bias", { maskMod: null, scoreMod }, "why", "bias"],
    ["a mask alone has no bias: its blocks", { maskMod, scoreMod: null }, "bias", "state"],
    ["what was chosen stays", { maskMod: null, scoreMod }, "state", "state"],
    ["what was chosen stays", { maskMod, scoreMod }, "bias", "bias"],
    ["every variant has probabilities", { maskMod: null, scoreMod }, "probability", "probability"],
  ])("%s", (_, mods, chosen, shown) => {
    const variant = { name: "v", nameSpan: maskMod.span, problem: {}, stated: {}, bindings: [], reads: [], captures: [], ...mods };
    expect(layerOf({ layers: { ...INITIAL.layers, shown: chosen } }, { variant })).toBe(shown);
  });
});
