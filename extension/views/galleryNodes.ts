/** The Gallery view: the examples, each with its picture and a line of what it is. */
import type { GalleryEntry } from "../../kernels/gallery/gallery.ts";
import { COMMANDS } from "../contributions.ts";
import type { Icon, TreeNode } from "../listNode.ts";

/** `pictureOf`: data URIs; null where there is none (yet). */
export function galleryNodes(
  entries: readonly GalleryEntry[],
  pictureOf: (entry: GalleryEntry) => { readonly light: string; readonly dark: string } | null,
): readonly TreeNode[] {
  return entries.map((entry): TreeNode => {
    const picture = pictureOf(entry);
    const icon: Icon = picture === null ? { kind: "named", name: "file-code", colour: null } : { kind: "picture", ...picture };
    const paper = entry.paper === null ? [] : [`arXiv:${entry.paper}`];
    return {
      id: entry.file,
      context: "example",
      label: entry.title,
      description: entry.description,
      spoken: `${entry.title}: ${entry.description}`,
      details: [entry.description, ...paper],
      icon,
      place: { kind: "example", file: entry.file },
      command: { command: COMMANDS.openExample, arguments: [entry.file] },
      children: [],
      isOpen: false,
    };
  });
}
