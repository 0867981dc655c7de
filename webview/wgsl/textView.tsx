/** A kernel's text with what stands above and beside it: tools, the Python, the facts; and what is lit in all of them. */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { KernelPlan, Plan } from "../../kernels/flash/plan.ts";
import type { Span } from "../../kernels/ir/mod.ts";
import type { Act } from "../act.ts";
import type { Shape } from "../app.tsx";
import { Button } from "../controls.ts";
import { Icon } from "../icon.tsx";
import { integer } from "../number.ts";
import type { PanelState, Scene } from "../state.ts";
import { CodeView, foldKey, selectedLines } from "./codeView.tsx";
import { Costs, Resources } from "./factsView.tsx";
import { editText, type KernelModel, kernelModel } from "./kernelModel.ts";
import { PythonView } from "./pythonView.tsx";

interface TextProps {
  readonly state: PanelState;
  readonly scene: Scene;
  readonly act: Act;
  readonly shape: Shape;
  readonly plan: Plan | null;
  readonly kernel: KernelPlan | undefined;
  /** Which kernel it is, and which others there are. */
  readonly selectors: JSX.Element;
  /** Strips below these. */
  readonly notices: JSX.Element;
  readonly onOpen: () => void;
  /** Why it is this kernel. */
  readonly children: JSX.Element;
}

const NONE: ReadonlySet<string> = new Set();

/** The text with what stands above and beside it; where there is none, the reasons alone. */
export function TextView(props: TextProps): JSX.Element {
  const { state, scene, plan, kernel } = props;
  const { show } = state;
  const wgsl = kernel?.wgsl;
  const model = useMemo(
    () => (show === null || plan === null || kernel === undefined ? null : kernelModel(scene, plan, kernel, show)),
    // A scene is another one as soon as its elements are counted; its text is the same.
    [scene.variant, scene.key, wgsl, plan?.tile, show?.document, show?.sources],
  );
  if (model === null || plan === null || kernel === undefined) {
    return (
      <>
        <div class="bar wrap">{props.selectors}</div>
        {props.notices}
        <div class="scroll kernel">
          <div class="code" />
          <aside aria-label="About the kernel">{props.children}</aside>
        </div>
      </>
    );
  }
  return <Linked {...props} plan={plan} kernel={kernel} model={model} />;
}

function Linked(props: TextProps & { readonly plan: Plan; readonly kernel: KernelPlan; readonly model: KernelModel }): JSX.Element {
  const { state, scene, act, shape, model, kernel, plan } = props;
  const { links } = model;
  const [pointed, setPointed] = useState<ReadonlySet<string>>(NONE);
  const [opened, setOpened] = useState<ReadonlySet<string> | null>(NONE);
  const [query, setQuery] = useState<string | null>(null);
  const [here, setHere] = useState<{ readonly line: number } | null>(null);
  // A place in what the edit before changed is none in this text.
  useEffect(() => setHere(null), [model.edited]);
  const isLit = useRef(false);
  const light = (keys: ReadonlySet<string>): void => {
    if (keys === pointed || (keys.size === 0 && pointed.size === 0)) return;
    setPointed(keys);
    isLit.current = keys.size > 0;
    act.light(links.excerpts.flatMap((e) => e.lines.flatMap((l) => (keys.has(l.key) ? [l.span] : []))));
  };
  // The light in the editor goes out with the view.
  useEffect(() => () => (isLit.current ? act.light([]) : undefined), []);
  const at =
    state.cursor === null || state.cursor.document !== state.show?.document ? null : links.keyAt(fileOf(state), state.cursor.offset);
  const lit = useMemo(() => (pointed.size > 0 ? pointed : new Set(at === null ? [] : [at])), [pointed, at]);

  const changes = [...new Set((model.edited?.changes ?? []).map((c) => Math.min(c.at, model.lines.length - 1)))];
  const goToChange = (step: 1 | -1): void => {
    const from = here?.line ?? -1;
    const next = step === 1 ? (changes.find((c) => c > from) ?? changes[0]) : (changes.findLast((c) => c < from) ?? changes.at(-1));
    if (next !== undefined) setHere({ line: next });
  };
  const fold = (key: string, open: boolean): void => {
    const all = opened ?? new Set(model.folds.map((f) => foldKey(f, model.folds)));
    setOpened(new Set(open ? [...all, key] : [...all].filter((k) => k !== key)));
  };
  const reveal = (span: Span): void => act.reveal(span);
  const python = <PythonView links={links} lit={lit} onLight={light} onReveal={reveal} />;
  const code = (
    <CodeView
      model={model}
      name={scene.variant.name}
      engine={plan.engine}
      lit={lit}
      onLight={light}
      onReveal={reveal}
      opened={opened}
      onFold={fold}
      query={query}
      onQuery={setQuery}
      here={here}
      onChange={goToChange}
    />
  );
  const facts = (
    <>
      {props.children}
      <Resources plan={plan} kernel={kernel} scene={scene} state={state} />
      <Costs scene={scene} />
    </>
  );
  const changed = editText(model);
  return (
    <>
      <div class="bar wrap">
        {props.selectors}
        <span class="grow small muted clip" role="status" data-testid="wgsl-changed">
          {changed === null ? kernel.name : changed}
        </span>
        {changes.length === 0 ? null : (
          <span class="group">
            <Button appearance="icon" label="Previous change (Shift+F7)" onPress={() => goToChange(-1)} testId="change-previous">
              <Icon name="up" />
            </Button>
            <Button appearance="icon" label="Next change (F7)" onPress={() => goToChange(1)} testId="change-next">
              <Icon name="down" />
            </Button>
          </span>
        )}
        <span class="group">
          <Button
            appearance="icon"
            label={opened === null ? "Fold what nobody wrote" : "Unfold all lines"}
            pressed={opened === null}
            onPress={() => setOpened(opened === null ? NONE : null)}
            testId="wgsl-unfold"
          >
            <Icon name="fold" />
          </Button>
          <Button
            appearance="icon"
            label="Find in the kernel (Ctrl+F)"
            pressed={query !== null}
            onPress={() => setQuery(query === null ? "" : null)}
            testId="wgsl-find-toggle"
          >
            <Icon name="find" />
          </Button>
          <Button
            appearance="icon"
            label="Copy WGSL: the lines that are selected, else all"
            onPress={() => act.copy(selectedLines(model.lines)?.join("\n") ?? model.wgsl)}
            testId="wgsl-copy"
          >
            <Icon name="copy" />
          </Button>
          <Button appearance="icon" label="Open beside, as a document that follows the text" onPress={props.onOpen} testId="wgsl-open">
            <Icon name="beside" />
          </Button>
        </span>
      </div>
      {props.notices}
      {shape === "wide" ? (
        <div class="kernel wide">
          <div class="scroll">{code}</div>
          <aside aria-label="About the kernel">
            {python}
            {facts}
          </aside>
        </div>
      ) : (
        <div class="scroll kernel">
          <aside aria-label="Python of the kernel">{python}</aside>
          {code}
          <aside aria-label="About the kernel">{facts}</aside>
        </div>
      )}
      <div class="status">
        <span class="clip">
          WGSL · <b>{integer(model.lines.length)} lines</b>
          {` · ${integer(links.code.size)} from Python`}
        </span>
        <span class="grow" />
        {shape === "narrow" ? null : <span class="clip">Alt+↑ ↓ linked lines · F12 or a click shows the Python · Ctrl+F finds</span>}
      </div>
    </>
  );
}

/** The key of the document's own text among the sources. */
const fileOf = (state: PanelState): string => state.show?.sources[0]?.file ?? "";
