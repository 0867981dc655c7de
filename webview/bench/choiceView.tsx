/**
 * Above the table: which kernel a run takes and why, the way to tune, and what the last tuning tried. A winner that is
 * remembered is named with its date and can be forgotten.
 */
import type { JSX } from "preact";
import { optionsText } from "../../kernels/flash/kernelOptions.ts";
import type { Tuned } from "../../kernels/flash/tuned.ts";
import { inOrder, triedText } from "../../kernels/runtime/autotune.ts";
import type { Act } from "../act.ts";
import { Icon } from "../icon.tsx";
import { milliseconds } from "../number.ts";
import type { PanelState, Scene } from "../state.ts";
import { withCode } from "../strip.tsx";
import { kernelChoices } from "../wgsl/choices.ts";
import { ENGINE_NAMES } from "./rows.ts";
import { sceneWishes } from "./wishes.ts";

export function Choice(props: { readonly state: PanelState; readonly scene: Scene; readonly act: Act }): JSX.Element | null {
  const { state, scene, act } = props;
  if (state.device === null) return null;
  const asked = sceneWishes(state, scene);
  const chosen = kernelChoices(scene, state.device, asked.wishes).find((c) => c.chosen) ?? null;
  const running = state.run.status === "running" || state.elsewhere.variant !== null;
  return (
    <div class="choice-line small" data-testid="bench-choice">
      <span>
        {chosen === null ? (
          "No kernel that is allowed can run this; each says why in the Kernel tab."
        ) : (
          <b>{ENGINE_NAMES[chosen.engine]}</b>
        )}
        {chosen === null ? null : <span class="muted"> {withCode(chosen.why)}</span>}
      </span>
      <span class="links">
        <button type="button" class="link small" data-testid="bench-others" onClick={() => act.chooseView("kernel")}>
          Other kernels and tiles
        </button>
        <button type="button" class="link small" data-testid="bench-tune" disabled={running || state.fault !== null} onClick={act.tune}>
          {asked.tuned === null ? "Tune for this device" : "Tune again"}
        </button>
        {asked.tuned === null ? null : <Forget tuned={asked.tuned} act={act} disabled={running} />}
        {asked.isTaken ? (
          <button type="button" class="link small" data-testid="bench-automatic" onClick={() => act.takeKernel(null)}>
            Choose by itself
          </button>
        ) : null}
      </span>
    </div>
  );
}

function Forget(props: { readonly tuned: Tuned; readonly act: Act; readonly disabled: boolean }): JSX.Element {
  const { device, problemClass } = props.tuned;
  return (
    <button
      type="button"
      class="link small"
      data-testid="bench-untune"
      title={`Forget it for ${problemClass}`}
      disabled={props.disabled}
      onClick={() => props.act.untune(device, problemClass)}
    >
      Forget
    </button>
  );
}

/** What the last tuning of the variant shown tried: what was taken first, what is out last. */
export function Tried(props: { readonly state: PanelState; readonly scene: Scene }): JSX.Element | null {
  const { tuning } = props.state;
  if (tuning === null || tuning.variant !== props.scene.variant.name || tuning.rows.length === 0) return null;
  return (
    <details class="measured small" data-testid="bench-tried">
      <summary>{`What tuning tried: ${triedText(tuning.rows)}`}</summary>
      <table class="bench">
        <caption class="unseen">Kernels and tiles that tuning tried, with the time of each</caption>
        <thead>
          <tr>
            <th scope="col">kernel</th>
            <th scope="col" class="time">
              ms
            </th>
            <th scope="col" style="text-align:left">
              tile
            </th>
            <th scope="col" style="text-align:left">
              options
            </th>
          </tr>
        </thead>
        <tbody>
          {inOrder(tuning.rows).map((row) => (
            <tr key={`${row.candidate.engine} ${row.candidate.tile}`} class={row.fate === "fastest" ? "best" : ""} data-fate={row.fate}>
              <th scope="row">
                {ENGINE_NAMES[row.candidate.engine]}
                <span class="muted tiny">{`${row.isDefault ? " untuned" : ""}${row.fate === "fastest" ? " taken" : ""}`}</span>
              </th>
              <td class="time">{row.ms === null ? "–" : milliseconds(row.ms)}</td>
              {row.fate === "untried" ? (
                <td class="why muted" colSpan={2}>{`${row.candidate.tile}: ${row.reason}`}</td>
              ) : row.ms === null ? (
                <td class="why bad" colSpan={2}>
                  <Icon name="error" /> {withCode(`${row.candidate.tile}: ${row.fate}, ${row.reason}`)}
                </td>
              ) : (
                <>
                  <td style="text-align:left">{row.candidate.tile}</td>
                  <td class="muted" style="text-align:left">
                    {optionsText(row.candidate.options) || "its own"}
                  </td>
                </>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
