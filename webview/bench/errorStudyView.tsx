/**
 * The Benchmark tab where bfloat16 is chosen: WebGPU has none, so there is no time to measure; what it costs in precision
 * is studied instead, in slices between frames, and shown beside float16 and float32.
 */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type ErrorStudy, type StoredType, studyErrors } from "../../kernels/flash/errorStudy.ts";
import { TORCH_NAMES } from "../../kernels/ir/ops.ts";
import { turn } from "../../kernels/runtime/turn.ts";
import type { Act } from "../act.ts";
import { Button } from "../controls.ts";
import { exponent, integer, percent } from "../number.ts";
import { withStorage } from "../problem.ts";
import type { Scene } from "../state.ts";
import { Strip } from "../strip.tsx";
import { describeProblem } from "./rows.ts";

type Stage =
  | { readonly status: "idle" }
  | { readonly status: "running"; readonly share: number }
  | { readonly status: "done"; readonly study: ErrorStudy };

interface StudyProps {
  readonly scene: Scene;
  /** The form's sizes so far. */
  readonly problem: Parameters<typeof withStorage>[0];
  readonly act: Act;
}

export function ErrorStudyView(props: StudyProps): JSX.Element {
  const { scene, problem, act } = props;
  const { stage, start, stop } = useStudy(scene);
  const running = stage.status === "running";
  return (
    <>
      <div class="bar">
        <Button appearance="primary" testId="study-run" disabled={running} onPress={start}>
          Study the error
        </Button>
        <span class="grow small muted clip" role="status" aria-live="polite" data-testid="study-progress">
          {running ? `comparing rows · ${percent(stage.share, 0)}` : describeProblem(scene.problem)}
        </span>
        {running ? (
          <Button appearance="secondary" onPress={stop}>
            Cancel
          </Button>
        ) : null}
      </div>
      <Strip
        level="warning"
        message="WebGPU has no bfloat16: no kernel runs with it, and a time would be another type's. What rounding to it costs in precision can be studied; times are measured in float16 or float32."
        actions={[
          { text: "Take float16", onPress: () => act.setProblem(withStorage(problem, "f16")) },
          { text: "Take float32", onPress: () => act.setProblem(withStorage(problem, "f32")) },
        ]}
        testId="study-refusal"
      />
      {stage.status === "done" ? <Study study={stage.study} /> : <div class="blank" />}
    </>
  );
}

function Study(props: { readonly study: ErrorStudy }): JSX.Element {
  const { types, rows, of } = props.study;
  return (
    <div class="scroll">
      <table class="bench" data-testid="study">
        <caption class="unseen">Error of the output for each type that tensors are stored as</caption>
        <thead>
          <tr>
            <th scope="col">q, k, v and out stored as</th>
            <th scope="col" title="Largest |a − b|">
              max error
            </th>
            <th scope="col" title="Root of the mean square of a − b, over that of b">
              relative
            </th>
            <th scope="col">largest at</th>
          </tr>
        </thead>
        <tbody>
          {types.map(({ type, maxAbs, relative, worst }) => (
            <tr key={type} class={type === "bf16" ? "best" : ""} data-testid={`study-${type}`} data-relative={relative}>
              <th scope="row">{nameOf(type)}</th>
              <td>{exponent(maxAbs)}</td>
              <td>{exponent(relative)}</td>
              <td class="muted">{worst === null ? "–" : `b ${worst.b}, h ${worst.h}, q ${integer(worst.q)}, d ${worst.d}`}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="small muted note">
        {`Seeded q, k and v are rounded to each type, attention is computed in float64, out is rounded once more; b is the output of the same tensors unrounded. ${rows === of ? `All ${integer(of)} rows` : `${integer(rows)} of ${integer(of)} rows`} are compared. A kernel's own error comes on top: it is below 1e−5 in float32.`}
      </p>
    </div>
  );
}

const nameOf = (type: StoredType): string => TORCH_NAMES[type];

/** A study of the scene, when it is asked for; another scene ends it. */
function useStudy(scene: Scene): { readonly stage: Stage; readonly start: () => void; readonly stop: () => void } {
  const [stage, setStage] = useState<Stage>({ status: "idle" });
  /** The study that goes on; another value ends it. */
  const going = useRef<object | null>(null);
  const stop = (): void => {
    going.current = null;
    setStage({ status: "idle" });
  };
  useEffect(() => stop, [scene]);
  const start = async (): Promise<void> => {
    const own = {};
    going.current = own;
    setStage({ status: "running", share: 0 });
    const steps = studyErrors(scene.variant, scene.problem);
    for (;;) {
      await turn();
      if (going.current !== own) return;
      const step = steps.next();
      if (step.done === true) {
        setStage({ status: "done", study: step.value });
        return;
      }
      setStage({ status: "running", share: step.value });
    }
  };
  return { stage, start: () => void start(), stop };
}
