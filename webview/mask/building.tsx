/** What is being built off the page's thread, how far it is, and the way to stop it. */
import type { JSX } from "preact";
import { percent } from "../number.ts";
import type { PanelState } from "../state.ts";

export interface BuildingProps {
  readonly state: Pick<PanelState, "pending" | "builtShare">;
  readonly onStop: () => void;
}

export function Building({ state: { pending, builtShare }, onStop }: BuildingProps): JSX.Element | null {
  if (pending === null) return null;
  return (
    <>
      <span role="status">
        building <code>{pending.variant.name}</code>…{builtShare === null ? "" : ` ${percent(builtShare, 0)}`}
      </span>{" "}
      <button type="button" class="link" data-testid="stop-building" onClick={onStop}>
        stop
      </button>
    </>
  );
}
