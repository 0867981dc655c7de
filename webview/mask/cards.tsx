/** The side panel's cards: what one cell is and why, how sparse the mask is, its row, and what it costs. */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { blockState } from "../../kernels/mask/blockMask.ts";
import { maskCost } from "../../kernels/mask/cost.ts";
import { blocksOfRow, nextCell, rowRuns } from "../../kernels/mask/rowRuns.ts";
import { torchSparsityText } from "../../kernels/mask/torchText.ts";
import type { Act } from "../act.ts";
import { Button } from "../controls.ts";
import { Icon } from "../icon.tsx";
import { bytes, duration, integer, percent } from "../number.ts";
import type { Cell, PanelState, Scene } from "../state.ts";
import { formatValue, type Trace, traceText } from "./trace.ts";

interface CardProps {
  readonly scene: Scene;
  readonly state: PanelState;
}

export function CellCard(
  props: CardProps & { readonly cell: Cell; readonly trace: Trace; readonly act: Act; readonly pinned: boolean },
): JSX.Element {
  const { scene, state, cell, trace, act, pinned } = props;
  const [blockQ, blockKv] = scene.problem.blockSize;
  const row = Math.floor(cell.q / blockQ);
  const column = Math.floor(cell.kv / blockKv);
  const mod = scene.variant.maskMod ?? scene.variant.scoreMod;
  const next = (): void => {
    const found = nextCell(
      { body: scene.variant.maskMod?.body ?? null, mask: scene.blockMask, b: state.batch, h: state.head },
      cell,
      !trace.allowed,
    );
    if (found !== null) act.pin(found);
  };
  return (
    <section aria-label="Cell" data-testid="cell-card" data-allowed={trace.allowed}>
      <div class="cellhead">
        <span class="tiny muted grow clip">{`b ${state.batch} · h ${state.head} · q ${integer(cell.q)} · kv ${integer(cell.kv)}`}</span>
        <Button
          appearance="icon"
          label="Copy the trace (C)"
          onPress={() =>
            act.copy(traceText(scene.variant, { b: state.batch, h: state.head, q_idx: cell.q, kv_idx: cell.kv }, state.layers.score))
          }
          testId="copy-trace"
        >
          <Icon name="copy" />
        </Button>
        {pinned ? (
          <Button appearance="icon" label="Unpin (Esc)" pressed onPress={() => act.pin(null)} testId="unpin">
            <Icon name="pin" />
          </Button>
        ) : null}
      </div>
      <div class="verdict">
        {trace.maskedBy === null ? (
          "Allowed"
        ) : (
          <>
            Masked by{" "}
            {trace.place !== null && trace.place.file === state.show?.sources[0]?.file ? (
              <button
                type="button"
                class="link"
                title="Show in the editor"
                onClick={() => trace.place !== null && act.reveal(trace.place)}
                data-testid="masked-by"
              >
                <code>{trace.maskedBy}</code>
              </button>
            ) : (
              <code data-testid="masked-by">{trace.maskedBy}</code>
            )}
          </>
        )}
      </div>
      <div class="tiny muted">{`block (${integer(row)}, ${integer(column)}) · ${blockState(scene.blockMask, state.batch, state.head, row, column)}`}</div>
      <TraceTable trace={trace} score={state.layers.score} />
      <div class="links">
        {scene.variant.maskMod === null ? null : (
          <button type="button" class="link" onClick={next}>
            {trace.allowed ? "Next masked →" : "Next allowed →"}
          </button>
        )}
        {mod === null || mod.span.file !== state.show?.sources[0]?.file ? null : (
          <button type="button" class="link" onClick={() => act.reveal(mod.span)}>
            Show in editor
          </button>
        )}
      </div>
    </section>
  );
}

function TraceTable(props: { readonly trace: Trace; readonly score: number }): JSX.Element | null {
  const { mask, score } = props.trace;
  if (mask.length + score.length === 0) return null;
  return (
    <table class="trace">
      <caption class="unseen">Values of each step</caption>
      {[mask, score].map((rows, part) =>
        rows.length === 0 ? null : (
          <tbody key={part === 0 ? "mask" : "score"}>
            {part === 1 ? (
              <tr>
                <th scope="rowgroup" class="caption" colSpan={3}>
                  {`score_mod, at a score of ${formatValue(props.score, "f32")}`}
                </th>
              </tr>
            ) : null}
            {rows.map((r, i) => (
              <tr key={`${i} ${r.name}`} class={r.kills ? "kill" : ""}>
                <th scope="row" title={r.name}>
                  {r.name}
                </th>
                <td>{r.detail}</td>
                <td>{r.value}</td>
              </tr>
            ))}
          </tbody>
        ),
      )}
    </table>
  );
}

