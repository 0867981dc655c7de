/**
 * The batch or the head that is shown: a spin field with buttons at its sides. Digits and Enter choose, arrows step,
 * Home and End go to the ends, Page Up and Page Down by eight. Where the mask is the same for all, it says so instead.
 */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Button } from "../controls.ts";
import { Icon } from "../icon.tsx";
import { sliceAfter, sliceOf } from "./headGrid.ts";

export interface SlicePickerProps {
  /** Shown before the field. */
  readonly name: string;
  readonly title: "batch" | "head";
  readonly value: number;
  readonly count: number;
  /** What is shown depends on it. */
  readonly used: boolean;
  readonly onChoose: (value: number) => void;
  readonly testId: string;
}

export function SlicePicker(props: SlicePickerProps): JSX.Element {
  const { name, title, value, count, used, onChoose, testId } = props;
  const field = useRef<HTMLInputElement>(null);
  const reset = (): void => {
    if (field.current !== null) field.current.value = String(value);
  };
  useEffect(reset, [value, used]);
  if (!used) {
    return (
      <span class="group" title={count > 1 ? `The mask is the same for every ${title}` : `There is one ${title}`}>
        <span class="muted tiny">{name}</span>
        <span class="muted" data-testid={testId}>
          {count > 1 ? "any" : "0"}
        </span>
      </span>
    );
  }
  const choose = (wanted: number): void => {
    const next = Math.max(0, Math.min(count - 1, wanted));
    if (next !== value) onChoose(next);
    else reset();
  };
  const commit = (): void => {
    const wanted = sliceOf(field.current?.value ?? "", count);
    if (wanted === null) reset();
    else choose(wanted);
  };
  return (
    <span class="group stepper">
      <span class="muted tiny">{name}</span>
      <Button
        appearance="icon"
        label={`Previous ${title}`}
        disabled={value === 0}
        onPress={() => choose(value - 1)}
        testId={`${testId}-previous`}
      >
        <Icon name="minus" />
      </Button>
      <input
        ref={field}
        class="spin"
        role="spinbutton"
        inputMode="numeric"
        autocomplete="off"
        spellcheck={false}
        aria-label={`${title}, 0 to ${count - 1}`}
        aria-valuenow={value}
        aria-valuemin={0}
        aria-valuemax={count - 1}
        title={`${title} ${value} of ${count}; type a number, or use the arrow keys`}
        style={`width:calc(${String(count - 1).length} * 0.62em + 12px)`}
        data-testid={testId}
        onBlur={commit}
        onKeyDown={(event) => {
          const next = sliceAfter(event.key, value, count);
          if (event.key === "Enter") commit();
          else if (event.key === "Escape") reset();
          else if (next === null) return;
          else choose(next);
          event.preventDefault();
        }}
      />
      <Button
        appearance="icon"
        label={`Next ${title}`}
        disabled={value >= count - 1}
        onPress={() => choose(value + 1)}
        testId={`${testId}-next`}
      >
        <Icon name="plus" />
      </Button>
    </span>
  );
}
