/** Values of the static evaluator beside those that Python gave (test/oracle/host.json): compared as data. */
import { createInterpreter } from "../../kernels/frontend/evaluate.ts";
import { parseModule } from "../../kernels/frontend/parse.ts";
import { dataOf } from "../../kernels/frontend/tensor.ts";
import type { Value } from "../../kernels/frontend/value.ts";
import { isFloat, TORCH_NAMES } from "../../kernels/ir/ops.ts";

/** A value as hostGenerate.py writes it. */
export type HostValue =
  | { readonly type: "none" }
  | { readonly type: "bool" | "int" | "float" | "str" | "dtype" | "other"; readonly value: unknown }
  | { readonly type: "list" | "tuple" | "set"; readonly items: readonly HostValue[] }
  | { readonly type: "dict"; readonly items: readonly (readonly [HostValue, HostValue])[] }
  | {
      readonly type: "tensor";
      readonly dtype: string;
      readonly shape: readonly number[];
      readonly data: readonly (number | string | boolean)[];
    };

export interface HostRow {
  readonly group: string;
  readonly code: string;
  readonly value?: HostValue;
  readonly error?: string;
}

/** Runs `preamble` and `code`, and gives what `result` holds, or why there is none. */
export function runSnippet(preamble: string, code: string): { readonly value: Value } | { readonly fault: string } {
  const text = `${preamble}\n${code}\n`;
  const interpreter = createInterpreter({ report: () => undefined, textOf: (span) => text.slice(span.from, span.to) });
  const { module, diagnostics } = parseModule("snippet.py", text);
  const scope = interpreter.runModule(module);
  const [fault] = [...diagnostics, ...interpreter.faults];
  if (fault !== undefined) return { fault: `${fault.code}: ${fault.message}` };
  const value = scope.names.get("result") ?? { type: "none" };
  return value.type === "unknown" ? { fault: `unknown: ${value.cause} ${value.fault?.message ?? ""}` } : { value };
}

const numeric = (x: unknown): number => (x === "nan" ? Number.NaN : x === "inf" ? Infinity : x === "-inf" ? -Infinity : Number(x));

/** Why `value` is not `wanted`, or null. Floats may differ by a few units in the last place of their dtype. */
export function difference(value: Value, wanted: HostValue): string | null {
  const all = (items: readonly Value[], others: readonly HostValue[]): string | null => {
    if (items.length !== others.length) return `${items.length} items, not ${others.length}`;
    for (const [i, item] of items.entries()) {
      const other = others[i];
      const why = other === undefined ? null : difference(item, other);
      if (why !== null) return `[${i}] ${why}`;
    }
    return null;
  };
  switch (wanted.type) {
    case "none":
      return value.type === "none" ? null : `${value.type}, not None`;
    case "bool":
    case "int":
    case "float":
    case "str": {
      if (value.type !== wanted.type && !(wanted.type === "int" && value.type === "instance"))
        return `${value.type} ${shown(value)}, not ${wanted.type} ${wanted.value}`;
      const got = shown(value);
      if (wanted.type === "float") return closeTo(Number(got), numeric(wanted.value), 1e-15) ? null : `${got}, not ${wanted.value}`;
      return String(got) === String(wanted.value) ? null : `${got}, not ${wanted.value}`;
    }
    case "dtype":
      return value.type === "dtype" && `torch.${TORCH_NAMES[value.dtype]}` === wanted.value ? null : `${value.type}, not ${wanted.value}`;
    case "other":
      return null;
    case "list":
    case "tuple":
      return value.type === "list" || value.type === "tuple"
        ? value.type === wanted.type
          ? all(value.items, wanted.items)
          : `${value.type}, not ${wanted.type}`
        : `${value.type}, not ${wanted.type}`;
    case "set":
      if (value.type !== "set") return `${value.type}, not set`;
      return value.entries.size === wanted.items.length ? null : "another set";
    case "dict": {
      if (value.type !== "dict") return `${value.type}, not dict`;
      const entries = [...value.entries.values()];
      return (
        all(
          entries.map((e) => e.key),
          wanted.items.map(([k]) => k),
        ) ??
        all(
          entries.map((e) => e.value),
          wanted.items.map(([, v]) => v),
        )
      );
    }
    case "tensor": {
      if (value.type !== "tensor") return `${value.type} ${shown(value)}, not a tensor`;
      const dtype = TORCH_NAMES[value.dtype];
      if (dtype !== wanted.dtype) return `${dtype}, not ${wanted.dtype}`;
      if (value.shape.join() !== wanted.shape.join()) return `shape [${value.shape}], not [${wanted.shape}]`;
      const data = dataOf(value);
      const ulp = value.dtype === "f64" ? 1e-14 : isFloat(value.dtype) ? 3e-7 : 0;
      const at = wanted.data.findIndex((w, i) => !closeTo(data[i] ?? Number.NaN, numeric(w), ulp));
      return at < 0 ? null : `[${at}] ${data[at]}, not ${wanted.data[at]}`;
    }
  }
}

const closeTo = (a: number, b: number, relative: number): boolean =>
  Object.is(a, b) || a === b || Math.abs(a - b) <= relative * Math.max(Math.abs(a), Math.abs(b));

function shown(value: Value): string {
  if (value.type === "bool" || value.type === "int" || value.type === "float" || value.type === "str") return String(value.value);
  return value.type;
}
