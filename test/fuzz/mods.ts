/**
 * Random mods through every evaluator: half of them expressions over every operator and dtype, a quarter masks as people
 * write them, a quarter Python text through the front end. A failure is told with its seed and the smallest mod found
 * that still shows it.
 */
import { lowerModule } from "../../kernels/frontend/lower.ts";
import type { Expr } from "../../kernels/ir/expr.ts";
import type { Local } from "../../kernels/ir/mod.ts";
import { evaluateOnGpu } from "../support/evaluateOnGpu.ts";
import { ALL_DTYPES, pick, type Random, randomExpr, randomMask, seeded, whole } from "../support/random.ts";
import { disagreementOf, fitsGpu, gpuDisagreement, gpuPoints } from "./agree.ts";
import { listedChoices, seededChoices, shrink } from "./choices.ts";
import { pythonModFrom } from "./pythonMod.ts";
import { rereadFault } from "./reread.ts";

export interface ModFuzzOptions {
  readonly count: number;
  readonly seed: number;
  /** null: the GPU's share is left out. */
  readonly device: GPUDevice | null;
  readonly say: (line: string) => void;
  /** Stop after so many failures; default 10. */
  readonly failures?: number;
}

export interface ModFuzzResult {
  readonly mods: number;
  /** Texts that the front end refuses, as PyTorch does most of them. */
  readonly refused: number;
  /** Masks that were printed, read and lowered again. */
  readonly reread: number;
  /** Points that the GPU was compared at. */
  readonly gpuPoints: number;
  readonly failures: readonly { readonly seed: number; readonly why: string }[];
}

/** What a seed stands for. */
interface Sample {
  readonly body: Expr;
  readonly locals: readonly Local[];
  /** Python text, where it was made from one. */
  readonly text: string | null;
  readonly choices: readonly number[];
}

const KINDS = ["expression", "expression", "mask", "python"] as const;
const kindOf = (seed: number): (typeof KINDS)[number] => KINDS[seed & 3] ?? "expression";

/** The mod that a list of choices stands for; null where the front end refuses its text. */
function sampleFrom(kind: (typeof KINDS)[number], list: readonly number[]): Sample | null {
  if (kind === "python") {
    const mod = pythonModFrom(list);
    const { variants } = lowerModule([{ file: "mod.py", text: mod.text }]);
    const variant = variants.find((v) => v.name === "mod");
    const lowered = variant?.maskMod ?? variant?.scoreMod ?? null;
    return lowered === null ? null : { body: lowered.body, locals: lowered.locals, text: mod.text, choices: list };
  }
  const choices = listedChoices(list);
  const random: Random = () => choices.next(2 ** 30) / 2 ** 30;
  const body =
    kind === "mask"
      ? randomMask(random, 40, whole(random, 0, 4))
      : randomExpr(random, pick(random, ALL_DTYPES), { depth: whole(random, 1, 5), score: pick(random, ["f32", "f64"]) });
  return { body, locals: [], text: null, choices: list };
}

/** More numbers than any of the generators draws. */
function choicesOf(seed: number): readonly number[] {
  const choices = seededChoices(seed);
  for (let i = 0; i < 3000; i++) choices.next(2);
  return choices.taken;
}

const GPU_BATCH = 32;

/** Runs `count` mods from `seed` on. */
export async function fuzzMods(options: ModFuzzOptions): Promise<ModFuzzResult> {
  const failures: { seed: number; why: string }[] = [];
  let [mods, refused, reread, compared] = [0, 0, 0, 0];
  const points = gpuPoints(seeded(options.seed), 48);

  const cpuFault = (sample: Sample): string | null => {
    const again = rereadFault(sample.body);
    return disagreementOf(sample.body) ?? (again === "skipped" ? null : again);
  };
  const gpuFaults = async (samples: readonly Sample[]): Promise<(string | null)[]> => {
    if (options.device === null || samples.length === 0) return samples.map(() => null);
    const values = await evaluateOnGpu(options.device, samples, points);
    return samples.map((sample, i) => {
      const found = gpuDisagreement(sample.body, points, values[i] ?? []);
      compared += found.compared;
      return found.why;
    });
  };
  const fail = async (seed: number, sample: Sample, why: string, onGpu: boolean): Promise<void> => {
    const kind = kindOf(seed);
    const faultOf = async (list: readonly number[]): Promise<string | null> => {
      const smaller = sampleFrom(kind, list);
      if (smaller === null) return null;
      return onGpu ? ((await gpuFaults([smaller]))[0] ?? null) : cpuFault(smaller);
    };
    const least = await shrink(sample.choices, async (list) => (await faultOf(list)) !== null, onGpu ? 150 : 400);
    const small = sampleFrom(kind, least);
    const text = small?.text === null || small === null ? "" : `\n${small.text}`;
    failures.push({ seed, why: (await faultOf(least)) ?? why });
    options.say(`seed ${seed} (${kind}): ${failures.at(-1)?.why ?? why}${text}`);
  };

  let waiting: { seed: number; sample: Sample }[] = [];
  const flush = async (): Promise<void> => {
    const batch = waiting;
    waiting = [];
    const faults = await gpuFaults(batch.map(({ sample }) => sample));
    for (const [i, why] of faults.entries()) {
      const entry = batch[i];
      if (why !== null && entry !== undefined) await fail(entry.seed, entry.sample, why, true);
    }
  };
  for (let i = 0; i < options.count && failures.length < (options.failures ?? 10); i++) {
    const seed = options.seed + i;
    const sample = sampleFrom(kindOf(seed), choicesOf(seed));
    mods++;
    if (sample === null) refused++;
    else {
      if (rereadFault(sample.body) !== "skipped") reread++;
      const why = cpuFault(sample);
      if (why !== null) await fail(seed, sample, why, false);
      else if (options.device !== null && fitsGpu(sample.body)) waiting.push({ seed, sample });
    }
    if (waiting.length >= GPU_BATCH || i === options.count - 1) await flush();
    if ((i + 1) % 1000 === 0) options.say(`${i + 1} mods, ${failures.length} disagree`);
  }
  return { mods, refused, reread, gpuPoints: compared, failures };
}
