/**
 * The sweeps of the variant shown, the newest first: how each stands and the way on, and a table in the final order of its
 * points, in which what is not measured yet has its place already.
 */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { isNoisy } from "../../kernels/flash/noise.ts";
import type { BenchResult } from "../../kernels/runtime/result.ts";
import {
  axisName,
  driftText,
  extraBytesOf,
  isWrong,
  peakShareOf,
  type RateUnit,
  ratesOf,
  rateUnit,
  type SweepRow,
  speedUpOf,
  sweepCsv,
  sweepMarkdown,
  sweepRows,
} from "../../kernels/runtime/resultText.ts";
import { nextStep, type Sweep, tally } from "../../kernels/runtime/sweep.ts";
import type { Act } from "../act.ts";
import type { Shape } from "../app.tsx";
import { bytes, exponent, integer, milliseconds, percent, significant, times } from "../number.ts";
import type { PanelState, Scene } from "../state.ts";
import { Strip, withCode } from "../strip.tsx";
import { dated } from "./history.ts";
import { ENGINE_NAMES, intervalText } from "./rows.ts";
import { heardText, standText } from "./sweepWords.ts";
import { keyOfBase } from "./sweepWork.ts";

interface SweepsProps {
  readonly state: PanelState;
  readonly scene: Scene;
  readonly act: Act;
  readonly shape: Shape;
}

export function Sweeps({ state, scene, act, shape }: SweepsProps): JSX.Element {
  const own = state.sweeps.filter((sweep) => sweep.variant === scene.variant.name).toReversed();
  const [newest, ...older] = own;
  // Closed, they are not drawn: there may be many, and each has a table.
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      {newest === undefined ? null : <OneSweep key={newest.id} sweep={newest} state={state} act={act} shape={shape} />}
      {older.length === 0 ? null : (
        <details class="measured small" data-testid="sweeps-older" open={isOpen} onToggle={(event) => setIsOpen(event.currentTarget.open)}>
          <summary>{older.length === 1 ? "1 earlier sweep" : `${older.length} earlier sweeps`}</summary>
          {isOpen ? older.map((sweep) => <OneSweep key={sweep.id} sweep={sweep} state={state} act={act} shape={shape} />) : null}
        </details>
      )}
    </>
  );
}

interface OneProps {
  readonly sweep: Sweep;
  readonly state: PanelState;
  readonly act: Act;
  readonly shape: Shape;
}

function OneSweep({ sweep, state, act, shape }: OneProps): JSX.Element {
  const { run, show, history } = state;
  const isRunning = run.status === "running" && run.sweep === sweep.id;
  const isBusy = run.status === "running" || state.elsewhere.variant !== null || state.fault !== null;
  const isOwn = sweep.importedFrom === undefined;
  const isStale = useMemo(() => isOwn && show !== null && keyOfBase(show, sweep) !== sweep.key, [show, sweep.id]);
  const rows = useMemo(() => sweepRows(sweep, history), [sweep, history]);
  // Kept while a run tells how far it is: drawing it anew each time would be timed with the kernels.
  const table = useMemo(() => <SweepTable sweep={sweep} rows={rows} shape={shape} isStale={isStale} />, [sweep, rows, shape, isStale]);
  const section = useRef<HTMLElement>(null);
  useEffect(() => {
    // It stands below the table, and whoever started it wants to see it.
    if (isRunning && section.current !== null) bringUp(section.current);
  }, [isRunning]);
  const fault = state.sweepFault?.id === sweep.id ? state.sweepFault.message : null;
  const { left } = tally(sweep);
  const canResume = isOwn && !isStale && nextStep(sweep).kind !== "finished";
  const title = `Sweep over ${sweep.axes.map(axisName).join(" and ")}`;
  const drift = driftText(sweep);
  return (
    <section ref={section} class="sweep small" aria-label={title} data-testid="sweep" data-left={left}>
      <div class="sweep-head">
        <b>{title}</b>
        <span class="muted" data-testid="sweep-stand">
          {[standText(sweep), dated(sweep.startedAt), ...origin(sweep)].join(" · ")}
        </span>
        {isStale ? <span class="warn">text changed since</span> : null}
        <span class="links">
          {canResume && !isRunning ? (
            <Link text="Resume" testId="sweep-resume" disabled={isBusy} onPress={() => act.resumeSweep(sweep)} />
          ) : null}
          {isRunning ? null : (
            <Link
              text="Start again"
              testId="sweep-again"
              disabled={isBusy}
              onPress={() => act.startSweep({ axes: sweep.axes, kernels: sweep.kernels })}
            />
          )}
          <Link text="Copy as CSV" testId="sweep-csv" onPress={() => act.copy(sweepCsv(sweep, history))} />
          <Link text="Copy as Markdown" testId="sweep-markdown" onPress={() => act.copy(sweepMarkdown(sweep, history))} />
          {isRunning ? null : <Forget count={rows.filter((r) => r.kind === "time").length} onForget={() => act.forgetSweep(sweep)} />}
        </span>
      </div>
      {fault === null ? null : (
        <Strip
          level="error"
          message={fault}
          actions={canResume ? [{ text: "Resume", onPress: () => act.resumeSweep(sweep) }] : []}
          testId="sweep-fault"
        />
      )}
      <span class="unseen" role="status">
        {isRunning ? heardText(sweep) : ""}
      </span>
      {table}
      {drift === null ? null : (
        <p class="muted" data-testid="sweep-drift">
          {drift}
        </p>
      )}
    </section>
  );
}

/** Scrolls the part of the page that scrolls, and nothing around it. */
function bringUp(element: Element): void {
  const box = element.closest(".scroll");
  if (box !== null) box.scrollTop += element.getBoundingClientRect().top - box.getBoundingClientRect().top;
}

