/**
 * A variant of the gallery into somebody's text: its definition with what that needs, below the imports and between the
 * statements there, and a directive with the sizes of the example where these are not the usual ones, so that it looks
 * as its picture did. In: an example, an outline and a place. Out: edits and the name that it has there.
 */
import { DEFAULT_BLOCK_SIZE, DEFAULT_LENGTH } from "../../kernels/flash/problem.ts";
import { modKind } from "../../kernels/frontend/discover.ts";
import { ownStatements } from "../../kernels/frontend/walkSyntax.ts";
import type { GalleryEntry } from "../../kernels/gallery/gallery.ts";
import type { ProblemHints } from "../../kernels/ir/mod.ts";
import { galleryVariantOf } from "../galleryVariant.ts";
import { type Carried, carriedParts, carriedWhole, type Goal } from "./carriedParts.ts";
import type { Edit, Region } from "./importEdit.ts";
import { codeEdits, placeFor } from "./insertCode.ts";
import { binderOf, freshName, moduleNames, type Outline, outlineOf } from "./outline.ts";

export interface Inserted {
  readonly edits: readonly Edit[];
  /** Empty for an example that is more than one variant. */
  readonly name: string;
}

/** `offset`: the cursor's, in `region` of the outline's text. */
export function insertVariant(entry: GalleryEntry, target: Outline, offset: number, region: Region): Inserted {
  const place = placeFor(target, offset, region);
  const carried = carriedExample(entry, { target, place, region });
  return { edits: codeEdits(target, place, region, carried, carried.imports), name: carried.name };
}

/**
 * The same where `word` stands at the cursor, which the editor takes away by itself: edits that leave its place alone.
 * Lines that follow the word stay, and count as the distance to what is below.
 */
export function insertBesideWord(entry: GalleryEntry, text: string, word: Region, region: Region): readonly Edit[] {
  const length = word.to - word.from;
  const bare = text.slice(0, word.from) + text.slice(word.to);
  const { edits } = insertVariant(entry, outlineOf(bare), word.from, { from: region.from, to: region.to - length });
  return edits.map(({ from, to, newText }) => {
    if (to < word.from) return { from, to, newText };
    if (from > word.from) return { from: from + length, to: to + length, newText };
    const code = newText.trimEnd();
    const lack = lineBreaks(newText.slice(code.length)) - lineBreaks(bare.slice(word.from, to));
    return { from, to: word.from, newText: code + "\n".repeat(Math.max(0, lack)) };
  });
}

const lineBreaks = (text: string): number => text.split(/\r\n|\r|\n/).length - 1;

/** What of `entry` goes there; of a factory its call too, for the values that the example gives it. */
export function carriedExample(entry: GalleryEntry, goal: Goal): Carried {
  const source = outlineOf(entry.text);
  const main = entry.main;
  const call = main === null ? null : factoryCall(source, entry, main);
  const one = main === null ? null : carriedParts(source, main, goal, call === null ? sizesOf(entry) : "");
  if (one === null) return carriedWhole(source, goal);
  if (call === null) return one;
  const name = freshName(call.result, new Set([...moduleNames(goal.target), one.name]));
  const lines = [...(sizesOf(entry) === "" ? [] : [sizesOf(entry)]), `${name} = ${one.name}(${call.values})`].join("\n");
  const text = one.text === "" ? lines : `${one.text}\n\n\n${lines}`;
  return { ...one, name, text, opensWithDefinition: one.text !== "" && one.opensWithDefinition, endsWithDefinition: false };
}

/** How the example gets its mod from a factory of that name; null where the name is the mod's own. */
function factoryCall(source: Outline, entry: GalleryEntry, name: string): { readonly result: string; readonly values: string } | null {
  const variant = galleryVariantOf(entry)?.variant;
  const factory = binderOf(source, name)?.statements.find((s) => s.kind === "FunctionDef" && s.name === name && modKind(s) === null);
  if (variant === undefined || factory?.kind !== "FunctionDef") return null;
  const returned = ownStatements(factory.body).findLast((s) => s.kind === "Return" && s.value?.kind === "Name");
  const given = variant.bindings.filter(({ origin }) => origin === "call site");
  return {
    result: returned?.kind === "Return" && returned.value?.kind === "Name" ? returned.value.id : `${name}_mod`,
    values: given.map((row) => `${row.name}=${row.text}`).join(", "),
  };
}

/** The directive with the sizes of an example. */
export const sizesOf = (entry: GalleryEntry): string => directiveOf(galleryVariantOf(entry)?.variant.problem ?? {});

/** The sizes that `hints` say, as a directive; empty where nothing but what is usual is said. */
function directiveOf({ batch, qLen, kvLen, blockSize }: ProblemHints): string {
  const said = [
    ...(batch === undefined || batch === 1 ? [] : [`B=${batch}`]),
    ...(qLen === undefined || kvLen === undefined || (qLen === DEFAULT_LENGTH && kvLen === DEFAULT_LENGTH)
      ? []
      : [`Q_LEN=${qLen}, KV_LEN=${kvLen}`]),
    ...(blockSize === undefined || blockSize.join() === DEFAULT_BLOCK_SIZE.join()
      ? []
      : [`BLOCK_SIZE=${blockSize[0] === blockSize[1] ? blockSize[0] : `(${blockSize.join(", ")})`}`]),
  ];
  return said.length === 0 ? "" : `# flexlens: ${said.join(", ")}`;
}
