/**
 * What names get while a mod is traced: for the cell trace, which shows each at a point. Numbers and small tensors are
 * kept, functions and containers are not. A place that is passed several times in one call (a loop) keeps its last
 * value; each call of a helper has its own.
 */
import { constant } from "../ir/expr.ts";
import type { Span, Step } from "../ir/mod.ts";
import { dataOf, dynamicElements } from "./tensor.ts";
import { type FunctionValue, numberOf, type Scope, type Trace, type Value } from "./value.ts";

/** Tensors of more elements are named by their shape alone. */
const MAX_ELEMENTS = 64;
/** Names that are kept for one mod. */
const MAX_STEPS = 2_000;

/** A trace that has seen nothing; `span` is the mod's own. */
export const newTrace = (scoreDType: Trace["scoreDType"], span: Span, kind: Trace["kind"], hasHalfQueries = false): Trace => ({
  scoreDType,
  hasHalfQueries,
  kind,
  span,
  locals: new Map(),
  places: new Map(),
  steps: [],
  frames: new Map(),
});

/** Says that `f` runs in `scope`. */
export function enterFrame(trace: Trace, scope: Scope, f: FunctionValue): void {
  if (trace.frames.size >= MAX_STEPS) return;
  trace.frames.set(scope, { within: isMod(trace, f) ? null : f.name, places: new Map() });
}

const isMod = ({ span }: Trace, f: FunctionValue): boolean =>
  f.span.file === span.file && f.span.from === span.from && f.span.to === span.to;

/** Keeps what `name`, written at `span`, gets in `scope`. */
export function recordStep(trace: Trace, scope: Scope, name: string, value: Value, span: Span): void {
  const frame = trace.frames.get(scope);
  const step = frame === undefined ? null : stepOf(name, value, span, frame.within);
  if (frame === undefined || step === null) return;
  const at = frame.places.get(span.from) ?? trace.steps.length;
  if (at >= MAX_STEPS) return;
  frame.places.set(span.from, at);
  trace.steps[at] = step;
}

/** Keeps what `f`, called by a mask, decides: the name of a part that the mask itself does not name. */
export function recordResult(trace: Trace, f: FunctionValue, value: Value): void {
  if (value.type !== "dynamic" || value.dtype !== "bool" || value.shape.length > 0) return;
  if (trace.steps.length >= MAX_STEPS || isMod(trace, f) || f.name === "<lambda>") return;
  const step = stepOf(f.name, value, f.nameSpan, f.name);
  if (step !== null) trace.steps.push({ ...step, isResult: true });
}

function stepOf(name: string, value: Value, span: Span, within: string | null): Step | null {
  switch (value.type) {
    case "int":
      return { name, span, within, type: "int", shape: [], elements: [constant(numberOf(value), "i64")] };
    case "float":
      return { name, span, within, type: "float", shape: [], elements: [constant(value.value, "f64")] };
    case "bool":
      return { name, span, within, type: "bool", shape: [], elements: [constant(numberOf(value), "bool")] };
    case "tensor":
    case "dynamic": {
      const { dtype, shape } = value;
      const isSmall = shape.reduce((n, size) => n * size, 1) <= MAX_ELEMENTS;
      const elementsOf = () => (value.type === "dynamic" ? dynamicElements(value) : Array.from(dataOf(value), (x) => constant(x, dtype)));
      return { name, span, within, type: dtype, shape, elements: isSmall ? elementsOf() : null };
    }
    default:
      return null;
  }
}
