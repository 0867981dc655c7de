/** The field that G opens over the picture: a query and a key, and Enter goes there. */
import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Cell } from "../state.ts";
import { withCode } from "../strip.tsx";
import { parseCell } from "./cellText.ts";
import type { Extent } from "./viewport.ts";

export interface GoToProps {
  readonly matrix: Extent;
  readonly left: number;
  readonly top: number;
  readonly onGo: (cell: Cell) => void;
  /** By Escape: the picture gets the focus back. */
  readonly onClose: () => void;
  /** The focus has gone elsewhere. */
  readonly onLeave: () => void;
}

export function GoTo(props: GoToProps): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  const [fault, setFault] = useState<string | null>(null);
  // At once: the next key may be a digit.
  useLayoutEffect(() => field.current?.focus(), []);
  const commit = (): void => {
    const found = parseCell(field.current?.value ?? "", props.matrix);
    if ("fault" in found) setFault(found.fault);
    else props.onGo(found);
  };
  return (
    <label class="goto small" style={`left:${props.left + 8}px;top:${props.top + 8}px`}>
      go to q, kv
      <input
        ref={field}
        class="spin"
        autocomplete="off"
        spellcheck={false}
        aria-invalid={fault !== null}
        data-testid="goto"
        onKeyDown={(event) => {
          if (event.key === "Enter") commit();
          else if (event.key === "Escape") props.onClose();
        }}
        onBlur={props.onLeave}
      />
      {fault === null ? null : (
        <span class="bad" role="alert">
          {withCode(fault)}
        </span>
      )}
    </label>
  );
}
