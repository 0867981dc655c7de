/**
 * The Kernel tab: the WGSL of the chosen kernel as it is handed to the GPU, linked with the Python that it comes from; what
 * the last edit changed in it, why it was chosen, and what it takes.
 */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { sameOptions } from "../../kernels/flash/kernelOptions.ts";
import { DEFAULT_LIMITS, type Engine, type Plan } from "../../kernels/flash/plan.ts";
import { BASELINE } from "../../kernels/flash/select.ts";
import type { Act } from "../act.ts";
import type { Shape } from "../app.tsx";
import { ENGINE_NAMES } from "../bench/rows.ts";
import { sceneWishes } from "../bench/wishes.ts";
import { Button, Dropdown } from "../controls.ts";
import type { ShownKernel } from "../protocol.ts";
import type { PanelState, Scene } from "../state.ts";
import { Strip } from "../strip.tsx";
import { kernelChoices, type TileChoice, tileChoices } from "./choices.ts";
import { Why } from "./factsView.tsx";
import { TextView } from "./textView.tsx";

interface ViewProps {
  readonly state: PanelState;
  readonly scene: Scene;
  readonly act: Act;
  readonly shape: Shape;
}

export function KernelView(props: ViewProps): JSX.Element {
  const { state, scene, act } = props;
  const [pass, setPass] = useState<string | null>(null);
  const { wishes, told, isTaken } = sceneWishes(state, scene);
  const choices = kernelChoices(scene, state.device, wishes);
  const { looked } = state;
  const shown =
    choices.find((c) => c.plan !== null && c.engine === looked?.engine) ??
    choices.find((c) => c.chosen) ??
    choices.find((c) => c.plan !== null);
  const tiles = useTiles(shown?.engine, props);
  const tile =
    looked === null ? undefined : tiles.find((t) => t.looked.engine === looked.engine && sameOptions(t.looked.options, looked.options));
  const plan = tile?.plan ?? shown?.plan ?? null;
  const isShownTaken = plan !== null && shown?.chosen === true && plan.tile === shown.plan?.tile;
  const kernel = plan?.kernels.find((k) => k.pass === pass) ?? plan?.kernels[0];
  const address: ShownKernel | null =
    plan === null || kernel === undefined
      ? null
      : {
          engine: plan.engine,
          options: tile?.looked.options ?? shown?.options ?? {},
          pass: kernel.pass,
          limits: state.device?.limits ?? DEFAULT_LIMITS,
        };
  const selectors = (
    <>
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
    </>
  );
  const notices = (
    <>
      {plan === null ? (
        <Strip level="warning" message={`No kernel can run \`${scene.variant.name}\` at these sizes; the reasons are below.`} />
      ) : null}
      {plan?.notes.map((note) => (
        <Strip key={note} level="warning" message={note} />
      ))}
    </>
  );
  return (
    <TextView
      {...props}
      plan={plan}
      kernel={kernel}
      selectors={selectors}
      notices={notices}
      onOpen={() => address !== null && act.openKernel(address)}
    >
      <Why
        choices={choices}
        told={told}
        shown={plan === null || kernel === undefined ? null : { engine: plan.engine, pass: kernel.pass }}
        state={state}
        act={act}
        onPass={setPass}
      />
    </TextView>
  );
}

/** The list of tiles plans each of them: it is made when typing rests, and the one before stays until then. */
const REST_MS = 150;

function useTiles(engine: Engine | undefined, { scene, state }: ViewProps): readonly TileChoice[] {
  const [rested, setRested] = useState(scene);
  useEffect(() => {
    const timer = setTimeout(() => setRested(scene), REST_MS);
    return () => clearTimeout(timer);
  }, [scene]);
  const made = useRef<readonly TileChoice[]>([]);
  const isOther = made.current[0]?.looked.engine !== engine;
  if (engine === undefined) made.current = [];
  else if (rested === scene || state.looked !== null || isOther) made.current = tileChoices(scene, state.device, engine);
  return made.current;
}

/** The tiles by their words; the one shown is among them. */
function tileOptions(tiles: readonly TileChoice[], plan: Plan): { value: string; text: string }[] {
  const names = [...new Set([...tiles.map((t) => t.plan.tile), plan.tile])];
  return names.map((name) => ({ value: name, text: name }));
}
