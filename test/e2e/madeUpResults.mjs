// Made-up measurements for the panel's page, as the host tells them: times are known functions of the length, so that what is
// drawn can be held against them.

export const VARIANT = "causal_sliding_window";
const DOCUMENT = "file:///examples/causal_sliding_window.py";
export const DEVICE = { name: "made-up gpu", software: false };
export const LENGTHS = [128, 256, 512, 2048, 4096];
const SPREAD = [0.97, 0.98, 0.985, 0.99, 1, 1.005, 1.01, 1.02, 1.03];

const problem = (S) => ({
  batch: 1,
  qHeads: 8,
  kvHeads: 8,
  qLen: S,
  kvLen: S,
  qkHeadDim: 64,
  vHeadDim: 64,
  scale: 0.125,
  storage: "f32",
  layout: "BHSD",
  blockSize: [128, 128],
});
export const check = { maxAbs: 2e-7, maxRel: 3e-7, bound: "1e-5", passed: true, firstBad: null, rows: 8192, allRows: true };
const peaks = { matmulFlops: 4e12, matmul: "1024 × 1024 × 1024", copyBytes: 5e11, measuredAt: 1 };
const details = {
  repeats: 20,
  instances: 9,
  clockStepMs: 1e-4,
  noisy: false,
  pipelines: { used: 3, compiled: 0 },
  memory: { allocated: 2 ** 23, moved: 2 ** 23 },
  peaks,
};
export const result = (engine, S, ms, change = {}) => ({
  // Captures that follow the length give a key for each.
  key: `key of ${S}`,
  variant: VARIANT,
  engine,
  direction: "forward",
  problem: problem(S),
  tile: "64 × 4",
  sparsity: { blocks: 0.7, elements: 0.75 },
  device: DEVICE,
  clock: "timestamp-query",
  samplesMs: SPREAD.map((s) => s * ms),
  medianMs: ms,
  interval: [ms * 0.985, ms * 1.01],
  baselineMs: engine === "materialized" ? null : theirs(S),
  compileMs: 12,
  denseFlops: 4 * 8 * 64 * S * S,
  effectiveFlops: 8 * 64 * S * S,
  check,
  measuredAt: Date.now() - 3_600_000 + S,
  run: `run ${S}`,
  details,
  ...change,
});
/** They meet at S = 400. */
export const ours = (S) => S * 1e-3;
export const theirs = (S) => (S * S * 1e-3) / 400;
/** What the host tells of another panel's run. */
export const measured = (list) => ({ type: "measured", document: DOCUMENT, results: list });
/** A run of a length: ours, `factor` times as long as it should take, and the baseline. */
export const atLength = (S, change = {}, factor = 1) => [
  result("quad", S, factor * ours(S), change),
  result("materialized", S, theirs(S), { ...change, baselineMs: null }),
];
