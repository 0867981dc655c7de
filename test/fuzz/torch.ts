/**
 * Random mods through the front end and the interpreter on one side and PyTorch on the other: one dtype, the same
 * values, or both refuse. PyTorch runs in one Python process (torchFuzz.py), found by FLEXLENS_PYTHON or as `python3`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { TORCH_NAMES } from "../../kernels/ir/ops.ts";
import { shrink } from "./choices.ts";
import { type Answer, judge, scoreAt, type Verdict } from "./judge.ts";
import { FUZZ_SIZES, type PythonMod, pythonMod, pythonModFrom } from "./pythonMod.ts";

export interface TorchFuzzOptions {
  readonly count: number;
  readonly seed: number;
  /** Told of each failure as it is found, and now and then of progress. */
  readonly say: (line: string) => void;
  /** Stop after so many failures; default 10. */
  readonly failures?: number;
}

export interface TorchFuzzResult {
  readonly mods: number;
  readonly bothRefuse: number;
  /** Where PyTorch raises for an index or a divisor that nothing of the result depends on. */
  readonly untold: number;
  /** Cells that were compared, and those left out since rounding of an inexact function decides them. */
  readonly cells: number;
  readonly undecided: number;
  readonly failures: readonly { readonly seed: number; readonly text: string; readonly why: string }[];
}

/** Python without PyTorch, or no Python. */
export class NoTorch extends Error {}

interface Torch {
  readonly version: string;
  ask(mod: PythonMod, scoreDType: "f32" | "f64"): Promise<Answer>;
  close(): void;
}

const { batch, heads, qLen, kvLen } = FUZZ_SIZES;
const SIZES = [batch, heads, qLen, kvLen] as const;
const SCORES: readonly number[] = Array.from({ length: batch * heads * qLen * kvLen }, (_, i) => scoreAt(i));

/** Starts Python. @throws NoTorch */
export async function openTorch(python = process.env["FLEXLENS_PYTHON"] ?? "python3"): Promise<Torch> {
  const child: ChildProcess = spawn(python, [join(process.cwd(), "test/fuzz/torchFuzz.py")], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, OMP_NUM_THREADS: "1" },
  });
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new NoTorch(`${python} does not start`);
  const waiting: ((line: string | null) => void)[] = [];
  const lines: (string | null)[] = [];
  const give = (line: string | null): void => {
    const taker = waiting.shift();
    if (taker === undefined) lines.push(line);
    else taker(line);
  };
  const next = (): Promise<string | null> => {
    const line = lines.shift();
    return line === undefined ? new Promise((done) => waiting.push(done)) : Promise.resolve(line);
  };
  let ended = false;
  const end = (): void => {
    ended = true;
    while (waiting.length > 0) give(null);
    lines.push(null);
  };
  child.once("error", end);
  child.once("exit", end);
  createInterface({ input: stdout }).on("line", give);
  const hello = JSON.parse((await next()) ?? "{}") as { readonly version?: string; readonly unavailable?: string };
  if (hello.version === undefined) {
    throw new NoTorch(`${python} has no PyTorch (${hello.unavailable ?? "it did not answer"}); set FLEXLENS_PYTHON to one that has.`);
  }
  return {
    version: hello.version,
    async ask(mod, scoreDType) {
      if (ended) throw new NoTorch(`${python} has stopped`);
      const { text, kind } = mod;
      stdin.write(`${JSON.stringify({ text, kind, dtype: TORCH_NAMES[scoreDType], sizes: SIZES, scores: SCORES })}\n`);
      const line = await next();
      if (line === null) throw new NoTorch(`${python} has stopped on\n${text}`);
      return JSON.parse(line) as Answer;
    },
    close: () => {
      stdin.end();
    },
  };
}

/** Runs `count` mods from `seed` on. @throws NoTorch */
export async function torchFuzz(options: TorchFuzzOptions): Promise<TorchFuzzResult> {
  const torch = await openTorch();
  const failures: { seed: number; text: string; why: string }[] = [];
  let [mods, bothRefuse, untold, cells, undecided] = [0, 0, 0, 0, 0];
  const check = async (mod: PythonMod, scoreDType: "f32" | "f64"): Promise<Verdict> =>
    judge(mod, scoreDType, await torch.ask(mod, scoreDType), SIZES);
  try {
    for (let i = 0; i < options.count && failures.length < (options.failures ?? 10); i++) {
      const seed = options.seed + i;
      const scoreDType = seed % 4 === 3 ? "f64" : "f32";
      const mod = pythonMod(seed);
      const result = await check(mod, scoreDType);
      mods++;
      bothRefuse += result.refused ? 1 : 0;
      untold += result.untold ? 1 : 0;
      cells += result.cells;
      undecided += result.undecided;
      if (result.why !== null) {
        const small = await shrink(mod.choices, async (list) => (await check(pythonModFrom(list), scoreDType)).why !== null, 400);
        const { text } = pythonModFrom(small);
        const why = (await check(pythonModFrom(small), scoreDType)).why ?? result.why;
        failures.push({ seed, text, why });
        options.say(`seed ${seed} (score ${TORCH_NAMES[scoreDType]}): ${why}\n${text}`);
      }
      if ((i + 1) % 1000 === 0) options.say(`${i + 1} mods, ${bothRefuse} refused by both, ${failures.length} disagree`);
    }
  } finally {
    torch.close();
  }
  return { mods, bothRefuse, untold, cells, undecided, failures };
}
