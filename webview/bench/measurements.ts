/**
 * What the panel holds of a document's measurements: all of them, oldest first, and its sweeps. Parts come from the host,
 * from other panels and from this one's own runs, in any order and more than once, and join what is there. Pure.
 */
import type { BenchResult } from "../../kernels/runtime/result.ts";
import { furtherOf, type Sweep } from "../../kernels/runtime/sweep.ts";

interface Measurements {
  readonly history: readonly BenchResult[];
  readonly sweeps: readonly Sweep[];
}

/** What makes two results one measurement. */
const identityOf = (r: BenchResult): string =>
  [r.measuredAt, r.variant, r.engine, r.device.name, r.run ?? "", r.sweep?.point ?? "", r.importedFrom ?? ""].join("\n");

/** Kept by history: an edit of the text sends the same results again. */
const identities = new WeakMap<readonly BenchResult[], ReadonlySet<string>>();

function identitiesOf(history: readonly BenchResult[]): ReadonlySet<string> {
  const known = identities.get(history) ?? new Set(history.map(identityOf));
  identities.set(history, known);
  return known;
}

/** The history with what of `results` it has not yet; itself where it has all. */
export function withHistory(history: readonly BenchResult[], results: readonly BenchResult[]): readonly BenchResult[] {
  const known = identitiesOf(history);
  const fresh = results.filter((r) => !known.has(identityOf(r)));
  return fresh.length === 0 ? history : [...history, ...fresh].sort((a, b) => a.measuredAt - b.measuredAt);
}

/** The sweeps with `sweep` in its place; where it is known, the state that has gone further. */
export function withSweep(sweeps: readonly Sweep[], sweep: Sweep): readonly Sweep[] {
  const known = sweeps.find(({ id }) => id === sweep.id);
  if (known === undefined) return [...sweeps, sweep].sort((a, b) => a.startedAt - b.startedAt);
  // A point at which the device was lost again has gone no further, and is another state all the same.
  const further = furtherOf(sweep, known);
  return sweeps.map((s) => (s === known ? further : s));
}

/** The last imported measurement of each row: imported ones stand in the table beside those of this machine. */
export function lastImported(history: readonly BenchResult[]): readonly BenchResult[] {
  const rows = new Map<string, BenchResult>();
  for (const r of history) {
    if (r.importedFrom !== undefined && r.sweep === undefined) rows.set([r.importedFrom, r.variant, r.engine, r.device.name].join("\n"), r);
  }
  return [...rows.values()];
}

/** Both, with what the host remembers. */
export function joined(
  { history, sweeps }: Measurements,
  told: { readonly results: readonly BenchResult[]; readonly sweeps: readonly Sweep[] },
): Measurements {
  return { history: withHistory(history, told.results), sweeps: told.sweeps.reduce(withSweep, sweeps) };
}

/** Both, without a sweep and its measurements. */
export function withoutSweep({ history, sweeps }: Measurements, id: string): Measurements {
  return { history: history.filter((r) => r.sweep?.id !== id), sweeps: sweeps.filter((s) => s.id !== id) };
}
