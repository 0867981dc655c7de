/**
 * An entry of the lists in the side bar, as data: what it reads, what is heard of it, what it stands for. views/trees.ts makes
 * VS Code's items of these; menus and keys hand them to commands, which act on their `place`.
 */
import type { BenchResult } from "../kernels/runtime/result.ts";

/** What an entry stands for, and a command on it acts on. */
export type Place =
  | { readonly kind: "file"; readonly document: string }
  | { readonly kind: "variant"; readonly document: string; readonly variant: string }
  | { readonly kind: "results"; readonly document: string; readonly variant: string; readonly results: readonly BenchResult[] }
  | { readonly kind: "example"; readonly file: string };

/** A picture for either ground as data URIs, a file's icon by its URI, or one of VS Code's by name, in a theme's colour. */
export type Icon =
  | { readonly kind: "picture"; readonly light: string; readonly dark: string }
  | { readonly kind: "file"; readonly uri: string }
  | { readonly kind: "named"; readonly name: string; readonly colour: string | null };

/** Kinds of entries, as menus ask for them: `viewItem` in package.json. */
export const CONTEXTS = ["file", "variant", "measured", "device", "result", "example"] as const;

export interface TreeNode {
  /** The same for the same thing: by it VS Code keeps what is open and selected. */
  readonly id: string;
  readonly context: (typeof CONTEXTS)[number];
  readonly label: string;
  /** Beside the label, dimmer. */
  readonly description: string;
  /** In place of both for those who hear it. */
  readonly spoken: string;
  /** Shown on hover, a line each. */
  readonly details: readonly string[];
  readonly icon: Icon;
  readonly place: Place;
  /** Run by a click, or by Enter; null: it opens its children. */
  readonly command: { readonly command: string; readonly arguments: readonly string[] } | null;
  readonly children: readonly TreeNode[];
  readonly isOpen: boolean;
}

/** What a command's argument stands for, where it is an entry of a list; null where it is none. */
export function placeOf(argument: unknown): Place | null {
  return typeof argument === "object" && argument !== null && "place" in argument && "spoken" in argument
    ? (argument as TreeNode).place
    : null;
}

const SPOKEN: readonly (readonly [RegExp, string])[] = [
  [/\u202f%/g, " percent"],
  [/\u202fms\b/g, " milliseconds"],
  [/\u202fµs\b/g, " microseconds"],
  [/\u202fs\b/g, " seconds"],
  [/(\d)\u202f(?=\d)/g, "$1"],
  [/(\d)×/g, "$1 times"],
  [/ × /g, " by "],
  [/≈ /g, "about "],
  [/ · /g, ", "],
];

/** Words of a list as they are to be heard: signs and units in full. */
export const spoken = (text: string): string => SPOKEN.reduce((said, [sign, words]) => said.replace(sign, words), text);
