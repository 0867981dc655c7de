/** The list of keys: a button that opens it, and `?` wherever no text is being typed. */
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Button } from "./controls.ts";
import { Icon } from "./icon.tsx";
import { keysOf } from "./keyList.ts";
import type { View } from "./protocol.ts";

export function KeyList(props: { readonly view: View }): JSX.Element {
  const [open, setOpen] = useState(false);
  const list = useRef<HTMLDivElement>(null);
  /** What had focus when the list was opened. */
  const before = useRef<Element | null>(null);
  const close = (): void => {
    setOpen(false);
    if (before.current instanceof HTMLElement) before.current.focus();
  };
  useEffect(() => {
    const byKey = (event: KeyboardEvent): void => {
      if (event.key === "?" && !isTyping(event.target)) {
        before.current = document.activeElement;
        setOpen((now) => !now);
        event.preventDefault();
      }
    };
    window.addEventListener("keydown", byKey);
    return () => window.removeEventListener("keydown", byKey);
  }, []);
  // At once: the next key may be Escape.
  useLayoutEffect(() => {
    if (open) list.current?.focus();
  }, [open]);
  return (
    <>
      <Button
        appearance="icon"
        label="Keys (?)"
        pressed={open}
        onPress={() => {
          before.current = document.activeElement;
          setOpen(!open);
        }}
        testId="keys-toggle"
      >
        <Icon name="keys" />
      </Button>
      {open ? (
        <div
          ref={list}
          class="keylist"
          role="dialog"
          aria-label="Keys"
          tabIndex={-1}
          data-testid="keys"
          onKeyDown={(event) => {
            if (event.key === "Escape") close();
          }}
          onBlur={(event) => {
            if (event.relatedTarget instanceof Node && !event.currentTarget.contains(event.relatedTarget)) setOpen(false);
          }}
        >
          {keysOf(props.view).map(({ title, lines }) => (
            <section key={title}>
              <h2>{title}</h2>
              <dl>
                {lines.map(({ keys, does }) => (
                  <div key={does}>
                    <dt>
                      {keys.map((key) => (
                        <kbd key={key}>{key}</kbd>
                      ))}
                    </dt>
                    <dd>{does}</dd>
                  </div>
                ))}
              </dl>
            </section>
          ))}
          <p class="muted small">Each view is a command of the palette too: type “Flexlens”.</p>
        </div>
      ) : null}
    </>
  );
}

/** Where `?` is a letter: fields, those inside web components too. */
function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.matches("input:not([type=range]), textarea, vscode-text-field") || target.isContentEditable)
  );
}
