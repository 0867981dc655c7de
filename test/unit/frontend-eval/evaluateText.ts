/** Python text in, values and traced mods out: what the tests of the evaluator are written in. */
import type { Diagnostic } from "../../../kernels/frontend/diagnostic.ts";
import { createInterpreter, type Interpreter, type Outcome, type Traced } from "../../../kernels/frontend/evaluate.ts";
import { parseExpression, parseModule } from "../../../kernels/frontend/parse.ts";
import { dataOf } from "../../../kernels/frontend/tensor.ts";
import type { Scope, Value } from "../../../kernels/frontend/value.ts";

export interface Ran {
  readonly interpreter: Interpreter;
  readonly scope: Scope;
  /** Warnings and hints, as they were found. */
  readonly reports: Diagnostic[];
  readonly text: string;
}

const FILE = "test.py";

/** Runs `text` as a module, with `values` bound before it. */
export function runText(text: string, values: Readonly<Record<string, Value>> = {}, stepBudget?: number): Ran {
  const reports: Diagnostic[] = [];
  const interpreter = createInterpreter({
    report: (d) => reports.push(d),
    textOf: (span) => text.slice(span.from, span.to),
    ...(stepBudget === undefined ? {} : { stepBudget }),
  });
  const { module } = parseModule(FILE, text);
  const scope = interpreter.runModule(module, "__main__", new Map(Object.entries(values)));
  return { interpreter, scope, reports, text };
}

/** The value of `name` after running `text`. */
export function valueIn(text: string, name = "x", values: Readonly<Record<string, Value>> = {}): Value {
  const { scope } = runText(text, values);
  const value = scope.names.get(name);
  if (value === undefined) throw new Error(`${name} is not bound`);
  return value;
}

/** The mod called `name` in `text`, traced. */
export function traceText(
  text: string,
  kind: "score_mod" | "mask_mod" = "mask_mod",
  name = "f",
  scoreDType: "f32" | "f64" = "f32",
  values: Readonly<Record<string, Value>> = {},
): Outcome<Traced> & { readonly reports: readonly Diagnostic[]; readonly text: string } {
  const ran = runText(text, values);
  const mod = ran.scope.names.get(name);
  if (mod === undefined) throw new Error(`${name} is not bound`);
  const outcome = ran.interpreter.traceMod(mod, kind, scoreDType, { file: FILE, from: 0, to: text.length });
  return { ...outcome, reports: ran.reports, text };
}

/** The value of one expression in the scope of `text`. */
export function evaluateIn(ran: Ran, expression: string): Outcome<Value> {
  return ran.interpreter.evaluate(parseExpression(expression, FILE).expression, ran.scope);
}

/** `v` as Python prints it; a tensor as `dtype[shape] values`. */
export function printValue(v: Value): string {
  switch (v.type) {
    case "none":
      return "None";
    case "bool":
      return v.value ? "True" : "False";
    case "int":
      return String(v.value);
    case "float":
      return Number.isInteger(v.value)
        ? `${v.value}.0`
        : Number.isFinite(v.value)
          ? String(v.value)
          : v.value > 0
            ? "inf"
            : v.value < 0
              ? "-inf"
              : "nan";
    case "str":
      return `'${v.value}'`;
    case "tuple":
      return `(${v.items.map(printValue).join(", ")}${v.items.length === 1 ? "," : ""})`;
    case "list":
      return `[${v.items.map(printValue).join(", ")}]`;
    case "tensor":
      return `${v.dtype}[${v.shape.join(",")}] ${[...dataOf(v)].join(" ")}`;
    case "unknown":
      return v.fault?.code ?? v.cause;
    default:
      return v.type;
  }
}
