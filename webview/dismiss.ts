/** How what a button opened is closed again: by a press elsewhere, or by Escape, which leaves the focus on the button. */
import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";

/** `around` holds the button, first, and what it opens. */
export function useDismiss(isOpen: boolean, around: RefObject<HTMLElement | null>, close: () => void): void {
  useEffect(() => {
    if (!isOpen) return;
    const away = (event: Event): void => {
      if (event.target instanceof Node && around.current?.contains(event.target) !== true) close();
    };
    const byKey = (event: KeyboardEvent): void => {
      if (event.key !== "Escape") return;
      close();
      const button = around.current?.firstElementChild;
      if (button instanceof HTMLElement) button.focus();
    };
    window.addEventListener("pointerdown", away);
    window.addEventListener("keydown", byKey);
    return () => {
      window.removeEventListener("pointerdown", away);
      window.removeEventListener("keydown", byKey);
    };
  }, [isOpen]);
}
