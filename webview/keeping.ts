/** When the state that outlives a reload is handed to VS Code. */

import type { Host } from "./host.ts";
import { PROTOCOL_VERSION } from "./protocol.ts";
import { save } from "./saved.ts";
import type { PanelState } from "./state.ts";
import type { Store } from "./store.ts";

/** A state rests for so long before it is kept, in milliseconds: a picture that is moved is kept where it stops. */
const REST_MS = 200;
/** One that never rests is kept this often, in milliseconds. */
const MOST_MS = 1000;

/** Keeps the store's state through `host`: at once where another mask is shown, else when it rests. */
export function followKeeping(store: Store, host: Pick<Host, "setState">): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let changedAt: number | null = null;
  let kept = shownOf(store.get());

  const keep = (): void => {
    clearTimeout(timer);
    changedAt = null;
    kept = shownOf(store.get());
    host.setState(save(store.get(), PROTOCOL_VERSION) ?? undefined);
  };
  store.subscribe(() => {
    if (shownOf(store.get()) !== kept) return keep();
    const now = Date.now();
    changedAt ??= now;
    clearTimeout(timer);
    timer = setTimeout(keep, Math.max(0, Math.min(REST_MS, changedAt + MOST_MS - now)));
  });
}

/** What a panel is asked for again after a reload. */
const shownOf = ({ show, variant, follows }: PanelState): string => JSON.stringify([show?.document, variant, follows]);
