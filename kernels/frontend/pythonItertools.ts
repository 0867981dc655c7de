/** Python's `itertools`, lazy where it is there: `count`, `cycle` and `repeat` have no end. */
import { binaryOperation } from "./pythonArithmetic.ts";
import { equals, iterate, truthOf } from "./pythonOperators.ts";
import type { At } from "./torchElement.ts";
import { type Builtin, type Call, FALSE, int, isScalar, list, NO_KWARGS, NONE, numberOf, refuse, tuple, type Value } from "./value.ts";

type Handler = (call: Call, at: At) => Value;

const arg = (call: Call, i: number): Value => call.args[i] ?? refuse("argument-count", call.span, [call.name, `needs ${i + 1} arguments`]);

/** An iterator over what `source` yields, once. */
const lazy = (call: Call, source: () => IterableIterator<Value>): Value => ({
  type: "iterator",
  what: call.name.slice(call.name.lastIndexOf(".") + 1),
  source: source(),
});

const whole = (call: Call, v: Value | undefined, otherwise: number): number =>
  v !== undefined && isScalar(v)
    ? numberOf(v)
    : v === undefined || v.type === "none"
      ? otherwise
      : refuse("operand-types", call.span, [call.run.text(call.span), "an int is asked for"]);

const apply = (call: Call, f: Value, args: readonly Value[]): Value => call.run.call(f, args, NO_KWARGS, call.span);

/** All ways to choose `n` of `items`, in the order of their positions; `next` says where the one after `i` may stand. */
function choices(call: Call, n: number, next: (chosen: readonly number[], count: number) => readonly number[]): Value {
  const at = { run: call.run, span: call.span };
  const items = [...iterate(at, arg(call, 0))];
  const out: Value[] = [];
  const visit = (chosen: readonly number[]): void => {
    call.run.step(call.span);
    if (out.length > 1e6) refuse("too-large", call.span, [`The list of ${call.name.slice(call.name.lastIndexOf(".") + 1)}`]);
    if (chosen.length === n) out.push(tuple(chosen.map((i) => items[i] ?? NONE)));
    else for (const i of next(chosen, items.length)) visit([...chosen, i]);
  };
  if (n >= 0) visit([]);
  return list(out);
}
const upTo = (from: number, to: number): number[] => Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);

function product(call: Call, at: At): Value {
  const pools = call.args.map((p) => [...iterate(at, p)]);
  const repeat = whole(call, call.kwargs.get("repeat"), 1);
  if (repeat > 1000) refuse("too-large", call.span, ["The product"]);
  const all = Array.from({ length: repeat }, () => pools).flat();
  const size = all.reduce((n, p) => n * p.length, 1);
  if (size > 1e6) refuse("too-large", call.span, ["The product"]);
  at.run.step(at.span, size);
  return list(all.reduce<Value[][]>((rows, pool) => rows.flatMap((row) => pool.map((v) => [...row, v])), [[]]).map(tuple));
}

