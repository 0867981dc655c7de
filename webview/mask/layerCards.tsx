/** The side panel's cards of the layers: the range of the bias and how it is shown, one row of probabilities. */
import type { JSX } from "preact";
import { interpret } from "../../kernels/ir/interpret.ts";
import type { Act } from "../act.ts";
import { TextField } from "../controls.ts";
import { integer, percent, significant } from "../number.ts";
import type { Cell, PanelState, Scene } from "../state.ts";
import type { BiasShown, ProbabilityShown } from "./layerHook.ts";
import { biasText } from "./layerLegend.tsx";
import { formatValue } from "./trace.ts";

interface CardProps {
  readonly state: PanelState;
  readonly scene: Scene;
  readonly act: Act;
}

/** The slider's ends. */
const MOST_SCORE = 50;

export function BiasCard({
  state,
  scene,
  act,
  shown,
  cell,
}: CardProps & { readonly shown: BiasShown; readonly cell: Cell | null }): JSX.Element {
  const { range, form } = shown;
  const { score, overMask } = state.layers;
  const about = range.isExact ? "" : "≈ ";
  const choose = (next: number): void => act.layers({ score: next });
  return (
    <section aria-label="Bias" data-testid="bias-card">
      <h2>{form === "adds" ? "What the score_mod adds" : "What the score_mod changes"}</h2>
      <dl class="facts">
        {cell === null ? null : (
          <>
            <dt>this cell</dt>
            <dd data-testid="bias-cell">
              {formatValue(interpret(shown.change, { b: state.batch, h: state.head, q_idx: cell.q, kv_idx: cell.kv }), "f64")}
            </dd>
          </>
        )}
        <dt>smallest</dt>
        <dd data-testid="bias-min">{about + biasText(range.min)}</dd>
        <dt>largest</dt>
        <dd data-testid="bias-max">{about + biasText(range.max)}</dd>
        <dt>−∞</dt>
        <dd>{about + percent(range.masked)}</dd>
        {range.hasFaults ? (
          <>
            <dt>nan or +∞</dt>
            <dd class="bad">occurs</dd>
          </>
        ) : null}
      </dl>
      {form === "adds" ? null : (
        <>
          <p class="small muted">
            {form === "bends"
              ? "What is added depends on the score. Shown is the change of a score of:"
              : "The result does not read the score. Shown is the change of a score of:"}
          </p>
          <div class="scorefield">
            <input
              type="range"
              min={-MOST_SCORE}
              max={MOST_SCORE}
              step={0.5}
              value={Math.max(-MOST_SCORE, Math.min(MOST_SCORE, score))}
              aria-label="Score"
              onInput={(event) => choose(Number(event.currentTarget.value))}
              data-testid="score-slider"
            />
            <TextField
              label="Score"
              hideLabel
              value={String(score)}
              characters={6}
              onCommit={(text) => {
                const wanted = Number(text.replace("−", "-"));
                if (text.trim() !== "" && Number.isFinite(wanted)) choose(wanted);
              }}
              testId="score"
            />
          </div>
        </>
      )}
      {scene.variant.maskMod === null ? null : (
        <label class="check small">
          <input
            type="checkbox"
            checked={overMask}
            onChange={(event) => act.layers({ overMask: event.currentTarget.checked })}
            data-testid="over-mask"
          />
          masked cells hatched
        </label>
      )}
    </section>
  );
}

export function ProbabilityCard(props: { readonly scene: Scene; readonly shown: ProbabilityShown; readonly cell: Cell }): JSX.Element {
  const { scene, shown, cell } = props;
  const { q, kv } = cell;
  const p = shown.feed.probability(q, kv);
  const row = shown.feed.figures(q);
  return (
    <section aria-label="Probabilities" data-testid="probability-card" data-row={q}>
      <h2>{`Row ${integer(q)}, seeded q and k, D ${integer(scene.problem.qkHeadDim)}`}</h2>
      {row === null ? (
        <p class="small muted">computing…</p>
      ) : (
        <dl class="facts">
          <dt>this cell</dt>
          <dd data-testid="cell-probability">{p === null ? "computing…" : probabilityText(p)}</dd>
          <dt title="Natural logarithm of the sum of exp(score)">log-sum-exp</dt>
          <dd data-testid="row-lse">{numberText(row.lse)}</dd>
          <dt title="In nats; e to its power is how many equal keys would be as spread">entropy</dt>
          <dd data-testid="row-entropy">
            {Number.isNaN(row.entropy) ? "nan" : `${significant(row.entropy, 4)} · ${significant(Math.exp(row.entropy))} keys`}
          </dd>
          <dt>keys allowed</dt>
          <dd>{integer(row.allowed)}</dd>
          {row.top.map(({ kv, p }) => (
            <LikelyFact key={kv} kv={kv} p={p} />
          ))}
        </dl>
      )}
    </section>
  );
}

function LikelyFact({ kv, p }: { readonly kv: number; readonly p: number }): JSX.Element {
  return (
    <>
      <dt>{`kv ${integer(kv)}`}</dt>
      <dd>{probabilityText(p)}</dd>
    </>
  );
}

const probabilityText = (p: number): string => {
  if (Number.isNaN(p)) return "nan";
  return p === 0 || p >= 0.0005 ? percent(p, 2) : p.toExponential(2).replace("-", "−");
};

const numberText = (x: number): string => {
  if (Number.isNaN(x)) return "nan";
  return Number.isFinite(x) ? significant(x, 5) : x > 0 ? "∞" : "−∞";
};
