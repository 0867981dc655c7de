/** The panel's shell: tabs, the variant shown, its problem and captures, what is wrong, and the active view. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Problem } from "../kernels/flash/problem.ts";
import { captureRows } from "../kernels/frontend/captures.ts";
import type { Act } from "./act.ts";
import { BenchmarkView } from "./bench/benchmarkView.tsx";
import { ErrorStudyView } from "./bench/errorStudyView.tsx";
import { Blank } from "./blank.tsx";
import { lineOf } from "./captureForm.ts";
import { Captures } from "./captures.tsx";
import { Button, Dropdown, Tabs } from "./controls.ts";
import { Icon } from "./icon.tsx";
import { KeyList } from "./keyListView.tsx";
import { MaskView } from "./mask/maskView.tsx";
import { Notices } from "./noticesView.tsx";
import { integer } from "./number.ts";
import { ProblemBar } from "./problemBar.tsx";
import type { View } from "./protocol.ts";
import type { PanelState } from "./state.ts";
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
  const hasBars = shape !== "narrow" || state.problemOpen;
  const hasForm = hasBars && state.capturesOpen && scene !== null && captureRows(scene.variant).length > 0;
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
            <FollowButton follows={state.follows} act={act} />
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
                <span class="small muted clip">{`${lengths(scene.problem)} · D ${integer(scene.problem.qkHeadDim)}`}</span>
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
            {show !== null && scene !== null && hasBars ? (
              <>
                <ProblemBar scene={scene} show={show} presets={state.presets} act={act} />
                {hasForm ? <Captures variant={scene.variant} diagnostics={state.module?.diagnostics ?? []} show={show} act={act} /> : null}
              </>
            ) : null}
            <Notices state={state} act={act} hasForm={hasForm} />
            {scene === null ? (
              <Blank state={state} act={act} />
            ) : state.view === "mask" ? (
              <MaskView state={state} scene={scene} act={act} theme={theme} shape={shape} />
            ) : state.view === "benchmark" && scene.problem.rounding !== undefined ? (
              <ErrorStudyView scene={scene} problem={show?.problem ?? {}} act={act} />
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

const lengths = ({ qLen, kvLen }: Problem): string => (qLen === kvLen ? `S ${integer(kvLen)}` : `${integer(qLen)} × ${integer(kvLen)}`);

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

function FollowButton(props: { readonly follows: boolean; readonly act: Act }): JSX.Element {
  const { follows, act } = props;
  return (
    <Button
      appearance="icon"
      label={follows ? "Pin the panel to its variant; now it follows the cursor" : "Pinned to its variant; let the panel follow the cursor"}
      pressed={!follows}
      onPress={() => act.setFollows(!follows)}
      testId="panel-pin"
    >
      <Icon name="pin" />
    </Button>
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
