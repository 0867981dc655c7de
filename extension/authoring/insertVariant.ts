/**
 * A variant of the gallery into somebody's text: its definition with what that needs, below the imports and between the
 * statements there, and a directive with the sizes of the example where these are not the usual ones, so that it looks
 * as its picture did. In: an example, an outline and a place. Out: edits and the name that it has there.
 */
import { DEFAULT_BLOCK_SIZE } from "../../kernels/flash/problem.ts";
import type { GalleryEntry } from "../../kernels/gallery/gallery.ts";
import type { ProblemHints } from "../../kernels/ir/mod.ts";
import { galleryVariantOf } from "../galleryVariant.ts";
import { type Carried, carriedParts, carriedWhole } from "./carriedParts.ts";
import type { Edit, Region } from "./importEdit.ts";
import { codeEdits, placeFor } from "./insertCode.ts";
import { type Outline, outlineOf } from "./outline.ts";

export interface Inserted {
  readonly edits: readonly Edit[];
  /** Empty for an example that is more than one variant. */
  readonly name: string;
}

/** `offset`: the cursor's, in `region` of the outline's text. */
export function insertVariant(entry: GalleryEntry, target: Outline, offset: number, region: Region): Inserted {
  const place = placeFor(target, offset, region);
  const carried = carriedExample(entry, target, place, region);
  return { edits: codeEdits(target, place, region, carried, carried.imports), name: carried.name };
}

/** What of `entry` goes to `place`. */
export function carriedExample(entry: GalleryEntry, target: Outline, place: number, region: Region): Carried {
  const source = outlineOf(entry.text);
  const sizes = directiveOf(galleryVariantOf(entry)?.variant.problem ?? {});
  const one = entry.main === null ? null : carriedParts(source, entry.main, target, place, region, sizes);
  return one ?? carriedWhole(source, target, place, region);
}

/** The sizes that `hints` say, as a directive; empty where nothing but what is usual is said. */
function directiveOf({ batch, qLen, kvLen, blockSize }: ProblemHints): string {
  const said = [
    ...(batch === undefined || batch === 1 ? [] : [`B=${batch}`]),
    ...(qLen === undefined || kvLen === undefined || (qLen === 1024 && kvLen === 1024) ? [] : [`Q_LEN=${qLen}, KV_LEN=${kvLen}`]),
    ...(blockSize === undefined || blockSize.join() === DEFAULT_BLOCK_SIZE.join()
      ? []
      : [`BLOCK_SIZE=${blockSize[0] === blockSize[1] ? blockSize[0] : `(${blockSize.join(", ")})`}`]),
  ];
  return said.length === 0 ? "" : `# flexlens: ${said.join(", ")}`;
}
