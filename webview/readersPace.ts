/** A value that follows another at a reader's pace: words that change in every frame are not read, and cost the frame. */
import { useEffect, useRef, useState } from "preact/hooks";

/** Milliseconds between two values. */
const PACE_MS = 200;

/** The value at once where it has rested, else at most one each 200 ms; the last one always comes. */
export function usePaced<Value>(value: Value): Value {
  const [, setTicks] = useState(0);
  const shown = useRef(value);
  const since = useRef(Number.NEGATIVE_INFINITY);
  const now = performance.now();
  const left = since.current + PACE_MS - now;
  if (value !== shown.current && left <= 0) {
    shown.current = value;
    since.current = now;
  }
  const isBehind = value !== shown.current;
  useEffect(() => {
    if (!isBehind) return;
    const timer = setTimeout(() => setTicks((ticks) => ticks + 1), Math.max(0, left));
    return () => clearTimeout(timer);
  });
  return shown.current;
}
