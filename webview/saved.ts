/**
 * What of the panel's state outlives a reload of the window, and how it comes back: the last `show`, from which all that
 * is drawn follows, and the parts named in KEPT. A part of the state becomes one that is restored by being named there.
 * The host reads of it what the panel showed and whether it follows (extension/show.ts).
 */

import type { Show } from "./protocol.ts";
import { settle } from "./reduce.ts";
import { type Derive, INITIAL, type PanelState } from "./state.ts";

/** What is restored as it was. JSON-safe, and small: VS Code keeps it with the window. */
const KEPT = [
  "view",
  "variant",
  "follows",
  "batch",
  "head",
  "pin",
  "viewport",
  "layers",
  "compare",
  "capturesOpen",
  "problemOpen",
  "looked",
  "scroll",
  "charted",
  "sorts",
  "sweepSettings",
] as const satisfies readonly (keyof PanelState)[];

export interface Saved extends Pick<PanelState, (typeof KEPT)[number]> {
  readonly version: number;
  readonly show: Show;
}

/** Characters of token texts that outlive a reload. */
const MOST_TOKENS = 100_000;

export function save(state: PanelState, version: number): Saved | null {
  const { show, layers } = state;
  if (show === null) return null;
  // Bytes are too many for a state object; the host sends them when the page is ready.
  const files = (show.files ?? []).map((file) => ({ ...file, bytes: null }));
  return {
    ...keptOf(state),
    version,
    show: { ...show, files, view: null, variant: state.variant, results: state.results },
    // Texts of a whole book are too many too.
    layers: layers.tokens.length > MOST_TOKENS ? { ...layers, tokens: "" } : layers,
  };
}

/** The state that `save` kept; the initial one for anything else. */
export function restore(saved: unknown, version: number, derive: Derive): PanelState {
  if (!isSaved(saved) || saved.version !== version) return INITIAL;
  const { show } = saved;
  const kept = { ...keptOf(INITIAL), ...keptOf(saved) };
  return settle({ ...INITIAL, ...kept, layers: { ...INITIAL.layers, ...saved.layers }, show, results: show.results }, derive);
}

/** The parts named in KEPT, as far as `state` has them. */
function keptOf<S extends Pick<PanelState, (typeof KEPT)[number]>>(state: S): Pick<S, (typeof KEPT)[number]> {
  return Object.fromEntries(KEPT.filter((part) => part in state).map((part) => [part, state[part]])) as Pick<S, (typeof KEPT)[number]>;
}

function isSaved(x: unknown): x is Saved {
  return (
    typeof x === "object" && x !== null && "version" in x && "show" in x && typeof x.show === "object" && x.show !== null && "view" in x
  );
}
