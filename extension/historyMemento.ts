/**
 * The folder of the history where the workspace is on another machine: results stay where the window is, whose GPU they are
 * of, so that a container that is built anew loses none. VS Code keeps a workspace's state with the window, its storage
 * folder with the files; so the files of the history are values of that state. Files that lie on the other machine from
 * before are read as well, and go when they are taken over. Two windows of one workspace do not see each other's values,
 * and the one that writes last keeps its own alone: VS Code opens a workspace once, a browser with two tabs may not.
 * VS Code reads a state whole when a window opens, so less has room here than in files.
 */
import type { Folder } from "./history.ts";
import type { Bounds } from "./historyFile.ts";

/** What is used of VS Code's `Memento`. */
interface State {
  keys(): readonly string[];
  get<T>(key: string): T | undefined;
  update(key: string, value: unknown): PromiseLike<void>;
}

interface Stored {
  /** Milliseconds since 1970. */
  readonly writtenAt: number;
  readonly text: string;
}

const PREFIX = "history/";

/** As many as the state's latest results (results.ts). */
const BOUNDS: Bounds = { results: 500, sweeps: 20 };

/** `elsewhere`: the folder on the other machine, into which nothing is written any more. */
export function stateFolder(state: State, elsewhere: Folder, now: () => number): Folder {
  const stored = (name: string): Stored | undefined => state.get<Stored>(PREFIX + name);
  return {
    bounds: BOUNDS,
    async list() {
      const names = state.keys().flatMap((key) => (key.startsWith(PREFIX) ? [key.slice(PREFIX.length)] : []));
      const own = names.map((name) => ({ name, writtenAt: stored(name)?.writtenAt ?? 0 }));
      return [...own, ...(await elsewhere.list()).filter(({ name }) => !names.includes(name))];
    },
    read: async (name) => stored(name)?.text ?? elsewhere.read(name),
    write: async (name, text) => state.update(PREFIX + name, { writtenAt: now(), text } satisfies Stored),
    remove: async (name) => (stored(name) === undefined ? elsewhere.remove(name) : state.update(PREFIX + name, undefined)),
  };
}
