// The panel's own colours: each is seen on its ground, and those of one set are told apart by every eye. The bars are those
// of contrast (WCAG 2: 3:1 for graphics, 4.5:1 for text) and a CIEDE2000 distance of 15; a set of less has a second sign.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { devThemes } from "../../../webview/devThemes.ts";
import { contrast, distance, mixed, parseHex, type Rgb, type Sight, seen } from "../../support/colour.ts";

const CSS = readFileSync(join(import.meta.dirname, "../../../webview/palette.css"), "utf8");

/** The declarations of palette.css that hold where the body has these classes; later rules win. */
function tokensOf(classes: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [, selectors = "", body = ""] of CSS.replace(/\/\*[\s\S]*?\*\//g, "").matchAll(/([^{}]+)\{([^{}]*)\}/g)) {
    const holds = selectors.split(",").some((s) => {
      const wanted = s.trim();
      return wanted === "body" || classes.split(" ").some((name) => wanted === `body.${name}`);
    });
    if (!holds) continue;
    for (const [, name = "", value = ""] of body.matchAll(/--([\w-]+):\s*([^;]+);/g)) found.set(name, value.trim());
  }
  return found;
}

interface Look {
  readonly name: string;
  readonly isHighContrast: boolean;
  readonly of: (token: string) => Rgb;
  readonly wgsl: (token: string) => Rgb;
  readonly why: readonly Rgb[];
  readonly variable: (name: string) => Rgb;
}

const LOOKS: readonly Look[] = Object.entries(devThemes).map(([name, theme]) => {
  const tokens = tokensOf(theme.classes);
  const variable = (wanted: string): Rgb => parseHex(theme.variables[`--vscode-${wanted}`] ?? `no ${wanted}`);
  const ground = variable("editor-background");
  const of = (token: string): Rgb => (token === "ground" ? ground : parseHex(tokens.get(`fx-${token}`) ?? `no ${token}`));
  const wgsl = (token: string): Rgb => parseHex(tokens.get(`wgsl-${token}`) ?? `no ${token}`);
  const share = Number.parseInt(tokens.get("fx-why") ?? "", 10) / 100;
  const why = ["neg", "s4", "s3", "base"].map((token) => mixed(of(token), share, ground));
  return { name, isHighContrast: name.startsWith("hc"), of, wgsl, why, variable };
});

const SIGHTS: readonly Sight[] = ["normal", "protan", "deutan", "tritan"];

/** The smallest distance between two colours of a set, for one eye. */
function closest(colours: readonly Rgb[], sight: Sight): number {
  const all = colours.map((c) => seen(c, sight));
  return Math.min(...all.flatMap((a, i) => all.slice(i + 1).map((b) => distance(a, b))));
}

describe.each(LOOKS)("in $name", ({ of, wgsl, why, variable, isHighContrast }) => {
  const ground = of("ground");

  it.each(["full", "partial", "neg", "pos", "infinity", "s1", "s2", "s3", "s4", "base"])("%s is seen on the ground", (token) => {
    expect(contrast(of(token), ground)).toBeGreaterThanOrEqual(3);
  });

  it.each(["full", "partial"])("%s is seen on empty blocks", (token) => {
    expect(contrast(of(token), of("empty"))).toBeGreaterThanOrEqual(3);
  });

  it("text, secondary text and small words of fault and warning can be read", () => {
    const ink = variable("foreground");
    const texts = {
      text: ink,
      secondary: isHighContrast ? ink : mixed(ink, 0.74, ground),
      bad: mixed(variable("editorError-foreground"), 0.7, ink),
      warn: mixed(variable("editorWarning-foreground"), 0.55, ink),
      link: variable("textLink-foreground"),
    };
    for (const [name, colour] of Object.entries(texts)) expect.soft(contrast(colour, ground), name).toBeGreaterThanOrEqual(4.5);
  });

  it("code can be read on the tint of lines that come from the Python", () => {
    for (const token of ["keyword", "control", "function", "type", "name", "number", "comment"]) {
      for (const line of ["s1", "s2", "s3", "s4", "base"]) {
        // High contrast has no tints.
        const under = isHighContrast ? ground : mixed(of(line), 0.1, ground);
        expect.soft(contrast(wgsl(token), under), `${token} on ${line}`).toBeGreaterThanOrEqual(4.5);
      }
    }
  });

  const sets: readonly { readonly set: string; readonly colours: readonly Rgb[]; readonly bar: number }[] = [
    { set: "states of blocks", colours: ["full", "partial", "partial-off", "empty"].map(of), bar: 15 },
    { set: "two masks, and biases", colours: ["neg", "zero", "pos", "ground"].map(of), bar: 15 },
    // Each reason has lines of its own direction, strong in high contrast.
    { set: "three reasons and what is allowed", colours: [...why.slice(0, 3), of("empty")], bar: isHighContrast ? 14 : 15 },
    // Lines have marks of their own, and a label at their end.
    { set: "series of charts", colours: ["s1", "s2", "s3", "s4", "base"].map(of), bar: isHighContrast ? 14 : 15 },
  ];
  describe.each(sets)("$set", ({ colours, bar }) => {
    it.each(SIGHTS)("are told apart by %s sight", (sight) => {
      expect(closest(colours, sight)).toBeGreaterThanOrEqual(bar);
    });
  });
});

describe("the measures", () => {
  it("of contrast are WCAG's", () => {
    expect(contrast(parseHex("#000"), parseHex("#fff"))).toBeCloseTo(21, 6);
    expect(contrast(parseHex("#777777"), parseHex("#ffffff"))).toBeCloseTo(4.478, 3);
  });

  it("of distance are CIEDE2000: black and white 100 apart, a colour none from itself", () => {
    expect(distance(parseHex("#000"), parseHex("#fff"))).toBeCloseTo(100, 1);
    expect(distance(parseHex("#1b5db5"), parseHex("#1b5db5"))).toBe(0);
  });

  it("of sight leave greys as they are, and take red and green for one", () => {
    for (const sight of SIGHTS) expect(distance(seen(parseHex("#808080"), sight), parseHex("#808080"))).toBeLessThan(0.5);
    const [red, green] = [parseHex("#c04000"), parseHex("#607000")];
    expect(distance(seen(red, "deutan"), seen(green, "deutan"))).toBeLessThan(distance(red, green) / 3);
  });
});
