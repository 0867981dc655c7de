/**
 * Functions that `yield`. The body runs when the first item is asked for, and to its end at once: what it yields is
 * collected, and read one by one. So a generator sees what stands before its first `next()`, not what happens between
 * two of them; an endless one is stopped after `MAX_YIELDS` items, and faults where somebody reads on.
 */
import type { Span } from "../ir/mod.ts";
import { type Iterator, type Run, refuse, type Scope, type Value } from "./value.ts";

const MAX_YIELDS = 1024;

/** Thrown where an endless generator has given enough; nobody but `collect` sees it. */
class Enough {}

/** Hands on what `yield` gives in the function that `scope` belongs to. */
export function yieldItem(scope: Scope, item: Value): void {
  let s: Scope | null = scope;
  while (s !== null && s.kind !== "function") s = s.parent;
  s?.onYield?.(item);
}

/** The iterator over what `body` yields: `body` executes it in a scope with that `onYield`. */
export function generator(run: Run, span: Span, body: (onYield: (item: Value) => void) => void): Iterator {
  return { type: "iterator", what: "generator", source: collect(run, span, body), within: body };
}

function* collect(run: Run, span: Span, body: (onYield: (item: Value) => void) => void): IterableIterator<Value> {
  const items: Value[] = [];
  const depth = run.depth;
  let isWhole = true;
  try {
    body((item) => {
      if (items.length >= MAX_YIELDS) throw new Enough();
      items.push(item);
    });
  } catch (e) {
    if (!(e instanceof Enough)) throw e;
    isWhole = false;
  } finally {
    run.depth = depth;
  }
  yield* items;
  if (!isWhole) refuse("too-large", span, [`What \`${run.text(span)}\` yields`]);
}
