/** The menu of ways out: the view or the whole plane as a file, the mask as text or as PyTorch on the clipboard. */
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import type { Layer } from "../../kernels/mask/layer.ts";
import { type Region, wholePlane } from "../../kernels/mask/region.ts";
import type { Act } from "../act.ts";
import { Button } from "../controls.ts";
import { useDismiss } from "../dismiss.ts";
import { Icon } from "../icon.tsx";
import { integer } from "../number.ts";
import type { Scene } from "../state.ts";
import { EXPORT_KINDS, type ExportKind, exportFile, exportText } from "./export.ts";

interface ExportMenuProps {
  readonly scene: Scene;
  readonly layer: Layer;
  readonly batch: number;
  readonly head: number;
  /** What is in view. */
  readonly visible: Region;
  readonly act: Pick<Act, "copy" | "saveFile" | "copyPython">;
}

const KIND_NAMES: Readonly<Record<ExportKind, string>> = { png: "PNG", svg: "SVG", txt: "text", json: "JSON", npy: "NumPy" };

export function ExportMenu(props: ExportMenuProps): JSX.Element {
  const { scene, layer, batch, head, visible, act } = props;
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState<string | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const menu = useRef<HTMLSpanElement>(null);
  useDismiss(open, menu, () => setOpen(false));
  const whole = wholePlane(scene.blockMask, batch, head);
  const isWhole = visible.q0 === 0 && visible.k0 === 0 && visible.q1 === whole.q1 && visible.k1 === whole.k1;
  const save = (kind: ExportKind, region: Region): void => {
    setBusy(`writing ${KIND_NAMES[kind]}…`);
    setFault(null);
    exportFile(kind, scene, layer, region)
      .then(({ name, data }) => act.saveFile(name, data))
      .catch((error: unknown) => setFault(error instanceof Error ? error.message : String(error)))
      .finally(() => setBusy(null));
  };
  const copy = (): void => {
    act.copy(`${exportText(scene, visible)}\n`);
    setOpen(false);
  };
  const part = (name: string, region: Region, id: string): JSX.Element => (
    <>
      <div class="small muted">{`${name}: ${integer(region.q1 - region.q0)} × ${integer(region.k1 - region.k0)}`}</div>
      <div class="kinds">
        {EXPORT_KINDS.map((kind) => (
          <button
            key={kind}
            type="button"
            class="link"
            disabled={busy !== null}
            aria-label={`Save ${name} as ${KIND_NAMES[kind]}`}
            onClick={() => save(kind, region)}
            data-testid={`export-${id}-${kind}`}
          >
            {KIND_NAMES[kind]}
          </button>
        ))}
      </div>
    </>
  );
  return (
    <span class="popped" ref={menu}>
      <Button appearance="icon" label="Save or copy" pressed={open} onPress={() => setOpen(!open)} testId="export">
        <Icon name="share" />
      </Button>
      {open ? (
        <fieldset class="popup right menu" aria-label="Save or copy">
          {isWhole ? null : part("view", visible, "view")}
          {part("whole plane", whole, "whole")}
          <button type="button" class="link" onClick={copy} data-testid="export-text">
            Copy as text
          </button>
          <button
            type="button"
            class="link"
            onClick={() => {
              act.copyPython();
              setOpen(false);
            }}
            data-testid="export-python"
          >
            Copy as PyTorch
          </button>
          {busy === null && fault === null ? null : (
            <div class={`small ${fault === null ? "muted" : "warn"}`} role="status" data-testid="export-status">
              {fault ?? busy}
            </div>
          )}
        </fieldset>
      ) : null}
    </span>
  );
}
