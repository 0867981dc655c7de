/**
 * The Structure section below the mask: blocks a row, waste by block size, the work of the ranks, and a better order of
 * tokens. Made when it is opened; a closed one costs nothing.
 */
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { queryBlocks, rowIndex } from "../../kernels/mask/blockMask.ts";
import { orderSentence, type StructureReport, sampleNote } from "../../kernels/mask/report.ts";
import { RANKS } from "../../kernels/mask/sharding.ts";
import { COST_MODEL } from "../../kernels/mask/sizeAdvice.ts";
import type { Act } from "../act.ts";
import { TextField } from "../controls.ts";
import { integer, parseSize, percent, significant } from "../number.ts";
import type { PanelState, Scene } from "../state.ts";
import { RowChart, rowBars, WasteChart } from "./reportChart.tsx";
import { useReport } from "./reportRun.ts";

interface ReportProps {
  readonly state: PanelState;
  readonly scene: Scene;
  readonly act: Act;
  readonly open: boolean;
  readonly onOpen: (open: boolean) => void;
}

const FIRST_RANKS = 8;

export function Report(props: ReportProps): JSX.Element {
  const { state, scene, act, open, onOpen } = props;
  const [ranks, setRanks] = useState(FIRST_RANKS);
  const [asTable, setAsTable] = useState(false);
  const { variant, blockMask } = scene;
  const work = { body: variant.maskMod?.body ?? null, mask: blockMask, name: variant.maskMod?.name ?? variant.name, ranks };
  const { report, step, fault } = useReport(work, open);
  return (
    <section class="report" aria-label="Structure">
      <div class="reporthead">
        <button type="button" class="link" aria-expanded={open} onClick={() => onOpen(!open)} data-testid="report-toggle">
          {open ? "Hide structure" : "Structure: load, waste, ranks, order"}
        </button>
        {open && report !== null ? (
          <button type="button" class="link small" aria-pressed={asTable} onClick={() => setAsTable(!asTable)} data-testid="report-table">
            {asTable ? "as charts" : "as tables"}
          </button>
        ) : null}
        <span class="grow" />
        {open ? (
          <span class="small muted" role="status" data-testid="report-status">
            {fault !== null
              ? `The report broke off: ${fault}`
              : step !== null
                ? `${step.stage}… ${percent(step.fraction, 0)}`
                : report === null
                  ? "starting…"
                  : sampleNote(report.tally)}
          </span>
        ) : null}
      </div>
      {open && report !== null ? (
        <div class={`reportgrid ${step === null ? "" : "waiting"}`} data-testid="report" data-complete={step === null}>
          <Rows report={report} state={state} scene={scene} asTable={asTable} />
          <Sizes report={report} state={state} act={act} asTable={asTable} />
          <Ranks report={report} ranks={ranks} onRanks={setRanks} />
          <Order report={report} act={act} />
        </div>
      ) : null}
    </section>
  );
}

function Part(props: { readonly title: ComponentChildren; readonly children: ComponentChildren; readonly testId: string }): JSX.Element {
  return (
    <div class="part" data-testid={props.testId}>
      <h2>{props.title}</h2>
      {props.children}
    </div>
  );
}

