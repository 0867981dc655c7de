/** What the Mask tab shows of a comparison: the layer of the difference, or the other mask as a scene of its own. */
import { useMemo, useState } from "preact/hooks";
import { variantKey } from "../../kernels/ir/key.ts";
import { type BlockMask, blockSparsity, countBlocks } from "../../kernels/mask/blockMask.ts";
import { type DifferencePalette, differenceLayer } from "../../kernels/mask/differencePicture.ts";
import type { Layer } from "../../kernels/mask/layer.ts";
import type { Compared, Comparison, Sides } from "../comparison.ts";
import type { CompareWith } from "../protocol.ts";
import type { PanelState, Scene } from "../state.ts";
import type { Rgba, Theme } from "../theme.ts";
import { statusText } from "./compareText.ts";
import type { CompareMode } from "./compareView.tsx";
import { maskLayer } from "./paint.ts";

export interface Compare {
  /** What is asked for; null: nothing is compared. */
  readonly with: CompareWith | null;
  readonly comparison: Comparison | null;
  readonly mode: CompareMode;
  readonly setMode: (mode: CompareMode) => void;
  /** What the one figure shows in place of the mask; null: the mask, or two figures. */
  readonly layer: Layer | null;
  /** The other mask, where both stand side by side, and whether it comes first. */
  readonly beside: { readonly scene: Scene; readonly layer: Layer; readonly first: boolean; readonly sides: Sides } | null;
  /** What a screen reader says of that layer; null where there is none. */
  readonly told: string | null;
  /** Masks that are shown beside the scene's own. */
  readonly masks: readonly BlockMask[];
}

export function useCompare(state: PanelState, scene: Scene, theme: Theme): Compare {
  const [mode, setMode] = useState<CompareMode>("difference");
  const asked = state.compare !== null && state.compare.document === state.show?.document ? state.compare.with : null;
  const comparison = asked === null ? null : state.comparison;
  const found = comparison?.sides == null || !fits(comparison.sides, scene) ? null : comparison.found;
  const layer = useMemo(() => (found === null ? null : differenceLayer(found.difference, differenceColours(theme))), [found, theme]);
  const sides = comparison?.sides ?? null;
  const other = useMemo(() => (found === null || sides === null ? null : otherScene(scene, sides, found)), [found, sides, scene]);
  const otherLayer = useMemo(() => (other === null ? null : maskLayer(other, theme)), [other, theme]);
  const isBeside = mode === "beside" && other !== null && otherLayer !== null && sides !== null;
  return {
    with: asked,
    comparison,
    mode,
    setMode,
    layer: isBeside ? null : layer,
    beside: isBeside ? { scene: other, layer: otherLayer, first: sides.shown === "b", sides } : null,
    told: isBeside || layer === null || asked === null ? null : ` Compared: ${statusText(asked, comparison)}`,
    masks: found === null ? [] : [found.other],
  };
}

/** Whether what was compared has the scene's sizes: while these change, it has not. */
function fits({ size }: Sides, { problem }: Scene): boolean {
  return size.batch === problem.batch && size.heads === problem.qHeads && size.qLen === problem.qLen && size.kvLen === problem.kvLen;
}

/** The theme's colours of a difference. */
export function differenceColours(theme: Theme): DifferencePalette {
  const colour = ([r, g, b]: Rgba): readonly [number, number, number] => [r, g, b];
  return {
    onlyA: colour(theme.neg),
    onlyB: colour(theme.pos),
    both: colour(theme.zero),
    neither: colour(theme.ground),
    hatch: theme.hatch,
  };
}

/** The mask that is not shown, as a scene at the same sizes. */
export function otherScene(scene: Scene, sides: Sides, { difference, other }: Compared): Scene {
  const isFirst = sides.shown === "b";
  const { variant } = isFirst ? sides.a : sides.b;
  const allowed = (isFirst ? difference.onlyA : difference.onlyB).cells + difference.both.cells;
  return {
    ...scene,
    variant,
    blockMask: other,
    blocks: countBlocks(other),
    sparsity: { blocks: blockSparsity(other), elements: difference.total === 0 ? 0 : 1 - allowed / difference.total },
    key: variantKey(variant, sides.blockSize),
  };
}
