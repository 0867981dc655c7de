/**
 * What the fastest kernel is worth beside the baseline of the same run, by the user's own steps and price; and the memory
 * that it does without. Money appears when a price is given, hours when the times are of a GPU.
 */
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { Act } from "../act.ts";
import { Dropdown, TextField } from "../controls.ts";
import { integer } from "../number.ts";
import type { SavingsForm } from "../protocol.ts";
import type { PanelState, Scene } from "../state.ts";
import { withSweepsOf } from "./chartBasis.ts";
import { pastRuns } from "./history.ts";
import { describeProblem, ENGINE_NAMES } from "./rows.ts";
import {
  DTYPE_BYTES,
  type Dtype,
  type Figure,
  hoursText,
  lastPair,
  memorySavings,
  parseAmount,
  timeSavings,
  USUAL_CALLS,
  USUAL_STEPS,
} from "./savings.ts";

interface SavingsProps {
  readonly state: Pick<PanelState, "history" | "sweeps" | "savings">;
  readonly scene: Scene;
  readonly act: Pick<Act, "setSavings">;
}

export function Savings(props: SavingsProps): JSX.Element {
  const { state, scene, act } = props;
  const form = state.savings;
  const { problem } = scene;
  const [wanted, setDtype] = useState<Dtype | null>(null);
  const dtype = wanted ?? problem.storage;
  const memory = memorySavings({
    batch: problem.batch,
    heads: problem.qHeads,
    qLen: problem.qLen,
    kvLen: problem.kvLen,
    dtype,
    calls: form.calls ?? USUAL_CALLS,
  });
  return (
    <section aria-label="Savings" data-testid="savings">
      <div class="bar wrap">
        <h2>Savings over materialised, forward pass</h2>
      </div>
      <div class="savings">
        <div class="fields">
          <Amount name="Steps" kind="steps" form={form} placeholder={integer(USUAL_STEPS)} act={act} />
          <Amount
            name="Calls a step"
            kind="calls"
            form={form}
            placeholder={integer(USUAL_CALLS)}
            act={act}
            tip="Layers, times micro-batches"
          />
          <Amount name="Price of a GPU hour" kind="price" form={form} placeholder="none given" act={act} />
          <TextField
            label="Currency"
            value={form.currency}
            characters={6}
            testId="savings-currency"
            onCommit={(currency) => act.setSavings({ ...form, currency })}
          />
        </div>
        <TimePart state={state} scene={scene} />
        <div class="fields">
          <Dropdown
            label="Dtype of the weights"
            value={dtype}
            options={Object.keys(DTYPE_BYTES).map((d) => ({ value: d, text: d }))}
            onChoose={(chosen) => setDtype(isDtype(chosen) ? chosen : null)}
            testId="savings-dtype"
          />
          <span class="small muted">of the weights that attention without fusion keeps for its backward pass</span>
        </div>
        <Figures figures={memory.figures} />
      </div>
    </section>
  );
}

const isDtype = (text: string): text is Dtype => Object.hasOwn(DTYPE_BYTES, text);

function TimePart(props: Pick<SavingsProps, "state" | "scene">): JSX.Element {
  const { history, sweeps, savings } = props.state;
  const { variant, problem, key } = props.scene;
  const sizes = describeProblem(problem);
  const runs = useMemo(() => pastRuns(withSweepsOf(history, sweeps, ["size"]), variant.name), [history, sweeps, variant.name]);
  const best = lastPair(runs, sizes, key);
  if (best === null)
    return <p class="small muted">Hours need a time of this text at these sizes beside that of the materialised kernel: run it.</p>;
  const { device } = best.kernel;
  if (device.software)
    return <p class="small muted">{`Hours are shown for a GPU: ${device.name} is a software adapter, and nobody trains on one.`}</p>;
  const { figures, range, hours } = timeSavings(best.baseline, best.kernel, savings);
  const isSure = range[0] > 0 === range[1] > 0;
  return (
    <>
      <p class="small">
        {`${ENGINE_NAMES[best.kernel.engine]} on ${device.name}. `}
        {isSure
          ? `95 % interval: ${signed(range[0])} to ${signed(range[1])}.`
          : `The interval, ${signed(range[0])} to ${signed(range[1])}, holds zero: no difference shown.`}
      </p>
      <Figures figures={figures} testId="savings-time" value={hours} />
      {savings.price === null ? <p class="small muted">Money needs your price of a GPU hour.</p> : null}
    </>
  );
}

const signed = (hours: number): string => (hours < 0 ? `−${hoursText(-hours)}` : hoursText(hours));

function Figures(props: { readonly figures: readonly Figure[]; readonly testId?: string; readonly value?: number }): JSX.Element {
  return (
    <dl data-testid={props.testId} data-hours={props.value}>
      {props.figures.map((figure) => (
        <div key={figure.name}>
          <dt>{figure.name}</dt>
          <dd>
            <b>{figure.value}</b> <span class="small muted">{figure.formula}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** A field for a number of the user's own; an emptied one is not given. */
function Amount(props: {
  readonly name: string;
  readonly kind: "steps" | "calls" | "price";
  readonly form: SavingsForm;
  readonly placeholder: string;
  readonly tip?: string;
  readonly act: Pick<Act, "setSavings">;
}): JSX.Element {
  const { name, kind, form, act } = props;
  const [refused, setRefused] = useState<string | null>(null);
  const value = form[kind];
  const commit = (text: string): void => {
    const amount = parseAmount(text);
    const isEmpty = text.trim() === "";
    setRefused(isEmpty || amount !== null ? null : `\`${text.trim()}\` is not a number from 0 on; write one like \`2.50\``);
    if (isEmpty || amount !== null) act.setSavings({ ...form, [kind]: isEmpty ? null : amount });
  };
  return (
    <TextField
      label={name}
      value={value === null ? "" : kind === "price" ? String(value) : integer(value)}
      placeholder={props.placeholder}
      error={refused}
      characters={9}
      testId={`savings-${kind}`}
      onCommit={commit}
      {...(props.tip === undefined ? {} : { tip: props.tip })}
    />
  );
}
