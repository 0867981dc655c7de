/** What of the panel's state outlives a reload, and how it comes back. */

import type { Show, View } from "./protocol.ts";
import { settle } from "./reduce.ts";
import { type Cell, type Derive, INITIAL, type Layers, type PanelState } from "./state.ts";

/** What outlives a reload of the panel. The host holds the rest and sends it again. */
export interface Saved {
  readonly version: number;
  readonly show: Show;
  readonly view: View;
  readonly variant: string | null;
  readonly batch: number;
  readonly head: number;
  readonly pin: Cell | null;
  readonly layers: Layers;
  readonly compare: PanelState["compare"];
  readonly capturesOpen: boolean;
}

/** Characters of token texts that outlive a reload. */
const MOST_TOKENS = 100_000;

export function save(state: PanelState, version: number): Saved | null {
  if (state.show === null) return null;
  const { view, variant, batch, head, pin, layers, compare, capturesOpen } = state;
  // Bytes are too many for a state object; the host sends them when the page is ready.
  const files = (state.show.files ?? []).map((file) => ({ ...file, bytes: null }));
  return {
    version,
    show: { ...state.show, files, view: null, variant, results: state.results },
    view,
    variant,
    batch,
    head,
    pin,
    // Texts of a whole book are too many for a state object.
    layers: layers.tokens.length > MOST_TOKENS ? { ...layers, tokens: "" } : layers,
    compare,
    capturesOpen,
  };
}

/** The state that `save` kept; the initial one for anything else. */
export function restore(saved: unknown, version: number, derive: Derive): PanelState {
  if (!isSaved(saved) || saved.version !== version) return INITIAL;
  const { show, view, variant, batch, head, pin, compare, capturesOpen } = saved;
  const layers = { ...INITIAL.layers, ...saved.layers };
  return settle(
    { ...INITIAL, show, results: show.results, view, variant, batch, head, pin, layers, compare: compare ?? null, capturesOpen },
    derive,
  );
}

function isSaved(x: unknown): x is Saved {
  return (
    typeof x === "object" && x !== null && "version" in x && "show" in x && typeof x.show === "object" && x.show !== null && "view" in x
  );
}
