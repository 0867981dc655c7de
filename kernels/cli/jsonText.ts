/** Numbers in JSON as the fixtures of PyTorch's values have them: "nan", "inf", "-inf" as strings, and -0 kept. */

export type Nested = null | boolean | number | string | readonly Nested[];

/** A number, or its name where JSON has no number for it. */
export function numberOf(x: number): number | string {
  return Number.isFinite(x) ? x : Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
}

/** `JSON.stringify`, but that -0 is written `-0.0`. */
export function jsonText(value: unknown): string {
  if (typeof value === "number") return Object.is(value, -0) ? "-0.0" : JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(jsonText).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, each]) => `${JSON.stringify(key)}:${jsonText(each)}`)
    .join()}}`;
}
