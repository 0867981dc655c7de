/** Where the history is written: beside the workspace's files, but with the window where those are on another machine. */
import { beforeEach, expect, test, vi } from "vitest";
import { historyFolder } from "../../../extension/historyFolder.ts";

/** Paths of files that were written. */
const files = vi.hoisted(() => new Set<string>());

vi.mock("vscode", () => ({
  Uri: { joinPath: (...names: string[]) => names.join("/") },
  workspace: {
    fs: {
      createDirectory: async () => {},
      writeFile: async (path: string) => files.add(path),
      async rename(from: string, to: string) {
        files.delete(from);
        files.add(to);
      },
    },
  },
}));

beforeEach(() => files.clear());

function createState() {
  const values = new Map<string, unknown>();
  return {
    values,
    keys: () => [...values.keys()],
    get: (key: string) => values.get(key),
    update: async (key: string, x: unknown) => void values.set(key, x),
  };
}

test.each([
  ["a folder", "storage", null, { files: ["storage/history/w.jsonl"], workspace: [], global: [] }],
  ["no folder", undefined, null, { files: ["global/history/w.jsonl"], workspace: [], global: [] }],
  ["a folder on another machine", "storage", "ssh-remote", { files: [], workspace: ["history/w.jsonl"], global: [] }],
  // The state of an empty window ends with it: those of another machine share one, as their files do.
  ["another machine and no folder", undefined, "ssh-remote", { files: [], workspace: [], global: ["history/w.jsonl"] }],
] as const)("in a window with %s", async (_, storageUri, remote, expected) => {
  const [workspaceState, globalState] = [createState(), createState()];
  const context = { storageUri, globalStorageUri: "global", workspaceState, globalState };
  await historyFolder(context as unknown as Parameters<typeof historyFolder>[0], remote).write("w.jsonl", "text");
  expect({ files: [...files], workspace: workspaceState.keys(), global: globalState.keys() }).toEqual(expected);
});
