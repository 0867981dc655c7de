/** Beside a kernel: why it is this one, with the other kernels and their reasons; what it takes of the device; what the mods cost. */
import type { JSX } from "preact";
import type { KernelPlan, Plan } from "../../kernels/flash/plan.ts";
import type { Act } from "../act.ts";
import { ENGINE_NAMES } from "../bench/rows.ts";
import { Icon } from "../icon.tsx";
import { duration, integer, percent } from "../number.ts";
import type { PanelState, Scene } from "../state.ts";
import { withCode } from "../strip.tsx";
import type { KernelChoice } from "./choices.ts";
import { operationsOf, operationsText } from "./operations.ts";
import { type Resource, resourcesOf } from "./resources.ts";

interface WhyProps {
  readonly choices: readonly KernelChoice[];
  readonly told: readonly string[];
  /** The engine whose kernels are shown, and which of them. */
  readonly shown: { readonly engine: string; readonly pass: string } | null;
  readonly state: PanelState;
  readonly act: Act;
  readonly onPass: (pass: string) => void;
}

export function Why(props: WhyProps): JSX.Element {
  const { choices, told, state, shown, act } = props;
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
              <button
                type="button"
                class="link"
                aria-current={shown?.engine === c.engine ? "true" : undefined}
                onClick={() => act.showKernel(c.chosen ? null : { engine: c.engine, options: {} })}
              >
                {ENGINE_NAMES[c.engine]}
              </button>
            )}
          </span>
          <span class="muted">{withCode(c.why)}</span>
          {c.plan === null || c.plan.kernels.length < 2 ? null : (
            <span class="passes">
              {"in order: "}
              {c.plan.kernels.map(({ pass }, i) => [
                i === 0 ? "" : ", ",
                shown?.engine === c.engine && shown.pass !== pass ? (
                  <button type="button" class="link" key={pass} onClick={() => props.onPass(pass)}>
                    {pass}
                  </button>
                ) : (
                  <span key={pass}>{pass}</span>
                ),
              ])}
            </span>
          )}
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

/** A share of the device's limit from here on is worth a look. */
const NEARLY_ALL = 0.9;

export function Resources(props: {
  readonly plan: Plan;
  readonly kernel: KernelPlan;
  readonly scene: Scene;
  readonly state: PanelState;
}): JSX.Element {
  const { plan, kernel, scene, state } = props;
  const rows = resourcesOf(plan, kernel, state.device?.limits);
  const compiled = state.results.find((r) => r.variant === scene.variant.name && r.engine === plan.engine && r.key === scene.key);
  return (
    <section aria-label="Resources" data-testid="kernel-resources">
      <h2>Resources</h2>
      <dl class="resources">
        {rows.map((row) => (
          <ResourceRow key={row.name} row={row} />
        ))}
        {compiled === undefined ? null : (
          <ResourceRow
            row={{
              name: "pipelines made in",
              text: duration(compiled.compileMs),
              share: null,
              about: "All kernels of the engine, when it was last measured.",
            }}
          />
        )}
      </dl>
    </section>
  );
}

function ResourceRow(props: { readonly row: Resource }): JSX.Element {
  const { name, text, share, about } = props.row;
  return (
    <div class="resource">
      <dt>{name}</dt>
      <dd>
        {share === null ? null : (
          <span class={`meter ${share >= NEARLY_ALL ? "high" : ""}`} aria-hidden="true">
            <span style={`width:${Math.min(100, 100 * share)}%`} />
          </span>
        )}
        <b>{text}</b>
        {share === null ? null : <span class="unseen">{`, ${percent(share, 0)}`}</span>}
      </dd>
      <dd class="tiny muted">{about}</dd>
    </div>
  );
}

/** What the mods cost at an element, beside what the attention itself takes there. */
export function Costs(props: { readonly scene: Scene }): JSX.Element {
  const { scoreMod, maskMod } = props.scene.variant;
  const { qkHeadDim, vHeadDim } = props.scene.problem;
  const rows = [
    { mod: scoreMod, where: "at every element that is not skipped" },
    { mod: maskMod, where: "at elements of partial blocks" },
  ];
  return (
    <section aria-label="Cost of the mods" data-testid="kernel-costs">
      <h2>Cost of the mods</h2>
      <dl class="resources">
        {rows.map(({ mod, where }) =>
          mod === null ? null : (
            <div class="resource" key={mod.kind}>
              <dt>
                <code>{mod.kind}</code>
              </dt>
              <dd>
                <b>{operations(operationsOf(mod).total)}</b>
              </dd>
              <dd class="tiny muted">{`${operationsText(operationsOf(mod))}; ${where}`}</dd>
            </div>
          ),
        )}
      </dl>
      <p class="tiny muted">
        {`The score and its part of the output take ${integer(2 * (qkHeadDim + vHeadDim))} floating-point operations at each element. Operations are counted after simplification; a function such as tanh counts one, though it takes many instructions.`}
      </p>
    </section>
  );
}

const operations = (count: number): string => (count === 1 ? "1 operation" : `${integer(count)} operations`);
