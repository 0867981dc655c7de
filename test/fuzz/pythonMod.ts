/**
 * Random mods as the text of a Python module: captured tensors, a helper, locals, loops, and one function `mod` that
 * uses them, by the rules of grammar.ts. Most of them PyTorch takes; where a rule meets a dtype that it does not do
 * for, PyTorch refuses, and so must the front end. Every index is in range, no integer is divided by zero.
 */
import { type Choices, listedChoices, seededChoices } from "./choices.ts";
import {
  BOOL_RULES,
  EXPONENTS,
  FLOAT_NAMES,
  FLOAT_NUMBERS,
  FLOAT_RULES,
  INDEX_RULES,
  INT_NAMES,
  INT_NUMBERS,
  INT_RULES,
  SMALL_NUMBERS,
  VECTOR_RULES,
  WIDE_NUMBERS,
} from "./grammar.ts";

export interface PythonMod {
  readonly kind: "score_mod" | "mask_mod";
  /** A whole module; the mod is called `mod`. */
  readonly text: string;
  /** What it was generated from, for `pythonModFrom`. */
  readonly choices: readonly number[];
}

export interface PythonModOptions {
  /** Default: one in three is a mask_mod. */
  readonly kind?: "score_mod" | "mask_mod";
  /** Operators in the largest expression, about; default 10. */
  readonly size?: number;
  /** dtypes of captures and conversions, by PyTorch's names; default all. */
  readonly dtypes?: ReadonlySet<string>;
  /** Captures with nan, infinities and the ends of each integer; default true. */
  readonly edges?: boolean;
  /** Numbers beyond 32 bits in integer arithmetic; default true. */
  readonly wide?: boolean;
}

/** The sizes for which every index of a generated mod is in range. */
export const FUZZ_SIZES = { batch: 2, heads: 2, qLen: 5, kvLen: 6 } as const;

/** The mod that a seed stands for. */
export const pythonMod = (seed: number, options: PythonModOptions = {}): PythonMod => generate(seededChoices(seed), options);

/** The mod that a list of choices stands for; any list stands for one. */
export const pythonModFrom = (list: readonly number[], options: PythonModOptions = {}): PythonMod => generate(listedChoices(list), options);

type Kind = "f" | "i" | "b";

/** Elements of captures, in Python: plain ones, uneven ones, and the ends. */
const ELEMENTS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  bool: [["True", "False", "True", "True", "False", "False"]],
  uint8: [
    ["0", "1", "2", "5", "3", "4"],
    ["7", "16", "31", "64", "128", "3"],
    ["255", "0", "200", "1", "254", "127"],
  ],
  int8: [
    ["0", "1", "-2", "5", "3", "-4"],
    ["7", "16", "-31", "64", "100", "3"],
    ["-128", "127", "-1", "0", "-127", "126"],
  ],
  int16: [
    ["0", "1", "-2", "5", "3", "-4"],
    ["300", "-1600", "31", "64", "181", "3"],
    ["-32768", "32767", "-1", "0", "256", "-257"],
  ],
  int32: [
    ["0", "1", "-2", "5", "3", "-4"],
    ["300", "-70000", "31", "46341", "1000003", "3"],
    ["-2147483648", "2147483647", "-1", "0", "16777217", "65536"],
  ],
  int64: [
    ["0", "1", "-2", "5", "3", "-4"],
    ["300", "-70000", "31", "46341", "1000003", "3"],
    ["-2147483649", "4294967296", "-1", "0", "16777217", "9007199254740991"],
  ],
  float: [
    ["0.5", "-1.25", "2.0", "3.75", "-0.125", "10.0"],
    ["0.1", "-3.7", "1e-3", "1000.1", "7.3", "-0.9"],
    ['float("nan")', 'float("inf")', '-float("inf")', "0.0", "-1.0", "65504.0"],
  ],
};

const elementsOf = (dtype: string): readonly (readonly string[])[] => ELEMENTS[dtype] ?? ELEMENTS["float"] ?? [];

