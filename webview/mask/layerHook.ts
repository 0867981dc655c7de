/** The layer that the Mask tab paints, with what its legend and cards say. Each is worked out only while it is shown. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { type ProbabilityRow, probabilitiesOf } from "../../kernels/flash/probability.ts";
import { probabilityLayer } from "../../kernels/flash/probabilityPicture.ts";
import type { Expr } from "../../kernels/ir/expr.ts";
import { type BiasForm, type BiasRange, biasForm, biasRange, changeOf } from "../../kernels/mask/bias.ts";
import { biasLayer } from "../../kernels/mask/biasPicture.ts";
import type { MaskSize } from "../../kernels/mask/blockMask.ts";
import type { Layer } from "../../kernels/mask/layer.ts";
import type { Why } from "../../kernels/mask/why.ts";
import { countReasons, type ReasonCounts } from "../../kernels/mask/whyCount.ts";
import { whyLayer } from "../../kernels/mask/whyPicture.ts";
import type { MaskLayer } from "../protocol.ts";
import type { PanelState, Scene, Viewport } from "../state.ts";
import type { Theme } from "../theme.ts";
import { biasPalette, probabilityPalette, whyPalette } from "./layerColours.ts";
import { createRowFeed, type RowFeed } from "./rowFeed.ts";
import { whyOfMask } from "./trace.ts";
import type { Size } from "./viewport.ts";

export interface WhyShown {
  readonly kind: "why";
  readonly why: Why;
  /** null: not counted yet. */
  readonly counts: ReasonCounts | null;
}

export interface BiasShown {
  readonly kind: "bias";
  readonly form: BiasForm;
  readonly range: BiasRange;
  /** What the score_mod adds, as an expression. */
  readonly change: Expr;
  /** Where the scale of colours ends, either way. */
  readonly limit: number;
}

export interface ProbabilityShown {
  readonly kind: "probability";
  readonly feed: RowFeed;
  /** The same picture without rows to come: for files, which can wait. */
  readonly finished: Layer;
}

/** What is shown in place of the block states; null: these. */
export type Shown = (WhyShown | BiasShown | ProbabilityShown) & { readonly layer: Layer };

/** The layer that was chosen, where this variant has it; else what it is about: of a lone score_mod the bias. */
export function layerOf({ layers }: Pick<PanelState, "layers">, { variant }: Pick<Scene, "variant">): MaskLayer {
  const { shown } = layers;
  const missing = { why: variant.maskMod === null, bias: variant.scoreMod === null, state: false, probability: false };
  if (shown !== null && !missing[shown]) return shown;
  return missing.why && !missing.bias ? "bias" : "state";
}

/** `at`: what the figure shows; `q`: the row under the cursor. */
export function useShown(
  state: PanelState,
  scene: Scene,
  theme: Theme,
  at: { readonly view: Viewport; readonly canvas: Size },
  q: number | null,
): Shown | null {
  const kind = layerOf(state, scene);
  const { batch, qHeads, qLen, kvLen } = scene.problem;
  const size = useMemo((): MaskSize => ({ batch, heads: qHeads, qLen, kvLen }), [batch, qHeads, qLen, kvLen]);
  const why = useWhy(kind === "why", state, scene, theme, size);
  const bias = useBias(kind === "bias", state, scene, theme, size);
  const probability = useProbability(kind === "probability", state, scene, theme, at, q);
  return why ?? bias ?? probability;
}

