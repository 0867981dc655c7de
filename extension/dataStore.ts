/**
 * The data files that documents name: which document asked for which path, what was found, and who is to be read again
 * when a file turns up, changes or goes. Reading happens behind the lowering that asked. Pure but for the files handed
 * in; dataFiles.ts brings those of the editor.
 */
import { dataKey } from "../kernels/frontend/dataFiles.ts";
import type { DataNeed } from "../kernels/frontend/module.ts";
import type { ShownFile } from "../webview/protocol.ts";

/** Where bytes come from. Keys are URIs. */
export interface DataAccess {
  /** Where the file may be, the likeliest first; or why it is not looked for. */
  candidates(need: DataNeed): readonly string[] | string;
  /** The bytes; or why there are none, with whether another place may have them. */
  read(key: string): Promise<Uint8Array | Missing>;
  /** Calls `store.changed` when the file does; the way to stop. */
  watch(key: string): () => void;
}

export interface Missing {
  readonly why: string;
  readonly isThere: boolean;
}

export interface DataStore {
  /** Grows when a file that `document` names was found or changed. */
  revision(document: string): number;
  /** What was found for `document` before, of the paths that `isNamed`. */
  known(document: string, isNamed: (path: string) => boolean): readonly ShownFile[];
  /** The files of `needs` as far as they are at hand; the others are looked for. */
  follow(document: string, needs: readonly DataNeed[]): readonly ShownFile[];
  /** A file has other bytes, came or went. */
  changed(key: string): void;
  /** What may be read has changed: all is looked for anew. */
  renew(): void;
  /** `document` was closed. */
  forget(document: string): void;
}

interface Found {
  /** In each place looked at; the first that is there counts. */
  readonly keys: readonly string[];
  readonly need: DataNeed;
  file: ShownFile;
}

/** `announce` gets the documents to be read again. */
export function createDataStore(access: DataAccess, announce: (documents: readonly string[]) => void): DataStore {
  const found = new Map<string, Map<string, Found>>();
  /** Documents that asked and were not closed since. */
  const open = new Set<string>();
  const looking = new Set<string>();
  /** Changed while they were being read: what was read may be the old or half of the new. */
  const overtaken = new Set<string>();
  const revisions = new Map<string, number>();
  const watched = new Map<string, () => void>();
  let version = 0;

  const revision = (document: string): number => revisions.get(document) ?? 0;
  const readAgain = (documents: readonly string[]): void => {
    for (const document of documents) revisions.set(document, revision(document) + 1);
    if (documents.length > 0) announce(documents);
  };
  const look = async (document: string, need: DataNeed): Promise<void> => {
    const name = nameOf(document, need);
    if (looking.has(name)) {
      overtaken.add(name);
      return;
    }
    looking.add(name);
    let file: ShownFile;
    do {
      overtaken.delete(name);
      file = await search(need, access, ++version);
    } while (overtaken.has(name));
    looking.delete(name);
    if (!open.has(document)) return;
    const own = found.get(document) ?? new Map<string, Found>();
    found.set(document, own);
    const places = access.candidates(need);
    const keys = typeof places === "string" ? [] : places;
    own.set(dataKey(need.from, need.path), { keys, need, file });
    for (const key of keys) if (!watched.has(key)) watched.set(key, access.watch(key));
    readAgain([document]);
  };
  const lookAgain = (isMeant: (f: Found) => boolean): void => {
    for (const [document, own] of found) for (const f of own.values()) if (isMeant(f)) void look(document, f.need);
  };

  return {
    revision,
    known: (document, isNamed) => [...(found.get(document)?.values() ?? [])].flatMap(({ file }) => (isNamed(file.path) ? [file] : [])),
    follow(document, needs) {
      open.add(document);
      return needs.flatMap((need) => {
        const before = found.get(document)?.get(dataKey(need.from, need.path));
        if (before !== undefined) return [before.file];
        if (!looking.has(nameOf(document, need))) void look(document, need);
        return [];
      });
    },
    changed: (key) => lookAgain(({ keys }) => keys.includes(key)),
    renew: () => lookAgain(() => true),
    forget(document) {
      open.delete(document);
      found.delete(document);
      revisions.delete(document);
      const inUse = new Set([...found.values()].flatMap((own) => [...own.values()].flatMap(({ keys }) => keys)));
      for (const [key, stop] of watched) {
        if (inUse.has(key)) continue;
        stop();
        watched.delete(key);
      }
    },
  };
}

const nameOf = (document: string, need: DataNeed): string => `${document}\n${dataKey(need.from, need.path)}`;

async function search(need: DataNeed, access: DataAccess, version: number): Promise<ShownFile> {
  const { path, from } = need;
  const places = access.candidates(need);
  if (typeof places === "string") return { path, from, bytes: null, fault: places, version };
  let fault: string | null = null;
  for (const key of places) {
    const read = await access.read(key);
    if (read instanceof Uint8Array) return { path, from, bytes: read, fault: null, version };
    fault ??= read.why;
    if (read.isThere) return { path, from, bytes: null, fault: read.why, version };
  }
  return { path, from, bytes: null, fault: fault ?? "there is no folder to look in; save the document first", version };
}
