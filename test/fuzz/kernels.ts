/**
 * Random problems through the kernels, against the float64 reference: batches, grouped heads, lengths of queries and keys
 * that nothing divides, head dims, scales, block sizes, layouts, query offsets, the gallery's mods with values that fit
 * the lengths, one engine after the other, on devices with less than there is. In: seeds. Out: what disagrees, by seed.
 *
 * Five seeds in a row have the engine, the mods and the head dims in common: their kernels are compiled once.
 */
import { readFileSync } from "node:fs";
import { checkForward } from "../../kernels/flash/check.ts";
import { LONGEST_QUERY } from "../../kernels/flash/forward/decode.ts";
import { SMALL_LENGTH } from "../../kernels/flash/forward/small.ts";
import { seededInputs } from "../../kernels/flash/inputs.ts";
import { type DeviceLimits, type Engine, tensorBuffers } from "../../kernels/flash/plan.ts";
import { fillProblem, type Problem } from "../../kernels/flash/problem.ts";
import { referenceForward } from "../../kernels/flash/reference.ts";
import { ENGINES, planEngine } from "../../kernels/flash/select.ts";
import { storedInputs } from "../../kernels/flash/storage.ts";
import { toleranceOf } from "../../kernels/flash/tolerance.ts";
import { lowerPair } from "../../kernels/frontend/lower.ts";
import type { Variant } from "../../kernels/ir/mod.ts";
import type { DeviceHandle } from "../../kernels/runtime/device.ts";
import { runPlan } from "../../kernels/runtime/forward.ts";
import { pick, type Random, seeded, whole } from "../support/random.ts";
import { noMods } from "../support/variants.ts";

export interface KernelFuzzOptions {
  readonly count: number;
  readonly seed: number;
  readonly gpu: DeviceHandle;
  readonly say: (line: string) => void;
  /**
   * Few texts to compile, which is what takes the time: two mods, one head dim, and the device's own features. Default:
   * every mod, head dims up to 256, small ones more often.
   */
  readonly isBrief?: boolean;
  /** Default: all. */
  readonly engines?: readonly Engine[];
}

export interface KernelFuzzResult {
  readonly problems: number;
  /** Problems each engine ran. */
  readonly ran: ReadonlyMap<Engine, number>;
  /** Problems whose engine refused, and another ran. */
  readonly refused: number;
  readonly failures: readonly { readonly seed: number; readonly why: string }[];
}

/** |a − b| ≤ bound · (|b| + rms(b)): 2e-5 in f32; in f16 what a result has to keep (flash/tolerance.ts). */
const boundOf = (p: Problem, engine: Engine): number => (p.storage === "f32" ? 2e-5 : toleranceOf(p, engine));

/** Queries and keys at most for the engines that are for short ones; a mod may add 16 keys. */
const MOST: Partial<Record<Engine, readonly [queries: number, keys: number]>> = {
  decode: [LONGEST_QUERY, Number.POSITIVE_INFINITY],
  small: [SMALL_LENGTH, SMALL_LENGTH - 16],
};

const HEAD_DIMS = [4, 8, 8, 8, 12, 16, 16, 20, 24, 32, 40, 64, 1, 3, 7, 10, 13, 50, 72, 96, 128, 200, 256];

/** Seeds in a row that share their kernels. */
const PER_TEXT = 5;

/** Neighbouring seeds begin alike: the first numbers are passed over. */
function warm(seed: number): Random {
  const random = seeded(seed);
  for (let i = 0; i < 8; i++) random();
  return random;
}

