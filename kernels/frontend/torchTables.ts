/** PyTorch's functions and methods by name, put together from the tables of the torch*.ts files. */
import { dataOf } from "./tensor.ts";
import { ACTIVATIONS } from "./torchActivation.ts";
import { AGGREGATE } from "./torchAggregate.ts";
import { type Entry, entry, invoke, type Table } from "./torchArguments.ts";
import { ARRANGE, padByIndex } from "./torchArrange.ts";
import { CHOICE } from "./torchChoice.ts";
import { CREATE } from "./torchCreate.ts";
import { type At, cast, type TensorLike } from "./torchElement.ts";
import { getItem } from "./torchIndex.ts";
import { storeInPlace } from "./torchInPlace.ts";
import { JOIN } from "./torchJoin.ts";
import { LINEAR, NORMALIZE } from "./torchLinear.ts";
import { ELEMENT } from "./torchMath.ts";
import { SCATTER } from "./torchScatter.ts";
import { SELECT } from "./torchSelect.ts";
import { SHAPE } from "./torchShape.ts";
import { FUNCTIONAL_STATISTICS, STATISTIC } from "./torchStatistic.ts";
import { type Builtin, float, int, isTensor, NONE, refuse, tuple, type Value } from "./value.ts";

const TABLES: readonly Table[] = [ELEMENT, CHOICE, SHAPE, ARRANGE, JOIN, SELECT, SCATTER, AGGREGATE, STATISTIC, LINEAR, CREATE];
/** `torch.name`. */
export const FUNCTIONS: Readonly<Record<string, Entry>> = Object.assign({}, ...TABLES.map((t) => ({ ...t.both, ...t.functions })));
/** `tensor.name`. */
export const METHODS: Readonly<Record<string, Entry>> = Object.assign({}, ...TABLES.map((t) => ({ ...t.both, ...t.methods })));

/** An entry as a value to call; `out=` gets the result too. */
export const builtin = (name: string, e: Entry): Builtin => ({
  type: "builtin",
  name,
  call: (call) => {
    const out = call.kwargs.get("out");
    if (out === undefined || out.type === "none") return invoke(e, call);
    const made = invoke(e, { ...call, kwargs: new Map([...call.kwargs].filter(([k]) => k !== "out")) });
    return isTensor(out) && isTensor(made) ? storeInPlace({ run: call.run, span: call.span }, out, made) : made;
  },
});

/** `torch.nn.functional.name`. */
export const FUNCTIONAL: Readonly<Record<string, Entry>> = {
  ...ACTIVATIONS,
  ...FUNCTIONAL_STATISTICS,
  normalize: NORMALIZE,
  cosine_similarity: LINEAR.functions["cosine_similarity"] ?? entry("", () => NONE),
  one_hot: entry("input num_classes?", (a) => {
    const x = a.tensor("input");
    const given = a.int("num_classes", -1);
    if (given < 0 && x.type === "dynamic") refuse("unsupported-function", a.at.span, [a.call.name, "give `num_classes`"]);
    const n = given < 0 && x.type === "tensor" ? Array.from(dataOf(x)).reduce((m, v) => Math.max(m, v + 1), 0) : given;
    const classes = invokeTorch("arange", a.at, [int(n)]);
    const column = invokeMethod("unsqueeze", a.at, x, [int(-1)]);
    return cast(a.at, asTensor(invokeTorch("eq", a.at, [column, classes])), "i64");
  }),
  embedding: entry("input weight padding_idx?", (a) => getItem(a.at, a.tensor("weight"), a.tensor("input"))),
  pad: entry("input pad mode? value?", (a) => {
    let x: Value = a.tensor("input");
    const sizes = a.ints("pad") ?? [];
    const mode = a.string("mode", "constant");
    if (mode !== "constant") return padByIndex(a, a.tensor("input"), sizes, mode);
    const fill = a.value("value").type === "none" ? float(0) : a.value("value");
    for (let i = 0; i * 2 < sizes.length; i++) {
      const t = asTensor(x);
      const axis = t.shape.length - 1 - i;
      const part = (n: number) => invokeMethod("new_full", a.at, t, [tuple(t.shape.map((s, d) => int(d === axis ? n : s))), fill]);
      const [before = 0, after = 0] = sizes.slice(i * 2, i * 2 + 2);
      const crop = invokeMethod("narrow", a.at, t, [
        int(axis),
        int(Math.max(0, -before)),
        int((t.shape[axis] ?? 0) + Math.min(0, before) + Math.min(0, after)),
      ]);
      const parts = [...(before > 0 ? [part(before)] : []), crop, ...(after > 0 ? [part(after)] : [])];
      x = invokeTorch("cat", a.at, [tuple(parts), int(axis)]);
    }
    return x;
  }),
};

export function asTensor(v: Value): TensorLike {
  if (!isTensor(v)) throw new Error("a torch function gave no tensor");
  return v;
}
/** `torch.name(…)` from within: what is made of other functions. */
export function invokeTorch(name: string, at: At, args: readonly Value[]): Value {
  return invokeEntry(FUNCTIONS[name], `torch.${name}`, at, args);
}
/** `self.name(…)` from within. */
export function invokeMethod(name: string, at: At, self: Value, args: readonly Value[]): Value {
  return invokeEntry(METHODS[name], name, at, [self, ...args]);
}
function invokeEntry(e: Entry | undefined, name: string, at: At, args: readonly Value[]): Value {
  if (e === undefined) throw new Error(`no ${name}`);
  return invoke(e, { run: at.run, name, args, kwargs: new Map(), span: at.span, node: null });
}
