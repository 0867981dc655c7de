/**
 * From the lines of a kernel's WGSL back to the Python. In: the mods, and the text of a kernel that calls them. Out: for
 * each line that comes from the user's expression where that is written and what the user calls it, and for each field
 * of the mods' uniform the value it has.
 *
 * Nodes have no spans and the text has no marks: the functions are emitted once more, which says what each of their
 * lines computes, and the front end's table says where such an expression was first written (`Mod.places`). The table
 * has expressions as they were written and the text has them simplified, so the table is simplified too.
 */
import { simplifyNodes } from "../analysis/simplify.ts";
import type { Expr } from "../ir/expr.ts";
import type { Capture, Mod, Span } from "../ir/mod.ts";
import { capturesOf, children } from "../ir/walk.ts";
import { emitMods } from "./wgsl.ts";

/** A line of WGSL that the user's text is behind. */
export interface LineOrigin {
  readonly kind: Mod["kind"];
  /** What it computes, simplified; or the captured tensor that it reads. */
  readonly of: Expr | Capture;
  /** The user's name for it, `return` for what the mod gives back; null where it has none. */
  readonly name: string | null;
  /** Where it is written. */
  readonly span: Span;
  /** Where that and its parts are written, the parts that have no line of their own: `span` first. */
  readonly spans: readonly Span[];
}

/** A kernel's lines, counted from 0. */
export interface KernelOrigins {
  readonly lines: ReadonlyMap<number, LineOrigin>;
  /** Fields of the mods' uniform, by line. */
  readonly scalars: ReadonlyMap<number, { readonly name: string; readonly value: number }>;
}

type Mods = { readonly scoreMod: Mod | null; readonly maskMod: Mod | null };

/** Where the lines of `wgsl`, a kernel of `mods`, come from. Nothing of a text that has no mod in it. */
export function originsOf(mods: Mods, wgsl: string): KernelOrigins {
  const lines = new Map<number, LineOrigin>();
  const scalars = new Map<number, { readonly name: string; readonly value: number }>();
  const emitted = emitMods(mods);
  const given = [mods.scoreMod, mods.maskMod].filter((mod) => mod !== null);
  const tables = new Map(given.map((mod) => [mod.kind, tableOf(mod)]));
  const scalarOf = new Map(emitted.scalars.map((s) => [s.name, s]));
  const text = wgsl.split("\n");
  text.forEach((line, at) => {
    const name = /^fn (\w+)\(/.exec(line)?.[1] ?? "";
    const values = emitted.values.get(name);
    const table = tables.get(name as Mod["kind"]);
    if (values !== undefined && table !== undefined) {
      const bound = new Set(values);
      values.forEach((value, i) => void lines.set(at + 1 + i, originOf(table, value, i === values.length - 1, bound)));
    }
    const capture = emitted.loads.get(name);
    const origin = capture === undefined ? null : captureOrigin(given, capture);
    if (origin !== null) for (const next of [at, at + 1]) lines.set(next, origin);
    if (line === "struct ModScalars {") {
      for (let next = at + 1; text[next] !== "}" && next < text.length; next++) {
        const scalar = scalarOf.get(/\w+/.exec(text[next] ?? "")?.[0] ?? "");
        if (scalar !== undefined) scalars.set(next, scalar);
      }
    }
  });
  return { lines, scalars };
}

/** What is known of a mod's simplified expressions. */
interface Table {
  readonly mod: Mod;
  readonly places: ReadonlyMap<Expr, Span>;
  readonly names: ReadonlyMap<Expr, string>;
}

function tableOf(mod: Mod): Table {
  const written: [Expr, Span][] = [];
  for (const [key, span] of mod.places ?? []) if ("kind" in key) written.push([key, span]);
  const steps = (mod.steps ?? []).flatMap(({ isResult, name, shape, span, elements }) => {
    const value = elements?.[0];
    return isResult === true || shape.length > 0 || value === undefined ? [] : [{ name, span, value }];
  });
  // The mod's own names come before those of functions that it calls.
  const named = [...mod.locals, ...steps];
  const forms = simplifyNodes([mod.body, ...written.map(([e]) => e), ...named.map(({ value }) => value)]);
  const places = new Map<Expr, Span>();
  const names = new Map<Expr, string>();
  const put = <T>(map: Map<Expr, T>, e: Expr, value: T): void => {
    const form = forms.get(e) ?? e;
    if (form.kind !== "const" && form.kind !== "var" && !map.has(form)) map.set(form, value);
  };
  for (const [e, span] of written) put(places, e, span);
  for (const { name, span, value } of named) {
    put(names, value, name);
    put(places, value, span);
  }
  return { mod, places, names };
}

/** Of a function that reads a captured tensor: where that is first read. */
function captureOrigin(mods: readonly Mod[], capture: Capture): LineOrigin | null {
  for (const { kind, places } of mods) {
    // Places stand in the order of evaluation: the first that reads it is the smallest around it.
    for (const [key, span] of places ?? []) {
      const reads = "kind" in key ? capturesOf(key).includes(capture) : key === capture;
      if (reads) return { kind, of: capture, name: capture.name, span, spans: [span] };
    }
  }
  return null;
}

function originOf({ mod, places, names }: Table, value: Expr, isReturned: boolean, bound: ReadonlySet<Expr>): LineOrigin {
  const spans: Span[] = [];
  const seen = new Set<Expr>();
  const collect = (e: Expr): void => {
    if (seen.has(e) || (e !== value && bound.has(e))) return;
    seen.add(e);
    const place = places.get(e);
    if (place !== undefined && !spans.some((s) => s.file === place.file && s.from === place.from && s.to === place.to)) spans.push(place);
    for (const child of children(e)) collect(child);
  };
  collect(value);
  // What simplification made of several parts is written where the first of them is.
  const [span = mod.span] = spans;
  return {
    kind: mod.kind,
    of: value,
    name: names.get(value) ?? (isReturned ? "return" : null),
    span,
    spans: spans.length === 0 ? [span] : spans,
  };
}
