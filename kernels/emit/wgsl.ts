/**
 * Expressions → WGSL. In: the bodies of a score_mod and a mask_mod. Out: the functions that fill the two holes of a
 * kernel template, and the data they read. The text depends on the shape of the simplified expressions alone: every
 * literal but zero is a field of a uniform, captures lie one behind the other in one array for ints and one for floats,
 * and their offsets and sizes are fields too. So another window size, table or length runs the pipeline that is there.
 * (Equal literals share a field: where two become equal the text changes, and is compiled once more.)
 *
 * Narrowing: i64 → i32, f64 → f32; u8, i8, i16 wrap and f16, bf16 round after each operation. What may lose by it is
 * found by losses.ts. WGSL may assume that there are no infinities, so an infinite literal or captured value becomes
 * ±2^126 (`NEG_INF`, `POS_INF`), and the step (flash/step.ts) takes any score below -1e30 for masked. Arithmetic on
 * that stand-in stays far out, with two exceptions that no mod has been seen to use: its roots, and inf - inf = 0.
 */
import { simplify } from "../analysis/simplify.ts";
import type { Expr, VarName } from "../ir/expr.ts";
import type { Capture, Local, Mod } from "../ir/mod.ts";
import { type BinaryOp, isFloat, type UnaryOp } from "../ir/ops.ts";
import { capturesOf, postorder } from "../ir/walk.ts";
import { emitBody } from "./wgslExpression.ts";
import { type ModBinding, ModuleNames, type Scalar } from "./wgslModule.ts";
import { INFINITY, LARGEST, type WgslType } from "./wgslPiece.ts";

/** Scores at or below this count as masked, whatever arithmetic the user did on an infinity. */
export const MASKED_BELOW = -1e30;

/** Constants that emitted mods may name; stands once at the head of a module. */
export const wgslConstants = `const NEG_INF = -0x1p126f;  // stands for minus infinity, which WGSL does not promise
const POS_INF = 0x1p126f;`;

/** One function to emit: `body` over the mod's arguments, returned as `type`. */
export interface WgslEntry {
  readonly name: string;
  /** The arguments it takes, in order; what `body` reads must be among them. */
  readonly parameters: readonly VarName[];
  readonly type: WgslType;
  readonly body: Expr;
  /** Names for intermediates. */
  readonly locals?: readonly Local[];
}

/** Functions as WGSL, with the data that they read. */
export interface EmittedFunctions {
  /** Struct `ModScalars`, one load function a capture, then the functions in the order given. */
  readonly functions: string;
  /** By the name of each function given: what each line of its body computes, a simplified expression. */
  readonly values: ReadonlyMap<string, readonly Expr[]>;
  /** By the name of each load function: what it reads. */
  readonly loads: ReadonlyMap<string, Capture>;
  /** Names of the functions of wgslFunctions.ts that the text calls; `emitFunctions` gives their text. */
  readonly calls: ReadonlySet<string>;
  /** What the module must declare, in this order; empty for pure index arithmetic without literals. */
  readonly bindings: readonly ModBinding[];
  /** The fields of `scalars`, in order, with the values of this variant. */
  readonly scalars: readonly Scalar[];
  /** The captures, in the order in which they lie in their array. */
  readonly captures: readonly Capture[];
}

/**
 * The two mods as WGSL, each where there is one:
 * `fn score_mod(score: f32, b: i32, h: i32, q_idx: i32, kv_idx: i32) -> f32` and
 * `fn mask_mod(b: i32, h: i32, q_idx: i32, kv_idx: i32) -> bool`.
 */
export interface EmittedMods extends EmittedFunctions {
  readonly hasScoreMod: boolean;
  readonly hasMaskMod: boolean;
  /** score_mod can turn finite numbers into nan: the step then looks for it. */
  readonly mayMakeNan: boolean;
  /**
   * What a very low score means: `infinite` where score_mod has no finite number of that size, so that it came of minus
   * infinity; `finite` where it has some (torch.finfo(dtype).min for a mask) and no infinity; `both`.
   */
  readonly extremes: "infinite" | "finite" | "both";
}

/** A mod without its span; `locals` give names to intermediates. */
export type EmittableMod = Pick<Mod, "body"> & Partial<Pick<Mod, "locals">>;

const INDICES = ["b", "h", "q_idx", "kv_idx"] as const;

/** A null mod has no function: the template leaves the call out. */
export function emitMods(mods: { readonly scoreMod: EmittableMod | null; readonly maskMod: EmittableMod | null }): EmittedMods {
  const entries: WgslEntry[] = [];
  // The hole's name comes last: a mod brings a name of its own.
  if (mods.scoreMod !== null) entries.push({ ...mods.scoreMod, name: "score_mod", parameters: ["score", ...INDICES], type: "f32" });
  if (mods.maskMod !== null) entries.push({ ...mods.maskMod, name: "mask_mod", parameters: INDICES, type: "bool" });
  const score = mods.scoreMod === null ? [] : postorder([simplify(mods.scoreMod.body)]);
  return {
    ...emitEntries(entries),
    hasScoreMod: mods.scoreMod !== null,
    hasMaskMod: mods.maskMod !== null,
    mayMakeNan: score.some(mayMakeNan),
    extremes: !score.some((e) => holds(e, isHuge)) ? "infinite" : score.some((e) => holds(e, isInfinite)) ? "both" : "finite",
  };
}

