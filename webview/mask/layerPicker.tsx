/** Which layer is painted: four words side by side, one pressed. Keys 1 to 4 choose while the picture has focus, W the reasons. */
import type { JSX } from "preact";
import type { Shape } from "../app.tsx";
import type { MaskLayer } from "../protocol.ts";
import type { Scene } from "../state.ts";

const LAYERS: readonly { readonly id: MaskLayer; readonly name: string; readonly short: string; readonly tip: string }[] = [
  { id: "state", name: "State", short: "State", tip: "Full, partial and empty blocks, allowed cells (1)" },
  { id: "why", name: "Why", short: "Why", tip: "Each masked cell by the conjunct that masks it (2)" },
  { id: "bias", name: "Bias", short: "Bias", tip: "What the score_mod adds to a score (3)" },
  { id: "probability", name: "Probability", short: "Prob", tip: "Attention probabilities of seeded q and k (4)" },
];

/** Why a layer cannot be shown; null where it can. */
function missing(id: MaskLayer, { variant }: Scene): string | null {
  if (id === "why" && variant.maskMod === null) return `${variant.name} has no mask_mod: nothing is masked`;
  return id === "bias" && variant.scoreMod === null ? `${variant.name} has no score_mod: scores stay as they are` : null;
}

export interface LayerPickerProps {
  readonly scene: Scene;
  readonly shown: MaskLayer;
  readonly shape: Shape;
  readonly onChoose: (layer: MaskLayer) => void;
}

export function LayerPicker({ scene, shown, shape, onChoose }: LayerPickerProps): JSX.Element {
  return (
    <fieldset class="segments" aria-label="Layer">
      {LAYERS.map(({ id, name, short, tip }) => {
        const cause = missing(id, scene);
        return (
          <button
            key={id}
            type="button"
            aria-pressed={id === shown}
            disabled={cause !== null}
            title={cause ?? tip}
            onClick={() => onChoose(id)}
            data-testid={`layer-${id}`}
          >
            {shape === "narrow" ? short : name}
          </button>
        );
      })}
    </fieldset>
  );
}

/** The layer that a key chooses; null: none, or one that this variant has not. */
export function layerOfKey(key: string, scene: Scene, shown: MaskLayer): MaskLayer | null {
  const id = key === "w" ? (shown === "why" ? "state" : "why") : LAYERS[["1", "2", "3", "4"].indexOf(key)]?.id;
  return id === undefined || missing(id, scene) !== null ? null : id;
}
