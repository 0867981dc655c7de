import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { COMMANDS, CONTEXT_KEYS, INTERNAL_COMMANDS, PANEL_TYPE, SETTINGS, VIEWS } from "../../../extension/contributions.ts";
import { CONTEXTS } from "../../../extension/listNode.ts";

interface Manifest {
  activationEvents: string[];
  contributes: {
    commands: { command: string; category: string; title: string }[];
    submenus: { id: string }[];
    viewsContainers: { activitybar: { id: string; icon: string }[] };
    views: Record<string, { id: string }[]>;
    viewsWelcome: { view: string; when: string; contents: string }[];
    menus: Record<string, { command?: string; submenu?: string; when?: string }[]>;
    configuration: {
      properties: Record<string, { default: unknown; type: string; markdownDescription: string; minimum?: number; maximum?: number }>;
    };
  };
}

const manifest = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as Manifest;
const { contributes } = manifest;
const contributed = contributes.commands.map((c) => c.command);
const items = Object.values(contributes.menus).flat();
const views = Object.values(contributes.views).flat();

describe("package.json and contributions.ts", () => {
  test("name the same commands", () => {
    expect(contributed.toSorted()).toEqual(Object.values(COMMANDS).toSorted());
  });

  test("put every command into the category Flexlens, without repeating it in the title", () => {
    for (const { category, title } of contributes.commands) {
      expect(category).toBe("Flexlens");
      expect(title).not.toContain("Flexlens");
    }
  });

  test("keep internal commands out of the palette", () => {
    for (const command of Object.values(INTERNAL_COMMANDS)) expect(contributed).not.toContain(command);
  });

  test("name the same settings with the same defaults", () => {
    const defaults = Object.fromEntries(
      Object.entries(contributes.configuration.properties).map(([name, { default: value }]) => [name, value]),
    );
    expect(defaults).toEqual(Object.fromEntries(Object.entries(SETTINGS).map(([name, value]) => [`flexlens.${name}`, value])));
  });

  test("describe every setting, with a default of its type and within its bounds", () => {
    for (const [name, property] of Object.entries(contributes.configuration.properties)) {
      expect(property.markdownDescription, name).toMatch(/\.$/);
      const kind = Array.isArray(property.default) ? "array" : typeof property.default;
      expect(kind, name).toBe(property.type === "integer" ? "number" : property.type);
      if (typeof property.default === "number") {
        expect(property.default, name).toBeGreaterThanOrEqual(property.minimum ?? Number.NaN);
        expect(property.default, name).toBeLessThanOrEqual(property.maximum ?? Number.NaN);
      }
    }
  });

  test("ask in `when` clauses only for context keys that are set", () => {
    const known: string[] = [...Object.values(CONTEXT_KEYS), ...Object.values(VIEWS), PANEL_TYPE];
    const asked = [...items, ...contributes.viewsWelcome].flatMap(({ when = "" }) => when.match(/flexlens\.\w+/g) ?? []);
    expect(asked.length).toBeGreaterThan(0);
    for (const key of asked) expect(known).toContain(key);
  });

  test("put only contributed commands and submenus into menus", () => {
    const submenus = contributes.submenus.map((s) => s.id);
    for (const { command, submenu } of items) {
      if (command !== undefined) expect(contributed).toContain(command);
      if (submenu !== undefined) expect(submenus).toContain(submenu);
    }
    for (const menu of Object.keys(contributes.menus).filter((name) => name.startsWith("flexlens."))) expect(submenus).toContain(menu);
  });

  test("name the same views, in a container that has them", () => {
    expect(views.map(({ id }) => id).toSorted()).toEqual(Object.values(VIEWS).toSorted());
    expect(contributes.viewsContainers.activitybar.map(({ id }) => id)).toEqual(Object.keys(contributes.views));
    for (const { icon } of contributes.viewsContainers.activitybar) {
      expect(readFileSync(new URL(`../../../${icon}`, import.meta.url), "utf8")).toContain("currentColor");
    }
  });

  test("give a list that is empty a way on by commands that there are", () => {
    const linked = contributes.viewsWelcome.flatMap(({ contents }) => [...contents.matchAll(/\(command:([\w.]+)\)/g)].map(([, id]) => id));
    for (const command of linked) if (command !== "vscode.openFolder") expect(contributed).toContain(command);
    for (const { view, contents } of contributes.viewsWelcome) {
      expect(views.map(({ id }) => id)).toContain(view);
      expect(contents).toContain("(command:");
    }
  });

  test("ask in the menus of lists only for kinds of entries that there are", () => {
    const asked = items.flatMap(({ when = "" }) =>
      [...when.matchAll(/viewItem (?:== |=~ \/\^\()([\w|]+)/g)].flatMap(([, names = ""]) => names.split("|")),
    );
    expect(asked.length).toBeGreaterThan(0);
    for (const name of asked) expect(CONTEXTS as readonly string[]).toContain(name);
  });

  test("restore the panel after a reload", () => {
    expect(manifest.activationEvents).toContain(`onWebviewPanel:${PANEL_TYPE}`);
  });
});

test("the files that package.json names are there, and hold JSON", () => {
  const named = JSON.stringify(contributes).match(/\.\/media\/[\w.-]+\.json/g) ?? [];
  expect(named.length).toBeGreaterThan(0);
  for (const path of named) expect(() => JSON.parse(readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8"))).not.toThrow();
});

test("every pattern of the WGSL grammar is a regular expression, and numbers, types and calls of a kernel match theirs", () => {
  const grammar = JSON.parse(readFileSync(new URL("../../../media/wgsl.tmLanguage.json", import.meta.url), "utf8")) as {
    patterns: { name?: string; match?: string }[];
  };
  const scopeOf = (text: string): string | undefined =>
    grammar.patterns.find(({ match }) => match !== undefined && new RegExp(match).exec(text)?.[0] === text)?.name;
  for (const { match = "" } of grammar.patterns) expect(() => new RegExp(match)).not.toThrow();
  for (const number of ["0", "16u", "1.5f", "1e-5", "0x7f800000u", ".5", "-3.0e38"].map((n) => n.replace("-3", "3"))) {
    expect(scopeOf(number), number).toBe("constant.numeric.wgsl");
  }
  for (const type of ["f32", "vec4f", "vec4", "array", "atomic"]) expect(scopeOf(type), type).toBe("support.type.wgsl");
  expect(scopeOf("@compute")).toBe("entity.other.attribute-name.wgsl");
});