function generate(choices: Choices, options: PythonModOptions): PythonMod {
  const names = (all: readonly string[]): readonly string[] => all.filter((d) => options.dtypes?.has(d) ?? true);
  const floatNames = names(FLOAT_NAMES);
  const intNames = names(INT_NAMES);
  const pick = <T>(items: readonly T[]): T => {
    const item = items[choices.next(items.length)];
    if (item === undefined) throw new Error("nothing to choose from");
    return item;
  };
  const chance = (percent: number): boolean => choices.next(100) >= 100 - percent;
  const kind = options.kind ?? (choices.next(3) === 2 ? "mask_mod" : "score_mod");
  const captures = new Map<string, string>();
  const locals: { readonly name: string; readonly kind: Kind }[] = [];
  let inHelper = false;
  let helperUsed = false;

  /** A captured tensor of the kind: a vector of 6, a matrix of 3 by 4 or a number. */
  const capture = (of: Kind, rank: 0 | 1 | 2, fixed: number | null = null): string => {
    const dtype = of === "b" ? "bool" : of === "i" ? pick(intNames) : pick(floatNames);
    const sets = elementsOf(dtype);
    const set = fixed ?? choices.next(options.edges === false ? Math.min(2, sets.length) : sets.length);
    const name = `${"smt"[rank === 0 ? 0 : rank === 1 ? 2 : 1]}_${dtype}_${set}`;
    const row = sets[set] ?? [];
    const at = (from: number): string => `[${[0, 1, 2, 3].map((i) => row[(from + i) % 6]).join(", ")}]`;
    const data = rank === 0 ? row[1] : rank === 1 ? `[${row.join(", ")}]` : `[${[0, 3, 1].map(at).join(", ")}]`;
    captures.set(name, `torch.tensor(${data}, dtype=torch.${dtype})`);
    return name;
  };

  const indexOf = (n: number, budget: number): string => fill(pick(INDEX_RULES).replaceAll("N", String(n)), budget);

  const leaf = (of: Kind): string => {
    const own = locals.filter((l) => l.kind === of);
    if (own.length > 0 && chance(45)) return pick(own).name;
    if (inHelper) return of === "f" ? "x" : of === "i" ? "n" : "(x > n)";
    switch (of) {
      case "f":
        if (kind === "score_mod" && !chance(45)) return "score";
        return chance(20) ? capture("f", 0) : `${capture("f", 1)}[${pick(["kv_idx", "q_idx", "h", "b", "3"])}]`;
      case "i":
        if (!chance(25)) return pick(["q_idx", "kv_idx", "h", "b"]);
        return chance(20) ? capture("i", 0) : `${capture("i", 1)}[${pick(["kv_idx", "q_idx", "h", "b", "-2"])}]`;
      case "b":
        return chance(40) ? `${capture("b", 1)}[${pick(["kv_idx", "q_idx"])}]` : "(q_idx >= kv_idx)";
    }
  };

  /** Shares `budget` among the holes of a rule. */
  const fill = (rule: string, budget: number): string => {
    const holes = rule.match(/\{\w+\}/g)?.length ?? 0;
    const share = Math.floor(Math.max(0, budget - 1) / Math.max(1, holes));
    return rule.replace(/\{(\w+)\}/g, (_, hole: string) => operand(hole, share));
  };

  const tensorKind = (): Kind => pick(["f", "f", "f", "i", "i", "i", "b"] as const);
  const operand = (hole: string, budget: number): string => {
    switch (hole) {
      case "f":
      case "i":
      case "b":
        return expression(hole, budget);
      case "t":
        return expression(tensorKind(), budget);
      case "a":
        return chance(35) ? number() : expression(tensorKind(), budget);
      case "n":
        return pick(FLOAT_NUMBERS);
      case "k":
        return pick(SMALL_NUMBERS);
      case "z":
        return options.wide !== false && chance(6) ? `(${pick(WIDE_NUMBERS)})` : `(${pick(INT_NUMBERS)})`;
      case "e":
        return pick(EXPONENTS);
      case "E":
        return inHelper ? "row" : `${capture("f", 2, 0)}[${indexOf(3, budget)}]`;
      case "F":
      case "I":
      case "B":
        return inHelper ? "row" : `(${fill(pick(VECTOR_RULES[hole]), budget)})`;
      case "mf":
      case "mi":
      case "mb":
        return capture(hole === "mf" ? "f" : hole === "mi" ? "i" : "b", 2);
      case "D":
        return pick(floatNames);
      case "J":
        return pick(intNames);
      default:
        return indexOf(Number(hole), budget);
    }
  };
  const number = (): string => (chance(50) ? `(${pick(FLOAT_NUMBERS)})` : `(${pick(INT_NUMBERS)})`);

  const expression = (of: Kind, budget: number): string => {
    if (budget <= 0 || choices.next(16) === 0) return leaf(of);
    if (chance(6) && !inHelper) {
      const table = capture(of, chance(30) ? 2 : 1);
      if (!table.startsWith("m")) return `${table}[${indexOf(6, budget - 1)}]`;
      const [row, column] = [indexOf(3, budget >> 1), indexOf(4, budget >> 1)];
      return chance(40) ? `${table}[${row}][${column}]` : `${table}[${row}, ${column}]`;
    }
    const rules = of === "f" ? FLOAT_RULES : of === "i" ? INT_RULES : BOOL_RULES;
    const rule = pick(rules);
    if (inHelper && /row|\{[EFIB]\}|helper/.test(rule)) return leaf(of);
    if (rule.startsWith("helper")) helperUsed = true;
    return fill(rule, budget);
  };

  const total = options.size ?? 10;
  const body: string[] = [];
  const count = choices.next(4);
  for (let n = 0; n < count; n++) {
    const of = tensorKind();
    const name = `x${n}`;
    body.push(`${name} = ${expression(of, choices.next(total))}`);
    locals.push({ name, kind: of });
    if (chance(15)) body.push(...rework(name, of, () => expression(of, choices.next(4)), pick));
  }
  const result: Kind = kind === "mask_mod" ? "b" : ((["f", "f", "f", "f", "f", "f", "i", "b"] as const)[choices.next(8)] ?? "f");
  body.push(`return ${expression(result, 2 + choices.next(total))}`);
  let helper: string[] = [];
  if (helperUsed) {
    inHelper = true;
    locals.length = 0;
    helper = ["def helper(x, n):", `    y = ${expression("f", 3)}`, `    return ${fill("(y + {f})", 3)}`, ""];
  }
  const parameters = kind === "mask_mod" ? "b, h, q_idx, kv_idx" : "score, b, h, q_idx, kv_idx";
  const lines = [
    "import math",
    "import torch",
    "import torch.nn.functional as F",
    "",
    `FLAG = ${chance(50) ? "True" : "False"}`,
    "bounds = torch.tensor([-3, 0, 2, 5, 9])",
    ...[...captures].map(([name, value]) => `${name} = ${value}`),
    "",
    ...helper,
    `def mod(${parameters}):`,
    ...body.map((line) => `    ${line}`),
    "",
  ];
  return { kind, text: lines.join("\n"), choices: choices.taken };
}

/** Statements that change a local: in place, in a loop, under a static condition. */
function rework(name: string, of: Kind, operand: () => string, pick: <T>(items: readonly T[]) => T): string[] {
  const op = of === "b" ? pick(["&", "|", "^"]) : pick(["+", "-", "*"]);
  switch (pick([0, 1, 2, 3])) {
    case 0:
      return [`${name} = ${name} ${op} ${operand()}`];
    case 1:
      return [`${name} ${op}= ${operand()}`];
    case 2:
      return ["for step in range(3):", `    ${name} = ${name} ${op} (${operand()})`];
    default:
      return ["if FLAG:", `    ${name} = ${operand()}`];
  }
}
