/**
 * Compares what the state asks to compare, whenever that changes: at once where it takes no more than a few
 * milliseconds, else in a worker, and keeps what was found before on the screen until the new is there. The newest
 * wins; what nobody waits for any more is given up.
 */

import type { Expr } from "../kernels/ir/expr.ts";
import { flatten } from "../kernels/ir/flat.ts";
import { buildUnlessStopped } from "../kernels/mask/build.ts";
import { type Difference, differenceBodies, differenceUnlessStopped } from "../kernels/mask/difference.ts";
import type { Compared, Comparison, Sides } from "./comparison.ts";
import { createAsking } from "./mask/compareSides.ts";
import type { Store } from "./store.ts";
import type { Input, Output } from "./work/jobs.ts";
import type { OffThread } from "./work/offThread.ts";

/** What comparing may take on the page's thread, beside building and drawing. */
const AT_ONCE_MS = 4;

/** Starts to follow `store`; gives the way to stop. `atOnceMs`: what takes no longer is compared on the spot. */
export function followCompare(store: Store, offThread: OffThread, log: (text: string) => void, atOnceMs = AT_ONCE_MS): () => void {
  const ask = createAsking();
  let last: ReturnType<typeof ask> = null;
  let stop: () => void = () => undefined;
  let known: { readonly sides: Sides; readonly found: Compared } | null = null;

  const tell = (comparison: Comparison | null): void => store.dispatch({ type: "compared", comparison });
  const look = (): void => {
    const asked = ask(store.get());
    if (asked === last) return;
    last = asked;
    stop();
    stop = () => undefined;
    if (asked === null) {
      tell(null);
      return;
    }
    const { sides } = asked;
    const found =
      sides === null
        ? null
        : known !== null && isSameWork(known.sides, sides)
          ? known.found
          : compareWithin(sides, performance.now() + atOnceMs);
    if (sides === null || found !== null) {
      if (sides !== null && found !== null) known = { sides, found };
      tell({ ...asked, found, stale: false });
      return;
    }
    const before = known !== null && isSameSize(known.sides, sides) ? known.found : null;
    stop = offThread("difference", inputOf(sides), (outcome) => {
      stop = () => undefined;
      if (!outcome.ok) {
        log(`comparing ${sides.a.label} with ${sides.b.label}: ${outcome.message}`);
        tell({
          ...asked,
          found: null,
          stale: false,
          fault: `The two masks could not be compared (${outcome.message}). Take shorter lengths.`,
        });
        return;
      }
      const compared = comparedOf(sides, outcome.value);
      known = { sides, found: compared };
      tell({ ...asked, found: compared, stale: false });
    });
    tell({ ...asked, found: before, stale: true });
  };
  const end = store.subscribe(look);
  look();
  return () => {
    end();
    stop();
  };
}

const bodyOf = ({ variant }: Sides["a"]): Expr | null => variant.maskMod?.body ?? null;

/** Compares before the clock says `until`; null where that is too soon. */
function compareWithin(sides: Sides, until: number): Compared | null {
  const late = (): boolean => performance.now() > until;
  const { a, b, shown, size, blockSize } = sides;
  const other = late() ? null : buildUnlessStopped(bodyOf(shown === "a" ? b : a), size, blockSize, late);
  const difference = other === null ? null : differenceUnlessStopped(bodyOf(a), bodyOf(b), size, blockSize, late);
  return other === null || difference === null ? null : { difference, other };
}

function inputOf({ a, b, shown, size, blockSize }: Sides): Input<"difference"> {
  const flat = (side: Sides["a"]) => {
    const body = bodyOf(side);
    return body === null ? null : flatten(body);
  };
  return { a: flat(a), b: flat(b), other: shown === "a" ? "b" : "a", size, blockSize };
}

/** A worker's answer, its expressions made anew on this side. */
function comparedOf({ a, b }: Sides, { difference, other }: Output<"difference">): Compared {
  const bodies = differenceBodies(bodyOf(a), bodyOf(b));
  const whole: Difference = {
    ...difference,
    onlyA: { ...difference.onlyA, body: bodies.onlyA },
    onlyB: { ...difference.onlyB, body: bodies.onlyB },
    both: { ...difference.both, body: bodies.both },
  };
  return { difference: whole, other };
}

const isSameSize = (x: Sides, y: Sides): boolean =>
  x.size.batch === y.size.batch &&
  x.size.heads === y.size.heads &&
  x.size.qLen === y.size.qLen &&
  x.size.kvLen === y.size.kvLen &&
  x.blockSize[0] === y.blockSize[0] &&
  x.blockSize[1] === y.blockSize[1];

const isSameWork = (x: Sides, y: Sides): boolean =>
  isSameSize(x, y) && x.shown === y.shown && bodyOf(x.a) === bodyOf(y.a) && bodyOf(x.b) === bodyOf(y.b);
