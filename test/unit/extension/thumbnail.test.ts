import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { BIAS_PALETTES } from "../../../extension/biasPicture.ts";
import { type Ground, mayBecomeWhole, thumbnailOf } from "../../../extension/thumbnail.ts";
import { fillProblem } from "../../../kernels/flash/problem.ts";
import { findVariant, lowerModule } from "../../../kernels/frontend/lower.ts";
import { GALLERY } from "../../../kernels/gallery/gallery.ts";
import { binary, cast, constant, variable } from "../../../kernels/ir/expr.ts";
import { PALETTES } from "../../../kernels/mask/palette.ts";
import { causal, variantOf } from "../../support/variants.ts";

const svgOf = (uri: string): string => atob(uri.replace(/^data:image\/svg\+xml;base64,/, ""));
const hex = (colour: readonly number[]): string => `#${colour.map((c) => c.toString(16).padStart(2, "0")).join("")}`;
const shown = GALLERY.flatMap((entry) => {
  const variant = entry.main === null ? null : findVariant(lowerModule([{ file: entry.file, text: entry.text }]), entry.main);
  return variant === null ? [] : [{ entry, variant, problem: fillProblem(variant.problem) }];
});

describe("the picture of a variant in a list", () => {
  test.each(["dark", "light"] as const)("is 32 pixels high and shows the states of blocks in the colours of the %s palette", (ground) => {
    const svg = svgOf(thumbnailOf(causal, fillProblem({}), ground));
    const { full, partial, empty } = PALETTES[ground];
    expect(svg).toContain('width="32" height="32"');
    for (const colour of [full, partial, empty]) expect(svg).toContain(hex(colour));
    // 8 × 8 blocks of 4 pixels: row 5 is full up to its diagonal block.
    expect(svg).toContain("M0 20h20v1h-20z");
    expect(svg).toContain("M20 20h4v1h-4z");
  });

  test("is small for every variant of the gallery, and no two masks of it look the same", () => {
    const uris = shown.map(({ variant, problem }) => thumbnailOf(variant, problem));
    for (const uri of uris) expect(uri.length).toBeLessThan(12_000);
    expect(new Set(uris).size).toBeGreaterThanOrEqual(shown.length - 1);
  });

  test("shows what a score_mod by itself adds, in the colours of the panel's bias view", () => {
    const css = readFileSync(new URL("../../../webview/palette.css", import.meta.url), "utf8");
    const coloursOf = (name: string): string[] => [...css.matchAll(new RegExp(`--fx-${name}: (#[0-9a-f]{6})`, "g"))].map((m) => m[1] ?? "");
    const distance = cast(binary("sub", variable("kv_idx"), variable("q_idx")), "f32");
    const penalty = variantOf("penalty", { score: binary("add", variable("score"), binary("mul", distance, constant(0.5, "f32"))) });
    for (const [i, ground] of (["dark", "light"] as const satisfies Ground[]).entries()) {
      const svg = svgOf(thumbnailOf(penalty, fillProblem({}), ground));
      expect(svg).toContain(coloursOf("neg")[i]);
      const drawn = new Set([...svg.matchAll(/fill="(#[0-9a-f]{6})"/g)].map((m) => m[1]));
      expect(drawn.size).toBeGreaterThan(8);
    }
  });

  test("has the panel's own colours in every theme", () => {
    const css = readFileSync(new URL("../../../webview/palette.css", import.meta.url), "utf8");
    const inCss = (name: string): string[] => [...css.matchAll(new RegExp(`--fx-${name}: (#[0-9a-f]{6})`, "g"))].map((m) => m[1] ?? "");
    const ours = [BIAS_PALETTES.dark, BIAS_PALETTES.light, BIAS_PALETTES.hcDark, BIAS_PALETTES.hcLight];
    expect(ours.map(({ neg }) => hex(neg))).toEqual(inCss("neg"));
    expect(ours.map(({ zero }) => hex(zero))).toEqual(inCss("zero"));
    expect(ours.map(({ pos }) => hex(pos))).toEqual(inCss("pos"));
    expect(ours.map(({ hatch }) => hex(hatch))).toEqual(inCss("infinity"));
  });

  test("is kept: the same content gives the same text, another length another", () => {
    expect(thumbnailOf({ ...causal, name: "other" }, fillProblem({}))).toBe(thumbnailOf(causal, fillProblem({})));
    expect(thumbnailOf(causal, fillProblem({ qLen: 640 }))).not.toBe(thumbnailOf(causal, fillProblem({})));
  });

  test("that was hatched because the machine was busy is made anew; a mask that always takes too long is not tried for ever", () => {
    let now = 0;
    let step = 1000;
    let asked = 0;
    const clock = (): number => {
      asked++;
      now += step;
      return now;
    };
    const text = "def scattered(b, h, q_idx, kv_idx):\n    return (q_idx * kv_idx) % 7 < 3\n";
    const scattered = findVariant(lowerModule([{ file: "a.py", text }]), "scattered");
    if (scattered === null) throw new Error("it is not read");
    const problem = fillProblem({ qLen: 4096, kvLen: 4096 });
    const hatched = thumbnailOf(scattered, problem, "dark", clock);
    expect(mayBecomeWhole(scattered, problem)).toBe(true);
    step = 0;
    const whole = thumbnailOf(scattered, problem, "dark", clock);
    expect(mayBecomeWhole(scattered, problem)).toBe(false);
    expect(whole).not.toBe(hatched);
    expect(svgOf(whole)).toContain(hex(PALETTES.dark.partial));
    step = 1000;
    expect(thumbnailOf(scattered, problem, "dark", clock)).toBe(whole);
    const slow = fillProblem({ qLen: 4224, kvLen: 4224 });
    for (let i = 0; i < 3; i++) expect(thumbnailOf(scattered, slow, "dark", clock)).toBe(hatched);
    asked = 0;
    expect(thumbnailOf(scattered, slow, "dark", clock)).toBe(hatched);
    expect([asked, mayBecomeWhole(scattered, slow)]).toEqual([0, false]);
  });
});
