/** The Benchmark tab: run and cancel, the device and what it is worth, and the table of kernels with their standing. */
import type { JSX } from "preact";
import type { Act } from "../act.ts";
import type { Shape } from "../app.tsx";
import { Button } from "../controls.ts";
import { presentKeys } from "../derive.ts";
import { Icon } from "../icon.tsx";
import { percent } from "../number.ts";
import type { PanelState, Scene } from "../state.ts";
import { Strip } from "../strip.tsx";
import { Charts } from "./chartsView.tsx";
import { Choice, Tried } from "./choiceView.tsx";
import { Details } from "./detailsView.tsx";
import { Empty } from "./emptyView.tsx";
import { Past } from "./historyView.tsx";
import { lastImported } from "./measurements.ts";
import { MemoryStrip } from "./memoryStrip.tsx";
import { describeProblem, type Group, groupResults } from "./rows.ts";
import { Savings } from "./savingsView.tsx";
import { SweepForm } from "./sweepForm.tsx";
import { Sweeps } from "./sweepView.tsx";
import { Table } from "./table.tsx";
import { TableLinks } from "./tableLinks.tsx";

interface ViewProps {
  readonly state: PanelState;
  readonly scene: Scene;
  readonly act: Act;
  readonly shape: Shape;
}

export function BenchmarkView(props: ViewProps): JSX.Element {
  const { state, scene, act, shape } = props;
  const { run, device } = state;
  const { variant: elsewhere, waits } = state.elsewhere;
  const running = run.status === "running";
  const groups = groupResults([...state.results, ...lastImported(state.history)], presentKeys(state), scene.variant.name);
  const hasSweeps = state.sweeps.some((sweep) => sweep.variant === scene.variant.name);
  const missing = state.missing?.variant === scene.variant.name ? state.missing.list : [];
  const share = running ? run.fraction : 0;
  return (
    <>
      <div class="bar">
        <Button appearance="primary" testId="bench-run" disabled={running || waits || state.fault !== null} onPress={act.run}>
          {shape === "narrow" ? "Run" : `Run ${short(scene.variant.name)}`}
        </Button>
        <Button appearance="secondary" testId="bench-sweep" pressed={state.sweepOpen} onPress={() => act.toggle("sweepOpen")}>
          Sweep…
        </Button>
        <span
          class="grow small muted clip"
          role="status"
          aria-live={running && run.sweep !== undefined ? "off" : "polite"}
          data-testid="bench-progress"
        >
          {running
            ? run.sweep === undefined
              ? `${percent(run.fraction, 0)} · ${run.now}`
              : run.now
            : elsewhere === null
              ? describeProblem(scene.problem)
              : waits
                ? `waits for ${elsewhere}, which another panel measures`
                : `another panel measures ${elsewhere}; a run here starts after it`}
        </span>
        {running || waits ? (
          <Button appearance="secondary" testId="bench-cancel" onPress={act.cancel}>
            Cancel
          </Button>
        ) : null}
      </div>
      <div
        class={`progress ${running ? "on" : ""}`}
        role="progressbar"
        aria-label="Benchmark"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(100 * share)}
      >
        <i style={`width:${100 * share}%`} />
      </div>
      {state.runFault === null ? null : (
        <Strip
          level="error"
          message={state.runFault}
          actions={[
            { text: "Run again", onPress: act.run },
            { text: "Test WebGPU", onPress: act.testGpu },
          ]}
          testId="bench-error"
        />
      )}
      {groups.some((g) => g.current) ? null : (
        <MemoryStrip missing={missing} problem={scene.problem} hints={state.show?.problem ?? {}} act={act} />
      )}
      {device !== null || state.deviceFault === null || state.runFault !== null ? null : (
        <Strip
          level="warning"
          message={state.deviceFault}
          actions={[
            { text: "Find the cause", onPress: act.testGpu },
            { text: "Look again", onPress: act.probe },
          ]}
          testId="device-fault"
        />
      )}
      {device === null ? null : (
        <div class={`device ${device.info.software ? "software" : ""}`} data-testid="bench-device">
          <Icon name={device.info.software ? "warn" : "chip"} />
          <b class="clip">{device.info.software ? `${device.info.name} · software adapter` : device.info.name}</b>
          {shape === "narrow" ? null : <span class="muted clip grow">{whatItIsWorth(state)}</span>}
          <button type="button" class="link small" onClick={act.testGpu}>
            Test
          </button>
        </div>
      )}
      <Choice state={state} scene={scene} act={act} />
      {state.sweepOpen ? <SweepForm key={scene.variant.name} state={state} scene={scene} act={act} /> : null}
      {groups.length === 0 && missing.length === 0 && state.tuning === null && !hasSweeps ? (
        <Empty state={state} scene={scene} act={act} />
      ) : (
        <div class="scroll">
          <Tried state={state} scene={scene} />
          {groups.length + missing.length === 0 ? null : (
            <Table
              groups={groups}
              missing={missing}
              act={act}
              shape={shape}
              shown={scene.variant.name}
              running={running}
              sort={state.sorts.results}
            />
          )}
          {groups
            .filter((g) => g.current)
            .map((g) => (
              <Details key={g.id} group={g} />
            ))}
          <TableLinks groups={groups} act={act} />
          <Sweeps state={state} scene={scene} act={act} shape={shape} />
          <Charts state={state} scene={scene} act={act} />
          <Past state={state} scene={scene} act={act} />
          <Savings state={state} scene={scene} act={act} />
        </div>
      )}
      <Status groups={groups} />
    </>
  );
}

/** What times on the device say; and whose it is, where the files are another machine's. */
function whatItIsWorth({ device, surroundings }: PanelState): string {
  if (device?.info.software === true) return "compares kernels with each other; says nothing about a GPU";
  return surroundings === null || surroundings.remote === null
    ? ""
    : `this window's GPU, not the one of the remote (${surroundings.remote})`;
}

const short = (name: string): string => (name.length > 32 ? `${name.slice(0, 31)}…` : name);

function Status(props: { readonly groups: readonly Group[] }): JSX.Element {
  const current = props.groups.find((g) => g.current)?.rows ?? [];
  const samples = current.map((r) => r.result.samplesMs.length);
  const first = current[0]?.result;
  return (
    <div class="status">
      {first === undefined ? (
        <span>median and 95 % bootstrap interval</span>
      ) : (
        <>
          <span>
            <b>{Math.min(...samples) === Math.max(...samples) ? samples[0] : `${Math.min(...samples)}–${Math.max(...samples)}`}</b>{" "}
            {Math.max(...samples) === 1 ? "sample" : "samples"} each
          </span>
          <span>
            clock: <b>{first.clock === "timestamp-query" ? "timestamp-query" : "wall clock"}</b>
          </span>
          <span class="grow" />
          <span class="clip">measured {new Date(first.measuredAt).toLocaleTimeString()}</span>
        </>
      )}
    </div>
  );
}
