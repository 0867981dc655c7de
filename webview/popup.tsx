/** A button with what it opens under it: closed by a press elsewhere, by Escape (focus goes back to the button), by `close`. */
import type { ComponentChildren, JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { useDismiss } from "./dismiss.ts";

/** What stays free at the panel's edge, px. */
const MARGIN = 8;

export interface PopupProps {
  /** On the button. */
  readonly text: ComponentChildren;
  /** Of the button and of what it opens, spoken and as a tip. */
  readonly label: string;
  readonly testId: string;
  readonly children: (close: () => void) => ComponentChildren;
}

export function Popup(props: PopupProps): JSX.Element {
  const { text, label, testId } = props;
  const [open, setOpen] = useState(false);
  const around = useRef<HTMLSpanElement>(null);
  const opened = useRef<HTMLFieldSetElement>(null);
  const close = (): void => setOpen(false);
  useDismiss(open, around, close);
  // Under a button near the right edge it would leave the panel.
  useLayoutEffect(() => {
    const place = (): void => {
      const menu = opened.current;
      if (menu === null) return;
      menu.style.left = "";
      const beyond = menu.getBoundingClientRect().right + MARGIN - window.innerWidth;
      if (beyond > 0) menu.style.left = `${-beyond}px`;
    };
    place();
    window.addEventListener("resize", place);
    return () => window.removeEventListener("resize", place);
  }, [open]);
  return (
    <span class="popped" ref={around}>
      <button
        type="button"
        class="link small"
        aria-expanded={open}
        aria-label={label}
        title={label}
        data-testid={testId}
        onClick={() => setOpen(!open)}
      >
        {text}
      </button>
      {open ? (
        <fieldset class="popup menu" aria-label={label} ref={opened}>
          {props.children(close)}
        </fieldset>
      ) : null}
    </span>
  );
}