/** Finite, and so large that a sum or product with it may pass MASKED_BELOW. */
const isHuge = (x: number): boolean => Number.isFinite(x) && Math.abs(x) >= 1e25;
const isInfinite = (x: number): boolean => Math.abs(x) === Number.POSITIVE_INFINITY;

/** A float constant or an element of a captured float table of that kind. */
function holds(e: Expr, kind: (x: number) => boolean): boolean {
  if (!isFloat(e.dtype)) return false;
  return e.kind === "const" ? kind(e.value) : e.kind === "load" && e.capture.data.some((x) => kind(Number(x)));
}

const NAN_MAKERS: ReadonlySet<UnaryOp | BinaryOp> = new Set<UnaryOp | BinaryOp>([
  "log",
  "log2",
  "log10",
  "log1p",
  "sqrt",
  "rsqrt",
  "asin",
  "acos",
  "pow",
  "fmod",
  "floormod",
  "floordiv",
]);

/** True for what gives nan for some finite operands, or brings one along. */
function mayMakeNan(e: Expr): boolean {
  if (!isFloat(e.dtype)) return false;
  switch (e.kind) {
    case "const":
      return Number.isNaN(e.value);
    case "load":
      return e.capture.data.some(Number.isNaN);
    case "binary":
      return NAN_MAKERS.has(e.op) || (e.op === "div" && !(e.b.kind === "const" && e.b.value !== 0));
    case "unary":
      return NAN_MAKERS.has(e.op);
    default:
      return false;
  }
}

/** Any functions of the mod's arguments, over one uniform and one set of captures. */
export function emitEntries(entries: readonly WgslEntry[]): EmittedFunctions {
  // What simplification drops must not be bound: a driver leaves an unused binding out of the layout.
  const simple = entries.map((entry) => ({ ...entry, body: simplify(entry.body), locals: (entry.locals ?? []).map(simplified) }));
  const module = new ModuleNames(capturesOf(...simple.map((entry) => entry.body)));
  const values = new Map<string, readonly Expr[]>();
  const bodies = simple.map((entry) => {
    const parameters = entry.parameters.map((name) => `${name}: ${name === "score" ? "f32" : "i32"}`).join(", ");
    const body = emitBody(entry, module);
    values.set(entry.name, body.values);
    return `fn ${entry.name}(${parameters}) -> ${entry.type} {\n${body.lines.join("\n")}\n}`;
  });
  return {
    functions: [...module.declarations(), ...bodies].join("\n\n"),
    values,
    loads: new Map(module.captures.map((capture) => [module.loadName(capture), capture])),
    calls: module.calls,
    bindings: module.bindings(),
    scalars: module.scalars,
    captures: module.captures,
  };
}

const simplified = (local: Local): Local => ({ ...local, value: simplify(local.value) });

/** `@group(0) @binding(3) var<uniform> scalars: ModScalars;` */
export function declareModBinding(binding: ModBinding, index: number, group = 0): string {
  const space = binding.kind === "uniform" ? "uniform" : "storage, read";
  return `@group(${group}) @binding(${index}) var<${space}> ${binding.name}: ${binding.type};`;
}

/**
 * The bytes of each of `emitted.bindings`, in their order. The uniform is padded to 16 bytes; an array is never empty.
 */
export function packMods(emitted: Pick<EmittedFunctions, "bindings" | "scalars" | "captures">): Uint8Array<ArrayBuffer>[] {
  return emitted.bindings.map((binding) => {
    if (binding.name === "scalars") return packScalars(emitted.scalars);
    const floats = binding.name === "captures_f32";
    const captures = emitted.captures.filter((c) => isFloat(c.dtype) === floats);
    const length = captures.reduce((n, c) => n + c.data.length, 0);
    const packed = floats ? new Float32Array(Math.max(1, length)) : new Int32Array(Math.max(1, length));
    let at = 0;
    for (const capture of captures) {
      packed.set(floats ? Float32Array.from(capture.data, finite) : capture.data, at);
      at += capture.data.length;
    }
    return new Uint8Array(packed.buffer);
  });
}

function packScalars(scalars: readonly Scalar[]): Uint8Array<ArrayBuffer> {
  const bytes = new DataView(new ArrayBuffer(Math.max(1, Math.ceil(scalars.length / 4)) * 16));
  scalars.forEach((s, i) => {
    if (s.type === "f32") bytes.setFloat32(4 * i, s.value, true);
    else bytes.setInt32(4 * i, s.value, true);
  });
  return new Uint8Array(bytes.buffer);
}

/** Infinities as the finite numbers that stand for them; float64 values beyond float32 as its largest. */
function finite(x: number): number {
  const f = Math.fround(x);
  return Math.abs(f) !== Number.POSITIVE_INFINITY ? f : Math.sign(f) * (Number.isFinite(x) ? LARGEST : INFINITY);
}
