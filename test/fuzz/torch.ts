/**
 * Random mods through the front end and the interpreter on one side and PyTorch on the other: one dtype, the same
 * values, or both refuse. PyTorch runs in one Python process (torchFuzz.py), found by FLEXLENS_PYTHON or as `python3`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { lowerModule } from "../../kernels/frontend/lower.ts";
import type { Expr } from "../../kernels/ir/expr.ts";
import { interpret } from "../../kernels/ir/interpret.ts";
import { toDType } from "../../kernels/ir/number.ts";
import { type DType, isFloat, TORCH_NAMES } from "../../kernels/ir/ops.ts";
import { shrink } from "./choices.ts";
import { FUZZ_SIZES, type PythonMod, pythonMod, pythonModFrom } from "./pythonMod.ts";
import { interpretWithin } from "./within.ts";

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
  /** Cells that were compared, and those left out since rounding of an inexact function decides them. */
  readonly cells: number;
  readonly undecided: number;
  readonly failures: readonly { readonly seed: number; readonly text: string; readonly why: string }[];
}

/** Python without PyTorch, or no Python. */
export class NoTorch extends Error {}

interface Answer {
  readonly dtype?: string;
  readonly data?: string;
  readonly error?: string;
}

interface Torch {
  readonly version: string;
  ask(mod: PythonMod, scoreDType: "f32" | "f64"): Promise<Answer>;
  close(): void;
}

const { batch, heads, qLen, kvLen } = FUZZ_SIZES;
const SIZES = [batch, heads, qLen, kvLen] as const;
const CELLS = batch * heads * qLen * kvLen;
/** Multiples of 2^-8 between -8 and 8, exact in every float dtype but bfloat16. */
const SCORES: readonly number[] = Array.from({ length: CELLS }, (_, i) => (((i * 2654435761) % 4093) - 2046) / 256);

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

/** What one mod came to. */
interface Verdict {
  readonly why: string | null;
  readonly refused: boolean;
  readonly cells: number;
  readonly undecided: number;
}

const verdict = (why: string | null, refused = false, cells = 0, undecided = 0): Verdict => ({ why, refused, cells, undecided });

/**
 * A function whose last places differ, applied to what is known beforehand, leaves no trace in the expression; and a
 * product that is added is rounded once or twice, as its operands lie in memory.
 */
const INEXACT =
  /\b(exp|log|sin|cos|tan|asin|acos|atan|sinh|cosh|tanh|sqrt|pow|sigmoid|erf|gelu|silu|softplus|elu|hypot|lerp|addcmul)|alpha=|\*\*/;

/** What a value may lie off, relative to max(1, |x|), where no inexact function is left in the expression. */
function slack(dtype: DType, text: string): number {
  if (dtype === "f64") return 1e-13;
  if (!INEXACT.test(text)) return 0;
  return dtype === "f32" ? 2 ** -23 : dtype === "f16" ? 2 ** -10 : dtype === "bf16" ? 2 ** -7 : 0;
}

/** Holds one mod's lowering against PyTorch's answer. */
function compare(mod: PythonMod, scoreDType: "f32" | "f64", answer: Answer): Verdict {
  const { variants, diagnostics } = lowerModule([{ file: "fuzz.py", text: mod.text }], { scoreDType });
  const errors = diagnostics.filter((d) => d.severity === "error");
  // Which element is read, and what is divided by, are values: the front end says where they leave their bounds.
  if (/^(IndexError|RuntimeError: ZeroDivisionError|ZeroDivisionError)/.test(answer.error ?? "")) return verdict(null, true);
  const variant = variants.find((v) => v.name === "mod");
  const body: Expr | undefined = (mod.kind === "mask_mod" ? variant?.maskMod : variant?.scoreMod)?.body;
  const internal = errors.find((d) => d.code === "internal-fault");
  if (internal !== undefined) return verdict(internal.message);
  if (answer.error !== undefined || (mod.kind === "mask_mod" && answer.dtype !== "bool")) {
    const said = answer.error ?? `a mask of ${answer.dtype}`;
    return body === undefined ? verdict(null, true) : verdict(`PyTorch refuses: ${said}`);
  }
  if (body === undefined) return verdict(`refused, and PyTorch does not: ${errors.map((d) => `${d.code}: ${d.message}`).join("; ")}`);
  if (TORCH_NAMES[body.dtype] !== answer.dtype) return verdict(`dtype ${TORCH_NAMES[body.dtype]}, PyTorch ${answer.dtype}`);
  const bytes = Buffer.from(answer.data ?? "", "base64");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let undecided = 0;
  for (let i = 0; i < CELLS; i++) {
    const want = isFloat(body.dtype) ? view.getFloat64(8 * i, true) : Number(view.getBigInt64(8 * i, true));
    const point = {
      b: Math.floor(i / (heads * qLen * kvLen)),
      h: Math.floor(i / (qLen * kvLen)) % heads,
      q_idx: Math.floor(i / kvLen) % qLen,
      kv_idx: i % kvLen,
      score: toDType(SCORES[i] ?? 0, scoreDType),
    };
    const value = interpret(body, point);
    if (value === want || (Number.isNaN(value) && Number.isNaN(want))) continue;
    // How far it may lie off is worth finding out only now.
    const got = interpretWithin(body, point);
    if (got === null) {
      undecided++;
      continue;
    }
    const bound = got.error + slack(body.dtype, mod.text) * Math.max(1, Math.abs(want));
    const close = Math.abs(got.value - want) <= bound;
    if (!close) {
      const { b, h, q_idx, kv_idx, score } = point;
      return verdict(
        `${got.value}${got.error > 0 ? ` ± ${got.error}` : ""}, PyTorch ${want} (${answer.dtype}) at b ${b} h ${h} q ${q_idx} kv ${kv_idx} score ${score}`,
      );
    }
  }
  return verdict(null, false, CELLS - undecided, undecided);
}

/** Runs `count` mods from `seed` on. @throws NoTorch */
export async function torchFuzz(options: TorchFuzzOptions): Promise<TorchFuzzResult> {
  const torch = await openTorch();
  const failures: { seed: number; text: string; why: string }[] = [];
  let [mods, bothRefuse, cells, undecided] = [0, 0, 0, 0];
  const check = async (mod: PythonMod, scoreDType: "f32" | "f64"): Promise<Verdict> =>
    compare(mod, scoreDType, await torch.ask(mod, scoreDType));
  try {
    for (let i = 0; i < options.count && failures.length < (options.failures ?? 10); i++) {
      const seed = options.seed + i;
      const scoreDType = seed % 4 === 3 ? "f64" : "f32";
      const mod = pythonMod(seed);
      const result = await check(mod, scoreDType);
      mods++;
      bothRefuse += result.refused ? 1 : 0;
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
  return { mods, bothRefuse, cells, undecided, failures };
}
