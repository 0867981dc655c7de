/**
 * A variant with its values → a Python file that runs by itself: imports, the captured tensors, the mods, and the calls
 * of FlexAttention at the problem's sizes. Tensors are written as what they are (a range, repeated ids, a constant), as
 * numbers where they are few, and else as files to be saved beside the text.
 */
import type { Expr } from "../ir/expr.ts";
import type { Capture, Local, Mod, Variant } from "../ir/mod.ts";
import { isInt, TORCH_NAMES } from "../ir/ops.ts";
import { capturesOf, freeVars, postorder } from "../ir/walk.ts";
import { emitPython, floatText, isNameable } from "./python.ts";

/** Sizes of the calls. */
export interface PythonProblem {
  readonly batch: number;
  readonly qHeads: number;
  readonly kvHeads: number;
  readonly qLen: number;
  readonly kvLen: number;
  readonly qkHeadDim: number;
  readonly vHeadDim: number;
  readonly scale: number;
  readonly blockSize: readonly [q: number, kv: number];
}

export interface PythonFile {
  readonly text: string;
  /** What the text loads, by file name: to be saved as `.npy` beside it. */
  readonly arrays: readonly { readonly file: string; readonly array: Capture }[];
}

/** What is known of a capture: the Python that a data file gives it by (`np.load("docs.npy")`), a remark on its line. */
export type PythonOrigins = ReadonlyMap<Capture, { readonly load?: string; readonly note?: string }>;

/** The file of `variant` at these sizes. */
export function emitPythonFile(variant: Variant, problem: PythonProblem, origins: PythonOrigins = new Map()): PythonFile {
  const taken = new Set(RESERVED);
  const mods = [variant.maskMod, variant.scoreMod].filter((mod) => mod !== null);
  const modNames = new Map(mods.map((mod) => [mod, fresh(identifier(mod.name, mod.kind), taken)]));
  // A mod may read a tensor that the other does not: each is written once.
  const captures = new Map(
    [...new Set(mods.flatMap((mod) => capturesOf(mod.body)))].map((c) => [c, fresh(identifier(c.name, "table"), taken)]),
  );
  const arrays: { file: string; array: Capture }[] = [];
  const tensors = [...captures].map(([capture, name]) => {
    const origin = origins.get(capture);
    const note = origin?.note === undefined ? "" : `  # ${origin.note}`;
    const written = origin?.load === undefined ? tensorText(capture) : tensorOf(origin.load, capture);
    if (written !== null) return `${name} = ${written}${note}`;
    const file = `${identifier(variant.name, "mod")}.${name}.npy`;
    arrays.push({ file, array: capture });
    return `${name} = ${tensorOf(`np.load("${file}")`, capture)}${note}`;
  });
  const text = [
    ...(tensors.some((line) => line.includes("np.load(")) ? ["import numpy as np"] : []),
    "import torch",
    `from torch.nn.attention.flex_attention import ${variant.scoreMod === null ? "create_block_mask" : variant.maskMod === null ? "flex_attention" : "create_block_mask, flex_attention"}`,
    "",
    'DEVICE = "cuda" if torch.cuda.is_available() else "cpu"',
    ...(tensors.length === 0 ? [] : ["", ...tensors]),
    ...mods.flatMap((mod) => ["", "", ...modText(mod, modNames.get(mod) ?? mod.kind, captures, taken)]),
    "",
    "",
    ...calls(variant, problem, modNames),
  ];
  return { text: `${text.join("\n")}\n`, arrays };
}

function calls({ scoreMod, maskMod }: Variant, p: PythonProblem, names: ReadonlyMap<Mod, string>): string[] {
  const lines: string[] = [];
  if (maskMod !== null) {
    const vars = freeVars(maskMod.body);
    const [b, h] = [vars.has("b") ? p.batch : "None", vars.has("h") ? p.qHeads : "None"];
    lines.push(
      `block_mask = create_block_mask(${names.get(maskMod)}, B=${b}, H=${h}, Q_LEN=${p.qLen}, KV_LEN=${p.kvLen}, device=DEVICE, BLOCK_SIZE=(${p.blockSize.join(", ")}))`,
    );
  }
  if (scoreMod === null) return [...lines, "", 'if __name__ == "__main__":', "    print(block_mask)"];
  const options = [
    `score_mod=${names.get(scoreMod)}`,
    ...(maskMod === null ? [] : ["block_mask=block_mask"]),
    ...(p.scale === 1 / Math.sqrt(p.qkHeadDim) ? [] : [`scale=${floatText(p.scale)}`]),
    ...(p.qHeads === p.kvHeads ? [] : ["enable_gqa=True"]),
  ];
  const random = (heads: number, length: number, dim: number): string =>
    `torch.randn(${p.batch}, ${heads}, ${length}, ${dim}, device=DEVICE)`;
  return [
    ...lines,
    ...(lines.length === 0 ? [] : ["", ""]),
    "def attend(q, k, v):",
    `    return flex_attention(q, k, v, ${options.join(", ")})`,
    "",
    "",
    'if __name__ == "__main__":',
    `    q = ${random(p.qHeads, p.qLen, p.qkHeadDim)}`,
    `    k = ${random(p.kvHeads, p.kvLen, p.qkHeadDim)}`,
    `    v = ${random(p.kvHeads, p.kvLen, p.vHeadDim)}`,
    "    print(attend(q, k, v).shape)",
  ];
}

