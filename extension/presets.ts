/**
 * The user's own problem sizes, as the setting `flexlens.presets` holds them: a list of objects with a name and sizes
 * under the names of a directive (`B`, `H`, `Q_LEN`, …). In: whatever the setting holds. Out: presets, and in words what
 * is none. Pure; userPresets.ts reads and writes the setting.
 */
import { type ProblemHints, SIZE_KEYS } from "../kernels/ir/mod.ts";
import type { Preset } from "../webview/protocol.ts";

type Table = Readonly<Record<string, unknown>>;
const isTable = (x: unknown): x is Table => typeof x === "object" && x !== null && !Array.isArray(x);
const isSize = (x: unknown): x is number => typeof x === "number" && Number.isInteger(x) && x >= 1 && x < 2 ** 31;

/** What the setting says. A preset with a fault is left out, and said. */
export function readPresets(value: unknown): { readonly presets: readonly Preset[]; readonly faults: readonly string[] } {
  if (!Array.isArray(value)) return { presets: [], faults: ['`flexlens.presets` is no list; write `[{ "name": …, "Q_LEN": … }]`.'] };
  const presets: Preset[] = [];
  const faults: string[] = [];
  for (const [i, entry] of value.entries()) {
    const read = readPreset(entry as unknown);
    if (typeof read === "string") faults.push(`\`flexlens.presets\`, entry ${i + 1}: ${read}.`);
    else presets.push(read);
  }
  return { presets, faults };
}

/** One preset; or why it is none. */
function readPreset(entry: unknown): Preset | string {
  if (!isTable(entry)) return "it is no object with a name and sizes";
  const { name, ...sizes } = entry;
  if (typeof name !== "string" || name.trim() === "") return "it has no `name`";
  const problem: Record<string, unknown> = {};
  for (const [key, size] of Object.entries(sizes)) {
    const hint = Object.hasOwn(SIZE_KEYS, key) ? SIZE_KEYS[key as keyof typeof SIZE_KEYS] : null;
    if (hint !== null) {
      if (!isSize(size)) return `\`${key}\` is ${JSON.stringify(size)}; it must be a whole number from 1`;
      problem[hint] = size;
    } else if (key === "SCALE") {
      if (typeof size !== "number" || !Number.isFinite(size)) return `\`SCALE\` is ${JSON.stringify(size)}; it must be a number`;
      problem["scale"] = size;
    } else return `nobody knows \`${key}\`; there are ${Object.keys(SIZE_KEYS).join(", ")}, SCALE`;
  }
  const { qHeads, kvHeads } = problem as ProblemHints;
  if (qHeads !== undefined && kvHeads !== undefined && qHeads % kvHeads !== 0)
    return `${qHeads} query heads (\`H\`) cannot share ${kvHeads} key heads (\`HKV\`)`;
  return { name: name.trim(), problem: problem as ProblemHints };
}

/** A preset as the setting holds it. */
export function presetEntry({ name, problem }: Preset): Readonly<Record<string, string | number>> {
  const sizes = Object.entries(SIZE_KEYS).flatMap(([key, hint]) => (problem[hint] === undefined ? [] : [[key, problem[hint]] as const]));
  return { name, ...Object.fromEntries(sizes), ...(problem.scale === undefined ? {} : { SCALE: problem.scale }) };
}

/** The list with `preset` in the place of one of the same name, else at its end. */
export function withEntry(value: unknown, preset: Preset): readonly unknown[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  const at = list.findIndex((entry) => isTable(entry) && entry["name"] === preset.name);
  return at < 0 ? [...list, presetEntry(preset)] : list.with(at, presetEntry(preset));
}
