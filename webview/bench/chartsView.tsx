/** Below the table: the charts of the variant shown, along one axis and on one device at a time. */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { DeviceInfo } from "../../kernels/runtime/result.ts";
import type { Sweep } from "../../kernels/runtime/sweep.ts";
import type { Act } from "../act.ts";
import { ChartView } from "../chart/chartView.tsx";
import { Dropdown } from "../controls.ts";
import type { Show } from "../protocol.ts";
import type { PanelState, Scene } from "../state.ts";
import { asStale, type Basis, basesOf, devicesOf, deviceText, drawable, type Present, withSweepsOf } from "./chartBasis.ts";
import { speedUpChart, timeChart } from "./charts.ts";
import { rooflineChart, sparsityChart } from "./chartsDevice.ts";
import { keyOfBase } from "./sweepWork.ts";

interface ChartsProps {
  readonly state: Pick<PanelState, "show" | "history" | "sweeps" | "device" | "charted">;
  readonly scene: Scene;
  readonly act: Pick<Act, "saveFile" | "chart">;
}

const NOTHING: Basis = { id: "", name: "", axis: "S", points: [] };

export function Charts(props: ChartsProps): JSX.Element | null {
  const { scene, act } = props;
  const { show, history, sweeps, charted } = props.state;
  const devices = useMemo(() => devicesOf(history), [history]);
  const device = shownDevice(devices, charted.device, props.state.device?.info.name ?? null);
  const { variant, problem, key } = scene;
  const bases = useMemo(
    () => (device === null ? [] : basesOf(history, sweeps, { variant: variant.name, key, problem, device })),
    [history, sweeps, variant.name, key, problem, device],
  );
  const chosen = bases.find((b) => b.id === charted.basis) ?? bases[0] ?? NOTHING;
  const isStale = useMemo(
    () =>
      isChanged(
        show,
        sweeps.find((s) => s.id === chosen.id),
      ),
    [show, sweeps, chosen.id],
  );
  const basis = useMemo(() => (isStale ? asStale(chosen) : chosen), [chosen, isStale]);
  const charts = useMemo(() => {
    if (device === null) return [];
    const present: Present = { variant: variant.name, key, problem, device };
    const results = drawable(history, device);
    return [
      timeChart(basis),
      speedUpChart(basis),
      sparsityChart(withSweepsOf(results, sweeps, ["size", "binding"]), present),
      rooflineChart(withSweepsOf(results, sweeps, ["size"]), present),
    ];
  }, [history, sweeps, basis, variant.name, key, problem, device]);
  if (device === null) return null;
  return (
    <section aria-label="Charts" data-testid="charts">
      <div class="bar wrap">
        <h2>Charts</h2>
        {bases.length > 1 ? (
          <Dropdown
            label="What the charts are of"
            value={basis.id}
            options={bases.map((b) => ({ value: b.id, text: b.name }))}
            onChoose={(id) => act.chart({ basis: id })}
            testId="charts-basis"
          />
        ) : (
          <span class="muted small">{basis.name}</span>
        )}
        <span class="grow" />
        <DevicePicker devices={devices} device={device} onChoose={(name) => act.chart({ device: name })} testId="charts-device" />
      </div>
      <div class="charts four">
        {charts.map((chart) => (
          <ChartView key={chart.id} chart={chart} subject={variant.name} act={act} />
        ))}
      </div>
    </section>
  );
}

/** Whether the text has changed since the sweep; of an imported one nothing is known. */
const isChanged = (show: Show | null, sweep: Sweep | undefined): boolean =>
  show !== null && sweep !== undefined && sweep.importedFrom === undefined && keyOfBase(show, sweep) !== sweep.key;

/** The device asked for, this window's, or the one that measured last; null: none has measured anything. */
export const shownDevice = (devices: readonly DeviceInfo[], wanted: string | null, own: string | null): string | null =>
  [wanted, own].find((name) => devices.some((d) => d.name === name)) ?? devices[0]?.name ?? null;

/** Times of two devices are never in one picture. */
export function DevicePicker(props: {
  readonly devices: readonly DeviceInfo[];
  readonly device: string;
  readonly onChoose: (device: string) => void;
  readonly testId: string;
}): JSX.Element {
  const { devices, device } = props;
  const [only] = devices;
  if (devices.length < 2) return <span class="muted small clip">{only === undefined ? "" : deviceText(only)}</span>;
  const options = devices.map((d) => ({ value: d.name, text: deviceText(d) }));
  return <Dropdown label="Device" value={device} options={options} onChoose={props.onChoose} testId={props.testId} />;
}
