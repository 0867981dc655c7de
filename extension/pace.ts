/**
 * When an edited text is read. Pure: times in milliseconds, of any one clock.
 *
 * The first edit after a rest is read at once, so that lens and panel answer within the frame; edits that follow are
 * read no more often than every `delay`, each time the newest text. A text that takes long to read waits for a quiet
 * instead, which every edit starts anew: nobody who types shall wait for it.
 */

/** What a reading may usually take and still be done while somebody types. */
const QUICK_MS = 16;

export interface Paced {
  /** The user's setting: between two readings. */
  readonly delay: number;
  /** What reading this text usually takes. */
  readonly usualMs: number;
  /** When it was last read; null: never. */
  readonly lastReadAt: number | null;
  /** When the reading that was put off comes, null where there is none. */
  readonly dueAt: number | null;
  readonly now: number;
}

/** When the text, edited `now`, is to be read. */
export function readAt({ delay, usualMs, lastReadAt, dueAt, now }: Paced): number {
  if (usualMs > QUICK_MS) return now + Math.max(delay, 4 * usualMs - 100);
  return dueAt ?? Math.max(now, (lastReadAt ?? Number.NEGATIVE_INFINITY) + delay);
}
