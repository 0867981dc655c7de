/**
 * The examples of the gallery as variants: each lowered once, when it is first asked for, at its own sizes. For lists
 * that show their pictures. Whoever wants them all has them one a turn, so that the editor's thread is never held for
 * longer than one takes.
 */
import { fillProblem, type Problem } from "../kernels/flash/problem.ts";
import { findVariant, lowerModule } from "../kernels/frontend/lower.ts";
import type { LoweredVariant } from "../kernels/frontend/module.ts";
import { GALLERY, type GalleryEntry } from "../kernels/gallery/gallery.ts";

export interface GalleryVariant {
  readonly variant: LoweredVariant;
  readonly problem: Problem;
}

const kept = new Map<GalleryEntry, GalleryVariant | null>();

/** What `entry` shows first; null for one that is about its diagnostics. */
export function galleryVariantOf(entry: GalleryEntry): GalleryVariant | null {
  const known = kept.get(entry);
  if (known !== undefined) return known;
  const variant = entry.main === null ? null : findVariant(lowerModule([{ file: entry.file, text: entry.text }]), entry.main);
  const found = variant === null ? null : { variant, problem: fillProblem(variant.problem) };
  kept.set(entry, found);
  return found;
}

/** Calls `show` with each that has a picture, a turn apart, until `isOver`. */
export function eachGalleryVariant(show: (entry: GalleryEntry, found: GalleryVariant) => void, isOver: () => boolean): void {
  const [...waiting] = GALLERY;
  const turn = (): void => {
    const entry = waiting.shift();
    if (entry === undefined || isOver()) return;
    const found = galleryVariantOf(entry);
    if (found !== null) show(entry, found);
    setTimeout(turn, 0);
  };
  turn();
}