function useWhy(isOn: boolean, { batch, head }: PanelState, { variant }: Scene, theme: Theme, size: MaskSize): Shown | null {
  const { maskMod } = variant;
  const why = isOn && maskMod !== null ? whyOfMask(maskMod) : null;
  const layer = useMemo(() => (why === null ? null : whyLayer(why, size, whyPalette(theme))), [why, size, theme]);
  const [counted, setCounted] = useState<{ readonly of: readonly unknown[]; readonly counts: ReasonCounts } | null>(null);
  useEffect(() => {
    if (why === null) return;
    // After the picture.
    const timer = setTimeout(() => setCounted({ of: [why, size, batch, head], counts: countReasons(why, size, batch, head) }), 30);
    return () => clearTimeout(timer);
  }, [why, size, batch, head]);
  const isPresent = counted?.of.every((x, i) => x === [why, size, batch, head][i]) === true;
  return why === null || layer === null ? null : { kind: "why", why, counts: isPresent ? counted.counts : null, layer };
}

function useBias(isOn: boolean, state: PanelState, { variant }: Scene, theme: Theme, size: MaskSize): Shown | null {
  const { batch, head, layers } = state;
  const mod = isOn ? variant.scoreMod : null;
  const allowed = layers.overMask ? (variant.maskMod?.body ?? null) : null;
  const form = useMemo(() => (mod === null ? null : biasForm(mod)), [mod]);
  const score = form === "adds" ? 0 : layers.score;
  const change = useMemo(() => (mod === null ? null : changeOf(mod, score)), [mod, score]);
  const range = useMemo(
    () => (change === null ? null : biasRange(change, allowed, size, batch, head)),
    [change, allowed, size, batch, head],
  );
  const limit = range === null ? 0 : Math.max(Math.abs(range.min), Math.abs(range.max));
  const layer = useMemo(
    () => (change === null ? null : biasLayer(change, allowed, size, limit, biasPalette(theme))),
    [change, allowed, size, limit, theme],
  );
  return form === null || change === null || range === null || layer === null ? null : { kind: "bias", form, change, range, limit, layer };
}

function useProbability(
  isOn: boolean,
  { batch, head }: PanelState,
  { variant, problem, blockMask }: Scene,
  theme: Theme,
  { view, canvas }: { readonly view: Viewport; readonly canvas: Size },
  q: number | null,
): Shown | null {
  const [rows, setRows] = useState(0);
  const probabilities = useMemo(() => (isOn ? probabilitiesOf(variant, problem, blockMask) : null), [isOn, variant, problem, blockMask]);
  const feed = useMemo(
    () =>
      probabilities !== null
        ? createRowFeed({
            probabilities,
            plane: { b: batch, h: head },
            qLen: problem.qLen,
            kvLen: problem.kvLen,
            onRows: () => setRows((n) => n + 1),
            now: () => performance.now(),
            later: (then) => {
              const timer = setTimeout(then);
              return () => clearTimeout(timer);
            },
          })
        : null,
    [probabilities, batch, head],
  );
  const before = useRef<RowFeed | null>(null);
  useLayoutEffect(() => {
    if (before.current !== feed) before.current?.stop();
    before.current = feed;
    return () => feed?.stop();
  }, [feed]);
  useLayoutEffect(() => {
    const shown = { b: batch, h: head, q0: view.y, k0: view.x, scale: view.scaleX, scaleQ: view.scaleY };
    feed?.want({ view: shown, height: canvas.height, cursor: q });
  }, [feed, view.x, view.y, view.scaleX, view.scaleY, canvas.height, q]);
  const layer = useMemo(
    () => (feed === null ? null : probabilityLayer(feed.codes, problem.qLen, problem.kvLen, probabilityPalette(theme))),
    [feed, rows, theme],
  );
  const finished = useMemo(() => {
    if (feed === null || probabilities === null) return null;
    const compute = (q: number): ProbabilityRow => {
      const row = probabilities.start({ b: batch, h: head, q }).advance(Number.POSITIVE_INFINITY);
      if (row === null) throw new Error(`row ${q} has no end`);
      return row;
    };
    return probabilityLayer(feed.codes, problem.qLen, problem.kvLen, probabilityPalette(theme), compute);
  }, [feed, probabilities, theme]);
  return feed === null || layer === null || finished === null ? null : { kind: "probability", feed, finished, layer };
}
