/** The Kernel tab: the WGSL of the chosen kernel as it is handed to the GPU, why it was chosen, and what it takes. */
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { sameOptions } from "../../kernels/flash/kernelOptions.ts";
import type { KernelPlan, Plan } from "../../kernels/flash/plan.ts";
import { BASELINE } from "../../kernels/flash/select.ts";
import type { Act } from "../act.ts";
import type { Shape } from "../app.tsx";
import { ENGINE_NAMES } from "../bench/rows.ts";
import { sceneWishes } from "../bench/wishes.ts";
import { Button, Dropdown } from "../controls.ts";
import { Icon } from "../icon.tsx";
import { bytes, integer } from "../number.ts";
import type { PanelState, Scene } from "../state.ts";
import { Strip, withCode } from "../strip.tsx";
import { type KernelChoice, kernelChoices, type TileChoice, tileChoices } from "./choices.ts";
import { highlightLine } from "./highlight.ts";

interface ViewProps {
  readonly state: PanelState;
  readonly scene: Scene;
  readonly act: Act;
  readonly shape: Shape;
}

export function KernelView(props: ViewProps): JSX.Element {
  const { state, scene, act, shape } = props;
  const [pass, setPass] = useState<string | null>(null);
  const { wishes, told, isTaken } = sceneWishes(state, scene);
  const choices = kernelChoices(scene, state.device, wishes);
  const { looked } = state;
  const shown =
    choices.find((c) => c.plan !== null && c.engine === looked?.engine) ??
    choices.find((c) => c.chosen) ??
    choices.find((c) => c.plan !== null);
  const tiles = shown === undefined ? [] : tileChoices(scene, state.device, shown.engine);
  const tile =
    looked === null ? undefined : tiles.find((t) => t.looked.engine === looked.engine && sameOptions(t.looked.options, looked.options));
  const plan = tile?.plan ?? shown?.plan ?? null;
  const isShownTaken = plan !== null && shown?.chosen === true && plan.tile === shown.plan?.tile;
  const kernel = plan?.kernels.find((k) => k.pass === pass) ?? plan?.kernels[0];
  return (
    <>
      <div class="bar">
        {plan === null || shown === undefined ? null : (
          <Dropdown
            label="Kernel"
            value={shown.engine}
            options={choices
              .filter((c) => c.plan !== null)
              .map((c) => ({ value: c.engine, text: `${ENGINE_NAMES[c.engine]}${c.chosen ? " (chosen)" : ""}` }))}
            onChoose={(name) => {
              const choice = choices.find((c) => c.engine === name);
              if (choice !== undefined) act.showKernel(choice.chosen ? null : { engine: choice.engine, options: {} });
            }}
            testId="kernel-engine"
          />
        )}
        {plan === null || tiles.length < 2 ? null : (
          <Dropdown
            label="Tile"
            value={plan.tile}
            options={tileOptions(tiles, plan)}
            onChoose={(name) => {
              const choice = tiles.find((t) => t.plan.tile === name);
              if (choice !== undefined) act.showKernel(choice.looked);
            }}
            testId="kernel-tile"
          />
        )}
        {plan === null || shown === undefined || isShownTaken || shown.engine === BASELINE ? null : (
          <Button
            appearance="secondary"
            label="Runs take this kernel with this tile from now on"
            onPress={() => act.takeKernel(tile?.looked ?? { engine: shown.engine, options: {} })}
            testId="kernel-take"
          >
            Run this one
          </Button>
        )}
        {isTaken ? (
          <Button
            appearance="secondary"
            label="Runs choose kernel and tile by themselves"
            onPress={() => act.takeKernel(null)}
            testId="kernel-automatic"
          >
            Choose by itself
          </Button>
        ) : null}
        {plan === null || kernel === undefined || plan.kernels.length < 2 ? null : (
          <Dropdown
            label="Pass"
            value={kernel.pass}
            options={plan.kernels.map((k) => ({ value: k.pass, text: k.pass }))}
            onChoose={setPass}
            testId="kernel-pass"
          />
        )}
        <span class="grow small muted clip">{shape === "narrow" ? "" : (kernel?.name ?? "")}</span>
        {kernel === undefined ? null : (
          <span class="group">
            <Button appearance="icon" label="Copy WGSL" onPress={() => act.copy(kernel.wgsl)} testId="wgsl-copy">
              <Icon name="copy" />
            </Button>
            <Button appearance="icon" label="Open beside" onPress={() => act.openText("wgsl", kernel.wgsl)} testId="wgsl-open">
              <Icon name="beside" />
            </Button>
          </span>
        )}
      </div>
      {plan === null ? (
        <Strip level="warning" message={`No kernel can run \`${scene.variant.name}\` at these sizes; the reasons are below.`} />
      ) : null}
      {plan?.notes.map((note) => (
        <Strip key={note} level="warning" message={note} />
      ))}
      <div class="scroll">
        <div class="kernel">
          {kernel === undefined ? <div class="code" /> : <Code wgsl={kernel.wgsl} name={scene.variant.name} engine={shown?.engine ?? ""} />}
          <aside>
            <Why choices={choices} told={told} state={state} act={act} />
            {plan === null || kernel === undefined ? null : <Resources plan={plan} kernel={kernel} state={state} />}
          </aside>
        </div>
      </div>
      <div class="status">
        <span>
          WGSL · <b>{kernel === undefined ? "–" : `${integer(kernel.wgsl.trimEnd().split("\n").length)} lines`}</b>
        </span>
        <span class="grow" />
        {shape === "narrow" ? null : <span class="clip">lengths, scale and literals are data: another size runs the same text</span>}
      </div>
    </>
  );
}

