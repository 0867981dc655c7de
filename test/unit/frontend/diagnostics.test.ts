import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Code, type Diagnostic, diagnosticCodes } from "../../../kernels/frontend/diagnostic.ts";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import { manual } from "../../run/manual.ts";
import { type DiagnosticCase, diagnosticsOf, HEAD, lowerCase, unmarked, withFix } from "../../support/diagnosticCase.ts";
import { fixtureNames } from "../../support/fixtures.ts";
import { diagnosticsOfFixture } from "../../support/loweredFixtures.ts";
import { DIAGNOSTIC_CASES, WITHOUT_CASE } from "./diagnosticCases.ts";

/** Each case with a name of its own: the code, and the number where there are several. */
const CASES = DIAGNOSTIC_CASES.map((c, i) => {
  const same = DIAGNOSTIC_CASES.slice(0, i).filter((other) => other.code === c.code).length;
  return { name: same === 0 ? c.code : `${c.code} (${same + 1})`, ...c };
});
const found = (c: DiagnosticCase, text: string): readonly Diagnostic[] => diagnosticsOf(text, c);

/** `code «text»` for each, so that a failure reads. */
const shown = (text: string, diagnostics: readonly Diagnostic[]): string[] =>
  diagnostics.map((d) => `${d.code} «${(HEAD + text).slice(d.span.from, d.span.to)}»`);

test("every code has a case, or a reason why it has none", () => {
  const covered = new Set<Code>(DIAGNOSTIC_CASES.map((c) => c.code));
  const missing = diagnosticCodes().filter(({ code }) => !covered.has(code) && WITHOUT_CASE[code] === undefined);
  expect(missing.map(({ code }) => code)).toEqual([]);
});

describe("a code fires at its place and nowhere else", () => {
  test.each(CASES)("$name", (c) => {
    const { text, places } = unmarked(c.fires);
    const diagnostics = found(c, text);
    const expected = places.map(({ from, to }) => `${c.code} «${text.slice(from, to)}»`);
    const others = diagnostics.filter((d) => d.code !== c.code);
    expect(
      shown(
        text,
        diagnostics.filter((d) => d.code === c.code),
      ),
    ).toEqual(expected);
    expect(diagnostics.filter((d) => d.code === c.code).map((d) => d.span.from - HEAD.length)).toEqual(
      // A fault of no place in the text stands at its very beginning, before the head that the cases share.
      places.map((p) => (p.to === 0 ? -HEAD.length : p.from)),
    );
    // One mistake, one diagnostic.
    expect(shown(text, others).map((s) => s.split(" ")[0])).toEqual(c.also ?? []);
    if (c.says !== undefined) expect(diagnostics.map((d) => d.message).join("\n")).toContain(c.says);
  });
});

test.each(CASES)("a near miss does not fire $name", (c) => {
  const diagnostics = found(c.nearOptions === undefined ? c : { ...c, options: c.nearOptions }, c.nearMiss);
  expect(
    shown(
      c.nearMiss,
      diagnostics.filter((d) => d.code === c.code || d.severity === "error"),
    ),
  ).toEqual([]);
});

describe("a fix leaves a text that lowers clean", () => {
  test.each(CASES)("$name", (c) => {
    const { text } = unmarked(c.fires);
    const diagnostic = found(c, text).find((d) => d.code === c.code);
    const after = diagnostic?.fix === null || diagnostic === undefined ? undefined : withFix(text, diagnostic);
    expect(after).toBe(c.fixed);
    if (after === undefined) return;
    const left = { variants: lowerCase(after, c).variants, diagnostics: found(c, after) };
    expect(
      shown(
        after,
        left.diagnostics.filter((d) => d.code === c.code || d.severity === "error"),
      ),
    ).toEqual([]);
    expect(left.variants.length).toBeGreaterThan(0);
  });
});

describe("a message", () => {
  test.each(CASES)("of $name quotes in backticks, ends with a full stop and blames nobody", (c) => {
    for (const { message } of found(c, unmarked(c.fires).text)) {
      expect(message).toMatch(/\.$/);
      expect(message).not.toMatch(/\.\.$|please|oops|failed to|sorry/i);
      expect(message.split("`").length % 2, message).toBe(1);
    }
  });
});

/** What the repository's own mods give, with the cause. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  // The gallery's collection of mistakes: one of each.
  "mistakes.py": [
    "chained-comparison",
    "boolean-operator",
    "data-dependent-branch",
    "data-dependent-ternary",
    "mask-returns-constant",
    "mask-not-bool",
    "score-returns-mask",
    "item-of-tensor",
    "unknown-name",
    "unknown-attribute",
  ],
  // The general factory behind it is lowered for itself as well, with made-up arguments.
  paged_causal: ["seeded-value"],
};

test("docs/diagnostics.md is that of now: `npm run docs` renews it", () => {
  expect(readFileSync("docs/diagnostics.md", "utf8")).toBe(manual());
});

describe("nothing fires without cause", () => {
  const gallery = new URL("../../../kernels/gallery/", import.meta.url);
  const files = readdirSync(gallery).filter((f) => f.endsWith(".py"));

  test.each(files)("%s of the gallery", (file) => {
    const text = readFileSync(new URL(file, gallery), "utf8");
    const codes = lowerModule([{ file, text }]).diagnostics.map((d) => d.code);
    expect([...new Set(codes)]).toEqual(KNOWN[file] ?? []);
  });

  test.each(fixtureNames())("the fixture %s", (name) => {
    const codes = [...diagnosticsOfFixture(name, "f24"), ...diagnosticsOfFixture(name, "f19x23gqa")].map((d) => d.code);
    expect([...new Set(codes)]).toEqual(KNOWN[name] ?? []);
  });
});
