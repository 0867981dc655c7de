/**
 * Which of the strips beside the cells are drawn in a frame. Each canvas that changes costs the browser a part of the frame,
 * whatever is on it: where frames take longer than the screen's, the strips take turns at a reader's pace while a hand moves
 * the picture, and catch up when it rests. Knows the times of frames, nothing of the page.
 */

/** A frame this long is late on a screen of 60 a second, milliseconds. */
const LATE_MS = 25;
/** A turn is at least this long: three strips are then drawn about five times a second each, as often as numbers are read. */
const TURN_MS = 60;
/** No frame for this long: the hand has rested, and the machine is given another chance. */
const REST_MS = 250;

export interface StripTurns {
  /** A frame begins at `now`, milliseconds of any clock. */
  frame(now: number): void;
  /** Whether a strip (0 to count − 1) is drawn in this frame; `now`: as `frame` was told. */
  isDue(strip: number, now: number): boolean;
}

/** `count`: of the strips. */
export function createTurns(count: number): StripTurns {
  let before = Number.NEGATIVE_INFINITY;
  let isSlow = false;
  let turn = 0;
  let turnedAt = Number.NEGATIVE_INFINITY;
  return {
    frame(now) {
      const took = now - before;
      before = now;
      if (took >= REST_MS) isSlow = false;
      else if (took >= LATE_MS) isSlow = true;
      if (now - turnedAt < TURN_MS) return;
      turnedAt = now;
      turn = (turn + 1) % count;
    },
    isDue: (strip, now) => !isSlow || (strip === turn && turnedAt === before) || now - before >= REST_MS,
  };
}