/** The text in lines. Text content all the way: nothing of it is ever read as markup. */
function Code(props: { readonly wgsl: string; readonly name: string; readonly engine: string }): JSX.Element {
  const { wgsl, name, engine } = props;
  const lines = useMemo(() => wgsl.trimEnd().split("\n").map(highlightLine), [wgsl]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <pre class="code" role="document" tabIndex={0} aria-label={`WGSL of ${name}`} data-testid="wgsl-text" data-engine={engine}>
      {lines.map((pieces, i) => (
        <div class="line" key={i} data-line={i + 1}>
          <span>
            {pieces.map((p, j) =>
              p.kind === "plain" ? (
                p.text
              ) : (
                <span class={`k-${p.kind}`} key={j}>
                  {p.text}
                </span>
              ),
            )}
            {"\n"}
          </span>
        </div>
      ))}
    </pre>
  );
}

/** The tiles by their words; the one shown is among them. */
function tileOptions(tiles: readonly TileChoice[], plan: Plan): { value: string; text: string }[] {
  const names = [...new Set([...tiles.map((t) => t.plan.tile), plan.tile])];
  return names.map((name) => ({ value: name, text: name }));
}

function Why(props: {
  readonly choices: readonly KernelChoice[];
  readonly told: readonly string[];
  readonly state: PanelState;
  readonly act: Act;
}): JSX.Element {
  const { choices, told, state } = props;
  return (
    <section aria-label="Why this kernel">
      <h2>Why this kernel</h2>
      {choices.map((c) => (
        <div class="choice" key={c.engine} data-testid={`kernel-choice-${c.engine}`}>
          <span class={c.chosen ? "good" : "muted"}>
            <Icon name={c.plan === null ? "no" : c.chosen ? "ok" : "minus"} />
          </span>
          <span>
            {c.plan === null ? (
              ENGINE_NAMES[c.engine]
            ) : (
              <button type="button" class="link" onClick={() => props.act.showKernel(c.chosen ? null : { engine: c.engine, options: {} })}>
                {ENGINE_NAMES[c.engine]}
              </button>
            )}
          </span>
          <span>{withCode(c.why)}</span>
        </div>
      ))}
      {told.map((words) => (
        <p class="tiny muted" key={words}>
          {withCode(words)}
        </p>
      ))}
      <p class="tiny muted" style="margin-top:8px">
        {state.device === null
          ? `For WebGPU's guaranteed limits. ${state.deviceFault ?? "This window's device has not answered yet."}`
          : `For ${state.device.info.name}.`}
      </p>
    </section>
  );
}

function Resources(props: { readonly plan: Plan; readonly kernel: KernelPlan; readonly state: PanelState }): JSX.Element {
  const { plan, kernel, state } = props;
  const storage = kernel.bindings.filter((b) => b.kind !== "uniform").length;
  const most = state.device?.limits.maxStorageBuffersPerShaderStage ?? 8;
  const memory = plan.buffers.reduce((n, b) => n + b.byteLength, 0);
  const scratch = plan.buffers.filter((b) => b.role === "scratch").reduce((n, b) => n + b.byteLength, 0);
  const [x, y, z] = kernel.workgroups;
  return (
    <section aria-label="Resources">
      <h2>Resources</h2>
      <dl class="facts">
        <dt>tile</dt>
        <dd>{plan.tile}</dd>
        <dt>storage buffers</dt>
        <dd>{`${storage} of ${most}`}</dd>
        <dt>workgroups</dt>
        <dd>{[x, y, z].map(integer).join(" × ")}</dd>
        <dt>workgroup memory</dt>
        <dd>{kernel.workgroupBytes === undefined ? "none" : bytes(kernel.workgroupBytes)}</dd>
        <dt>parts</dt>
        <dd title="Submitted by what they are measured to take">{integer(kernel.slices.length)}</dd>
        <dt>GPU memory</dt>
        <dd>{bytes(memory)}</dd>
        <dt>of it scratch</dt>
        <dd>{bytes(scratch)}</dd>
      </dl>
    </section>
  );
}
