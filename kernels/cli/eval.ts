/**
 * `flexlens eval`: the values that PyTorch gives for a mod, over scores in float64 and in float32.
 *
 * Each run is a lowering of its own, as `score` has another dtype in it. In the float32 run float64 tensors of
 * `--bind-file` are float32 too, as a person who runs in float32 has them; tensors that the file makes keep their dtype,
 * and promote. Where PyTorch raises, there are no values but the diagnostic.
 */
import { hazardsOf } from "../analysis/hazard.ts";
import { boxOf } from "../analysis/interval.ts";
import { compileCells, type Rect } from "../emit/js.ts";
import { fillProblem } from "../flash/problem.ts";
import type { Diagnostic } from "../frontend/diagnostic.ts";
import type { BindingValue, LoweredVariant } from "../frontend/module.ts";
import { cast, constant, type Expr, variable, where } from "../ir/expr.ts";
import type { Capture, Mod } from "../ir/mod.ts";
import { type DType, isFloat, TORCH_NAMES } from "../ir/ops.ts";
import type { Outcome } from "./bench.ts";
import { readBindings, readTensor } from "./bindFile.ts";
import { checkRows } from "./check.ts";
import { choose, notesOf } from "./choose.ts";
import { type Input, readText } from "./input.ts";
import { jsonText, numberOf } from "./jsonText.ts";
import { type Options, type Target, UsageError } from "./options.ts";
import { cellText, refusalOf } from "./refused.ts";

/** More would be gigabytes of text. */
const MAX_CELLS = 2 ** 24;

type Shape = readonly [b: number, h: number, q: number, kv: number];
type Run = "float64" | "float32";

/** What `--json` prints, but that numbers which are not finite are strings. */
interface Evaluation {
  readonly kind: "score_mod" | "mask_mod" | "pair";
  readonly shape: Shape;
  /** Of the result for float32 scores, as PyTorch prints it without `torch.`. */
  readonly dtype: string;
  /** Row-major; bool as 0 and 1. */
  readonly float64: Float64Array;
  readonly float32: Float64Array;
}

/** @throws UsageError */
export function evalCommand(input: Input, target: Target, options: Options): Outcome {
  const scores = options.scores === null ? null : readScores(options.scores, options);
  const runs = (["float64", "float32"] as const).map((run) => evaluate(run, input, target, options, scores));
  const [wide, narrow] = runs;
  if (wide === undefined || narrow === undefined) throw new Error("two runs give two results");
  for (const run of [narrow, wide]) {
    if (!("refused" in run)) continue;
    const out = options.output === "json" ? JSON.stringify(checkRows(input, run.refused)) : "";
    return { out, err: notesOf(input, run.refused), code: 1 };
  }
  if ("refused" in wide || "refused" in narrow) throw new Error("a refusal has been answered");
  const { kind, shape, dtype, name, notes } = narrow;
  const evaluation: Evaluation = { kind, shape, dtype, float64: wide.values, float32: narrow.values };
  return { out: options.output === "json" ? evaluationJson(evaluation) : summary(name, evaluation), err: notesOf(input, notes), code: 0 };
}

function evaluationJson({ float64, float32, ...rest }: Evaluation): string {
  return jsonText({ ...rest, float64: Array.from(float64, numberOf), float32: Array.from(float32, numberOf) });
}

function summary(name: string, { kind, shape, dtype, float64, float32 }: Evaluation): string {
  const few = (values: Float64Array): string => Array.from(values.subarray(0, 8), numberOf).join(" ") + (values.length > 8 ? " …" : "");
  return [`${name}: ${kind}, ${dtype} [${shape.join(", ")}]`, `float64  ${few(float64)}`, `float32  ${few(float32)}`].join("\n");
}

function readScores(file: string, { sizes }: Options): { readonly shape: Shape; readonly data: Float64Array } {
  const { shape, data } = readTensor(readText(file), file);
  const [b, h, q, kv] = shape;
  if (shape.length !== 4 || b === undefined || h === undefined || q === undefined || kv === undefined) {
    throw new UsageError(`the scores in ${file} have shape [${shape.join(", ")}]; they need four dimensions, [B, H, Q_LEN, KV_LEN]`);
  }
  const given = [
    ["--b", sizes.b, b],
    ["--h", sizes.h, h],
    ["--q-len", sizes.qLen, q],
    ["--kv-len", sizes.kvLen, kv],
  ] as const;
  for (const [option, size, n] of given) {
    if (size !== undefined && size !== n) throw new UsageError(`${option} ${size} does not fit the scores of shape [${shape.join(", ")}]`);
  }
  if (data.length > MAX_CELLS) throw new UsageError(`${file} holds ${data.length} scores; ${MAX_CELLS} are the most`);
  return { shape: [b, h, q, kv], data: Float64Array.from(data) };
}

interface Values {
  readonly name: string;
  readonly kind: Evaluation["kind"];
  readonly shape: Shape;
  readonly dtype: string;
  readonly values: Float64Array;
  readonly notes: readonly Diagnostic[];
}

