/** The field for text to be found in the kernel: Enter and Shift+Enter go from place to place, Escape closes it. */
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Button } from "../controls.ts";
import { Icon } from "../icon.tsx";

interface FindProps {
  readonly query: string;
  readonly count: number;
  /** Which of them is shown, counted from 1; 0: none. */
  readonly current: number;
  readonly onQuery: (query: string) => void;
  readonly onStep: (step: 1 | -1) => void;
  readonly onClose: () => void;
}

export function FindBar(props: FindProps): JSX.Element {
  const { query, count, current, onStep } = props;
  const field = useRef<HTMLInputElement>(null);
  // Before the next key arrives.
  useLayoutEffect(() => field.current?.focus(), []);
  return (
    <search class="find">
      <input
        ref={field}
        type="text"
        value={query}
        placeholder="Find in the kernel"
        aria-label="Find in the kernel"
        spellcheck={false}
        data-testid="wgsl-find"
        onInput={(event) => props.onQuery(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") onStep(event.shiftKey ? -1 : 1);
          if (event.key === "Escape") props.onClose();
        }}
      />
      <span class="small muted" role="status" data-testid="wgsl-found">
        {query === "" ? "" : count === 0 ? "not found" : `${current} of ${count}`}
      </span>
      <Button appearance="icon" label="Previous (Shift+Enter)" disabled={count === 0} onPress={() => onStep(-1)}>
        <Icon name="up" />
      </Button>
      <Button appearance="icon" label="Next (Enter)" disabled={count === 0} onPress={() => onStep(1)}>
        <Icon name="down" />
      </Button>
      <Button appearance="icon" label="Close (Escape)" onPress={props.onClose}>
        <Icon name="no" />
      </Button>
    </search>
  );
}
