/**
 * What a document's imports mean, as found so far: sources with their answers, the next to be lowered. The caller
 * lowers `sources()`, asks whoever knows for the modules that lowering then needs, and notes what it is told here,
 * until nothing new is said. Bounded: past the limits every further module counts as not at hand.
 */
import { MAX_IMPORTED_BYTES, MAX_MODULES } from "./imports.ts";
import type { ImportAnswer, Need, Source } from "./module.ts";

export interface Follower {
  /** The document first, then the modules found, each with what its imports mean. */
  sources(): readonly Source[];
  /** The answer to `need`: a module's text, or words for where it was looked for. False where it was known. */
  answer(need: Need, found: { readonly file: string; readonly text: string } | { readonly looked: string }): boolean;
}

export function createFollower(document: Source): Follower {
  const texts = new Map([[document.file, document.text]]);
  const answers = new Map<string, Record<string, ImportAnswer>>();
  let length = 0;

  return {
    sources: () => [...texts].map(([file, text]) => ({ file, text, imports: answers.get(file) ?? {} })),
    answer({ module, level, span }, found) {
      const own = answers.get(span.file) ?? {};
      const name = ".".repeat(level) + module;
      if (Object.hasOwn(own, name)) return false;
      let answer: ImportAnswer;
      if ("looked" in found) answer = found;
      else if (texts.has(found.file)) answer = { file: found.file };
      else if (texts.size > MAX_MODULES) answer = { looked: `more than ${MAX_MODULES} modules would have to be read` };
      else if (length + found.text.length > MAX_IMPORTED_BYTES) answer = { looked: "the modules imported are too large together" };
      else {
        texts.set(found.file, found.text);
        length += found.text.length;
        answer = { file: found.file };
      }
      answers.set(span.file, { ...own, [name]: answer });
      return true;
    },
  };
}
