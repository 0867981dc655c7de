/** The panel's icons: 16 px strokes in the text's colour. The word for each stands on the control that shows it. */
import type { JSX } from "preact";

const PATHS = {
  down: "M5 7l3 3 3-3",
  up: "M5 9.5l3-3 3 3",
  find: "M7 2.5a4.5 4.5 0 100 9 4.5 4.5 0 000-9zM10.3 10.3l3.4 3.4",
  fold: "M4 3.5h8M4 12.5h8M8 5.5v5M6 8.5l2 2 2-2M6 7.5l2-2 2 2",
  warn: "M8 2l6.5 11.5h-13zM8 6.5v3.5M8 11.8v.01",
  error: "M8 2a6 6 0 100 12A6 6 0 008 2zM6 6l4 4M10 6l-4 4",
  ok: "M3 8.5l3.5 3.5L13 4.5",
  no: "M4 4l8 8M12 4l-8 8",
  clock: "M8 2a6 6 0 100 12A6 6 0 008 2zM8 5v3.5l2.5 1.5",
  chip: "M4.5 4.5h7v7h-7zM6.5 2v2.5M9.5 2v2.5M6.5 11.5V14M9.5 11.5V14M2 6.5h2.5M2 9.5h2.5M11.5 6.5H14M11.5 9.5H14",
  copy: "M5.5 5.5h7v8h-7zM3.5 10.5v-8h7",
  beside: "M2.5 3.5h11v9h-11zM8 3.5v9",
  picture: "M2.5 3.5h11v9h-11zM2.5 10.5l3-3 2.5 2.5 2.5-3 3 3.5M5.5 6h.01",
  vector: "M3.5 12.5C4 6 9 4 12.5 3.5M2.5 11.5h2v2h-2zM11.5 2.5h2v2h-2z",
  info: "M8 2a6 6 0 100 12A6 6 0 008 2zM8 7.5V11M8 5.2v.01",
  fit: "M2.5 5.5v-3h3M10.5 2.5h3v3M13.5 10.5v3h-3M5.5 13.5h-3v-3",
  share: "M8 10V2.5M5 5.5l3-3 3 3M3.5 8v5.5h9V8",
  minus: "M4 8h8",
  plus: "M4 8h8M8 4v8",
  pin: "M10 2l4 4-2 .5-2.5 2.5-.3 3L6.3 9 3 13m3.3-4L4 6.8l3-.3L9.5 4z",
  tune: "M3 5h6M12 5h1M3 11h1M7 11h6M10.5 3.5v3M5.5 9.5v3",
  keys: "M1.5 4.5h13v7h-13zM4 7h.01M6.7 7h.01M9.3 7h.01M12 7h.01M5 9.5h6",
  folder: "M2 4.5v8h12v-6.5H8L6.5 4.5z",
  more: "M3 8h1M7.5 8h1M12 8h1",
  mask: "M2.5 2.5h11v11h-11zM2.5 6h7v7.5M6 2.5V6h7.5",
} as const;

export type IconName = keyof typeof PATHS;

/** Decoration only: hidden from screen readers. */
export function Icon(props: { readonly name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={PATHS[props.name]} />
    </svg>
  );
}
