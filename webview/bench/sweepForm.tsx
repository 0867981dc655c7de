/** The form of a new sweep: what varies, the values, the kernels, the samples; how many measurements that is, before it starts. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { ENGINES } from "../../kernels/flash/select.ts";
import type { Contender } from "../../kernels/runtime/result.ts";
import type { SweepAxis } from "../../kernels/runtime/sweep.ts";
import type { Act } from "../act.ts";
import { Button, Dropdown, TextField } from "../controls.ts";
import { integer, parseSize } from "../number.ts";
import type { PanelState, Scene } from "../state.ts";
import { withCode } from "../strip.tsx";
import { kernelChoices } from "../wgsl/choices.ts";
import { ENGINE_NAMES } from "./rows.ts";
import { type AxisChoice, axisChoices, MOST_POINTS, readValues, spread, type Typed, valuesText } from "./sweepAxes.ts";
import { readSettings, settingsText } from "./sweepSettings.ts";
import { sceneWishes } from "./wishes.ts";

interface FormProps {
  readonly state: PanelState;
  readonly scene: Scene;
  readonly act: Pick<Act, "startSweep" | "setSweepSettings" | "toggle">;
}

/** An axis as the form has it. */
interface Chosen {
  readonly id: string;
  readonly text: string;
}

const NONE = "none";

export function SweepForm({ state, scene, act }: FormProps): JSX.Element {
  const choices = axisChoices(scene);
  const byId = (id: string): AxisChoice | null => choices.find((c) => c.id === id) ?? null;
  const begin = (choice: AxisChoice | undefined): Chosen => ({ id: choice?.id ?? NONE, text: valuesText(choice?.axis.values ?? []) });
  const [first, setFirst] = useState<Chosen>(() => begin(choices[0]));
  const [second, setSecond] = useState<Chosen>({ id: NONE, text: "" });
  const [typed, setTyped] = useState(() => settingsText(state.sweepSettings));
  const { settings, faults } = readSettings(typed);
  const [kernels, setKernels] = useState<readonly Contender[]>(["chosen", "materialized"]);

  const read = ({ id, text }: Chosen): { readonly choice: AxisChoice; readonly typed: Typed } | null => {
    const choice = byId(id);
    return choice === null ? null : { choice, typed: readValues(text, choice.axis.kind) };
  };
  const axes = [read(first), read(second)].filter((axis) => axis !== null);
  const [a, b] = axes.flatMap(({ choice, typed }): SweepAxis[] =>
    typed.ok ? [{ ...choice.axis, values: typed.values } as SweepAxis] : [],
  );
  const points = (a?.values.length ?? 0) * (b?.values.length ?? 1);
  const fault = faultOf(axes, points, kernels, state) ?? faults.samples ?? faults.seconds;
  const start = (): void => {
    if (a !== undefined && settings !== null) act.startSweep({ axes: b === undefined ? [a] : [a, b], kernels, settings });
  };
  const typeSetting = (part: keyof typeof typed, text: string): void => {
    const next = { ...typed, [part]: text };
    setTyped(next);
    const read = readSettings(next).settings;
    if (read !== null) act.setSweepSettings(read);
  };

  return (
    <fieldset class="sweep-form small" data-testid="sweep-form">
      <legend class="unseen">New sweep</legend>
      <AxisFields label="Vary" chosen={first} choices={choices} without={second.id} onChange={setFirst} name="first" />
      <AxisFields label="and" chosen={second} choices={choices} without={first.id} onChange={setSecond} isOptional name="second" />
      <fieldset class="sweep-kernels">
        <legend class="muted">Kernels</legend>
        {kernelBoxes(state, scene).map(({ kernel, text, tip }) => (
          <label class="check" key={kernel} title={tip}>
            <input
              type="checkbox"
              checked={kernels.includes(kernel)}
              data-testid={`sweep-kernel-${kernel}`}
              onChange={(event) => setKernels(event.currentTarget.checked ? [...kernels, kernel] : kernels.filter((k) => k !== kernel))}
            />
            {text}
          </label>
        ))}
      </fieldset>
      <div class="sweep-timing">
        <span class="muted">Timing</span>
        <TextField
          label="samples"
          characters={4}
          value={typed.samples}
          error={faults.samples}
          tip="Of each kernel, at most; the seconds may be over before them"
          testId="sweep-samples"
          onCommit={(text) => typeSetting("samples", text)}
        />
        <TextField
          label="seconds a point"
          characters={4}
          value={typed.seconds}
          error={faults.seconds}
          tip="Of sampling, for all kernels together; five samples of each are taken even where they need longer"
          testId="sweep-seconds"
          onCommit={(text) => typeSetting("seconds", text)}
        />
      </div>
      <div class="sweep-start">
        <Button appearance="primary" testId="sweep-start" disabled={fault !== null} onPress={start}>
          Start sweep
        </Button>
        <Button appearance="secondary" testId="sweep-close" onPress={() => act.toggle("sweepOpen")}>
          Close
        </Button>
        <span class={fault === null ? "muted" : "bad"} role="status" data-testid="sweep-count">
          {fault === null ? countText(points, kernels.length) : withCode(fault)}
        </span>
      </div>
    </fieldset>
  );
}

