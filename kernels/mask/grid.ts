/**
 * The grid that a mask's expression lays over the tokens: `q_idx // W` and `q_idx % W` speak of rows of W, with
 * `// (H * W)` of planes of H rows. Each such node is a digit of the token's number in a mixed radix; the digits found
 * give the radices. And what the mask becomes when the tokens are put into another order: digits are looked up where
 * the token now stands, so that intervals still decide.
 */
import { linearOf } from "../analysis/linear.ts";
import { binary, constant, type Expr, load, variable } from "../ir/expr.ts";
import type { Capture } from "../ir/mod.ts";
import { children, postorder, withChildren } from "../ir/walk.ts";

/** Tokens from `offset` on, laid out row by row. */
export interface Grid {
  readonly offset: number;
  /** Extents of all dimensions but the outermost, which is open, outer ones first: `[W]` of an image, `[H, W]` of a video. */
  readonly inner: readonly number[];
}

type Side = "q_idx" | "kv_idx";

/** floor(((t + shift) mod high) / low) of the token t that `side` names; high infinite: no modulus. */
interface Digit {
  readonly side: Side;
  readonly shift: number;
  readonly low: number;
  readonly high: number;
}

/** The grid of `body`; null where it speaks of none, or of the grid of one side alone. */
export function gridOf(body: Expr): Grid | null {
  const digits = [...digitsOf(body).values()].filter((d) => d.low > 1 || d.high < Number.POSITIVE_INFINITY);
  for (const side of ["q_idx", "kv_idx"] as const) {
    if (!digits.some((d) => d.side === side && d.high < Number.POSITIVE_INFINITY)) return null;
  }
  const radices = [...new Set(digits.flatMap((d) => [d.low, d.high]))].filter((n) => n > 1 && n < 2 ** 31).sort((a, b) => a - b);
  const chain: number[] = [];
  for (const n of radices) if (n % (chain.at(-1) ?? 1) === 0) chain.push(n);
  const inner = chain.map((n, i) => n / (chain[i - 1] ?? 1)).reverse();
  if (inner.length === 0 || inner.length > 2) return null;
  const shift = digits.find((d) => d.side === "q_idx")?.shift ?? 0;
  return { offset: Math.max(0, -shift), inner };
}

/** Periods of the distance: `(q_idx - kv_idx) % 4` gives 4. */
export function periodsOf(body: Expr): readonly number[] {
  return [...new Set(postorder([body]).flatMap((e) => residueOf(e)?.period ?? []))];
}

/** Which nodes are digits. */
function digitsOf(body: Expr): ReadonlyMap<Expr, Digit> {
  const digits = new Map<Expr, Digit>();
  for (const e of postorder([body])) {
    const digit = digitOf(e, digits);
    if (digit !== null) digits.set(e, digit);
  }
  return digits;
}

function digitOf(e: Expr, known: ReadonlyMap<Expr, Digit>): Digit | null {
  if (e.kind === "binary" && (e.op === "floordiv" || e.op === "floormod") && e.b.kind === "const" && e.b.value > 1) {
    const of = known.get(e.a);
    if (of === undefined) return null;
    const edge = of.low * e.b.value;
    if (e.op === "floordiv")
      return edge <= of.high && (of.high === Number.POSITIVE_INFINITY || of.high % edge === 0) ? { ...of, low: edge } : null;
    return of.high === Number.POSITIVE_INFINITY || of.high % edge === 0 ? { ...of, high: edge } : null;
  }
  if (e.dtype !== "i64") return null;
  const { terms, constant: shift } = linearOf(e);
  const [[term, by] = [null, 0]] = terms;
  if (terms.size !== 1 || by !== 1 || term?.kind !== "var" || (term.name !== "q_idx" && term.name !== "kv_idx")) return null;
  return { side: term.name, shift, low: 1, high: Number.POSITIVE_INFINITY };
}

/** `(± q_idx ± kv_idx + shift) % period`. */
interface Residue {
  readonly q: number;
  readonly kv: number;
  readonly shift: number;
  readonly period: number;
}

function residueOf(e: Expr): Residue | null {
  if (e.kind !== "binary" || e.op !== "floormod" || e.dtype !== "i64" || e.b.kind !== "const" || e.b.value < 2) return null;
  const { terms, constant: shift } = linearOf(e.a);
  const q = terms.get(variable("q_idx")) ?? 0;
  const kv = terms.get(variable("kv_idx")) ?? 0;
  return terms.size === 2 && Math.abs(q) === 1 && Math.abs(kv) === 1 ? { q, kv, shift, period: e.b.value } : null;
}

/** `body` with query i standing for token `qOrder[i]`, and keys likewise. */
export function reordered(body: Expr, qOrder: Float64Array, kvOrder: Float64Array): Expr {
  const digits = digitsOf(body);
  const tables = new Map<string, Expr>();
  const look = ({ side, shift, low, high }: Digit): Expr => {
    const key = `${side} ${shift} ${low} ${high}`;
    const known = tables.get(key);
    if (known !== undefined) return known;
    const order = side === "q_idx" ? qOrder : kvOrder;
    const data = order.map((t) => Math.floor(floorMod(t + shift, high) / low));
    const capture: Capture = { name: `order${tables.size}`, dtype: "i64", shape: [data.length], data };
    const made = load(capture, [variable(side)]);
    tables.set(key, made);
    return made;
  };
  const done = new Map<Expr, Expr>();
  for (const e of postorder([body])) {
    const digit = digits.get(e);
    const residue = residueOf(e);
    if (digit !== undefined) {
      done.set(e, look(digit));
    } else if (residue !== null) {
      // The residue of a sum is that of the residues' sum.
      const of = (side: Side): Expr => look({ side, shift: 0, low: 1, high: residue.period });
      const signed = (x: Expr, by: number): Expr => binary("mul", x, constant(by, "i64"));
      const sum = binary("add", signed(of("q_idx"), residue.q), signed(of("kv_idx"), residue.kv));
      done.set(e, binary("floormod", binary("add", sum, constant(residue.shift, "i64")), constant(residue.period, "i64")));
    } else {
      const kids = children(e);
      const fresh = kids.map((k) => done.get(k) ?? k);
      done.set(e, kids.some((k, i) => k !== fresh[i]) ? withChildren(e, fresh) : e);
    }
  }
  return done.get(body) ?? body;
}

const floorMod = (x: number, m: number): number => (m === Number.POSITIVE_INFINITY ? x : ((x % m) + m) % m);
