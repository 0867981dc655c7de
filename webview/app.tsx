/** The panel's shell: tabs, the variant shown, its problem and captures, what is wrong, and the active view. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { captureRows } from "../kernels/frontend/captures.ts";
import type { Act } from "./act.ts";
import { BenchmarkView } from "./bench/benchmarkView.tsx";
import { Blank } from "./blank.tsx";
import { bindingFault, Captures, lineOf } from "./captures.tsx";
import { Button, Dropdown, Tabs } from "./controls.ts";
import { Icon } from "./icon.tsx";
import { KeyList } from "./keyListView.tsx";
import { MaskView } from "./mask/maskView.tsx";
import { integer } from "./number.ts";
import { ProblemBar } from "./problemBar.tsx";
import type { View } from "./protocol.ts";
import type { PanelState } from "./state.ts";
import { Strip } from "./strip.tsx";
import type { Theme } from "./theme.ts";
import { TroubleshootView } from "./troubleshoot/troubleshootView.tsx";
import { KernelView } from "./wgsl/kernelView.tsx";

const TABS: readonly { readonly id: View; readonly title: string }[] = [
  { id: "mask", title: "Mask" },
  { id: "benchmark", title: "Benchmark" },
  { id: "kernel", title: "Kernel" },
];

/** The panel's width in the steps at which its layout changes. */
export type Shape = "narrow" | "mid" | "wide";
const shapeOf = (width: number): Shape => (width < 520 ? "narrow" : width < 760 ? "mid" : "wide");

export function App(props: { readonly state: PanelState; readonly act: Act; readonly theme: Theme }): JSX.Element {
  const { state, act, theme } = props;
  const shape = useShape();
  const { show, scene } = state;
  return (
    <main class={`shell ${shape}`}>
      <h1 class="unseen">Flexlens</h1>
      <Tabs
        label="Flexlens"
        active={state.view}
        tabs={TABS}
        onChoose={act.chooseView}
        end={
          <>
            {shape === "narrow" ? null : <VariantPicker state={state} act={act} />}
            <KeyList view={state.view} />
          </>
        }
      >
        {state.gpuTest !== null ? (
          <TroubleshootView test={state.gpuTest} act={act} />
        ) : (
          <div class="view">
            {shape === "narrow" && scene !== null ? (
              <div class="bar">
                <VariantPicker state={state} act={act} />
                <span class="grow" />
                <span class="small muted clip">{`S ${integer(scene.problem.kvLen)} · D ${integer(scene.problem.qkHeadDim)}`}</span>
                <Button
                  appearance="icon"
                  label="Problem sizes and captures"
                  pressed={state.problemOpen}
                  onPress={() => act.toggle("problemOpen")}
                  testId="problem-toggle"
                >
                  <Icon name="tune" />
                </Button>
              </div>
            ) : null}
            {show !== null && scene !== null && (shape !== "narrow" || state.problemOpen) ? (
              <>
                <ProblemBar scene={scene} show={show} presets={state.presets} act={act} />
                {state.capturesOpen && captureRows(scene.variant).length > 0 ? (
                  <Captures variant={scene.variant} diagnostics={state.module?.diagnostics ?? []} show={show} act={act} />
                ) : null}
              </>
            ) : null}
            <BindingStrips state={state} act={act} />
            <FaultStrip state={state} act={act} />
            {scene === null ? (
              <Blank state={state} act={act} />
            ) : state.view === "mask" ? (
              <MaskView state={state} scene={scene} act={act} theme={theme} shape={shape} />
            ) : state.view === "benchmark" ? (
              <BenchmarkView state={state} scene={scene} act={act} shape={shape} />
            ) : (
              <KernelView state={state} scene={scene} act={act} shape={shape} />
            )}
          </div>
        )}
      </Tabs>
    </main>
  );
}

function VariantPicker(props: { readonly state: PanelState; readonly act: Act }): JSX.Element | null {
  const { state, act } = props;
  const { show, scene, module } = state;
  if (show === null || scene === null) return null;
  const variants = module?.variants ?? [];
  // In a broken text the one shown may be missing; the others can still be chosen.
  const names = [...new Set([...variants.map((v) => v.name), scene.variant.name])];
  const { nameSpan } = scene.variant;
  const source = show.sources[0];
  return (
    <>
      <Dropdown
        label="Variant"
        mono
        value={scene.variant.name}
        options={names.map((name) => ({ value: name, text: name }))}
        onChoose={act.chooseVariant}
        testId="variant"
      />
      {source !== undefined && source.file === nameSpan.file ? (
        <button type="button" class="link muted small clip place" title="Show in the editor" onClick={() => act.reveal(nameSpan)}>
          {`${show.title}:${lineOf(source.text, nameSpan.from)}`}
        </button>
      ) : null}
    </>
  );
}

/** Form values that cannot be used, each with the way to take it back. */
function BindingStrips(props: { readonly state: PanelState; readonly act: Act }): JSX.Element {
  const { show, module } = props.state;
  const faults = Object.keys(show?.bindings ?? {}).flatMap((name) => {
    const message = bindingFault(module?.diagnostics ?? [], name);
    return message === null ? [] : [{ name, message }];
  });
  return (
    <>
      {faults.map(({ name, message }) => (
        <Strip
          key={name}
          level="error"
          message={message}
          actions={[{ text: "Take it back", onPress: () => props.act.bind(name, "") }]}
          testId="binding-error"
        />
      ))}
    </>
  );
}

function FaultStrip(props: { readonly state: PanelState; readonly act: Act }): JSX.Element | null {
  const { fault, show, scene } = props.state;
  if (fault === null) return null;
  const { span } = fault;
  // A bad form value has a strip of its own.
  if (Object.keys(show?.bindings ?? {}).some((name) => fault.message.includes(`given for \`${name}\``))) return null;
  const source = show?.sources[0];
  const place = span !== null && source !== undefined && source.file === span.file ? span : null;
  const line = place === null || source === undefined ? "" : `Line ${lineOf(source.text, place.from)}: `;
  return (
    <Strip
      level={scene === null || fault.span !== null ? "error" : "warning"}
      message={line + fault.message}
      actions={place === null ? [] : [{ text: "Go to line", onPress: () => props.act.reveal(place) }]}
      testId="error-strip"
    />
  );
}

function useShape(): Shape {
  const [shape, setShape] = useState<Shape>(shapeOf(window.innerWidth));
  useEffect(() => {
    const resize = (): void => setShape(shapeOf(window.innerWidth));
    window.addEventListener("resize", resize);
    return () => window.removeEventListener("resize", resize);
  }, []);
  return shape;
}
