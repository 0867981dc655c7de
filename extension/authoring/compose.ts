/**
 * "Compose with…": a mask_mod put together with another one of the file or the gallery by `and_masks` or `or_masks`, as
 * one would write it: an assignment below both; inside a factory, around what it returns. In: an outline, the mask that
 * the cursor is in, the other one. Out: edits, and the name of the result.
 */
import { modKind } from "../../kernels/frontend/discover.ts";
import type { LoweredModule, LoweredVariant } from "../../kernels/frontend/module.ts";
import type { FunctionDef, Statement } from "../../kernels/frontend/syntax.ts";
import { ownStatements } from "../../kernels/frontend/walkSyntax.ts";
import type { GalleryEntry } from "../../kernels/gallery/gallery.ts";
import { galleryVariantOf } from "../galleryVariant.ts";
import { partsBehind } from "./carriedParts.ts";
import { type Edit, FLEX_MODULE, importsFor, type Region, type Wanted } from "./importEdit.ts";
import { codeEdits } from "./insertCode.ts";
import { carriedExample, sizesOf } from "./insertVariant.ts";
import { binderOf, freshName, functionAt, moduleNames, type Outline, type Part } from "./outline.ts";

export type Joint = "and" | "or";

/** The mask to be composed. */
export type Composed =
  /** Bound to a name of the module. */
  | { readonly kind: "named"; readonly name: string; readonly binder: Part }
  /** Defined and returned by a function of the module. */
  | {
      readonly kind: "returned";
      readonly name: string;
      readonly value: { readonly from: number; readonly to: number };
      readonly by: string;
    };

export type Partner = { readonly kind: "own"; readonly name: string } | { readonly kind: "gallery"; readonly entry: GalleryEntry };

export interface Composition {
  readonly edits: readonly Edit[];
  /** The name that the result has; of one that a factory returns, the factory's. */
  readonly name: string;
}

/** The mask at `offset`, which `variant` is; null where nothing could be written for it. */
export function composedAt(outline: Outline, variant: LoweredVariant, offset: number): Composed | null {
  if (variant.maskMod === null || variant.scoreMod !== null) return null;
  const inner = functionAt(outline, offset);
  const outer = inner?.around.at(-1);
  if (inner !== null && outer?.kind === "FunctionDef" && modKind(inner.node) === "mask_mod") {
    const returned = ownStatements(outer.body).findLast((s) => isReturnOf(s, inner.node));
    if (returned?.kind === "Return" && returned.value !== null && inner.around.length === 1)
      return { kind: "returned", name: inner.node.name, value: returned.value.span, by: outer.name };
  }
  const binder = maskBinder(outline, variant);
  return binder === null ? null : { kind: "named", name: variant.name, binder };
}

const isReturnOf = (s: Statement, { name }: FunctionDef): boolean => s.kind === "Return" && s.value?.kind === "Name" && s.value.id === name;

/** Masks of the file that the one at hand can be composed with. */
export function ownPartners(outline: Outline, module: LoweredModule, composed: Composed): readonly LoweredVariant[] {
  // What a factory returns is put together when it is called: by then the partner must be there, and not made by it.
  const first = composed.kind === "named" ? undefined : outline.parts.find((part) => part.reads.has(composed.by));
  return module.variants.filter((v) => {
    const binder = v.maskMod !== null && v.scoreMod === null && v.name !== composed.name ? maskBinder(outline, v) : null;
    if (binder === null || composed.kind === "named") return binder !== null;
    return (first === undefined || binder.to < first.from) && !partsBehind(outline, binder).some((part) => part.binds.has(composed.by));
  });
}

/** Examples that are masks. */
export const isPartner = (entry: GalleryEntry): boolean => entry.kind === "mask_mod";

/** The part that binds the variant's name to the mask itself: a mod's `def`, or an assignment. */
function maskBinder(outline: Outline, { name }: LoweredVariant): Part | null {
  const binder = binderOf(outline, name);
  const holds = binder?.statements.some(
    (s) => s.kind === "Assign" || s.kind === "AnnAssign" || (s.kind === "FunctionDef" && s.name === name && modKind(s) === "mask_mod"),
  );
  return holds === true ? binder : null;
}

/** `regionOf`: the cell of an offset, or the whole document. */
export function compose(
  outline: Outline,
  composed: Composed,
  partner: Partner,
  joint: Joint,
  regionOf: (offset: number) => Region,
): Composition {
  const combinator: Wanted = { module: FLEX_MODULE, name: `${joint}_masks`, as: `${joint}_masks` };
  const other = partner.kind === "own" ? binderOf(outline, partner.name) : null;
  const nearest =
    composed.kind === "named"
      ? composed.binder
      : (outline.parts.find((p) => p.from <= composed.value.from && composed.value.to <= p.to) ?? null);
  const own = nearest?.to ?? 0;
  const place = composed.kind === "named" ? Math.max(own, other?.to ?? 0) : nearest === null ? 0 : endBefore(outline, nearest);
  const region = regionOf(place);
  const carried = partner.kind === "own" ? null : carriedExample(partner.entry, { target: outline, place, region, also: [combinator] });
  const imports = carried?.imports ?? importsFor(outline, [combinator], place, region);
  const join = imports.names.get(combinator.as) ?? combinator.as;
  const name = partner.kind === "own" ? partner.name : (carried?.name ?? "");
  const call = `${join}(${composed.name}, ${name})`;
  const brought = carried ?? { text: "", opensWithDefinition: false, endsWithDefinition: false };
  if (composed.kind === "returned") {
    const edits = codeEdits(outline, place, region, brought, imports);
    return { name: composed.by, edits: [...edits, { ...composed.value, newText: call }] };
  }
  const taken = new Set([...moduleNames(outline), name]);
  const result = freshName(`${plain(composed.name)}_${joint}_${plain(name)}`, taken);
  const sizes =
    partner.kind === "gallery" && (galleryVariantOf(partner.entry)?.variant.captures.length ?? 0) > 0 ? sizesOf(partner.entry) : "";
  const line = `${sizes === "" ? "" : `${sizes}\n`}${result} = ${call}`;
  const text = brought.text === "" ? line : `${brought.text}${brought.endsWithDefinition ? "\n\n\n" : "\n"}${line}`;
  const opens = brought.text !== "" && brought.opensWithDefinition;
  return {
    name: result,
    edits: codeEdits(outline, place, region, { text, opensWithDefinition: opens, endsWithDefinition: false }, imports),
  };
}

/** The end of what stands before `part`. */
const endBefore = ({ text }: Outline, part: Part): number => text.slice(0, part.from).trimEnd().length;

/** `causal` of `causal_mask` and `causal_mask_mod`. */
const plain = (name: string): string => name.replace(/(?<=.)_(?:mask|mask_mod|mod)$/, "");
