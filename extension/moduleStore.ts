/**
 * The texts of imported modules, by key: which documents asked for which files, what is known of each, and who is to
 * be read again when one turns up, changes or goes. Looking happens behind the reading that asked. Pure but for the
 * files handed in; modules.ts brings those of the editor.
 */

import { MAX_MODULES } from "../kernels/frontend/imports.ts";
import type { Need, Source } from "../kernels/frontend/module.ts";

/** Where texts come from. Keys are URIs. */
export interface Files {
  /** Text of a document open in the editor, which counts over what is stored; null if it is not open. */
  openText(key: string): string | null;
  /** Stored text; null if there is none, or it is not to be read. */
  read(key: string): Promise<string | null>;
  /** Where the module that `need` names may be, seen from the file that imports it; the likeliest first. */
  candidates(need: Need): readonly string[];
}

export interface ModuleStore {
  /** Grows when a module that `document` imports was found or changed. */
  revision(document: string): number;
  /** The modules followed for `document` before, where it still has the same import lines. */
  known(document: string, imports: string): readonly Source[];
  /** Sources that `needs` asks for, as far as they are at hand and not among `have`; the others are looked for. */
  follow(document: string, needs: readonly Need[], have: readonly Source[]): readonly Source[];
  /** A file or an open document has another text, came or went. */
  changed(key: string): void;
  /** `document` was closed. */
  forget(document: string): void;
}

/** `announce` gets the documents to be read again. */
export function createModuleStore(files: Files, announce: (documents: readonly string[]) => void): ModuleStore {
  /** null: there is no such file. */
  const texts = new Map<string, string | null>();
  const looking = new Set<string>();
  /** Documents by the keys that were looked at for them, found or not. */
  const dependents = new Map<string, Set<string>>();
  const followed = new Map<string, { readonly imports: string; readonly keys: readonly string[] }>();
  const revisions = new Map<string, number>();

  const revision = (document: string): number => revisions.get(document) ?? 0;
  const isKnown = (key: string): boolean => texts.has(key) || files.openText(key) !== null;
  const source = (key: string): readonly Source[] => {
    const text = files.openText(key) ?? texts.get(key) ?? null;
    return text === null ? [] : [{ file: key, text }];
  };
  const fetch = async (key: string): Promise<void> => {
    texts.set(key, await files.read(key));
  };
  const readAgain = (documents: readonly string[]): void => {
    for (const document of documents) revisions.set(document, revision(document) + 1);
    if (documents.length > 0) announce(documents);
  };
  const look = async (document: string, candidates: readonly string[]): Promise<void> => {
    const name = [document, ...candidates].join("\n");
    if (looking.has(name)) return;
    looking.add(name);
    await Promise.all(candidates.map((key) => (isKnown(key) ? undefined : fetch(key))));
    looking.delete(name);
    // Where none of them exists nothing was learnt, and the reading stands.
    if (candidates.some((key) => source(key).length > 0)) readAgain([document]);
  };

  return {
    revision,
    known(document, imports) {
      const before = followed.get(document);
      const keys = before?.imports === imports ? before.keys : [];
      followed.set(document, { imports, keys });
      return keys.flatMap(source);
    },
    follow(document, needs, have) {
      const got = new Set([document, ...have.map(({ file }) => file)]);
      const found: Source[] = [];
      for (const need of needs) {
        if (got.size > MAX_MODULES) break;
        const candidates = files.candidates(need);
        for (const key of candidates) dependents.set(key, (dependents.get(key) ?? new Set()).add(document));
        if (!candidates.every(isKnown)) {
          void look(document, candidates);
          continue;
        }
        const key = candidates.find((candidate) => source(candidate).length > 0);
        if (key === undefined || got.has(key)) continue;
        got.add(key);
        found.push(...source(key));
      }
      const before = followed.get(document);
      if (found.length > 0) {
        followed.set(document, { imports: before?.imports ?? "", keys: [...(before?.keys ?? []), ...found.map(({ file }) => file)] });
      }
      return found;
    },
    changed(key) {
      const documents = dependents.get(key);
      if (documents === undefined || documents.size === 0) return;
      void fetch(key).then(() => readAgain([...documents]));
    },
    forget(document) {
      followed.delete(document);
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
