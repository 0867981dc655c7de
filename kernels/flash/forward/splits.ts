/**
 * How the keys of a short query are shared out: the blocks that any head of a group needs, as runs in keys, cut into
 * `splits` shares of equal length. In: a block mask of one row of blocks a head. Out: what the decode kernel walks.
 *
 * Shares are of the keys that are there, not of KV: a window of 256 keys at the end of 8,192 keeps every split busy.
 * A group's heads share the loads of its key head, so a block is skipped only where all of them skip it, and runs
 * without mask_mod only where it is full for all of them.
 */
import { type BlockMask, FULL, forEachRun, keyBlocks, PARTIAL, rowIndex } from "../../mask/blockMask.ts";

/** The shares of every group, packed as the kernel reads them. */
export interface Splits {
  /** 1 where all batches share one row; groups likewise. */
  readonly batch: number;
  readonly groups: number;
  /** Shares of a row. */
  readonly splits: number;
  /** For each (batch, group, split) where its runs start, and the end of all; then the runs: first key, end, 1 if full. */
  readonly packed: Uint8Array<ArrayBuffer>;
}

interface Run {
  readonly from: number;
  readonly to: number;
  readonly state: number;
}

/**
 * Cuts `mask` for groups of `headsPerGroup` query heads into at most `most` shares of at least `least` keys, each a
 * multiple of `stride` but where KV ends. BLOCK_SIZE must be a multiple of `stride` on its key side.
 */
export function splitRuns(mask: BlockMask, headsPerGroup: number, most: number, least: number, stride: number): Splits {
  const groups = mask.heads === 1 ? 1 : mask.heads / headsPerGroup;
  const rows: Run[][] = [];
  for (let b = 0; b < mask.batch; b++) {
    for (let g = 0; g < groups; g++) rows.push(runsOfGroup(mask, b, g * headsPerGroup, mask.heads === 1 ? 1 : headsPerGroup));
  }
  const keys = rows.map((runs) => runs.reduce((sum, { from, to }) => sum + to - from, 0));
  const longest = keys.reduce((a, n) => Math.max(a, n), 0);
  const splits = Math.max(1, Math.min(most, Math.floor(longest / least)));
  const starts: number[] = [0];
  const pieces: number[] = [];
  rows.forEach((runs, i) => {
    const share = stride * Math.ceil((keys[i] ?? 0) / (splits * stride));
    for (const shareRuns of shares(runs, share, splits)) {
      for (const { from, to, state } of shareRuns) pieces.push(from, to, state);
      starts.push(pieces.length / 3);
    }
  });
  return { batch: mask.batch, groups, splits, packed: new Uint8Array(Uint32Array.from([...starts, ...pieces]).buffer) };
}

/** The blocks that any of `count` heads from `first` on needs, as runs in keys; full where it is full for all. */
function runsOfGroup(mask: BlockMask, b: number, first: number, count: number): Run[] {
  const present = new Uint8Array(keyBlocks(mask));
  const full = new Uint16Array(present.length);
  for (let h = first; h < first + count; h++) {
    forEachRun(mask.rows, rowIndex(mask, b, h, 0), (from, to, state) => {
      present.fill(1, from, to);
      if (state === FULL) for (let i = from; i < to; i++) full[i] = (full[i] ?? 0) + 1;
    });
  }
  const stateOf = (block: number): number | null => (present[block] === 1 ? (full[block] === count ? FULL : PARTIAL) : null);
  const size = mask.blockSize[1];
  const runs: Run[] = [];
  for (let from = 0; from < present.length; ) {
    const state = stateOf(from);
    let to = from + 1;
    while (to < present.length && stateOf(to) === state) to++;
    if (state !== null) runs.push({ from: from * size, to: Math.min(to * size, mask.kvLen), state });
    from = to;
  }
  return runs;
}

/** Deals the runs out in order, `share` keys to each of `splits`; the last may get fewer, or none. */
function shares(runs: readonly Run[], share: number, splits: number): Run[][] {
  const dealt: Run[][] = Array.from({ length: splits }, () => []);
  let at = 0;
  for (const { from, to, state } of runs) {
    for (let key = from; key < to; ) {
      const end = Math.min(to, key + share - (at % share));
      dealt[Math.floor(at / share)]?.push({ from: key, to: end, state });
      at += end - key;
      key = end;
    }
  }
  return dealt;
}
