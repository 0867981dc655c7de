/** All that the Kernel tab shows of one kernel's text, put together once a text. Pure but for what it remembers of edits. */
import { originsOf } from "../../kernels/emit/wgslOrigin.ts";
import type { KernelPlan, Plan } from "../../kernels/flash/plan.ts";
import type { Show } from "../protocol.ts";
import type { Scene } from "../state.ts";
import { type Edited, editOf, type Track, track } from "./changes.ts";
import { type Fold, foldsOf } from "./folds.ts";
import { highlightLine, type Piece } from "./highlight.ts";
import { type Links, linksOf } from "./links.ts";

export interface KernelModel {
  readonly wgsl: string;
  readonly lines: readonly string[];
  readonly pieces: readonly (readonly Piece[])[];
  readonly links: Links;
  /** By line: what a field of the mods' uniform holds. */
  readonly values: ReadonlyMap<number, number>;
  readonly folds: readonly Fold[];
  /** null: nothing has changed since the kernel was first seen. */
  readonly edited: Edited | null;
  /** Lines that the last edit changed, and `removed` those before which it took lines away. */
  readonly changed: ReadonlySet<number>;
  readonly removed: ReadonlySet<number>;
}

/** Kernels whose last text is remembered. */
const MOST_TRACKS = 64;
const tracks = new Map<string, Track>();

type Text = Pick<KernelModel, "wgsl" | "lines" | "pieces">;
/** The last text: most edits leave it as it is. */
let last: Text | null = null;

function textOf(wgsl: string): Text {
  if (last?.wgsl === wgsl) return last;
  const lines = wgsl.trimEnd().split("\n");
  last = { wgsl, lines, pieces: lines.map(highlightLine) };
  return last;
}

/** The model of one of the plan's kernels, for the scene that it was planned for. */
export function kernelModel(scene: Scene, plan: Plan, kernel: KernelPlan, show: Pick<Show, "document" | "sources" | "title">): KernelModel {
  const { wgsl } = kernel;
  const { variant } = scene;
  const origins = originsOf(variant, wgsl);
  const name = [show.document, variant.name, plan.engine, plan.tile, kernel.pass].join("\n");
  const scalars = new Map([...origins.scalars.values()].map((s) => [s.name, s.value]));
  const tracked = track(tracks.get(name), { wgsl, key: scene.key, scalars, at: scene.readAt });
  tracks.delete(name);
  tracks.set(name, tracked);
  const [oldest] = tracks.keys();
  if (tracks.size > MOST_TRACKS && oldest !== undefined) tracks.delete(oldest);
  const edited = editOf(tracked);

  const text = textOf(wgsl);
  const changes = edited?.changes ?? [];
  const changed = new Set(changes.flatMap((c) => Array.from({ length: c.lines }, (_, i) => c.at + i)));
  return {
    ...text,
    links: linksOf(variant, wgsl, origins, show.sources, show.title),
    values: new Map([...origins.scalars].map(([at, { value }]) => [at, value])),
    folds: foldsOf(text.lines, (at) => origins.lines.has(at) || changed.has(at)),
    edited,
    changed,
    removed: new Set(changes.flatMap((c) => (c.lines === 0 ? [c.at] : []))),
  };
}

/** What the last edit did, in words; null where there was none. */
export function editText({ edited }: Pick<KernelModel, "edited">): string | null {
  if (edited === null) return null;
  if (edited.lines > 0) return `${edited.lines} ${edited.lines === 1 ? "line" : "lines"} changed since the last edit`;
  const [first, ...rest] = edited.values;
  const values =
    first === undefined
      ? "captured data"
      : `${first.name} ${first.from} → ${first.to}${rest.length === 0 ? "" : ` and ${rest.length} more`}`;
  return `unchanged: same pipeline, other data (${values})`;
}