export function SparsityCard(props: { readonly scene: Scene }): JSX.Element {
  const { blocks, sparsity, problem, blockMask } = props.scene;
  const computed = (blocks.full + blocks.partial) * problem.blockSize[0] * problem.blockSize[1];
  const { elements } = sparsity;
  const torch = torchSparsityText(blockMask);
  const cells = blockMask.batch * blockMask.heads * problem.qLen * problem.kvLen;
  const wasted = elements === null || computed === 0 ? null : Math.max(0, 1 - ((1 - elements) * cells) / computed);
  return (
    <section aria-label="Sparsity">
      <h2>Sparsity</h2>
      <div class="stack" role="img" aria-label={`${blocks.full} full, ${blocks.partial} partial, ${blocks.empty} empty blocks`}>
        <i style={`flex:${blocks.full};background:var(--fx-full)`} />
        <i style={`flex:${blocks.partial};background:var(--fx-partial)`} />
        <i style={`flex:${blocks.empty};background:var(--fx-empty)`} />
      </div>
      <dl class="facts">
        <dt>blocks skipped</dt>
        <dd data-testid="sparsity-blocks">{percent(sparsity.blocks)}</dd>
        <dt>elements masked</dt>
        <dd data-testid="sparsity-elements">{elements === null ? "…" : percent(elements)}</dd>
        {torch === null ? null : (
          <>
            <dt title="It counts blocks that reach over the end whole, and so can go below 0">PyTorch's sparsity()</dt>
            <dd data-testid="sparsity-torch">{torch}</dd>
          </>
        )}
        <dt>computed, then masked</dt>
        <dd>{wasted === null ? (computed === 0 ? "–" : "…") : percent(wasted)}</dd>
      </dl>
    </section>
  );
}

const SHOWN_RUNS = 4;

export function RowCard(props: CardProps & { readonly q: number }): JSX.Element {
  const { scene, state, q } = props;
  const { blockSize } = scene.problem;
  const mask = scene.blockMask;
  const body = scene.variant.maskMod?.body ?? null;
  const runs = useMemo(() => rowRuns({ body, mask, b: state.batch, h: state.head, q }), [body, mask, state.batch, state.head, q]);
  const [full, partial] = blocksOfRow(scene.blockMask, state.batch, state.head, Math.floor(q / blockSize[0]));
  const rest = runs.slice(SHOWN_RUNS);
  return (
    <section aria-label="Row">
      <h2>{`Row ${integer(q)}`}</h2>
      <dl class="facts">
        {runs.length === 0 ? (
          <>
            <dt>no key allowed</dt>
            <dd>output 0</dd>
          </>
        ) : null}
        {runs.slice(0, SHOWN_RUNS).map(([first, end]) => (
          <RunFact key={first} first={first} end={end} />
        ))}
        {rest.length === 0 ? null : (
          <>
            <dt>{`${integer(rest.length)} more runs`}</dt>
            <dd>{keysText(rest.reduce((n, [first, end]) => n + end - first, 0))}</dd>
          </>
        )}
        <dt>its blocks</dt>
        <dd>{`${integer(full)} full, ${integer(partial)} partial`}</dd>
      </dl>
    </section>
  );
}

const keysText = (n: number): string => (n === 1 ? "1 key" : `${integer(n)} keys`);

function RunFact(props: { readonly first: number; readonly end: number }): JSX.Element {
  const { first, end } = props;
  return (
    <>
      <dt>{end - first === 1 ? integer(first) : `${integer(first)} … ${integer(end - 1)}`}</dt>
      <dd>{keysText(end - first)}</dd>
    </>
  );
}

export function CostCard(props: { readonly scene: Scene }): JSX.Element {
  const { blockMask, problem, builtMs } = props.scene;
  const stored = maskCost(blockMask);
  const { dense } = maskCost(blockMask, problem.batch, problem.qHeads);
  return (
    <section aria-label="Cost">
      <h2>Cost</h2>
      <dl class="facts">
        <dt>built in</dt>
        <dd>{duration(builtMs)}</dd>
        <dt title="The runs of full and partial blocks of each row of blocks, as Flexlens keeps the mask">here, as runs</dt>
        <dd>{bytes(stored.runs)}</dd>
        <dt title="Eight lists of int32, for the batches and heads that differ; a batch or head given to create_block_mask repeats them">
          PyTorch's lists
        </dt>
        <dd data-testid="cost-lists">{bytes(stored.torchLists)}</dd>
        <dt title="One byte an element, for every batch and head">dense mask</dt>
        <dd>{bytes(dense)}</dd>
      </dl>
    </section>
  );
}
