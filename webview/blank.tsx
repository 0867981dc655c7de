/** The panel without a mask to draw: what is missing, what would fill it, and the one button that does. */
import type { JSX } from "preact";
import type { Act } from "./act.ts";
import { Button } from "./controls.ts";
import { Icon } from "./icon.tsx";
import { Building } from "./mask/building.tsx";
import type { PanelState } from "./state.ts";

export function Blank(props: { readonly state: PanelState; readonly act: Act }): JSX.Element {
  const { state, act } = props;
  const { show, fault, pending } = state;
  return (
    <div class="blank" data-testid="blank">
      <Icon name="mask" />
      {pending !== null ? (
        <p>
          <Building state={state} onStop={act.stopBuilding} />
        </p>
      ) : show !== null && fault !== null ? (
        // The strip above says what is wrong, and where.
        <p>No mod of {show.title} can be shown yet.</p>
      ) : (
        <>
          <p>
            {show === null ? (
              <>Nothing is shown yet. Put the cursor into a mod of a Python file, or click the lens above it.</>
            ) : (
              <>
                No <code>mask_mod</code> or <code>score_mod</code> in {show.title}.
              </>
            )}
          </p>
          <p class="muted small">
            A mod is a function of <code>(b, h, q_idx, kv_idx)</code>
            <br />
            or <code>(score, b, h, q_idx, kv_idx)</code>.
          </p>
          <Button appearance="primary" onPress={() => act.command("openExample")} testId="blank-example">
            Open an Example
          </Button>
          <button type="button" class="link small" onClick={() => act.command("getStarted")}>
            Get started in two minutes
          </button>
        </>
      )}
    </div>
  );
}
