/**
 * Every function and method that the front end follows, called with what is too large, empty, endless or of the wrong
 * kind: none may throw, fill the memory, or take the mod below it along.
 */
import { supportedNames } from "../../kernels/frontend/builtins.ts";

const BIG = "10**9";
const TABLE = "torch.arange(12).reshape(3, 4)";
const FLOATS = "torch.linspace(0, 1, 6)";
const LONG = "torch.arange(10**5)";
/** Views that are far larger than what they view. */
const WIDE = "torch.zeros(1).expand(10**6)";
const SQUARE = "torch.zeros(1).expand(10**5, 10**5)";
const MANY = "list(range(20000))";
const OBJECTS = [TABLE, FLOATS, LONG, WIDE, SQUARE];

const ARGUMENTS = [
  ...["", "0", "-1", BIG, `${BIG}, ${BIG}`, `-${BIG}`, "10**400", "1e308", 'float("nan")', 'float("inf")', "None", "[]", "()"],
  ...[
    `(${BIG}, ${BIG})`,
    `[${BIG}] * 3`,
    `range(${BIG})`,
    "itertools.count()",
    "'a' * 90000",
    "lambda x: x",
    "[[1] * 100] * 100",
    "repeat=10**9",
  ],
  ...[TABLE, FLOATS, LONG, WIDE, SQUARE, MANY],
];

/** Expressions, the same for all; every `stride`th of them from `first` on. */
export function extremeCalls(first: number, stride: number): string[] {
  const all: string[] = [];
  for (const { module, name } of supportedNames()) {
    if (name.startsWith("__")) continue;
    if (module === "Tensor") {
      for (const object of OBJECTS) for (const args of ARGUMENTS) all.push(`${object}.${name}(${args})`);
    } else if (module === "torch" || module === "torch.nn.functional") {
      for (const args of ARGUMENTS) all.push(`${module}.${name}(${args})`);
      for (const object of OBJECTS) for (const args of ARGUMENTS) if (args !== "") all.push(`${module}.${name}(${object}, ${args})`);
    }
  }
  return all.filter((_, i) => i % stride === first % stride);
}

/** A module that evaluates the expression, with a mod below it. */
export const moduleOf = (expression: string): string =>
  `import torch, itertools\nx = ${expression}\ndef causal(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n`;
