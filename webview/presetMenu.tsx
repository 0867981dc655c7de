/** The menu of problem sizes by name: published ones, the user's own, and the way back to those of the text. */
import type { JSX } from "preact";
import type { Act } from "./act.ts";
import { Icon } from "./icon.tsx";
import { Popup } from "./popup.tsx";
import { isPreset, PUBLISHED, presetOf, presetText, withPreset } from "./presets.ts";
import type { Preset, Show } from "./protocol.ts";
import type { Scene } from "./state.ts";

interface PresetMenuProps {
  readonly scene: Scene;
  readonly show: Show;
  /** The user's own. */
  readonly own: readonly Preset[];
  readonly act: Act;
}

export function PresetMenu(props: PresetMenuProps): JSX.Element {
  const { scene, show, own, act } = props;
  return (
    <Popup text="Presets" label="Presets: problem sizes by name" testId="presets">
      {(close) => {
        const take = (preset: Preset): void => {
          act.setProblem(withPreset(show.problem, preset));
          close();
        };
        const row = (preset: Preset, about: string): JSX.Element => (
          <PresetRow key={preset.name} preset={preset} about={about} shown={isPreset(scene.problem, preset)} onTake={() => take(preset)} />
        );
        return (
          <div class="presets">
            <div class="kinds">
              <button
                type="button"
                class="link"
                data-testid="preset-save"
                onClick={() => {
                  act.savePreset(presetOf(scene.problem));
                  close();
                }}
              >
                Save sizes as preset…
              </button>
              {Object.keys(show.problem).length === 0 ? null : (
                <button
                  type="button"
                  class="link"
                  data-testid="sizes-write"
                  onClick={() => {
                    act.writeDirective();
                    close();
                  }}
                >
                  Write sizes into the text
                </button>
              )}
              {own.length === 0 ? null : (
                <button type="button" class="link" onClick={act.editPresets}>
                  Edit yours
                </button>
              )}
            </div>
            {own.length === 0 ? null : <h2>Yours</h2>}
            {own.map((preset) => row(preset, ""))}
            <h2>Published</h2>
            {PUBLISHED.map((preset) => row(preset, preset.about))}
          </div>
        );
      }}
    </Popup>
  );
}

function PresetRow(props: {
  readonly preset: Preset;
  readonly about: string;
  readonly shown: boolean;
  readonly onTake: () => void;
}): JSX.Element {
  const { preset, about, shown, onTake } = props;
  return (
    <button type="button" class="preset" aria-current={shown} title={about} data-testid={`preset-${preset.name}`} onClick={onTake}>
      <span class="name">
        {preset.name}
        {shown ? <Icon name="ok" /> : null}
      </span>
      <span class="muted tiny">{[presetText(preset.problem), about].filter((part) => part !== "").join(" · ")}</span>
    </button>
  );
}
