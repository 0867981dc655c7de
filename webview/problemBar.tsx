/** The sizes of the problem as fields and by name, what tensors are stored as, and the door to the captures. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { LAYOUTS } from "../kernels/flash/problem.ts";
import { captureRows } from "../kernels/frontend/captures.ts";
import type { Act } from "./act.ts";
import { Button, Dropdown, TextField } from "./controls.ts";
import { Icon } from "./icon.tsx";
import { PresetMenu } from "./presetMenu.tsx";
import {
  editProblem,
  fieldText,
  PROBLEM_FIELDS,
  type ProblemField,
  type ProblemKey,
  RARE_FIELDS,
  rareText,
  STORAGES,
  storageOf,
  withStorage,
} from "./problem.ts";
import type { Preset, Show } from "./protocol.ts";
import type { Scene } from "./state.ts";
import { Strip } from "./strip.tsx";

interface ProblemBarProps {
  readonly scene: Scene;
  readonly show: Show;
  /** The user's own sizes by name. */
  readonly presets: readonly Preset[];
  readonly act: Act;
}

export function ProblemBar(props: ProblemBarProps): JSX.Element {
  const { scene, show, presets, act } = props;
  const { problem } = scene;
  const [fault, setFault] = useState<{ key: ProblemKey; error: string } | null>(null);
  const rare = rareText(problem);
  const [rareOpen, setRareOpen] = useState(rare !== "");
  const commit = (key: ProblemKey, text: string): void => {
    if (text === fieldText(problem, key)) {
      setFault(null);
      return;
    }
    const edit = editProblem(show.problem, problem, key, text);
    setFault(edit.ok ? null : { key, error: edit.error });
    if (edit.ok) act.setProblem(edit.hints);
  };
  const field = (f: ProblemField): JSX.Element => (
    <TextField
      key={f.key}
      label={f.label}
      tip={f.tip}
      characters={f.characters}
      value={fieldText(problem, f.key)}
      error={fault?.key === f.key ? fault.error : null}
      testId={`problem-${f.key}`}
      onCommit={(text) => commit(f.key, text)}
    />
  );
  return (
    <>
      <fieldset class="bar wrap problem">
        <legend class="unseen">Problem sizes</legend>
        {PROBLEM_FIELDS.map(field)}
        <Dropdown
          label="What q, k, v and out are stored as"
          value={storageOf(problem)}
          options={STORAGES}
          testId="problem-storage"
          onChoose={(chosen) => act.setProblem(withStorage(show.problem, chosen))}
        />
        <Button
          appearance="icon"
          label={rare === "" ? "Value head dimension, scale, layout" : `Value head dimension, scale, layout: ${rare}`}
          pressed={rareOpen}
          onPress={() => setRareOpen(!rareOpen)}
          testId="problem-more"
        >
          <Icon name="more" />
        </Button>
        {rareOpen ? (
          <>
            {RARE_FIELDS.map(field)}
            <Dropdown
              label="Order of the dimensions of q, k, v and out: batch, heads, sequence, head dimension"
              value={problem.layout}
              options={LAYOUTS.map((layout) => ({ value: layout, text: layout }))}
              testId="problem-layout"
              onChoose={(chosen) => act.setProblem({ ...show.problem, layout: chosen === "BSHD" ? "BSHD" : "BHSD" })}
            />
          </>
        ) : rare === "" ? null : (
          <span class="small muted">{rare}</span>
        )}
        <PresetMenu scene={scene} show={show} own={presets} act={act} />
        {Object.keys(show.problem).length === 0 ? null : (
          <button
            type="button"
            class="link small"
            title="Take the text's own sizes again"
            data-testid="problem-undo"
            onClick={() => {
              setFault(null);
              act.setProblem({});
            }}
          >
            Undo sizes
          </button>
        )}
        <span class="grow" />
        <CapturesDoor scene={scene} act={act} />
      </fieldset>
      {fault === null ? null : <Strip level="error" message={fault.error} testId="problem-error" />}
    </>
  );
}

function CapturesDoor(props: { readonly scene: Scene; readonly act: Act }): JSX.Element {
  const rows = captureRows(props.scene.variant);
  if (rows.length === 0) return <span class="small muted dtype">no captures</span>;
  const seeded = rows.filter((b) => b.origin === "seeded").length;
  return (
    <button
      type="button"
      class="link small"
      title={rows.map((b) => b.name).join(", ")}
      data-testid="captures-toggle"
      onClick={() => props.act.toggle("capturesOpen")}
    >
      {rows.length === 1 ? "1 capture" : `${rows.length} captures`}
      {seeded > 0 ? <span class="warn">{`, ${seeded} not given`}</span> : null}
    </button>
  );
}
