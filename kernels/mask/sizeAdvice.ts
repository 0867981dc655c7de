/**
 * Which block size costs least, and why: visited blocks × (their area + an overhead). Smaller blocks follow the mask more
 * closely and are more in number.
 */
import { OVERHEAD, type SizeCost, type Tally } from "./blockSizes.ts";

/** A better block size, with the reason. */
export interface SizeAdvice {
  readonly best: SizeCost;
  /** The size closest to the mask's own. */
  readonly now: SizeCost;
  /** One sentence. */
  readonly reason: string;
}

/** Gains below this share are not worth a change. */
const WORTH = 0.1;

/**
 * The size of least cost: visited blocks × (their area + OVERHEAD). Smaller blocks follow the mask more closely and are
 * more in number. `now` stays the best where nothing saves a tenth.
 */
export function adviseSize({ sizes }: Tally, [blockQ, blockK]: readonly [q: number, kv: number]): SizeAdvice | null {
  const edge = Math.sqrt(blockQ * blockK);
  const distance = (s: SizeCost): number => Math.abs(Math.log2(s.size / edge));
  const [now] = [...sizes].sort((x, y) => distance(x) - distance(y));
  const [cheapest] = [...sizes].sort((x, y) => x.cost - y.cost);
  if (now === undefined || cheapest === undefined || now.cost === 0) return null;
  const best = cheapest.cost < (1 - WORTH) * now.cost ? cheapest : now;
  const waste = (s: SizeCost): string => `${(100 * s.waste).toFixed(0)} %`;
  const saved = (100 * (1 - best.cost / now.cost)).toFixed(0);
  const reason =
    best === now
      ? `Blocks of ${now.size} stay: no other size saves a tenth of the cost.`
      : best.size < now.size
        ? `Blocks of ${best.size} bring ${waste(now)} of waste to ${waste(best)}: ${saved} % less cost, the larger number of blocks included.`
        : `Blocks of ${best.size} are fewer, at ${waste(best)} of waste instead of ${waste(now)}: ${saved} % less cost.`;
  return { best, now, reason };
}

/** The model behind `adviseSize`, in words. */
export const COST_MODEL = `cost = visited blocks × (their elements + ${OVERHEAD} elements of overhead a block)`;
