/** What the colours of a layer mean: the reasons with their counts, the scale of the bias, the scale of probabilities. */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { decadesOf, probabilityInks } from "../../kernels/flash/probabilityPicture.ts";
import { biasInks } from "../../kernels/mask/biasPicture.ts";
import { inkOf } from "../../kernels/mask/whyPicture.ts";
import type { Act } from "../act.ts";
import { integer, significant } from "../number.ts";
import type { PanelState, Scene } from "../state.ts";
import type { Theme } from "../theme.ts";
import { biasPalette, probabilityPalette, whyPalette } from "./layerColours.ts";
import type { BiasShown, ProbabilityShown, Shown, WhyShown } from "./layerHook.ts";
import { Swatch } from "./swatch.tsx";

interface LegendProps {
  readonly state: PanelState;
  readonly scene: Scene;
  readonly theme: Theme;
  readonly act: Act;
}

export function LayerLegend(props: LegendProps & { readonly shown: Shown }): JSX.Element {
  const { shown } = props;
  return (
    <div class="legend" data-testid={`legend-${shown.kind}`}>
      {shown.kind === "why" ? (
        <WhyLegend {...props} shown={shown} />
      ) : shown.kind === "bias" ? (
        <BiasLegend {...props} shown={shown} />
      ) : (
        <ProbabilityLegend {...props} shown={shown} />
      )}
    </div>
  );
}

const countText = (n: number, isExact: boolean): string => (isExact ? integer(n) : `≈ ${integer(Number(n.toPrecision(2)))}`);

function WhyLegend({ shown, state, scene, theme, act }: LegendProps & { readonly shown: WhyShown }): JSX.Element {
  const { why, counts } = shown;
  const palette = whyPalette(theme);
  const file = state.show?.sources[0]?.file;
  const count = (code: number): string => (counts === null ? "" : countText(counts.cells[code] ?? 0, counts.isExact));
  const allowedCount = allowedOf(scene);
  const inks = useMemo(() => why.reasons.map((_, i) => [inkOf(i, palette)]), [why, theme]);
  const allowed = useMemo(() => [{ ground: palette.allowed, ink: palette.allowed, pattern: "plain" }] as const, [theme]);
  return (
    <>
      <span>masked by</span>
      {why.reasons.map((reason, i) => {
        const { span } = reason;
        const text = (
          <>
            <Swatch inks={inks[i] ?? []} width={16} height={10} />
            <code>{reason.name}</code>
          </>
        );
        return (
          <span key={reason.name} data-testid={`reason-${i}`}>
            {span !== null && span.file === file ? (
              <button type="button" class="link plain" title="Show in the editor" onClick={() => act.reveal(span)}>
                {text}
              </button>
            ) : (
              text
            )}
            {` ${count(i + 1)}`}
          </span>
        );
      })}
      <span>
        <Swatch inks={allowed} width={16} height={10} />
        {`allowed ${counts?.isExact === false && allowedCount !== null ? integer(allowedCount) : count(0)}`}
      </span>
    </>
  );
}

/** The allowed cells where all planes are one, as they were counted for the sparsity; few cells are estimated badly. */
function allowedOf({ blockMask, sparsity }: Scene): number | null {
  const isOne = blockMask.batch * blockMask.heads === 1;
  return isOne && sparsity.elements !== null ? Math.round((1 - sparsity.elements) * blockMask.qLen * blockMask.kvLen) : null;
}

/** A number on a scale. */
export const biasText = (x: number): string => (Number.isInteger(x) ? integer(x) : significant(x, 4));

function BiasLegend({ shown, state, scene, theme }: LegendProps & { readonly shown: BiasShown }): JSX.Element {
  const { limit, form } = shown;
  const [scale, masked] = useMemo(() => {
    const inks = biasInks(biasPalette(theme));
    return [inks.slice(2, 255), inks.slice(0, 1)];
  }, [theme]);
  const hides = state.layers.overMask && scene.variant.maskMod !== null;
  return (
    <>
      <span class="scale">
        {limit === 0 ? "0" : biasText(-limit)}
        <Swatch inks={limit === 0 ? scale.slice(126, 127) : scale} width={120} height={10} />
        {limit === 0 ? "" : `+${biasText(limit)}`}
      </span>
      <span>
        <Swatch inks={masked} width={16} height={10} />
        {hides ? "−∞ or masked" : "−∞"}
      </span>
      <span>{form === "adds" ? "added to every score" : `change of a score of ${biasText(state.layers.score)}`}</span>
    </>
  );
}

function ProbabilityLegend({ shown, scene, theme }: LegendProps & { readonly shown: ProbabilityShown }): JSX.Element {
  const [scale, masked] = useMemo(() => {
    const inks = probabilityInks(probabilityPalette(theme));
    return [inks.scale, [inks.masked]];
  }, [theme]);
  const { done, wanted, isFull } = shown.feed.progress();
  return (
    <>
      <span class="scale">
        {`10⁻${superscript(decadesOf(scene.problem.kvLen))}`}
        <Swatch inks={scale} width={120} height={10} />1
      </span>
      <span>
        <Swatch inks={masked} width={16} height={10} />
        masked
      </span>
      {done < wanted ? (
        <span data-testid="rows-done">
          {isFull
            ? `${integer(done)} of ${integer(wanted)} rows, more are not kept: zoom in`
            : `${integer(done)} of ${integer(wanted)} rows computed`}
        </span>
      ) : null}
    </>
  );
}

const superscript = (n: number): string => [...String(n)].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)] ?? "").join("");

/** The layer in words. */
export function toldOf(shown: Shown): string {
  if (shown.kind === "why") {
    const { why, counts } = shown;
    const each = why.reasons.map(({ name }, i) =>
      counts === null ? name : `${name} ${countText(counts.cells[i + 1] ?? 0, counts.isExact)} cells`,
    );
    return ` Masked by: ${each.join(", ")}.`;
  }
  if (shown.kind === "bias") return ` The score_mod changes scores by ${biasText(shown.range.min)} to ${biasText(shown.range.max)}.`;
  return " Attention probabilities of seeded q and k.";
}
