/**
 * Time from a keystroke's text to variants: 200 lines of the gallery, edited anew each time. The bar is 5 ms median for
 * the first row. Then what
 * text that is no Python, or does not end, takes. Run with `npm run bench:lower`, on a machine that does nothing else.
 */
import { readFileSync } from "node:fs";
import { lowerModule } from "../../kernels/frontend/lower.ts";
import { parseModule } from "../../kernels/frontend/parse.ts";

const FILES = ["composition", "document_packing", "tree", "causal_sliding_window", "alibi", "prefix_lm", "sink_tokens", "neighbourhood_2d"];
const ROUNDS = 400;

const text = FILES.map((f) => readFileSync(`kernels/gallery/${f}.py`, "utf8"))
  .join("\n")
  .split("\n")
  .slice(0, 200)
  .join("\n");
const edited = (i: number): string => text.replace("WINDOW = 192", `WINDOW = ${i}`);
const rewritten = (i: number): string => text.replaceAll("\n", ` # ${i}\n`);

await report("lower, one constant edited", (i) => lowerModule([{ file: "f.py", text: edited(i) }]));
await report("lower, every line edited", (i) => lowerModule([{ file: "f.py", text: rewritten(i) }]));
await report("parse alone, one constant edited", (i) => parseModule("f.py", edited(i)));
await report("parse alone, every line edited", (i) => parseModule("f.py", rewritten(i)));

/** Text that must be answered within a second, with a diagnostic. */
const BAD: Readonly<Record<string, string>> = {
  "a megabyte of symbols": "({[<>!@#$%^&*-+=".repeat(65_000),
  "a megabyte of parentheses": "(".repeat(1_000_000),
  "a megabyte of `elif`": "elif x:\n".repeat(125_000),
  "tabs and spaces mixed": "def m(b, h, q, k):\n\tx = 1\n        return q >= k\n",
  "while True": "while True:\n    x = 1\n",
  "infinite recursion": "def f(x):\n    return f(x)\ny = f(1)\n",
  "range(10**9)": "xs = [i for i in range(10**9)]\ndef m(b, h, q, k):\n    for i in range(10**9):\n        q = q + i\n    return q >= k\n",
  "a number that grows": "x = 1\nfor i in range(1, 1000000):\n    x *= i\n",
};
for (const [what, bad] of Object.entries(BAD)) {
  const start = performance.now();
  const { diagnostics } = lowerModule([{ file: "f.py", text: bad }]);
  console.log(`${what.padEnd(36)} ${(performance.now() - start).toFixed(0).padStart(6)} ms   ${diagnostics[0]?.code ?? "no diagnostic"}`);
}

async function report(what: string, run: (i: number) => void): Promise<void> {
  const samples: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    // A task of its own each, as keystrokes are: within one task nothing that a WeakRef was asked for can be collected.
    await new Promise((resolve) => setImmediate(resolve));
    const start = performance.now();
    run(i);
    if (i >= ROUNDS / 4) samples.push(performance.now() - start);
  }
  samples.sort((a, b) => a - b);
  const at = (share: number): string => (samples[Math.floor(samples.length * share)] ?? 0).toFixed(2).padStart(7);
  console.log(`${what.padEnd(36)} median ${at(0.5)} ms   10 % ${at(0.1)} ms   90 % ${at(0.9)} ms`);
}
