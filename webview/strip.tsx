/** A strip across the panel: what is wrong, why, and the links that mend it. It takes its own line, never a toast. */
import type { ComponentChildren, JSX } from "preact";
import { Icon } from "./icon.tsx";

export interface StripProps {
  readonly level: "error" | "warning";
  /** Backticks set code. */
  readonly message: string;
  readonly actions?: readonly { readonly text: string; readonly onPress: () => void }[];
  readonly testId?: string;
}

export function Strip(props: StripProps): JSX.Element {
  return (
    <div class={`strip ${props.level}`} role="status" data-testid={props.testId}>
      <Icon name={props.level === "error" ? "error" : "warn"} />
      <p>{withCode(props.message)}</p>
      <span class="actions">
        {(props.actions ?? []).map((a) => (
          <button type="button" class="link" key={a.text} onClick={a.onPress}>
            {a.text}
          </button>
        ))}
      </span>
    </div>
  );
}

/** A message with what stands in backticks set as code. */
export function withCode(message: string): ComponentChildren {
  return message.split(/`([^`]*)`/).map((part, i) => (i % 2 === 1 ? <code key={part}>{part}</code> : part));
}
