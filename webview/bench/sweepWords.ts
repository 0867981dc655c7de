/** What a sweep says of itself: what runs now and how long it still takes, how it stands, why it stopped. Pure. */
import { msLeft, type Sweep, tally } from "../../kernels/runtime/sweep.ts";
import type { SweepEnd } from "../../kernels/runtime/sweepRun.ts";
import { integer, NARROW_SPACE } from "../number.ts";
import { placeText } from "./sweepAxes.ts";

/** `about 40 s left`; rounded, since it is a guess. */
export function leftText(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `about ${Math.max(1, Math.round(seconds))}${NARROW_SPACE}s left`;
  if (seconds < 90) return `about ${5 * Math.round(seconds / 5)}${NARROW_SPACE}s left`;
  if (seconds < 5400) return `about ${Math.round(seconds / 60)}${NARROW_SPACE}min left`;
  return `about ${(seconds / 3600).toFixed(1)}${NARROW_SPACE}h left`;
}

/** `38 of 60`. */
export function countText(sweep: Sweep): string {
  const { measurements, of } = tally(sweep);
  return `${integer(measurements)} of ${integer(of)}`;
}

/** `38 of 60 · S = 2 048, row · about 40 s left`. `what`: the kernel, or the stage that is of none. */
export function progressText(sweep: Sweep, point: number, what: string, isDrift: boolean): string {
  const left = msLeft(sweep);
  const place = placeText(sweep.axes, sweep.points[point]?.at ?? []);
  const now = isDrift ? `${place} again, for the drift, ${what}` : `${place}, ${what}`;
  return [countText(sweep), now, ...(left === null ? [] : [leftText(left)])].join(" · ");
}

/** While the page is not seen. */
export const pausedText = (sweep: Sweep): string =>
  `Paused at ${countText(sweep)}: the panel is hidden, and a hidden page is slowed down. It goes on when you show it.`;

/** Why the sweep stopped, where that is a fault. */
export function endFault(sweep: Sweep, end: SweepEnd): string | null {
  switch (end.kind) {
    case "finished":
    case "cancelled":
      return null;
    case "lost":
      return `${end.message} ${countText(sweep)} measurements are kept. Resume the sweep to go on after them.`;
    case "stranger":
      return `This sweep was begun on ${end.device}, and this window has another device. Start it again to measure all of it here.`;
  }
}

/** How it stands: `38 of 60 measured, 2 points failed`. */
export function standText(sweep: Sweep): string {
  const { done, failed, left, of } = tally(sweep);
  const kernels = sweep.kernels.length;
  const failures = failed === 0 ? [] : [failed === 1 ? "1 point failed" : `${failed} points failed`];
  const measured = left === 0 && failed === 0 ? `all ${integer(of)} measured` : `${integer(done * kernels)} of ${integer(of)} measured`;
  return [measured, ...failures].join(", ");
}

/** What is heard while it runs: every tenth part. */
export function heardText(sweep: Sweep): string {
  const { measurements, of } = tally(sweep);
  const tenth = Math.floor((10 * measurements) / of);
  return tenth === 0 ? "Sweep started" : `Sweep: ${10 * tenth} percent of ${of} measurements`;
}
