/**
 * The panel's controls, and the only file that knows which toolkit draws them: plain functions over the web components
 * of @vscode/webview-ui-toolkit (archived upstream). To replace it, keep the props below and return other elements.
 * The toolkit's React wrappers are not used; components are registered one by one, so that no more is bundled.
 */
import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeDropdown,
  vsCodeOption,
  vsCodePanels,
  vsCodePanelTab,
  vsCodePanelView,
  vsCodeTextField,
} from "@vscode/webview-ui-toolkit";
import { type ComponentChildren, h, type JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** Registers the web components; once, before the first render. */
export function registerControls(): void {
  provideVSCodeDesignSystem().register(
    vsCodeButton(),
    vsCodeDropdown(),
    vsCodeOption(),
    vsCodePanels(),
    vsCodePanelTab(),
    vsCodePanelView(),
    vsCodeTextField(),
  );
}

export interface ButtonProps {
  readonly appearance: "primary" | "secondary" | "icon";
  readonly onPress: () => void;
  /** Spoken, and shown as a tip; an icon button needs it. */
  readonly label?: string;
  readonly testId?: string;
  readonly disabled?: boolean;
  /** For a toggle: drawn as pressed, and said so. */
  readonly pressed?: boolean;
  readonly children?: ComponentChildren;
}

export function Button(props: ButtonProps): JSX.Element {
  return h(
    "vscode-button",
    {
      appearance: props.appearance,
      class: props.pressed === true ? "on" : undefined,
      disabled: props.disabled === true,
      onClick: props.disabled === true ? undefined : props.onPress,
      "aria-label": props.label,
      "aria-pressed": props.pressed === undefined ? undefined : String(props.pressed),
      title: props.label,
      "data-testid": props.testId,
    },
    props.children,
  );
}

export interface TextFieldProps {
  /** Always spoken; shown too unless `hideLabel`. */
  readonly label: string;
  readonly hideLabel?: boolean;
  readonly value: string;
  readonly placeholder?: string;
  /** Why the value cannot be taken; null where it can. */
  readonly error?: string | null;
  readonly tip?: string;
  readonly mono?: boolean;
  /** Inner width in characters at least; without it the field takes what room there is. */
  readonly characters?: number;
  readonly testId?: string;
  /** On Enter, and on leaving the field with another text than it had. Escape takes the text back. */
  readonly onCommit: (text: string) => void;
}

/**
 * A one-line field that keeps its text to itself until Enter or blur. A text that cannot be taken stays, marked; an
 * emptied field shows the value again that it then has.
 */
export function TextField(props: TextFieldProps): JSX.Element {
  const field = useRef<HTMLElement & { value: string }>(null);
  const latest = useRef(props);
  latest.current = props;
  // What the owner was told last: Enter and blur both commit, and it hears of each text once.
  const told = useRef(props.value);
  const reset = (): void => {
    told.current = latest.current.value;
    if (field.current !== null) field.current.value = latest.current.value;
  };
  // A new value from outside replaces the text, whatever it was.
  useEffect(reset, [props.value]);
  useEffect(() => {
    // The toolkit names every field "Text field" when it is connected.
    field.current?.setAttribute("aria-label", props.label);
  }, [props.label]);
  const commit = (): void => {
    const text = field.current?.value ?? "";
    if (text === told.current) return;
    told.current = text;
    latest.current.onCommit(text);
    if (text.trim() === "") setTimeout(reset);
  };
  const giveUp = (): void => {
    const refused = told.current !== latest.current.value;
    reset();
    if (refused) latest.current.onCommit(latest.current.value);
  };
  const classes = ["field", props.mono === true ? "mono" : "", (props.error ?? null) === null ? "" : "invalid"]
    .filter((c) => c !== "")
    .join(" ");
  return h(
    "label",
    { class: classes, title: props.error ?? props.tip },
    h("span", { class: props.hideLabel === true ? "unseen" : "name" }, props.label),
    h("vscode-text-field", {
      ref: field,
      placeholder: props.placeholder ?? "",
      "aria-label": props.label,
      "aria-invalid": (props.error ?? null) === null ? undefined : "true",
      "data-testid": props.testId,
      style: props.characters === undefined ? undefined : `width:calc(${Math.max(props.characters, props.value.length)} * 0.56em + 16px)`,
      spellcheck: false,
      onChange: commit,
      onKeyDown: (event: KeyboardEvent) => {
        if (event.key === "Enter") commit();
        if (event.key === "Escape") giveUp();
      },
    }),
  );
}

export interface DropdownProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly { readonly value: string; readonly text: string }[];
  readonly mono?: boolean;
  readonly testId?: string;
  readonly onChoose: (value: string) => void;
}