function Rows(props: {
  readonly report: StructureReport;
  readonly state: PanelState;
  readonly scene: Scene;
  readonly asTable: boolean;
}): JSX.Element {
  const { report, state, scene, asTable } = props;
  const { rows } = report;
  const from = rowIndex(scene.blockMask, state.batch, state.head, 0);
  const bars = rowBars(rows.full, rows.partial, from, Math.min(rows.full.length, from + queryBlocks(scene.blockMask)));
  const finding = `${integer(rows.min)} to ${integer(rows.max)} blocks a row, median ${blockText(rows.median)}; the fullest takes ${significant(rows.imbalance)} times the mean${
    rows.empty === 0 ? "" : `; ${integer(rows.empty)} rows have none`
  }`;
  return (
    <Part title="Blocks per row" testId="report-rows">
      {asTable ? (
        <table class="figures">
          <thead>
            <tr>
              <th scope="col">blocks</th>
              <th scope="col">rows</th>
            </tr>
          </thead>
          <tbody>
            {rows.histogram.map((bar) => (
              <tr key={bar.from}>
                <th scope="row">{bar.from === bar.to ? integer(bar.from) : `${integer(bar.from)} … ${integer(bar.to)}`}</th>
                <td>{integer(bar.rows)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <RowChart bars={bars} mean={rows.mean} label={finding} />
      )}
      <p class="small muted">{`${finding}.`}</p>
    </Part>
  );
}

function Sizes(props: {
  readonly report: StructureReport;
  readonly state: PanelState;
  readonly act: Act;
  readonly asTable: boolean;
}): JSX.Element {
  const { report, state, act, asTable } = props;
  const { sizes } = report.tally;
  const { advice } = report;
  const [q, kv] = report.blockSize;
  const now = q === kv ? q : null;
  const label = `Computed, then masked: ${sizes.map((s) => `${percent(s.waste, 0)} in blocks of ${s.size}`).join(", ")}`;
  return (
    <Part title="Computed, then masked, by block size" testId="report-sizes">
      {asTable ? (
        <table class="figures">
          <thead>
            <tr>
              <th scope="col">size</th>
              <th scope="col">full</th>
              <th scope="col">partial</th>
              <th scope="col">masked</th>
            </tr>
          </thead>
          <tbody>
            {sizes.map((s) => (
              <tr key={s.size}>
                <th scope="row">{s.size}</th>
                <td>{integer(s.full)}</td>
                <td>{integer(s.partial)}</td>
                <td>{percent(s.waste)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <WasteChart sizes={sizes} now={now} label={label} />
      )}
      {advice === null ? null : (
        <p class="small" title={COST_MODEL}>
          {advice.reason}
          {advice.best === advice.now ? null : (
            <>
              {" "}
              <button
                type="button"
                class="link"
                data-testid="report-try"
                onClick={() => act.setProblem({ ...state.show?.problem, blockSize: [advice.best.size, advice.best.size] })}
              >
                {`Try ${advice.best.size}`}
              </button>
            </>
          )}
        </p>
      )}
    </Part>
  );
}

function Ranks(props: {
  readonly report: StructureReport;
  readonly ranks: number;
  readonly onRanks: (ranks: number) => void;
}): JSX.Element {
  const { report, ranks, onRanks } = props;
  const [refused, setRefused] = useState(false);
  const choose = (text: string): void => {
    const n = parseSize(text);
    const isRight = n !== null && n >= RANKS.least && n <= RANKS.most;
    setRefused(!isRight);
    if (isRight) onRanks(n);
  };
  return (
    <Part
      testId="report-ranks"
      title={
        <span class="ranks">
          Over
          <TextField
            label="Ranks"
            hideLabel
            value={String(ranks)}
            characters={2}
            error={refused ? `${RANKS.least} to ${RANKS.most} ranks` : null}
            tip={`Ranks that share the queries, ${RANKS.least} to ${RANKS.most}; each sees all keys`}
            testId="ranks"
            onCommit={choose}
          />
          ranks, slowest above mean
        </span>
      }
    >
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">
              <span class="unseen">tokens dealt</span>
            </th>
            <th scope="col">blocks</th>
            <th scope="col">elements</th>
            <th scope="col" title="Blocks of all ranks over those of the undivided mask">
              in all
            </th>
          </tr>
        </thead>
        <tbody>
          {report.shards.splits.map((s) => (
            <tr key={s.split} title={HOW[s.split]}>
              <th scope="row">{s.split}</th>
              {s.ranks === null ? (
                <td colSpan={3}>takes too long to build</td>
              ) : (
                <>
                  <td>{above(s.imbalance)}</td>
                  <td>{s.elementImbalance === null ? "–" : above(s.elementImbalance)}</td>
                  <td>{`×${significant(s.overhead)}`}</td>
                </>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </Part>
  );
}

const HOW = {
  contiguous: "Rank i holds the i-th stretch of the queries",
  striped: "Token t goes to rank t mod N",
  "zig-zag": "Of 2N stretches rank i holds i and 2N − 1 − i",
} as const;

const above = (imbalance: number): string => `+${percent(Math.max(0, imbalance - 1), 0)}`;

function Order(props: { readonly report: StructureReport; readonly act: Act }): JSX.Element {
  const { reorder } = props.report;
  const { python } = reorder;
  return (
    <Part title="Order of tokens" testId="report-order">
      <p class="small">{withCode(orderSentence(reorder))}</p>
      {python === null ? null : (
        <button type="button" class="link small" data-testid="report-order-copy" onClick={() => props.act.copy(python)}>
          Copy it as Python
        </button>
      )}
      {reorder.tried.length === 0 ? null : (
        <table class="figures">
          <caption class="unseen">Blocks visited in each order that was tried</caption>
          <tbody>
            {reorder.tried.map((t) => (
              <tr key={t.name}>
                <th scope="row">{t.name}</th>
                <td>{t.blocks === null ? "too long to build" : `${integer(t.blocks)} blocks`}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Part>
  );
}

/** A median may lie between two whole numbers. */
const blockText = (n: number): string => (Number.isInteger(n) ? integer(n) : `${integer(Math.floor(n))}.5`);

/** What stands between backticks as code. */
const withCode = (text: string): ComponentChildren =>
  text.split("`").map((part, i) => (i % 2 === 1 ? <code key={part}>{part}</code> : part));