function modText(mod: Mod, name: string, captures: ReadonlyMap<Capture, string>, taken: ReadonlySet<string>): string[] {
  const { lines, value } = emitPython(mod.body, { captures, locals: localNames(mod.body, mod.locals, taken) });
  const parameters = mod.kind === "score_mod" ? "score, b, h, q_idx, kv_idx" : "b, h, q_idx, kv_idx";
  return [`def ${name}(${parameters}):`, ...lines.map((line) => `    ${line}`), `    return ${value}`];
}

/** The mod's own names for its intermediates. */
function localNames(body: Expr, locals: readonly Local[], taken: ReadonlySet<string>): ReadonlyMap<Expr, string> {
  const inside = new Set(postorder([body]));
  const mine = new Set(taken);
  const names = new Map<Expr, string>();
  for (const { name, value } of locals) {
    if (inside.has(value) && !names.has(value) && isNameable(value, body)) names.set(value, fresh(identifier(name, "x"), mine));
  }
  return names;
}

const RESERVED: readonly string[] = [
  ..."b h q_idx kv_idx score torch np DEVICE block_mask attend create_block_mask flex_attention q k v float".split(" "),
  ..."False None True and as assert async await break class continue def del elif else except finally for from global".split(" "),
  ..."if import in is lambda nonlocal not or pass raise return try while with yield".split(" "),
];

/** `Model.near` → `Model_near`; `fallback` where nothing is left. */
function identifier(name: string, fallback: string): string {
  const text = name.replace(/[^\p{L}\p{N}_]+/gu, "_").replace(/^_+|_+$/g, "");
  if (text === "") return fallback;
  return /^\p{N}/u.test(text) ? `_${text}` : text;
}

/** `name`, or with a number where it is taken; taken from now on. */
function fresh(name: string, taken: Set<string>): string {
  let free = name;
  for (let n = 2; taken.has(free); n++) free = `${name}_${n}`;
  taken.add(free);
  return free;
}

/** Elements that are written out, at most; more go into a file. */
const MOST_ELEMENTS = 2048;
/** Shorter tensors are written out whatever they are. */
const FEW = 8;

/** A tensor's Python; null where it is too large to be written. */
function tensorText(c: Capture): string | null {
  const { dtype, shape, data } = c;
  const n = data.length;
  const type = `dtype=torch.${TORCH_NAMES[dtype]}, device=DEVICE`;
  const element = elementOf(c);
  if (n > FEW) {
    const [first] = data;
    if (data.every((x) => Object.is(x, first))) return `torch.full((${shape.join(", ")},), ${element(0)}, ${type})`;
    if (shape.length === 1 && isInt(dtype)) {
      const step = (data[1] ?? 0) - (data[0] ?? 0);
      const [from, end] = [data[0] ?? 0, (data[n - 1] ?? 0) + step];
      if (data.every((x, i) => x === from + i * step))
        return `torch.arange(${from === 0 && step === 1 ? n : `${from}, ${end}, ${step}`}, ${type})`;
      const runs = runsOf(data);
      if (3 * runs.length <= n && 2 * runs.length <= MOST_ELEMENTS) {
        const values = runs.map(([x]) => String(x));
        const counts = runs.map(([, count]) => String(count));
        return `torch.repeat_interleave(torch.tensor([${values.join(", ")}], ${type}), torch.tensor([${counts.join(", ")}], device=DEVICE))`;
      }
    }
  }
  if (n > MOST_ELEMENTS) return null;
  if (n === 0) return `torch.zeros((${shape.join(", ")},), ${type})`;
  return `torch.tensor(${nested(element, shape, 0, n)}, ${type})`;
}

function elementOf({ dtype, data }: Capture): (i: number) => string {
  if (dtype === "bool") return (i) => (data[i] !== 0 ? "True" : "False");
  if (isInt(dtype)) return (i) => BigInt(data[i] ?? 0).toString();
  return (i) => (dtype === "f32" ? shortFloat(data[i] ?? 0) : floatText(data[i] ?? 0));
}

/** The shortest decimal that reads back as the same float32. */
function shortFloat(x: number): string {
  for (let digits = 1; digits < 9 && Number.isFinite(x); digits++) {
    const candidate = Number(x.toPrecision(digits));
    if (Math.fround(candidate) === x) return floatText(Object.is(x, -0) ? x : candidate);
  }
  return floatText(x);
}

/** Values and how often each follows itself. */
function runsOf(data: ArrayLike<number>): [value: number, count: number][] {
  const runs: [number, number][] = [];
  for (let i = 0; i < data.length; i++) {
    const last = runs.at(-1);
    if (last !== undefined && last[0] === data[i]) last[1]++;
    else runs.push([data[i] ?? 0, 1]);
  }
  return runs;
}

/** Lists in lists, as the shape has them. */
function nested(element: (i: number) => string, shape: readonly number[], from: number, n: number): string {
  const [size, ...rest] = shape;
  if (size === undefined) return element(from);
  const step = n / size;
  return `[${Array.from({ length: size }, (_, i) => nested(element, rest, from + i * step, step)).join(", ")}]`;
}

/** A NumPy array as the tensor that was captured. */
function tensorOf(array: string, { dtype }: Capture): string {
  return `torch.tensor(${array}, dtype=torch.${TORCH_NAMES[dtype]}, device=DEVICE)`;
}
