/**
 * What the functions of one emitted module share: the fields of the uniform (literals, offsets, sizes), the load
 * function of each capture, the library functions they call. It collects while bodies are
 * emitted, and then gives the declarations that stand before them.
 */
import type { Capture } from "../ir/mod.ts";
import { isFloat } from "../ir/ops.ts";
import { wgslName } from "./wgslNames.ts";
import { type Names, wgslType } from "./wgslPiece.ts";

/** A literal, an offset or a size that the text reads from the uniform. */
export interface Scalar {
  /** Field of the uniform `scalars`: `i0`, `f2`, `offset_doc_ids`, `size_doc_ids`. */
  readonly name: string;
  readonly type: "i32" | "f32";
  readonly value: number;
}

/** One resource that the emitted text reads. */
export interface ModBinding {
  /** The WGSL variable: `scalars`, `captures_i32` or `captures_f32`. */
  readonly name: "scalars" | "captures_i32" | "captures_f32";
  readonly kind: "uniform" | "storage-read";
  /** `ModScalars`, `array<i32>` or `array<f32>`. */
  readonly type: string;
}

const LAYOUT: Readonly<Record<"i32" | "f32", ModBinding>> = {
  i32: { name: "captures_i32", kind: "storage-read", type: "array<i32>" },
  f32: { name: "captures_f32", kind: "storage-read", type: "array<f32>" },
};

/** What all bodies share: fields of the uniform, names of captures, functions called. */
export class ModuleNames implements Names {
  readonly scalars: Scalar[] = [];
  readonly calls = new Set<string>();
  readonly captures: readonly Capture[];
  readonly #fields = new Map<string, string>();
  readonly #loads = new Map<Capture, string>();
  /** Per dimension: no index that was emitted so far can be negative. */
  readonly #nonNegative = new Map<Capture, readonly boolean[]>();

  constructor(captures: readonly Capture[]) {
    this.captures = captures;
    const offsets = { i32: 0, f32: 0 };
    const taken = new Set<string>();
    captures.forEach((capture, i) => {
      const stem = wgslName(capture.name) ?? `capture_${i}`;
      let name = stem;
      for (let n = 1; taken.has(name); n++) name = `${stem}_${n}`;
      taken.add(name);
      this.#loads.set(capture, name);
      const space = isFloat(capture.dtype) ? "f32" : "i32";
      this.scalars.push({ name: `offset_${name}`, type: "i32", value: offsets[space] });
      capture.shape.forEach(
        (size, d) => void this.scalars.push({ name: sizeField(name, d, capture.shape.length), type: "i32", value: size }),
      );
      offsets[space] += capture.data.length;
    });
  }

  scalar(type: "i32" | "f32", value: number): string {
    const key = `${type}:${Object.is(value, -0) ? "-0" : value}`;
    let name = this.#fields.get(key);
    if (name === undefined) {
      name = `${type.charAt(0)}${[...this.#fields.keys()].filter((k) => k.startsWith(type)).length}`;
      this.#fields.set(key, name);
      this.scalars.push({ name, type, value });
    }
    return `scalars.${name}`;
  }

  load(capture: Capture, nonNegative: readonly boolean[]): string {
    const seen = this.#nonNegative.get(capture);
    this.#nonNegative.set(
      capture,
      nonNegative.map((yes, d) => yes && (seen?.[d] ?? true)),
    );
    return this.loadName(capture);
  }

  /** The name of the function that loads from `capture`. */
  loadName(capture: Capture): string {
    return `load_${this.#loads.get(capture) ?? ""}`;
  }

  call(name: string): string {
    this.calls.add(name);
    return name;
  }

  bindings(): ModBinding[] {
    const has = (floats: boolean): boolean => this.captures.some((c) => isFloat(c.dtype) === floats);
    return [
      ...(this.scalars.length > 0 ? [{ name: "scalars", kind: "uniform", type: "ModScalars" } as const] : []),
      ...(has(false) ? [LAYOUT.i32] : []),
      ...(has(true) ? [LAYOUT.f32] : []),
    ];
  }

  declarations(): string[] {
    if (this.scalars.length === 0) return [];
    const struct = `// Literals, offsets and sizes of the mods: data, so that other values run the same pipeline.\nstruct ModScalars {\n${this.scalars.map((s) => `  ${s.name}: ${s.type},`).join("\n")}\n}`;
    return [struct, ...this.captures.map((c) => this.#loadFunction(c))];
  }

  #loadFunction(capture: Capture): string {
    const name = this.#loads.get(capture) ?? "";
    const rank = capture.shape.length;
    const params = capture.shape.map((_, d) => (rank === 1 ? "i: i32" : `i${d}: i32`)).join(", ");
    const flat = capture.shape.reduce((index, _, d) => {
      const size = `scalars.${sizeField(name, d, rank)}`;
      const at = rank === 1 ? "i" : `i${d}`;
      const clamped = this.#nonNegative.get(capture)?.[d] === true;
      const i = clamped ? `min(${at}, ${size} - 1)` : `${this.call("wrap_index")}(${at}, ${size})`;
      return d === 0 ? i : `${d === 1 ? index : `(${index})`} * ${size} + ${i}`;
    }, "");
    const array = isFloat(capture.dtype) ? "captures_f32" : "captures_i32";
    const element = `${array}[scalars.offset_${name}${flat === "" ? "" : ` + ${flat}`}]`;
    return `fn load_${name}(${params}) -> ${wgslType(capture.dtype)} {\n  return ${element}${capture.dtype === "bool" ? " != 0" : ""};\n}`;
  }
}

const sizeField = (name: string, d: number, rank: number): string => `size${rank === 1 ? "" : d}_${name}`;