/** What took an hour to measure does not go with one click. */
function Forget({ count, onForget }: { readonly count: number; readonly onForget: () => void }): JSX.Element {
  const [isAsked, setIsAsked] = useState(false);
  return isAsked ? (
    <>
      <Link
        text={count === 1 ? "Forget 1 measurement" : `Forget ${integer(count)} measurements`}
        testId="sweep-forget-all"
        onPress={onForget}
      />
      <Link text="Keep" testId="sweep-keep" onPress={() => setIsAsked(false)} />
    </>
  ) : (
    <Link text="Forget…" testId="sweep-forget" onPress={() => (count === 0 ? onForget() : setIsAsked(true))} />
  );
}

const origin = (sweep: Sweep): string[] => [
  ...(sweep.importedFrom === undefined ? [] : [`imported from ${sweep.importedFrom}`]),
  ...(sweep.device === null ? [] : [sweep.device]),
];

function Link(props: {
  readonly text: string;
  readonly testId: string;
  readonly disabled?: boolean;
  readonly onPress: () => void;
}): JSX.Element {
  return (
    <button type="button" class="link small" data-testid={props.testId} disabled={props.disabled === true} onClick={props.onPress}>
      {props.text}
    </button>
  );
}

interface TableProps {
  readonly sweep: Sweep;
  readonly rows: readonly SweepRow[];
  readonly shape: Shape;
  readonly isStale: boolean;
}

interface Column {
  readonly name: string;
  readonly title?: string;
  readonly shapes: readonly Shape[];
  readonly text: (r: BenchResult) => string;
}

const EVERY: readonly Shape[] = ["narrow", "mid", "wide"];
const FROM_MID: readonly Shape[] = ["mid", "wide"];
const WIDE: readonly Shape[] = ["wide"];
const dash = <T,>(x: T | null, text: (x: T) => string): string => (x === null ? "–" : text(x));

function columnsOf(unit: RateUnit): readonly Column[] {
  const rate = (x: number): string => significant(x / unit.flops);
  return [
    { name: "ms", shapes: EVERY, text: (r) => milliseconds(r.medianMs) },
    { name: "± 95 %", shapes: FROM_MID, text: (r) => (isWrong(r) ? "" : intervalText(r)) },
    { name: "speed-up", shapes: EVERY, text: (r) => (r.engine === "materialized" ? "baseline" : dash(speedUpOf(r), times)) },
    {
      name: `eff. ${unit.name}`,
      title: "FLOPs of allowed elements alone, per second",
      shapes: FROM_MID,
      text: (r) => dash(ratesOf(r), (x) => rate(x.effective)),
    },
    {
      name: "dense",
      title: "FLOPs as if nothing were masked, per second",
      shapes: WIDE,
      text: (r) => dash(ratesOf(r), (x) => rate(x.dense)),
    },
    {
      name: "of peak",
      title: "Effective, as a share of a matrix product's on this device",
      shapes: WIDE,
      text: (r) => dash(peakShareOf(r), (x) => percent(x)),
    },
    { name: "extra memory", title: "Allocated beyond q, k, v and out", shapes: WIDE, text: (r) => dash(extraBytesOf(r), bytes) },
    { name: "blocks skipped", shapes: WIDE, text: (r) => percent(r.sparsity.blocks) },
    { name: "max error", shapes: EVERY, text: errorText },
  ];
}

function errorText(r: BenchResult): string {
  if (r.check === null) return "not checked";
  if (isWrong(r)) return `✕ wrong: ${exponent(r.check.maxAbs)}`;
  return isNoisy(r) ? `~ noisy ${exponent(r.check.maxAbs)}` : `✓ ${exponent(r.check.maxAbs)}`;
}

function SweepTable({ sweep, rows, shape, isStale }: TableProps): JSX.Element {
  const results = rows.flatMap(({ result }) => (result === null ? [] : [result]));
  const columns = columnsOf(rateUnit(results)).filter(({ shapes }) => shapes.includes(shape));
  return (
    <div class="sweep-table">
      <table class="bench">
        <caption class="unseen">{`${sweep.axes.map(axisName).join(" and ")} against the times of the kernels`}</caption>
        <thead>
          <tr>
            {sweep.axes.map((axis) => (
              <th scope="col" key={axis.name} class="number">
                <code>{axisName(axis)}</code>
              </th>
            ))}
            <th scope="col" style="text-align:left">
              kernel
            </th>
            {columns.map(({ name, title }) => (
              <th scope="col" key={name} title={title}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr
              key={`${row.at.join(" ")} ${row.kernel ?? ""}`}
              class={row.result === null ? "" : isWrong(row.result) ? "wrong" : isStale ? "stale" : isNoisy(row.result) ? "noisy" : ""}
              data-testid={`sweep-${row.kind}`}
            >
              {row.at.map((value, i) => (
                <th scope="row" key={sweep.axes[i]?.name} class="number">
                  {integer(value)}
                </th>
              ))}
              <td style="text-align:left">{row.kernel === null ? "" : ENGINE_NAMES[row.kernel]}</td>
              {row.result === null ? (
                <td class="why" colSpan={columns.length}>
                  {withCode(row.reason ?? "")}
                </td>
              ) : (
                <Cells result={row.result} columns={columns} />
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cells({ result, columns }: { readonly result: BenchResult; readonly columns: readonly Column[] }): JSX.Element {
  return (
    <>
      {columns.map(({ name, text }, i) => (
        <td key={name} class={i === 0 ? "time" : ""}>
          {i === 0 && isWrong(result) ? <s>{text(result)}</s> : text(result)}
        </td>
      ))}
    </>
  );
}
