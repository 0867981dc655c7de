/** Comparing in the Mask tab: what to compare with, the legend of the picture, and what was found in numbers. */
import type { JSX } from "preact";
import { blockSparsity } from "../../kernels/mask/blockMask.ts";
import type { Cell as MaskCell } from "../../kernels/mask/firstCell.ts";
import type { Act } from "../act.ts";
import type { Comparison } from "../comparison.ts";
import { Button, Dropdown } from "../controls.ts";
import { Icon } from "../icon.tsx";
import { integer, percent } from "../number.ts";
import type { CompareWith } from "../protocol.ts";
import type { PanelState, Scene } from "../state.ts";
import { withCode } from "../strip.tsx";
import { cellsText, cellText, onePlane, partNames, statusText } from "./compareText.ts";
import { changesText } from "./editDiff.ts";

/** How two masks are shown: as one picture of their difference, or each by itself with one zoom and one cursor. */
export type CompareMode = "difference" | "beside";

export interface CompareBarProps {
  readonly state: PanelState;
  readonly scene: Scene;
  readonly act: Act;
  readonly mode: CompareMode;
  readonly onMode: (mode: CompareMode) => void;
}

/** The row that chooses what to compare with, and says how far that is. */
export function CompareBar(props: CompareBarProps): JSX.Element {
  const { state, scene, act, mode, onMode } = props;
  const asked = state.compare?.document === state.show?.document ? (state.compare?.with ?? null) : null;
  const others = (state.module?.variants ?? []).filter((v) => v.name !== scene.variant.name);
  const options = [
    { value: "", text: "nothing" },
    ...others.map((v) => ({ value: `=${v.name}`, text: v.name })),
    { value: "saved", text: "the last save" },
    { value: "head", text: "git HEAD" },
  ];
  return (
    <div class="bar wrap" data-testid="compare-bar">
      <span class="muted tiny">compare with</span>
      <Dropdown
        label="Compare with"
        mono
        value={optionOf(asked)}
        options={options}
        onChoose={(value) => act.compare(compareWith(value))}
        testId="compare-with"
      />
      {asked === null ? null : (
        <span class="group">
          <Button appearance="secondary" pressed={mode === "difference"} onPress={() => onMode("difference")} testId="compare-difference">
            Difference
          </Button>
          <Button appearance="secondary" pressed={mode === "beside"} onPress={() => onMode("beside")} testId="compare-beside">
            Side by side
          </Button>
        </span>
      )}
      <span class="small" role="status" data-testid="compare-status">
        {asked === null ? "" : statusText(asked, state.comparison)}
      </span>
    </div>
  );
}

const optionOf = (asked: CompareWith | null): string => (asked === null ? "" : asked.kind === "variant" ? `=${asked.name}` : asked.kind);

function compareWith(value: string): CompareWith | null {
  if (value.startsWith("=")) return { kind: "variant", name: value.slice(1) };
  return value === "saved" || value === "head" ? { kind: value } : null;
}

/** The four colours of the difference, each with its words and its count. */
export function DifferenceLegend(props: { readonly comparison: Comparison }): JSX.Element | null {
  const { sides, found } = props.comparison;
  if (sides === null || found === null) return null;
  const { onlyA, onlyB, both, neither } = onePlane(found.difference).counts;
  const [a, b] = partNames(sides);
  return (
    <div class="legend" data-testid="difference-legend">
      <span>
        <i class="swatch only-a" />
        {`${a} ${integer(onlyA)}`}
      </span>
      <span>
        <i class="swatch only-b" />
        {`${b} ${integer(onlyB)}`}
      </span>
      <span>
        <i class="swatch both" />
        {`both ${integer(both)}`}
      </span>
      <span>
        <i class="swatch neither" />
        {`neither ${integer(neither)}`}
      </span>
    </div>
  );
}

export interface DifferenceCardProps {
  readonly comparison: Comparison;
  readonly scene: Scene;
  readonly then: CompareWith;
  /** The cell under the cursor, of the plane shown. */
  readonly cell: { readonly b: number; readonly h: number; readonly q: number; readonly kv: number } | null;
  /** Shows a cell of a plane. */
  readonly onGo: (cell: MaskCell) => void;
}

/** Cells gained and lost, the first of each as a way there, and what else happened. */
export function DifferenceCard(props: DifferenceCardProps): JSX.Element {
  const { comparison, scene, then, cell, onGo } = props;
  const { sides, found, changes, stale } = comparison;
  const pastWords = then.kind === "saved" ? "the last save" : "HEAD";
  const plane = found === null ? null : onePlane(found.difference);
  const alike = plane === null || plane.shared === 1 ? [] : [`Counted once: it is the same in ${integer(plane.shared)} batches and heads.`];
  const words = [...alike, ...(sides?.notes ?? []), ...(changes === null ? [] : changesText(changes, pastWords))];
  return (
    <section aria-label="Difference" data-testid="difference-card" class={stale ? "difference stale" : "difference"}>
      <h2>Difference</h2>
      {sides === null || found === null || plane === null ? null : (
        <dl class="facts">
          <Changed name={partNames(sides)[0]} count={plane.counts.onlyA} first={found.difference.onlyA.first} onGo={onGo} testId="lost" />
          <Changed name={partNames(sides)[1]} count={plane.counts.onlyB} first={found.difference.onlyB.first} onGo={onGo} testId="gained" />
          {cell === null ? null : (
            <>
              <dt>{`q ${integer(cell.q)} · kv ${integer(cell.kv)}`}</dt>
              <dd data-testid="difference-cell">{cellText(sides, cell)}</dd>
            </>
          )}
          <dt>in both</dt>
          <dd>{cellsText(plane.counts.both)}</dd>
          <dt>in neither</dt>
          <dd>{cellsText(plane.counts.neither)}</dd>
          <dt title={`In ${sides.a.label}, then in ${sides.b.label}`}>blocks skipped</dt>
          <dd>
            {[sides.a, sides.b]
              .map((_, i) => percent(blockSparsity((i === 0) === (sides.shown === "a") ? scene.blockMask : found.other)))
              .join(" → ")}
          </dd>
        </dl>
      )}
      {words.map((line) => (
        <p key={line} class="small muted note">
          {withCode(line)}
        </p>
      ))}
    </section>
  );
}

interface ChangedProps {
  readonly name: string;
  readonly count: number;
  readonly first: MaskCell | null;
  readonly onGo: (cell: MaskCell) => void;
  readonly testId: string;
}

function Changed({ name, count, first, onGo, testId }: ChangedProps): JSX.Element {
  return (
    <>
      <dt class="clip" title={name}>
        {name}
      </dt>
      <dd data-testid={`cells-${testId}`}>{cellsText(count)}</dd>
      {first === null ? null : (
        <>
          <dt class="first">first</dt>
          <dd>
            <button type="button" class="link" title="Show this cell" onClick={() => onGo(first)} data-testid={`first-${testId}`}>
              {`b ${first.b} · h ${first.h} · q ${integer(first.qIdx)} · kv ${integer(first.kvIdx)}`}
            </button>
          </dd>
        </>
      )}
    </>
  );
}

/** The button that opens the row above, pressed while something is compared. */
export function CompareToggle(props: { readonly open: boolean; readonly onPress: () => void }): JSX.Element {
  return (
    <Button appearance="icon" label="Compare with…" pressed={props.open} onPress={props.onPress} testId="compare-toggle">
      <Icon name="beside" />
    </Button>
  );
}
