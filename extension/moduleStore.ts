/**
 * The texts of imported modules, by key: which documents asked for which modules, what is known of each, and who is to
 * be read again when one turns up, changes or goes. Looking happens behind the reading that asked. Pure but for the
 * files handed in; modules.ts brings those of the editor.
 */

import { createFollower, type Follower } from "../kernels/frontend/follow.ts";
import type { Need, Source } from "../kernels/frontend/module.ts";

/** Where texts come from. Keys are URIs. */
export interface Files {
  /** Text of a document open in the editor, which counts over what is stored; null if it is not open. */
  openText(key: string): string | null;
  /** Stored text; null if there is none, or it is not to be read. */
  read(key: string): Promise<string | null>;
  /** Where the module that `need` names may be, for `document`; the likeliest first. And in words, should it be nowhere. */
  candidates(need: Need, document: string): Promise<Candidates>;
}

export interface Candidates {
  readonly keys: readonly string[];
  readonly looked: string;
}

export interface ModuleStore {
  /** Grows when more is known of a module that `document` imports. */
  revision(document: string): number;
  /** `document` and the modules followed for it before, where it still has the same import lines. */
  known(document: Source, imports: string): readonly Source[];
  /** The same with what `needs` asks for, as far as that is known; the rest is looked for. null where nothing is new. */
  follow(document: string, needs: readonly Need[]): readonly Source[] | null;
  /** A file or an open document has another text, came or went. */
  changed(key: string): void;
  /** Modules may be elsewhere now: everything is looked for anew. */
  reset(): void;
  /** `document` was closed. */
  forget(document: string): void;
}

/** What a document's readings found out. */
interface Followed {
  readonly imports: string;
  readonly needs: Map<string, Need>;
  follower: Follower;
}

/** `announce` gets the documents to be read again. */
export function createModuleStore(files: Files, announce: (documents: readonly string[]) => void): ModuleStore {
  /** null: there is no such file. */
  const texts = new Map<string, string | null>();
  /** By document, then by need. */
  const places = new Map<string, Map<string, Candidates>>();
  const looking = new Set<string>();
  /** Documents by the keys that were looked at for them, found or not. */
  const dependents = new Map<string, Set<string>>();
  const followed = new Map<string, Followed>();
  const revisions = new Map<string, number>();
  let generation = 0;

  const revision = (document: string): number => revisions.get(document) ?? 0;
  const isKnown = (key: string): boolean => texts.has(key) || files.openText(key) !== null;
  const textOf = (key: string): string | null => files.openText(key) ?? texts.get(key) ?? null;
  const idOf = ({ span, level, module }: Need): string => `${span.file}\n${".".repeat(level)}${module}`;
  const fetch = async (key: string): Promise<void> => {
    texts.set(key, await files.read(key));
  };
  const readAgain = (documents: readonly string[]): void => {
    for (const document of documents) revisions.set(document, revision(document) + 1);
    if (documents.length > 0) announce(documents);
  };

  /** Notes the answer to `need` where it is known; false where it is not, or was noted before. */
  const answer = (follower: Follower, document: string, need: Need): boolean => {
    const found = places.get(document)?.get(idOf(need));
    if (found === undefined || !found.keys.every(isKnown)) return false;
    const key = found.keys.find((k) => textOf(k) !== null);
    const text = key === undefined ? null : textOf(key);
    return follower.answer(need, key === undefined || text === null ? { looked: found.looked } : { file: key, text });
  };

  const look = async (document: string, needs: readonly Need[]): Promise<void> => {
    const begun = generation;
    const fresh = needs.filter((need) => !looking.has(`${document}\n${idOf(need)}`));
    for (const need of fresh) looking.add(`${document}\n${idOf(need)}`);
    await Promise.all(
      fresh.map(async (need) => {
        const found = await files.candidates(need, document);
        for (const key of found.keys) dependents.set(key, (dependents.get(key) ?? new Set()).add(document));
        await Promise.all(found.keys.map((key) => (isKnown(key) ? undefined : fetch(key))));
        if (begun !== generation) return;
        places.set(document, (places.get(document) ?? new Map<string, Candidates>()).set(idOf(need), found));
      }),
    );
    for (const need of fresh) looking.delete(`${document}\n${idOf(need)}`);
    if (fresh.length > 0) readAgain([document]);
  };

  return {
    revision,
    known(document, imports) {
      const before = followed.get(document.file);
      const needs = before?.imports === imports ? before.needs : new Map<string, Need>();
      const follower = createFollower(document);
      followed.set(document.file, { imports, needs, follower });
      for (const need of needs.values()) answer(follower, document.file, need);
      return follower.sources();
    },
    follow(document, needs) {
      const state = followed.get(document);
      if (state === undefined) return null;
      let isNew = false;
      const unknown: Need[] = [];
      for (const need of needs) {
        const found = places.get(document)?.get(idOf(need));
        if (found === undefined || !found.keys.every(isKnown)) unknown.push(need);
        else if (answer(state.follower, document, need)) isNew = true;
        state.needs.set(idOf(need), need);
      }
      if (unknown.length > 0) void look(document, unknown);
      return isNew ? state.follower.sources() : null;
    },
    changed(key) {
      const documents = dependents.get(key);
      if (documents === undefined || documents.size === 0) return;
      void fetch(key).then(() => readAgain([...documents]));
    },
    reset() {
      generation++;
      texts.clear();
      places.clear();
      looking.clear();
      dependents.clear();
      readAgain([...followed.keys()]);
    },
    forget(document) {
      followed.delete(document);
      places.delete(document);
      revisions.delete(document);
      for (const [key, documents] of dependents) {
        documents.delete(document);
        if (documents.size > 0) continue;
        dependents.delete(key);
        texts.delete(key);
      }
    },
  };
}
