/**
 * From the panel's state to the two masks that it compares, or to the reason why there are not two. A former text is
 * lowered here, as the present one is, with the form's values; a mod whose own sizes are others than those shown is
 * lowered again at these, for its tensors may follow them.
 */
import { createLowering } from "../../kernels/frontend/lowering.ts";
import type { LoweredModule, LoweredVariant, Source } from "../../kernels/frontend/module.ts";
import { variantKey } from "../../kernels/ir/key.ts";
import type { Comparison, Sides } from "../comparison.ts";
import { problemOf } from "../derive.ts";
import { integer } from "../number.ts";
import { lowerBindings, type Past, type Show } from "../protocol.ts";
import type { PanelState, Scene } from "../state.ts";
import { type Counterpart, counterpart, modChanges } from "./editDiff.ts";

/** What is to be compared: `sides`, or `fault`, or neither as long as the former text is awaited. */
export type Asked = Pick<Comparison, "sides" | "fault" | "changes">;

/** What a former text is called. */
export const PAST_NAMES: Readonly<Record<Past, string>> = { saved: "the last save", head: "git’s HEAD" };
const PAST_LABELS: Readonly<Record<Past, string>> = { saved: "last save", head: "HEAD" };

type Inputs = Pick<PanelState, "compare" | "past" | "module" | "show"> & Pick<Scene, "variant" | "problem">;

/** A function that tells what a state asks for; the same object as long as nothing of it has changed. null: nothing. */
export function createAsking(): (state: PanelState) => Asked | null {
  const lowerings = { past: createLowering(), sized: createLowering() };
  let last: { readonly inputs: Inputs; readonly asked: Asked } | null = null;
  return ({ compare, past, module, show, scene }) => {
    if (compare === null || show === null || scene === null || module === null || compare.document !== show.document) {
      last = null;
      return null;
    }
    const inputs: Inputs = { compare, past, module, show, variant: scene.variant, problem: scene.problem };
    if (last !== null && isSame(last.inputs, inputs)) return last.asked;
    const asked = askedOf(inputs, show, module, lowerings);
    last = { inputs, asked };
    return asked;
  };
}

const isSame = (a: Inputs, b: Inputs): boolean =>
  a.compare === b.compare &&
  a.past === b.past &&
  a.module === b.module &&
  a.variant === b.variant &&
  a.problem === b.problem &&
  a.show?.bindings === b.show?.bindings &&
  a.show?.files === b.show?.files;

type Lowerings = Readonly<Record<"past" | "sized", ReturnType<typeof createLowering>>>;

function askedOf(inputs: Inputs, show: Show, module: LoweredModule, lowerings: Lowerings): Asked {
  const { compare, past, variant } = inputs;
  if (compare === null) return nothing(null);
  if (compare.with.kind === "variant") {
    const { name } = compare.with;
    const other = module.variants.find((v) => v.name === name);
    if (other === undefined) return nothing(`\`${name}\` is not in the text any more. Choose another mask to compare with.`);
    const sides = sidesOf(inputs, show, show.sources, other, lowerings);
    return {
      sides: { ...sides, a: { label: variant.name, variant }, b: { label: name, variant: sides.other }, shown: "a", kind: "names" },
      fault: null,
      changes: null,
    };
  }
  const which = compare.with.kind;
  if (past === null || past.past !== which || past.document !== show.document) return nothing(null);
  if (past.sources === null) return nothing(past.fault ?? "There is no former text.");
  const then = lowerings.past.lower(past.sources, { bindings: lowerBindings(show), files: show.files ?? [] });
  const changes = modChanges(then, module);
  const found = counterpart(then, changes, variant.name);
  if (found === null) return { ...nothing(absent(variant.name, which, then)), changes };
  const sides = sidesOf(inputs, show, past.sources, found.variant, lowerings);
  const notes = [...renameNote(found, variant.name, which), ...sides.notes];
  const label = found.by === "name" ? PAST_LABELS[which] : `${found.variant.name}, ${PAST_LABELS[which]}`;
  return {
    sides: { ...sides, notes, a: { label, variant: sides.other }, b: { label: "now", variant }, shown: "b", kind: "times" },
    fault: null,
    changes,
  };
}

const nothing = (fault: string | null): Asked => ({ sides: null, fault, changes: null });

function absent(name: string, past: Past, then: LoweredModule): string {
  const error = then.diagnostics.find((d) => d.severity === "error");
  const why = error === undefined ? "it is new, and has nothing to be compared with" : `that text has an error: ${error.message}`;
  return `\`${name}\` is not in ${PAST_NAMES[past]}: ${why}`.replace(/\.?$/, ".");
}

function renameNote({ variant, by }: Counterpart, name: string, past: Past): string[] {
  if (by === "name") return [];
  const then = `In ${PAST_NAMES[past]} it is called \`${variant.name}\``;
  return by === "renamed" ? [`${then}.`] : [`${then}, if \`${name}\` is the same mod: one name went and one came.`];
}

/** What both kinds of comparison share. */
type Shared = Pick<Sides, "size" | "blockSize" | "notes"> & { readonly other: LoweredVariant };

function sidesOf(
  { variant, problem }: Inputs,
  show: Show,
  sources: readonly Source[],
  other: LoweredVariant,
  lowerings: Lowerings,
): Shared {
  const { batch, qHeads, kvHeads, qLen, kvLen, blockSize } = problem;
  const own = problemOf(show, other);
  const isSized = own.batch === batch && own.qHeads === qHeads && own.qLen === qLen && own.kvLen === kvLen;
  const at = { ...show.problem, batch, qHeads, kvHeads, qLen, kvLen };
  const again = isSized
    ? undefined
    : lowerings.sized
        .lower(sources, { bindings: lowerBindings({ bindings: show.bindings, problem: at }), files: show.files ?? [] })
        .variants.find((v) => v.name === other.name);
  const sized = again ?? other;
  return {
    other: sized,
    size: { batch, heads: qHeads, qLen, kvLen },
    blockSize,
    notes: [...sizeNote(other, show, problem), ...scoreNote(variant, sized)],
  };
}

const SIZES = [
  ["batch", "B"],
  ["qHeads", "H"],
  ["qLen", "Q_LEN"],
  ["kvLen", "KV_LEN"],
] as const;

/** What the other one states of its sizes and does not get. */
function sizeNote(other: LoweredVariant, show: Show, problem: Scene["problem"]): string[] {
  const stated = SIZES.flatMap(([key, name]) => {
    const own = show.problem[key] ?? other.stated[key];
    return own === undefined || own === problem[key] ? [] : [`${name} ${integer(own)}`];
  });
  return stated.length === 0 ? [] : [`The other one states ${stated.join(", ")}; both are compared at the sizes shown.`];
}

function scoreNote(variant: LoweredVariant, other: LoweredVariant): string[] {
  if (variant.scoreMod === null && other.scoreMod === null) return [];
  const key = (v: LoweredVariant): string => variantKey({ scoreMod: v.scoreMod, maskMod: null }, [1, 1]);
  return key(variant) === key(other) ? [] : ["Their score_mods are not the same; only masks are compared."];
}
