/**
 * docs/settings.md: every setting with its default, its bounds and where it can be set, from package.json (`npm run
 * docs`); a unit test compares.
 */
import { readFileSync, writeFileSync } from "node:fs";

const PATH = "docs/settings.md";

interface Property {
  readonly type: string;
  readonly default: unknown;
  readonly scope?: string;
  readonly order?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly string[];
  readonly enumDescriptions?: readonly string[];
  readonly markdownDescription: string;
}

const INTRODUCTION = `# Settings

All of them are found as \`flexlens\` in VS Code's settings, and count from the next reading of the text on; nothing has to be restarted. *Flexlens: Show Logs* opens the log, whose level is VS Code's own (*Developer: Set Log Level…*).

Nothing here sends anything anywhere: Flexlens has no telemetry and uses no network.

This page is made from \`package.json\` (\`npm run docs\`).
`;

/** Where a setting of each scope may stand. */
const SCOPES: Readonly<Record<string, string>> = {
  application: "the user's settings",
  window: "the user's and the workspace's settings",
  resource: "the user's, the workspace's and each folder's settings",
};

/** The whole page. */
export function settingsManual(): string {
  const { contributes } = JSON.parse(readFileSync("package.json", "utf8")) as {
    readonly contributes: { readonly configuration: { readonly properties: Readonly<Record<string, Property>> } };
  };
  const entries = Object.entries(contributes.configuration.properties).toSorted(
    ([a, x], [b, y]) => (x.order ?? 0) - (y.order ?? 0) || (a < b ? -1 : 1),
  );
  return [INTRODUCTION, ...entries.map(([name, property]) => sectionOf(name, property))].join("\n");
}

function sectionOf(name: string, property: Property): string {
  const { minimum, maximum, scope = "window" } = property;
  const facts = [
    `default \`${JSON.stringify(property.default)}\``,
    ...(minimum !== undefined && maximum !== undefined ? [`${minimum} to ${maximum}`] : []),
    SCOPES[scope] ?? scope,
  ];
  const choices = (property.enum ?? []).map((value, i) => `- \`${value}\`: ${property.enumDescriptions?.[i] ?? ""}`);
  return `## ${name}\n\n${linked(property.markdownDescription)}\n\n${choices.length === 0 ? "" : `${choices.join("\n")}\n\n`}*${facts.join("; ")}*\n`;
}

/** VS Code's own way to name a setting, as a link to its section. */
const linked = (text: string): string =>
  text.replace(/`#([\w.]+)#`/g, (_, name: string) => `[\`${name}\`](#${name.replaceAll(".", "").toLowerCase()})`);

/** Renews the page. */
export function renewSettings(): void {
  writeFileSync(PATH, settingsManual());
}
