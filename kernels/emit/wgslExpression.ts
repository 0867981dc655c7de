/**
 * One expression → the statements of a WGSL function: `let` for what is used twice, for the mod's own locals and for
 * what would nest too deeply; everything else inline, with no more parentheses than WGSL's grammar asks for
 * (wgslPiece.ts). What each operator becomes is in wgslOperators.ts.
 */
import type { Expr } from "../ir/expr.ts";
import type { Local } from "../ir/mod.ts";
import type { DType } from "../ir/ops.ts";
import { postorder } from "../ir/walk.ts";
import { schedule } from "./schedule.ts";
import { wgslName } from "./wgslNames.ts";
import { emitBinary, emitCast, emitUnary, exactFloats, rounded, truthOf } from "./wgslOperators.ts";
import { type Context, LARGEST, list, type Names, type Piece, PRIMARY, primary, type WgslType, wgslType } from "./wgslPiece.ts";

/** A function's statements, a line each, and what each of them computes. */
export interface EmittedBody {
  readonly lines: readonly string[];
  /** The value of each line: those that get a name, then the one that is returned. */
  readonly values: readonly Expr[];
}

/**
 * Statements of a function that returns the simplified `body` as `type`, each indented by two spaces. (WGSL refuses to
 * compile some constant expressions, such as 0.0 / 0.0; simplified, there are none.) Its parameters are named as the mod's arguments are.
 */
export function emitBody(
  entry: { readonly body: Expr; readonly type: WgslType; readonly locals?: readonly Local[] },
  names: Names,
): EmittedBody {
  const { body } = entry;
  const localNames = new Map<Expr, string>();
  for (const local of entry.locals ?? []) {
    const name = wgslName(local.name);
    if (name !== null && !localNames.has(local.value)) localNames.set(local.value, name);
  }
  const used = new Set<string>();
  let temporaries = 0;
  const nameOf = (e: Expr): string => {
    const wanted = localNames.get(e);
    let name = wanted ?? `t${temporaries++}`;
    for (let n = 1; used.has(name); n++) name = wanted === undefined ? `t${temporaries++}` : `${wanted}_${n}`;
    used.add(name);
    return name;
  };
  const bound = new Set(schedule([body], { maxDepth: 6, split: (child) => localNames.has(child) }).map((l) => l.node));
  const lines: string[] = [];
  const values: Expr[] = [];
  const pieces = new Map<Expr, Piece>();
  // Literals are written where they are used, so that one which is not (see `inRange`) takes no field of the uniform.
  const order = postorder([body]);
  const context = { names, exact: exactFloats(order) };
  const get = (e: Expr): Piece => pieces.get(e) ?? emitNode(e, get, context);
  for (const e of order) {
    if (e.kind === "const") continue;
    const piece = emitNode(e, get, context);
    pieces.set(e, piece);
    if (bound.has(e) && e.kind !== "var") {
      const name = nameOf(e);
      lines.push(`  let ${name} = ${piece.text};`);
      values.push(e);
      pieces.set(e, { ...piece, text: name, level: PRIMARY });
    }
  }
  lines.push(`  return ${converted(get(body), wgslType(body.dtype), entry.type)};`);
  return { lines, values: [...values, body] };
}

function converted(p: Piece, from: WgslType, to: WgslType): string {
  if (from === to) return p.text;
  return to === "bool" && from !== "bool" ? truthOf(p, from).text : `${to}(${p.text})`;
}

type Get = (e: Expr) => Piece;

function emitNode(e: Expr, get: Get, context: Context): Piece {
  const { names } = context;
  switch (e.kind) {
    case "const":
      return emitConst(e.value, e.dtype, names);
    case "var":
      return { text: e.name, level: PRIMARY, nonNegative: e.name !== "score", maybeNan: true };
    case "load":
      return {
        ...primary(
          `${names.load(
            e.capture,
            e.indices.map((i) => get(i).nonNegative),
          )}(${list(...e.indices.map(get))})`,
        ),
        nonNegative: e.dtype === "u8",
      };
    case "unary":
      return rounded(emitUnary(e, get(e.a), names), e, names);
    case "binary":
      return rounded(emitBinary(e, get, context), e, names);
    case "where": {
      const [a, b] = [get(e.a), get(e.b)];
      return {
        text: `select(${list(b, a, get(e.cond))})`,
        level: PRIMARY,
        nonNegative: a.nonNegative && b.nonNegative,
        maybeNan: a.maybeNan || b.maybeNan,
      };
    }
    case "cast":
      return emitCast(e, get(e.a), names);
  }
}

function emitConst(value: number, dtype: DType, names: Names): Piece {
  const known = { level: PRIMARY, nonNegative: value >= 0, maybeNan: Number.isNaN(value) };
  switch (wgslType(dtype)) {
    case "bool":
      return { ...known, text: value !== 0 ? "true" : "false" };
    case "i32":
      return { ...known, text: value === 0 ? "0" : names.scalar("i32", value | 0) };
    case "f32": {
      const f = Math.fround(value);
      if (Number.isNaN(f)) return { ...known, text: `${names.call("quiet_nan")}()` };
      if (Number.isFinite(value) && !Number.isFinite(f)) return { ...known, text: names.scalar("f32", Math.sign(value) * LARGEST) };
      if (!Number.isFinite(f)) return { ...known, text: f > 0 ? "POS_INF" : "NEG_INF" };
      return { ...known, text: Object.is(f, 0) ? "0.0" : names.scalar("f32", f) };
    }
  }
}
