/** A button with what it opens under it: closed by a press elsewhere, by Escape (focus goes back to the button), by `close`. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

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
  const button = useRef<HTMLButtonElement>(null);
  const opened = useRef<HTMLFieldSetElement>(null);
  const close = (): void => setOpen(false);
  useEffect(() => {
    if (!open) return;
    const away = (event: Event): void => {
      if (event.target instanceof Node && around.current?.contains(event.target) !== true) close();
    };
    const byKey = (event: KeyboardEvent): void => {
      if (event.key !== "Escape") return;
      close();
      button.current?.focus();
    };
    window.addEventListener("pointerdown", away);
    window.addEventListener("keydown", byKey);
    return () => {
      window.removeEventListener("pointerdown", away);
      window.removeEventListener("keydown", byKey);
    };
  }, [open]);
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
        ref={button}
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
