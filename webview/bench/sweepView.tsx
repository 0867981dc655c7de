/** The sweeps of the variant shown, the newest first: how each stands and the way on, and its table. */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { axisName, driftText, sweepCsv, sweepMarkdown, sweepRows } from "../../kernels/runtime/resultText.ts";
import { nextStep, type Sweep, tally } from "../../kernels/runtime/sweep.ts";
import type { Act } from "../act.ts";
import type { Shape } from "../app.tsx";
import { integer } from "../number.ts";
import type { PanelState, Scene } from "../state.ts";
import { Strip } from "../strip.tsx";
import { dated } from "./history.ts";
import { SweepTable } from "./sweepTable.tsx";
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
  const sort = state.sorts.sweep;
  const isRunning = run.status === "running" && run.sweep === sweep.id;
  const isBusy = run.status === "running" || state.elsewhere.variant !== null || state.fault !== null;
  const isOwn = sweep.importedFrom === undefined;
  const isStale = useMemo(() => isOwn && show !== null && keyOfBase(show, sweep) !== sweep.key, [show, sweep.id]);
  const rows = useMemo(() => sweepRows(sweep, history), [sweep, history]);
  // Kept while a run tells how far it is: drawing it anew each time would be timed with the kernels.
  const table = useMemo(() => <SweepTable {...{ sweep, rows, shape, isStale, sort, act }} />, [sweep, rows, shape, isStale, sort, act]);
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
              onPress={() => act.startSweep({ axes: sweep.axes, kernels: sweep.kernels, settings: sweep.settings })}
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
