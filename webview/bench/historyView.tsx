/**
 * The variant's past: a time line of its kernels' medians, and the list of its runs, of which two are compared. Runs of
 * one set of sizes at a time; the line is of one device, the list of all.
 */
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { age } from "../../kernels/runtime/resultText.ts";
import type { Act } from "../act.ts";
import { ChartView } from "../chart/chartView.tsx";
import { Dropdown } from "../controls.ts";
import { duration } from "../number.ts";
import type { PanelState, Scene } from "../state.ts";
import { devicesOf, withSweepsOf } from "./chartBasis.ts";
import { shownDevice } from "./chartsView.tsx";
import { ComparedRunsView } from "./compareView.tsx";
import { dated, fastestOf, historyChart, type PastRun, pairOf, pastRuns, RUN_COLUMNS, sortRuns, whereOf } from "./history.ts";
import { describeProblem, ENGINE_NAMES } from "./rows.ts";
import { SortHead, type Sorting } from "./sortHead.tsx";

interface PastProps {
  readonly state: Pick<PanelState, "history" | "sweeps" | "device" | "charted" | "sorts">;
  readonly scene: Scene;
  readonly act: Pick<Act, "saveFile" | "forgetRun" | "chart" | "sort">;
}

/** Rows of the list at first. */
const FEW = 8;

export function Past(props: PastProps): JSX.Element | null {
  const { state, scene, act } = props;
  const [all, setAll] = useState(false);
  const name = scene.variant.name;
  const runs = useMemo(() => pastRuns(withSweepsOf(state.history, state.sweeps, ["size"]), name), [state.history, state.sweeps, name]);
  const everySize = useMemo(() => [...new Set(runs.map((r) => r.sizes))], [runs]);
  const present = describeProblem(scene.problem);
  const sizes = [state.charted.sizes, present].find((s) => s !== null && everySize.includes(s)) ?? everySize.at(-1);
  const alike = useMemo(() => runs.filter((r) => r.sizes === sizes), [runs, sizes]);
  const devices = useMemo(() => devicesOf(alike.flatMap((r) => r.results)), [alike]);
  const device = shownDevice(devices, state.charted.device, state.device?.info.name ?? null);
  // Kept while a run tells how far it is: drawing it anew each time would be timed with the kernels.
  const chart = useMemo(() => (device === null ? null : historyChart(alike, device)), [alike, device]);
  if (sizes === undefined) return null;
  const pair = pairOf(alike, state.charted.runs);
  const sorting: Sorting = { table: "runs", sort: state.sorts.runs, act };
  const newest = sortRuns(alike.toReversed(), state.sorts.runs);
  const shown = all ? newest : newest.slice(0, FEW);
  const toggle = (id: string): void => {
    const now = pair.map((r) => r.id);
    act.chart({ runs: now.includes(id) ? now.filter((other) => other !== id) : [...now.slice(-1), id] });
  };
  return (
    <section aria-label="History" data-testid="history">
      <div class="bar wrap">
        <h2>{`History of ${name}`}</h2>
        {everySize.length > 1 ? (
          <Dropdown
            label="Sizes"
            value={sizes}
            options={everySize.map((s) => ({ value: s, text: s }))}
            onChoose={(chosen) => act.chart({ sizes: chosen, runs: null })}
            testId="history-sizes"
          />
        ) : (
          <span class="muted small">{sizes}</span>
        )}
      </div>
      <div class="charts">
        {chart === null ? null : <ChartView chart={chart} subject={name} act={act} />}
        <div class="part">
          <table class="figures past">
            <caption class="unseen">Runs at these sizes, the last first unless sorted; two of them are compared</caption>
            <thead>
              <tr>
                <th scope="col">compare</th>
                {RUN_COLUMNS.map((column) => (
                  <SortHead {...sorting} key={column} column={column}>
                    {column}
                  </SortHead>
                ))}
                <th scope="col">
                  <span class="unseen">delete</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.map((run) => (
                <RunRow
                  key={run.id}
                  run={run}
                  isPresent={run.key === scene.key}
                  isChosen={pair.includes(run)}
                  onChoose={() => toggle(run.id)}
                  onDelete={act.forgetRun}
                />
              ))}
            </tbody>
          </table>
          {newest.length > FEW ? (
            <button type="button" class="link small" onClick={() => setAll(!all)}>
              {all ? "Fewer" : `All ${newest.length} runs`}
            </button>
          ) : null}
        </div>
      </div>
      <Pair pair={pair} />
    </section>
  );
}

function Pair(props: { readonly pair: readonly PastRun[] }): JSX.Element {
  const [before, after] = props.pair;
  if (before === undefined || after === undefined) return <p class="part small muted">Choose two runs to compare them.</p>;
  return <ComparedRunsView before={before} after={after} />;
}

function RunRow(props: {
  readonly run: PastRun;
  readonly isPresent: boolean;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
  readonly onDelete: (run: string) => void;
}): JSX.Element {
  const { run, isPresent, isChosen } = props;
  const first = fastestOf(run);
  const own = run.results[0]?.run;
  const when = dated(run.at);
  return (
    <tr data-testid="past-run" data-run={run.id} data-text={run.text}>
      <td>
        <input type="checkbox" checked={isChosen} aria-label={`Compare the run of ${when}`} onChange={props.onChoose} />
      </td>
      <td class={isPresent ? "" : "muted"}>{isPresent ? `${run.text}, present` : run.text}</td>
      <td title={when}>{age(Date.now() - run.at)}</td>
      <td>{first === null ? "all wrong" : `${ENGINE_NAMES[first.engine]} ${duration(first.medianMs)}`}</td>
      <td class="muted device-name" title={whereOf(run)}>
        {whereOf(run)}
      </td>
      <td>
        {own === undefined ? null : (
          <button
            type="button"
            class="link"
            aria-label={`Delete the run of ${when}`}
            title="Delete this run"
            onClick={() => props.onDelete(own)}
          >
            Delete
          </button>
        )}
      </td>
    </tr>
  );
}
