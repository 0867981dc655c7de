/**
 * Which of the strips beside the cells are drawn in a frame. Each canvas that changes costs the browser a part of the frame,
 * whatever is on it: where frames take longer than the screen's, the strips take turns while a hand moves the picture, and
 * catch up when it rests. Knows the times of frames, nothing of the page.
 */

/** A frame this long is late on a screen of 60 a second, milliseconds. */
const LATE_MS = 25;
/** No frame for this long: the hand has rested, and the machine is given another chance. */
const REST_MS = 250;

export class Turns {
  readonly #count: number;
  #before = Number.NEGATIVE_INFINITY;
  #slow = false;
  #turn = 0;

  /** `count`: of the strips. */
  constructor(count: number) {
    this.#count = count;
  }

  /** A frame begins at `now`, milliseconds of any clock. */
  frame(now: number): void {
    const took = now - this.#before;
    this.#before = now;
    if (took >= REST_MS) this.#slow = false;
    else if (took >= LATE_MS) this.#slow = true;
    this.#turn = (this.#turn + 1) % this.#count;
  }

  /** Whether a strip (0 to count − 1) is drawn in this frame; `now`: as `frame` was told. */
  isDue(strip: number, now: number): boolean {
    return !this.#slow || strip === this.#turn || now - this.#before >= REST_MS;
  }
}
