/**
 * Random conditions as people write them for plain numbers, repaired by "fix all": what is left lowers, and has at every
 * cell the value that Python gives the text.
 */
import { expect, test } from "vitest";
import { fixAll } from "../../../kernels/frontend/fixAll.ts";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import { interpret } from "../../../kernels/ir/interpret.ts";
import { pick, type Random, seeded, whole } from "../../support/random.ts";

/** A piece of Python with its value for q and k; `binds` as Python's grammar has it, from `or` up to an atom. */
interface Made {
  readonly text: string;
  readonly binds: number;
  readonly value: (q: number, k: number) => number;
}

const [OR, AND, NOT, COMPARE, SUM, PRODUCT, ATOM] = [1, 2, 3, 4, 5, 6, 7];
const TERNARY = 0;

const below = (random: Random, n: number): number => whole(random, 0, n - 1);
const inside = (m: Made, least: number, random: Random): string => (m.binds < least || below(random, 6) === 0 ? `(${m.text})` : m.text);
const floorDiv = (a: number, b: number): number => Math.floor(a / b);

function number(random: Random, depth: number): Made {
  const kind = depth <= 0 ? below(random, 3) : below(random, 8);
  if (kind === 0) return { text: "q_idx", binds: ATOM, value: (q) => q };
  if (kind === 1) return { text: "kv_idx", binds: ATOM, value: (_, k) => k };
  if (kind === 2) {
    const n = below(random, 6);
    return { text: String(n), binds: ATOM, value: () => n };
  }
  const [a, b] = [number(random, depth - 1), number(random, depth - 1)];
  const tensor = `(${a.text} + q_idx)`;
  const sum = (q: number, k: number): number => a.value(q, k) + q;
  switch (kind) {
    case 3:
      return {
        text: `${inside(a, SUM, random)} - ${inside(b, PRODUCT, random)}`,
        binds: SUM,
        value: (q, k) => a.value(q, k) - b.value(q, k),
      };
    case 4:
      return {
        text: `${inside(a, PRODUCT, random)} * ${inside(b, ATOM, random)}`,
        binds: PRODUCT,
        value: (q, k) => a.value(q, k) * b.value(q, k),
      };
    case 5:
      return { text: `max(${tensor}, ${b.text})`, binds: ATOM, value: (q, k) => Math.max(sum(q, k), b.value(q, k)) };
    case 6:
      return { text: `math.floor(${tensor} / 3)`, binds: ATOM, value: (q, k) => floorDiv(sum(q, k), 3) };
    default:
      return { text: `${tensor}.item()`, binds: ATOM, value: sum };
  }
}

const COMPARISONS: readonly (readonly [string, (a: number, b: number) => boolean])[] = [
  ["<", (a, b) => a < b],
  ["<=", (a, b) => a <= b],
  ["==", (a, b) => a === b],
  ["!=", (a, b) => a !== b],
  [">=", (a, b) => a >= b],
];

function condition(random: Random, depth: number): Made {
  const kind = depth <= 0 ? 0 : below(random, 7);
  if (kind <= 1) {
    const count = 2 + below(random, kind === 0 ? 1 : 3);
    // One side is a tensor at least.
    const sides = [{ text: "q_idx", binds: ATOM, value: (q: number) => q }, ...Array.from({ length: count - 1 }, () => number(random, 1))];
    const ops = sides.slice(1).map(() => pick(random, COMPARISONS));
    const text = sides.map((s, i) => (i === 0 ? s.text : `${ops[i - 1]?.[0]} ${inside(s, SUM, random)}`)).join(" ");
    const value = (q: number, k: number): number =>
      Number(ops.every(([, holds], i) => holds(sides[i]?.value(q, k) ?? 0, sides[i + 1]?.value(q, k) ?? 0)));
    return { text, binds: COMPARE, value };
  }
  const [a, b, c] = [condition(random, depth - 1), condition(random, depth - 1), condition(random, depth - 2)];
  switch (kind) {
    case 2:
    case 3:
      return {
        text: `${inside(a, AND, random)} and ${inside(b, NOT, random)}`,
        binds: AND,
        value: (q, k) => a.value(q, k) & b.value(q, k),
      };
    case 4:
      return { text: `${inside(a, OR, random)} or ${inside(b, AND, random)}`, binds: OR, value: (q, k) => a.value(q, k) | b.value(q, k) };
    case 5:
      return { text: `not ${inside(a, NOT, random)}`, binds: NOT, value: (q, k) => 1 - a.value(q, k) };
    default:
      return {
        text: `${inside(a, OR, random)} if ${inside(b, OR, random)} else ${inside(c, OR, random)}`,
        binds: TERNARY,
        value: (q, k) => (b.value(q, k) !== 0 ? a.value(q, k) : c.value(q, k)),
      };
  }
}

const HEAD = "import math\nimport torch\n\n\n";

/** A body that returns, with `if` around or not. */
function body(random: Random): { text: string; value: Made["value"] } {
  const [a, b, c] = [condition(random, 2), condition(random, 2), condition(random, 2)];
  switch (below(random, 4)) {
    case 0:
      return {
        text: `    if ${a.text}:\n        return ${b.text}\n    return ${c.text}\n`,
        value: (q, k) => (a.value(q, k) ? b.value(q, k) : c.value(q, k)),
      };
    case 1:
      return {
        text: `    near = ${b.text}\n    if ${a.text}:\n        near = ${c.text}\n    return near\n`,
        value: (q, k) => (a.value(q, k) ? c.value(q, k) : b.value(q, k)),
      };
    default:
      return { text: `    return ${a.text}\n`, value: a.value };
  }
}

test("300 random mods of plain Python mean the same after fix all", () => {
  const random = seeded(2026);
  for (let i = 0; i < 300; i++) {
    const { text, value } = body(random);
    const before = `${HEAD}def mod(b, h, q_idx, kv_idx):\n${text}`;
    const after = fixAll(before, "f.py", (t) => lowerModule([{ file: "f.py", text: t }]).diagnostics);
    const { variants, diagnostics } = lowerModule([{ file: "f.py", text: after }]);
    const mask = variants[0]?.maskMod?.body;
    expect(
      diagnostics.filter((d) => d.severity === "error").map((d) => d.message),
      `${before}\n${after}`,
    ).toEqual([]);
    if (mask === undefined) throw new Error(after);
    for (let cell = 0; cell < 36; cell++) {
      const [q, k] = [Math.floor(cell / 6), cell % 6];
      const got = interpret(mask, { b: 0, h: 0, q_idx: q, kv_idx: k });
      if (got !== Number(value(q, k) !== 0)) throw new Error(`at q = ${q}, k = ${k}: ${got} for\n${before}\n${after}`);
    }
  }
});
