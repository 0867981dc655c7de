/** The Benchmark tab without a time: what is missing, and what brings it; where no GPU can be had, the way to the cause. */
import type { JSX } from "preact";
import type { Act } from "../act.ts";
import { Button } from "../controls.ts";
import type { PanelState, Scene } from "../state.ts";

export function Empty(props: { readonly state: PanelState; readonly scene: Scene; readonly act: Act }): JSX.Element {
  const { state, scene, act } = props;
  const name = <code>{scene.variant.name}</code>;
  return (
    <div class="blank" data-testid="bench-empty">
      {state.run.status === "running" ? (
        <p class="muted">
          Each kernel is compiled, checked against the float64 reference, and timed. The times appear together at the end.
        </p>
      ) : state.device === null && state.deviceFault !== null ? (
        <>
          <p>There is no GPU in this window to measure {name} on. Its mask, bias and WGSL are there.</p>
          <Button appearance="primary" onPress={act.testGpu} testId="bench-empty-test">
            Find the Cause
          </Button>
        </>
      ) : (
        <>
          <p>{name} has not been measured on this device.</p>
          <p class="muted small">
            A run takes a few seconds: it compiles the fused kernels and the materialised baseline, checks each against a float64 reference,
            and times them in turn.
          </p>
        </>
      )}
    </div>
  );
}
