/** A value at a reader's pace while the picture moves: words that change in every frame are not read, and cost the frame. */
import { useEffect, useRef, useState } from "preact/hooks";

/** Milliseconds between two values while something moves, and after it moved last. */
const PACE_MS = 200;

/** The value; while `motion` changes from render to render at most one each 200 ms. The last one always comes. */
export function usePaced<Value>(value: Value, motion: unknown): Value {
  const [, setTicks] = useState(0);
  const shown = useRef({ value, at: Number.NEGATIVE_INFINITY });
  const moved = useRef({ motion, at: Number.NEGATIVE_INFINITY });
  const now = performance.now();
  if (motion !== moved.current.motion) moved.current = { motion, at: now };
  const left = moved.current.at + PACE_MS > now ? shown.current.at + PACE_MS - now : 0;
  if (value !== shown.current.value && left <= 0) shown.current = { value, at: now };
  const isBehind = value !== shown.current.value;
  useEffect(() => {
    if (!isBehind) return;
    const timer = setTimeout(() => setTicks((ticks) => ticks + 1), left);
    return () => clearTimeout(timer);
  });
  return shown.current.value;
}