/** The functions of `itertools`. */
export const ITERTOOLS: Readonly<Record<string, Handler>> = {
  product,
  combinations: (call) => choices(call, whole(call, arg(call, 1), 0), (chosen, n) => upTo((chosen.at(-1) ?? -1) + 1, n)),
  combinations_with_replacement: (call) => choices(call, whole(call, arg(call, 1), 0), (chosen, n) => upTo(chosen.at(-1) ?? 0, n)),
  permutations: (call, at) => {
    const all = call.args[1] === undefined || call.args[1].type === "none";
    const items = list([...iterate(at, arg(call, 0))]);
    const n = all ? items.items.length : whole(call, call.args[1], 0);
    return choices({ ...call, args: [items] }, n, (chosen, count) => upTo(0, count).filter((i) => !chosen.includes(i)));
  },
  accumulate: (call, at) => {
    const f = call.args[1] ?? call.kwargs.get("func") ?? NONE;
    const initial = call.kwargs.get("initial") ?? NONE;
    return lazy(call, function* () {
      let total: Value | null = initial.type === "none" ? null : initial;
      if (total !== null) yield total;
      for (const item of iterate(at, arg(call, 0))) {
        total = total === null ? item : f.type === "none" ? binaryOperation(at, "+", total, item) : apply(call, f, [total, item]);
        yield total;
      }
    });
  },
  repeat: (call, at) =>
    lazy(call, function* () {
      const times = call.args[1] ?? call.kwargs.get("times");
      for (let n = whole(call, times, Number.POSITIVE_INFINITY); n > 0; n--) {
        at.run.step(at.span);
        yield arg(call, 0);
      }
    }),
  count: (call, at) =>
    lazy(call, function* () {
      const step = call.args[1] ?? call.kwargs.get("step") ?? int(1);
      for (let v = call.args[0] ?? call.kwargs.get("start") ?? int(0); ; v = binaryOperation(at, "+", v, step)) {
        at.run.step(at.span);
        yield v;
      }
    }),
  cycle: (call, at) =>
    lazy(call, function* () {
      const items = [...iterate(at, arg(call, 0))];
      while (items.length > 0) {
        for (const item of items) {
          at.run.step(at.span);
          yield item;
        }
      }
    }),
  islice: (call, at) =>
    lazy(call, function* () {
      const one = call.args.length <= 2;
      const start = one ? 0 : whole(call, call.args[1], 0);
      const stop = whole(call, call.args[one ? 1 : 2], Number.POSITIVE_INFINITY);
      const step = whole(call, call.args[3], 1);
      if (stop <= 0) return;
      let i = 0;
      for (const item of iterate(at, arg(call, 0))) {
        if (i >= start && (i - start) % step === 0) yield item;
        if (++i >= stop) return;
      }
    }),
  pairwise: (call, at) =>
    lazy(call, function* () {
      let last: Value | null = null;
      for (const item of iterate(at, arg(call, 0))) {
        if (last !== null) yield tuple([last, item]);
        last = item;
      }
    }),
  batched: (call, at) =>
    lazy(call, function* () {
      const n = Math.max(1, whole(call, arg(call, 1), 1));
      let batch: Value[] = [];
      for (const item of iterate(at, arg(call, 0))) {
        batch.push(item);
        if (batch.length < n) continue;
        yield tuple(batch);
        batch = [];
      }
      if (batch.length > 0) yield tuple(batch);
    }),
  zip_longest: (call, at) =>
    lazy(call, function* () {
      const sources = call.args.map((a) => iterate(at, a));
      const fill = call.kwargs.get("fillvalue") ?? NONE;
      for (;;) {
        const row = sources.map((s) => s.next());
        if (row.every((r) => r.done === true)) return;
        yield tuple(row.map((r) => (r.done === true ? fill : r.value)));
      }
    }),
  takewhile: (call, at) =>
    lazy(call, function* () {
      for (const item of iterate(at, arg(call, 1))) {
        if (!truthOf(at, apply(call, arg(call, 0), [item]))) return;
        yield item;
      }
    }),
  dropwhile: (call, at) =>
    lazy(call, function* () {
      let dropping = true;
      for (const item of iterate(at, arg(call, 1))) {
        dropping &&= truthOf(at, apply(call, arg(call, 0), [item]));
        if (!dropping) yield item;
      }
    }),
  filterfalse: (call, at) =>
    lazy(call, function* () {
      const f = arg(call, 0);
      for (const item of iterate(at, arg(call, 1))) if (!truthOf(at, f.type === "none" ? item : apply(call, f, [item]))) yield item;
    }),
  starmap: (call, at) =>
    lazy(call, function* () {
      for (const item of iterate(at, arg(call, 1))) yield apply(call, arg(call, 0), [...iterate(at, item)]);
    }),
  compress: (call, at) =>
    lazy(call, function* () {
      const chosen = [...iterate(at, arg(call, 1))];
      let i = 0;
      for (const item of iterate(at, arg(call, 0))) if (truthOf(at, chosen[i++] ?? FALSE)) yield item;
    }),
  groupby: (call, at) =>
    lazy(call, function* () {
      const f = call.args[1] ?? call.kwargs.get("key") ?? NONE;
      let group: Value[] = [];
      let key: Value | null = null;
      const pair = (k: Value): Value => tuple([k, { type: "iterator", what: "group", source: group[Symbol.iterator]() }]);
      for (const item of iterate(at, arg(call, 0))) {
        const own = f.type === "none" ? item : apply(call, f, [item]);
        if (key !== null && !equals(at, key, own)) {
          yield pair(key);
          group = [];
        }
        group.push(item);
        key = own;
      }
      if (key !== null) yield pair(key);
    }),
  tee: (call, at) => {
    const items = [...iterate(at, arg(call, 0))];
    return tuple(Array.from({ length: Math.min(100, whole(call, call.args[1], 2)) }, () => lazy(call, () => items[Symbol.iterator]())));
  },
};

/** `itertools.chain`, with its attribute `from_iterable`. */
export const CHAIN: Builtin = {
  type: "builtin",
  name: "itertools.chain",
  call: (call) => chained(call, () => call.args),
  attributes: new Map([
    [
      "from_iterable",
      {
        type: "builtin",
        name: "itertools.chain.from_iterable",
        call: (call) => chained(call, (at) => iterate(at, arg(call, 0))),
      },
    ],
  ]),
};

function chained(call: Call, parts: (at: At) => Iterable<Value>): Value {
  const at = { run: call.run, span: call.span };
  return lazy(call, function* () {
    for (const part of parts(at)) yield* iterate(at, part);
  });
}
