/** A wide thing in a narrow place: it scrolls sideways by itself, by the arrow keys too, and says what it is. */
import type { ComponentChildren, JSX } from "preact";

export function Sideways(props: { readonly label: string; readonly class: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section class={props.class} aria-label={props.label} tabIndex={0}>
      {props.children}
    </section>
  );
}