export function Dropdown(props: DropdownProps): JSX.Element {
  const element = useRef<HTMLElement & { value: string }>(null);
  const names = props.options.map((o) => o.value).join("\n");
  useEffect(() => {
    const settle = (): void => {
      if (element.current !== null && element.current.value !== props.value) element.current.value = props.value;
    };
    settle();
    const timer = setTimeout(settle);
    return () => clearTimeout(timer);
  }, [props.value, names]);
  return h(
    "vscode-dropdown",
    {
      ref: element,
      class: props.mono === true ? "mono" : undefined,
      "aria-label": props.label,
      title: props.label,
      "data-testid": props.testId,
      onChange: () => {
        const value = element.current?.value;
        if (value !== undefined && value !== props.value) props.onChoose(value);
      },
      onClick: () => keepInSight(element.current),
      onKeyUp: () => keepInSight(element.current),
    },
    props.options.map((o) => h("vscode-option", { key: o.value, value: o.value, selected: o.value === props.value }, o.text)),
  );
}

/** Moves the list of a drop-down that is open to the left where it would leave the window. */
function keepInSight(element: HTMLElement | null): void {
  requestAnimationFrame(() => {
    const list = element?.shadowRoot?.querySelector('[part~="listbox"]');
    if (element === null || list === undefined || list === null) return;
    element.style.setProperty("--over", "0px");
    element.style.setProperty("--over", `${Math.max(0, list.getBoundingClientRect().right + 4 - window.innerWidth)}px`);
  });
}

export interface TabsProps<Id extends string> {
  readonly label: string;
  readonly active: Id;
  readonly tabs: readonly { readonly id: Id; readonly title: string }[];
  readonly onChoose: (id: Id) => void;
  /** What stands at the right of the tabs. */
  readonly end?: ComponentChildren;
  /** The active tab's view; the others are not rendered. */
  readonly children?: ComponentChildren;
}

/** Tabs with arrow keys, Home and End; `data-testid` of each is `tab-<id>`. */
export function Tabs<Id extends string>(props: TabsProps<Id>): JSX.Element {
  const element = useRef<HTMLElement & { activeid: string }>(null);
  useEffect(() => {
    if (element.current !== null && element.current.activeid !== `tab-${props.active}`) element.current.activeid = `tab-${props.active}`;
  }, [props.active]);
  return h(
    "vscode-panels",
    {
      ref: element,
      activeid: `tab-${props.active}`,
      "aria-label": props.label,
      onChange: (event: Event) => {
        if (event.target !== element.current) return;
        const chosen = props.tabs.find((t) => `tab-${t.id}` === element.current?.activeid);
        if (chosen !== undefined && chosen.id !== props.active) props.onChoose(chosen.id);
      },
    },
    h("span", { slot: "end", class: "tabs-end" }, props.end),
    props.tabs.map((t) => h("vscode-panel-tab", { key: t.id, id: `tab-${t.id}`, "data-testid": `tab-${t.id}` }, t.title)),
    props.tabs.map((t) =>
      h("vscode-panel-view", { key: `view-${t.id}`, id: `view-${t.id}` }, t.id === props.active ? props.children : null),
    ),
  );
}
