/** The sizes of the problem as fields, and the door to the captures. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { captureRows } from "../kernels/frontend/captures.ts";
import { TORCH_NAMES } from "../kernels/ir/ops.ts";
import type { Act } from "./act.ts";
import { TextField } from "./controls.ts";
import { editProblem, fieldText, otherStorage, PROBLEM_FIELDS, type ProblemKey } from "./problem.ts";
import type { Show } from "./protocol.ts";
import type { Scene } from "./state.ts";
import { Strip } from "./strip.tsx";

export function ProblemBar(props: { readonly scene: Scene; readonly show: Show; readonly act: Act }): JSX.Element {
  const { scene, show, act } = props;
  const [fault, setFault] = useState<{ key: ProblemKey; error: string } | null>(null);
  const commit = (key: ProblemKey, text: string): void => {
    if (text === fieldText(scene.problem, key)) {
      setFault(null);
      return;
    }
    const edit = editProblem(show.problem, scene.problem, key, text);
    setFault(edit.ok ? null : { key, error: edit.error });
    if (edit.ok) act.setProblem(edit.hints);
  };
  const bindings = captureRows(scene.variant);
  const seeded = bindings.filter((b) => b.origin === "seeded").length;
  const names = bindings.length > 2 ? "" : `: ${bindings.map((b) => b.name).join(", ")}`;
  return (
    <>
      <fieldset class="bar wrap">
        <legend class="unseen">Problem sizes</legend>
        {PROBLEM_FIELDS.map((f) => (
          <TextField
            key={f.key}
            label={f.label}
            tip={f.tip}
            characters={f.characters}
            value={fieldText(scene.problem, f.key)}
            error={fault?.key === f.key ? fault.error : null}
            testId={`problem-${f.key}`}
            onCommit={(text) => commit(f.key, text)}
          />
        ))}
        <button
          type="button"
          class="link small"
          data-testid="problem-storage"
          aria-label={`Stored as ${TORCH_NAMES[scene.problem.storage]}; change to ${TORCH_NAMES[otherStorage(scene.problem)]}`}
          title={`q, k, v and out are ${TORCH_NAMES[scene.problem.storage]}; change to ${TORCH_NAMES[otherStorage(scene.problem)]}`}
          onClick={() => act.setProblem({ ...show.problem, storage: otherStorage(scene.problem) })}
        >
          {scene.problem.storage}
        </button>
        <span class="grow" />
        {bindings.length === 0 ? (
          <span class="small muted dtype">no captures</span>
        ) : (
          <button type="button" class="link small" data-testid="captures-toggle" onClick={() => act.toggle("capturesOpen")}>
            {bindings.length === 1 ? "1 capture" : `${bindings.length} captures`}
            {seeded > 0 ? <span class="warn">{`, ${seeded} not given`}</span> : names}
          </button>
        )}
      </fieldset>
      {fault === null ? null : <Strip level="error" message={fault.error} testId="problem-error" />}
    </>
  );
}