function countText(points: number, kernels: number): string {
  const values = points === 1 ? "1 point" : `${integer(points)} points`;
  const again = points > 1 ? "; the first point is measured again at the end, for the drift" : "";
  return `${values} × ${kernels === 1 ? "1 kernel" : `${kernels} kernels`} = ${integer(points * kernels)} measurements${again}`;
}

/** Why it cannot be started: the cause and the way out; null where it can. */
function faultOf(
  axes: readonly { readonly typed: Typed }[],
  points: number,
  kernels: readonly Contender[],
  { run, elsewhere, fault }: PanelState,
): string | null {
  for (const { typed } of axes) if (!typed.ok) return typed.error;
  if (kernels.length === 0) return "No kernel is chosen; tick one or more.";
  if (points > MOST_POINTS) return `${integer(points)} points are more than ${MOST_POINTS}; take fewer values.`;
  if (run.status === "running") return "A measurement runs; the sweep can start when that has ended or is cancelled.";
  if (elsewhere.variant !== null) return `Another panel measures \`${elsewhere.variant}\`; the sweep can start after it.`;
  return fault === null ? null : "The text has an error; mend it first.";
}

interface AxisProps {
  readonly label: string;
  readonly chosen: Chosen;
  readonly choices: readonly AxisChoice[];
  /** The other axis' choice, which is not offered. */
  readonly without: string;
  readonly isOptional?: true;
  readonly name: string;
  readonly onChange: (chosen: Chosen) => void;
}

/** From, to and steps fill the list; the list is what counts, and can be typed. */
function AxisFields({ label, chosen, choices, without, isOptional, name, onChange }: AxisProps): JSX.Element {
  const choice = choices.find((c) => c.id === chosen.id) ?? null;
  const typed = choice === null ? null : readValues(chosen.text, choice.axis.kind);
  const values = typed?.ok === true ? typed.values : [];
  const [from = 1, to = from] = [values[0], values.at(-1)];
  const fill = (a: number, b: number, steps: number): void => onChange({ ...chosen, text: valuesText(spread(a, b, steps)) });
  const number = (text: string, then: (value: number) => void): void => {
    const value = parseSize(text);
    if (value !== null) then(value);
  };
  const options = choices.filter((c) => c.id !== without).map((c) => ({ value: c.id, text: c.label }));
  return (
    <div class="sweep-axis">
      <span class="muted">{label}</span>
      <Dropdown
        label={isOptional === true ? "Second axis" : "Axis"}
        value={chosen.id}
        options={isOptional === true ? [{ value: NONE, text: "nothing else" }, ...options] : options}
        testId={`sweep-axis-${name}`}
        onChoose={(id) => onChange({ id, text: valuesText(choices.find((c) => c.id === id)?.axis.values ?? []) })}
      />
      {choice === null ? null : (
        <>
          <TextField
            label="from"
            characters={5}
            value={integer(from)}
            testId={`sweep-from-${name}`}
            onCommit={(text) => number(text, (value) => fill(value, to, values.length))}
          />
          <TextField
            label="to"
            characters={5}
            value={integer(to)}
            testId={`sweep-to-${name}`}
            onCommit={(text) => number(text, (value) => fill(from, value, values.length))}
          />
          <TextField
            label="steps"
            characters={3}
            value={String(values.length)}
            testId={`sweep-steps-${name}`}
            onCommit={(text) => number(text, (value) => fill(from, to, Math.min(value, 100)))}
          />
          <TextField
            label="values"
            mono
            value={chosen.text}
            error={typed?.ok === false ? typed.error : null}
            tip="A list such as 256, 512, 1k"
            testId={`sweep-values-${name}`}
            onCommit={(text) => onChange({ ...chosen, text })}
          />
        </>
      )}
    </div>
  );
}

interface KernelBox {
  readonly kernel: Contender;
  readonly text: string;
  readonly tip: string;
}

/** All kernels: one that cannot run here may run at other points. */
function kernelBoxes(state: PanelState, scene: Scene): readonly KernelBox[] {
  const known = kernelChoices(scene, state.device, sceneWishes(state, scene).wishes);
  const picked = known.find((c) => c.chosen);
  const boxes = ENGINES.map((engine): KernelBox => {
    const choice = known.find((c) => c.engine === engine);
    return { kernel: engine, text: ENGINE_NAMES[engine], tip: choice === undefined ? "" : choice.why };
  });
  const chosen = picked === undefined ? "chosen" : `chosen (${ENGINE_NAMES[picked.engine]} at these sizes)`;
  return [{ kernel: "chosen", text: chosen, tip: "The kernel that a run takes, chosen at each point anew" }, ...boxes];
}
