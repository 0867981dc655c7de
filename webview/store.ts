/** Holds the panel's state, and tells who listens when it changes. */

import { reduce } from "./reduce.ts";
import type { Action, Derive, PanelState } from "./state.ts";

export interface Store {
  get(): PanelState;
  dispatch(action: Action): void;
  /** Calls `listener` after each change; gives the way to stop. */
  subscribe(listener: () => void): () => void;
}

export function createStore(initial: PanelState, derive: Derive): Store {
  let state = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => state,
    dispatch: (action) => {
      const next = reduce(state, action, derive);
      if (next === state) return;
      state = next;
      for (const listener of listeners) listener();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
