/**
 * How much an evaluation may do: steps in all, a share of them for each statement of a module and for each mod, and a
 * stack of what is running, so that a program that does not end is stopped with the name of the loop that holds it.
 *
 * One that runs away takes an eighth of what is left, so the first does not starve its neighbours and a hundred of them
 * end soon; but never less than a hundredth of all, which is far more than a mod that does nothing odd needs.
 */
import type { Span } from "../ir/mod.ts";
import type { TextOf } from "./diagnostic.ts";
import { quote } from "./diagnosticRow.ts";
import { type Running, refuse } from "./value.ts";

export interface Budget {
  /** Counts `n` steps at `span`. @throws Refusal when the share is spent */
  step(span: Span, n: number): void;
  /** Begins something; give the answer to `leave` when it ends, however it ends. */
  enter(what: Running["what"], span: Span, name: string | null): number;
  leave(mark: number): void;
  /** Runs `f` with a share of its own. */
  share<T>(f: () => T): T;
  /** Runs `f`, an imported module's code, on shares of its own: it is no part of what asked for it. */
  apart<T>(f: () => T): T;
  /** The function that calls itself: of those that run more than once now the innermost of the most frequent. */
  recursing(): Running | null;
}

/** A budget of `total` steps. */
export function createBudget(total: number, textOf: TextOf): Budget {
  const stack: Running[] = [];
  const least = Math.ceil(total / 100);
  let left = total;
  let used = 0;
  let start = 0;
  let limit = total;
  let isShared = false;

  /** The innermost of what runs that took half of the share: an outer loop is not to blame for the one inside it. */
  const culprit = (): Running | null => stack.findLast((running) => used - running.since >= (used - start) / 2) ?? null;

  return {
    step(span, n) {
      used += n;
      if (used <= limit) return;
      const running = culprit();
      const what = running === null ? quote(textOf(span)) : described(running, textOf);
      refuse("step-budget", running?.span ?? span, [what, (limit - start).toLocaleString("en-US")]);
    },
    enter: (what, span, name) => stack.push({ what, span, name, since: used }) - 1,
    leave(mark) {
      stack.length = mark;
    },
    share(f) {
      const outer = { start, limit, isShared, depth: stack.length };
      const share = Math.max(least, Math.ceil((left - used) / 8));
      limit = isShared ? Math.min(limit, used + share) : used + share;
      start = used;
      isShared = true;
      try {
        return f();
      } finally {
        ({ start, limit, isShared } = outer);
        stack.length = outer.depth;
      }
    },
    apart(f) {
      const outer = { start, limit, isShared, used, depth: stack.length };
      isShared = false;
      try {
        return f();
      } finally {
        left -= used - outer.used;
        ({ start, limit, isShared, used } = outer);
        stack.length = outer.depth;
      }
    },
    recursing() {
      const counts = new Map<string, number>();
      for (const { name } of stack) if (name !== null) counts.set(name, (counts.get(name) ?? 0) + 1);
      const most = Math.max(0, ...counts.values());
      return most < 2 ? null : (stack.findLast(({ name }) => name !== null && counts.get(name) === most) ?? null);
    },
  };
}

function described({ what, span, name }: Running, textOf: TextOf): string {
  return what === "function" ? `The call of ${quote(name ?? "")}` : `The ${what} ${quote(textOf(span))}`;
}
