/** What the mods cost at one element: their simplified operations by kind, each shared one once. Pure. */
import { simplify } from "../../kernels/analysis/simplify.ts";
import type { Expr } from "../../kernels/ir/expr.ts";
import type { Mod } from "../../kernels/ir/mod.ts";
import type { BinaryOp, UnaryOp } from "../../kernels/ir/ops.ts";
import { postorder } from "../../kernels/ir/walk.ts";

/** In the order in which they are told: what costs most first. */
const GROUPS = ["load", "function", "division", "arithmetic", "comparison", "choice", "logic", "conversion"] as const;
export type OperationGroup = (typeof GROUPS)[number];

const UNARY: Readonly<Record<UnaryOp, OperationGroup>> = {
  neg: "arithmetic",
  abs: "arithmetic",
  sign: "arithmetic",
  not: "logic",
  floor: "arithmetic",
  ceil: "arithmetic",
  round: "arithmetic",
  trunc: "arithmetic",
  exp: "function",
  exp2: "function",
  expm1: "function",
  log: "function",
  log2: "function",
  log10: "function",
  log1p: "function",
  sqrt: "function",
  rsqrt: "function",
  sin: "function",
  cos: "function",
  tan: "function",
  asin: "function",
  acos: "function",
  atan: "function",
  sinh: "function",
  cosh: "function",
  tanh: "function",
  sigmoid: "function",
  erf: "function",
  isnan: "comparison",
  isinf: "comparison",
};

const BINARY: Readonly<Record<BinaryOp, OperationGroup>> = {
  add: "arithmetic",
  sub: "arithmetic",
  mul: "arithmetic",
  div: "division",
  floordiv: "division",
  floormod: "division",
  truncdiv: "division",
  fmod: "division",
  pow: "function",
  atan2: "function",
  hypot: "function",
  min: "arithmetic",
  max: "arithmetic",
  fmin: "arithmetic",
  fmax: "arithmetic",
  and: "logic",
  or: "logic",
  xor: "logic",
  shl: "arithmetic",
  shr: "arithmetic",
  eq: "comparison",
  ne: "comparison",
  lt: "comparison",
  le: "comparison",
  gt: "comparison",
  ge: "comparison",
};

export interface Operations {
  readonly total: number;
  /** Those that occur, in the order of GROUPS. */
  readonly groups: readonly { readonly group: OperationGroup; readonly count: number }[];
}

/** The operations of one call of `mod`. */
export function operationsOf(mod: Pick<Mod, "body">): Operations {
  const counts = new Map<OperationGroup, number>();
  for (const e of postorder([simplify(mod.body)])) {
    const group = groupOf(e);
    if (group !== null) counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  const groups = GROUPS.flatMap((group) => {
    const count = counts.get(group) ?? 0;
    return count === 0 ? [] : [{ group, count }];
  });
  return { total: groups.reduce((n, g) => n + g.count, 0), groups };
}

function groupOf(e: Expr): OperationGroup | null {
  switch (e.kind) {
    case "const":
    case "var":
      return null;
    case "load":
      return "load";
    case "unary":
      return UNARY[e.op];
    case "binary":
      return BINARY[e.op];
    case "where":
      return "choice";
    case "cast":
      return "conversion";
  }
}

const PLURALS: Readonly<Record<OperationGroup, string>> = {
  load: "loads",
  function: "functions",
  division: "divisions",
  arithmetic: "arithmetic",
  comparison: "comparisons",
  choice: "choices",
  logic: "logic",
  conversion: "conversions",
};

/** `2 loads, 1 comparison, 1 logic`. */
export const operationsText = ({ groups }: Operations): string =>
  groups.map(({ group, count }) => `${count} ${count === 1 ? group : PLURALS[group]}`).join(", ");