function evaluate(
  run: Run,
  input: Input,
  target: Target,
  options: Options,
  scores: { readonly shape: Shape; readonly data: Float64Array } | null,
): Values | { readonly refused: readonly Diagnostic[] } {
  const sizes: Record<string, BindingValue> =
    scores === null ? {} : Object.fromEntries(["B", "H", "Q_LEN", "KV_LEN"].map((key, i) => [key, String(scores.shape[i])]));
  const files = options.bindFiles.map((file) => readBindings(readText(file), file));
  const fromFiles: Record<string, BindingValue> = Object.assign({}, ...files);
  const given = run === "float64" ? fromFiles : Object.fromEntries(Object.entries(fromFiles).map(([k, v]) => [k, narrowed(v)]));
  const scoreDType = run === "float64" ? "f64" : "f32";
  const { variant, diagnostics } = choose(
    input,
    target,
    { bindings: { ...sizes, ...given, ...options.bindings }, scoreDType },
    options.bindings,
  );
  if (variant === null) return { refused: diagnostics.filter((d) => d.severity === "error") };
  if (variant.scoreMod !== null && scores === null) throw new UsageError("a score_mod is evaluated over scores: give --scores FILE.json");
  const shape = scores?.shape ?? shapeOf(variant);
  const data = scores === null ? null : run === "float64" ? scores.data : Float32Array.from(scores.data);
  const refusal = firstRefusal(variant, shape, data, input);
  if (refusal !== null) return { refused: [refusal] };
  const body = bodyOf(variant, scoreDType);
  const kind = variant.scoreMod === null ? "mask_mod" : variant.maskMod === null ? "score_mod" : "pair";
  return { name: variant.name, kind, shape, dtype: TORCH_NAMES[body.dtype], values: valuesOf(body, shape, data), notes: diagnostics };
}

/** A float64 tensor as float32. */
function narrowed(value: BindingValue): BindingValue {
  if (typeof value === "string" || value.dtype !== "f64") return value;
  return { ...value, dtype: "f32", data: Float32Array.from(value.data) } satisfies Capture;
}

function shapeOf(variant: LoweredVariant): Shape {
  const { batch, qHeads, qLen, kvLen } = fillProblem(variant.problem, 1);
  if (batch * qHeads * qLen * kvLen > MAX_CELLS) {
    throw new UsageError(`[${batch}, ${qHeads}, ${qLen}, ${kvLen}] has more than ${MAX_CELLS} elements; give smaller --q-len and --kv-len`);
  }
  return [batch, qHeads, qLen, kvLen];
}

/** The mask, the new score, or the new score where it is allowed and -inf elsewhere. */
function bodyOf({ scoreMod, maskMod }: LoweredVariant, scoreDType: DType): Expr {
  const score = scoreMod?.body ?? maskMod?.body ?? variable("score", scoreDType);
  if (scoreMod === null || maskMod === null) return score;
  // `torch.where(mask, score, -inf)`: a Python float takes the dtype of a float tensor, and makes others float32.
  const dtype = isFloat(score.dtype) ? score.dtype : "f32";
  return where(maskMod.body, cast(score, dtype), constant(Number.NEGATIVE_INFINITY, dtype));
}

/** Every value of `e` over the shape, row-major. */
function valuesOf(e: Expr, [batch, heads, qLen, kvLen]: Shape, scores: Float64Array | Float32Array | null): Float64Array {
  const loop = compileCells(e, boxOf(batch, heads, qLen, kvLen));
  const plane = qLen * kvLen;
  const values = new Float64Array(batch * heads * plane);
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      const rect: Rect = { b, h, q0: 0, q1: qLen, k0: 0, k1: kvLen };
      const [from, to] = [(b * heads + h) * plane, (b * heads + h + 1) * plane];
      loop(values.subarray(from, to), rect, scores?.subarray(from, to) ?? null);
    }
  }
  return values;
}

function firstRefusal(variant: LoweredVariant, shape: Shape, scores: Float64Array | Float32Array | null, input: Input): Diagnostic | null {
  const mods: readonly (Mod | null)[] = [variant.scoreMod, variant.maskMod];
  for (const mod of mods) {
    if (mod === null) continue;
    for (const hazard of hazardsOf([mod.body], boxOf(...shape))) {
      const at = valuesOf(hazard.condition, shape, scores).indexOf(1);
      if (at < 0) continue;
      const index = hazard.kind === "index" ? hazard.node.indices[hazard.dimension] : undefined;
      const value = index === undefined ? 0 : (valuesOf(index, shape, scores)[at] ?? 0);
      return refusalOf(hazard, mod, value, cellText(...cellAt(at, shape)), input);
    }
  }
  return null;
}

function cellAt(at: number, [, heads, qLen, kvLen]: Shape): [b: number, h: number, q: number, kv: number] {
  const plane = Math.floor(at / (qLen * kvLen));
  const inside = at % (qLen * kvLen);
  return [Math.floor(plane / heads), plane % heads, Math.floor(inside / kvLen), inside % kvLen];
}