/** Runs `count` problems from `seed` on. */
export async function fuzzKernels(options: KernelFuzzOptions): Promise<KernelFuzzResult> {
  const failures: { seed: number; why: string }[] = [];
  const ran = new Map<Engine, number>();
  let refused = 0;
  const engines = options.engines ?? ENGINES;
  for (let seed = options.seed; seed < options.seed + options.count; seed++) {
    // Every engine has its turn; what it refuses goes to the next.
    const turn = Math.floor(seed / PER_TEXT);
    const order = engines.map((_, i) => engines[(turn + i) % engines.length] ?? "row");
    const drawn = draw(seed, options, order[0] ?? "row");
    const limits = { ...options.gpu.limits, ...drawn.limits };
    const planned = order.map((engine) => planEngine(engine, drawn.variant, drawn.problem, limits));
    const found = planned.find((p) => p.kind === "plan");
    if (found?.kind !== "plan") {
      failures.push({ seed, why: `no engine runs ${describe(drawn)}` });
      options.say(`seed ${seed}: ${failures.at(-1)?.why}`);
      continue;
    }
    if (planned[0] !== found) refused++;
    const { engine } = found.plan;
    ran.set(engine, (ran.get(engine) ?? 0) + 1);
    const inputs = storedInputs(seededInputs(drawn.problem), drawn.problem);
    const why = await faultOf(async () => {
      const actual = await runPlan(options.gpu, found.plan, inputs);
      const check = checkForward(actual, referenceForward(drawn.variant, drawn.problem, inputs), drawn.problem);
      return check.maxRel <= boundOf(drawn.problem, engine) ? null : `${check.maxRel} at [${check.firstBad?.join(", ")}]`;
    });
    if (why !== null) {
      failures.push({ seed, why });
      options.say(`seed ${seed}: ${engine} (${found.plan.tile}), ${describe(drawn)}: ${why}`);
    }
    const done = seed + 1 - options.seed;
    if (done % 50 === 0) options.say(`${done} problems, ${failures.length} wrong`);
  }
  return { problems: options.count, ran, refused, failures };
}

async function faultOf(run: () => Promise<string | null>): Promise<string | null> {
  try {
    return await run();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

interface Drawn {
  readonly problem: Problem;
  readonly variant: Variant;
  /** Laid over the device's. */
  readonly limits: Partial<DeviceLimits>;
}

function draw(seed: number, { isBrief = false }: KernelFuzzOptions, engine: Engine): Drawn {
  const headDims = isBrief ? [8] : HEAD_DIMS;
  const random = warm(seed);
  // What the kernels' text depends on.
  const text = warm(-1 - Math.floor(seed / PER_TEXT));
  const kvHeads = whole(random, 1, 3);
  const length = (): number =>
    pick(random, [whole(random, 1, 8), whole(random, 1, 64), whole(random, 1, 64), whole(random, 60, 200), whole(random, 150, 420)]);
  const qkHeadDim = pick(text, headDims);
  const hints = {
    batch: whole(random, 1, 3),
    kvHeads,
    qHeads: kvHeads * pick(random, [1, 1, 2, 3, 4]),
    qLen: length(),
    kvLen: length(),
    qkHeadDim,
    vHeadDim: text() < 0.5 ? qkHeadDim : pick(text, headDims),
    // Scores of some tens at most: the rounding of larger ones is a relative error of the weights beyond 2e-5.
    ...(random() < 0.3 ? { scale: pick(random, [0.25, 2, -1, 1.5]) / Math.sqrt(qkHeadDim) } : {}),
    blockSize: pick(random, [
      [128, 128],
      [64, 64],
      [16, 32],
      [whole(random, 1, 70), whole(random, 1, 70)],
    ]) as readonly [number, number],
  };
  const mod = pick(text, isBrief ? MODS.slice(0, 2) : MODS);
  const [mostQueries, mostKeys] = MOST[engine] ?? [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const cut = { ...hints, qLen: Math.min(hints.qLen, mostQueries), kvLen: Math.min(hints.kvLen, mostKeys) };
  const fitted = { ...cut, ...mod.shape?.(cut, random) };
  const problem: Problem = {
    ...fillProblem(fitted),
    layout: pick(random, ["BHSD", "BHSD", "BSHD"]),
    storage: text() < 0.25 || engine === "matrix" ? "f16" : "f32",
  };
  const variant = variantOf(mod, { ...mod.bindings(problem, random), H: String(problem.qHeads) });
  const limits: Partial<DeviceLimits> = {
    ...(text() < 0.3 && !isBrief ? { software: false } : {}),
    ...(text() < 0.2 && !isBrief ? { subgroups: false } : {}),
    ...(random() < 0.2 ? { maxComputeWorkgroupsPerDimension: whole(random, 1, 5) } : {}),
    ...(random() < 0.2 ? { maxStorageBufferBindingSize: Math.max(2 ** 17, whole(random, 1, 2) * unitBytes(problem) + 256) } : {}),
  };
  return { problem, variant, limits };
}

/** Bytes of the largest piece of a tensor that must be bound as one. */
function unitBytes(p: Problem): number {
  const units = p.layout === "BHSD" ? p.batch * p.kvHeads : p.batch;
  const sizes = tensorBuffers(p).filter((buffer) => buffer.name !== "lse");
  return Math.max(...sizes.map((buffer) => buffer.byteLength)) / units;
}

function variantOf(mod: DrawnMods, bindings: Readonly<Record<string, string>>): Variant {
  const { score = null, mask = null } = mod;
  if (score === null && mask === null) return noMods;
  const { variant, diagnostics } = lowerPair([{ file: "mods.py", text: textOf(mod) }], score, mask, { bindings });
  if (variant === null) throw new Error(`${score} and ${mask} do not lower: ${diagnostics.map((d) => d.message).join("; ")}`);
  return variant;
}

const describe = ({ problem, variant, limits }: Drawn): string =>
  `${variant.scoreMod?.name ?? "no score_mod"} and ${variant.maskMod?.name ?? "no mask_mod"}, ${JSON.stringify(problem)}, limits ${JSON.stringify(limits)}`;

type Hints = { readonly batch: number; readonly qHeads: number; readonly qLen: number; readonly kvLen: number };

/** Mods to draw from: a gallery's file or text of its own, names in it, and values for the problem. */
interface DrawnMods {
  readonly gallery?: string;
  readonly text?: string;
  readonly score?: string;
  readonly mask?: string;
  readonly bindings: (p: Problem, random: Random) => Record<string, string>;
  /** What the mods ask of the sizes. */
  readonly shape?: (hints: Hints, random: Random) => Partial<Hints>;
}

const GALLERY = new URL("../../kernels/gallery/", import.meta.url);
const textOf = ({ gallery, text = "" }: DrawnMods): string =>
  gallery === undefined ? text : readFileSync(new URL(gallery, GALLERY), "utf8");

const longest = (p: Hints): number => Math.max(p.qLen, p.kvLen);
const list = (count: number, item: () => number): string => `torch.tensor([${Array.from({ length: count }, item).join(", ")}])`;
/** `torch.tensor([0, …, length])`, ascending. */
function offsets(random: Random, length: number): string {
  const cuts = Array.from({ length: whole(random, 0, 4) }, () => whole(random, 1, length));
  return `torch.tensor([${[...new Set([0, ...cuts, length])].sort((a, b) => a - b).join(", ")}])`;
}
const none = (): Record<string, string> => ({});

/** Rows of a cache: each batch's queries begin at its own offset. */
const CACHED = `import torch

offsets = torch.tensor([0, 0, 0])
slopes = torch.tensor([1.0])


def cached(b, h, q_idx, kv_idx):
    return q_idx + offsets[b] >= kv_idx


def cached_window(b, h, q_idx, kv_idx):
    position = q_idx + offsets[b]
    return (position >= kv_idx) & (position - kv_idx < WINDOW)


def cached_alibi(score, b, h, q_idx, kv_idx):
    return score + slopes[h] * (kv_idx - (q_idx + offsets[b]))


def lower_right(b, h, q_idx, kv_idx):
    return q_idx + (KV_LEN - Q_LEN) >= kv_idx


def low(score, b, h, q_idx, kv_idx):
    return torch.where(q_idx % 3 == 1, torch.finfo(torch.float32).min, torch.where(kv_idx > q_idx + KV_LEN // 2, -1e30, score))


def gone(score, b, h, q_idx, kv_idx):
    return torch.where((q_idx + h) % 4 == 2, -float("inf"), score * (1 + b))


def some_heads(b, h, q_idx, kv_idx):
    return ((h % 2 == 0) | (kv_idx <= q_idx)) & (h + q_idx > 1)
`;

const cached = (p: Problem, random: Random): Record<string, string> => ({
  offsets: list(p.batch, () => whole(random, -2, Math.max(0, p.kvLen))),
  slopes: list(p.qHeads, () => whole(random, 1, 128) / 1024),
  WINDOW: String(whole(random, 1, p.kvLen + 5)),
  Q_LEN: String(p.qLen),
  KV_LEN: String(p.kvLen),
});

const MODS: readonly DrawnMods[] = [
  // The brief ones: all there is in a mod.
  { text: CACHED, score: "cached_alibi", mask: "cached", bindings: cached },
  { text: CACHED, mask: "cached", bindings: cached },
  { text: CACHED, mask: "cached_window", bindings: cached },
  { text: CACHED, score: "cached_alibi", bindings: cached },
  { text: CACHED, mask: "lower_right", bindings: cached },
  { text: CACHED, score: "low", mask: "lower_right", bindings: cached },
  { text: CACHED, score: "gone", mask: "some_heads", bindings: cached },
  { text: CACHED, mask: "some_heads", bindings: cached },
  { gallery: "alibi.py", score: "generate_alibi_bias", mask: "causal", bindings: (p) => ({ num_heads: String(p.qHeads) }) },
  {
    gallery: "block_diffusion.py",
    mask: "block_diffusion",
    bindings: (p, random) => ({ N: String(Math.ceil(longest(p) / 2)), BLOCK: String(whole(random, 1, 40)) }),
  },
  { gallery: "causal.py", mask: "causal", bindings: none },
  {
    gallery: "causal_sliding_window.py",
    mask: "causal_sliding_window",
    bindings: (p, random) => ({ WINDOW: String(whole(random, 1, p.kvLen)) }),
  },
  {
    gallery: "composition.py",
    score: "softcap",
    mask: "packed_window",
    bindings: (p, random) => ({
      WINDOW: String(whole(random, 1, p.kvLen)),
      SINKS: String(whole(random, 0, 5)),
      document_id: `torch.arange(${longest(p)}) // ${whole(random, 1, longest(p))}`,
      lengths: list(p.batch, () => whole(random, 0, longest(p))),
    }),
  },
  {
    gallery: "dilated.py",
    mask: "dilated",
    bindings: (p, random) => ({ WINDOW: String(whole(random, 0, p.kvLen)), DILATION: String(whole(random, 1, 7)) }),
  },
  {
    gallery: "document_packing.py",
    mask: "generate_document_mask",
    bindings: (p, random) => ({ inner_mask_mod: "causal", offsets: offsets(random, longest(p)) }),
  },
  {
    gallery: "neighbourhood_2d.py",
    mask: "neighbourhood_2d",
    bindings: (_, random) => ({ WIDTH: String(whole(random, 1, 20)), RADIUS: String(whole(random, 1, 6)) }),
  },
  {
    gallery: "padding.py",
    mask: "padded_causal",
    bindings: (p, random) => ({ first_token: list(p.batch, () => whole(random, 0, p.kvLen)) }),
  },
  {
    gallery: "prefix_lm.py",
    mask: "generate_prefix_lm_mask",
    bindings: (p, random) => ({ prefix_length: String(whole(random, 0, p.kvLen)) }),
  },
  { gallery: "relative_bias.py", score: "relative_bias", bindings: none },
  {
    gallery: "sink_tokens.py",
    mask: "generate_sink_mask",
    bindings: (p, random) => ({ window: String(whole(random, 1, p.kvLen)), sinks: String(whole(random, 0, 6)) }),
  },
  { gallery: "sliding_window.py", mask: "sliding_window", bindings: (p, random) => ({ WINDOW: String(whole(random, 0, p.kvLen)) }) },
  {
    gallery: "tanh_softcap.py",
    score: "tanh_softcap",
    mask: "causal",
    bindings: (_, random) => ({ SOFTCAP: String(whole(random, 1, 50)) }),
  },
  {
    gallery: "tree.py",
    mask: "tree",
    bindings: (p) => ({ PREFIX: String(Math.max(0, p.kvLen - 16)) }),
    shape: ({ qLen, kvLen }) => ({ qLen: Math.min(16, qLen), kvLen: kvLen + 16 }),
  },
  { bindings: none },
];
