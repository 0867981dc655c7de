/** Data files as the host follows them: asked for once, read behind the lowering, again when they change. */
import { describe, expect, test } from "vitest";
import { dataCandidates } from "../../../extension/dataPath.ts";
import { createDataStore, type DataAccess, type Missing } from "../../../extension/dataStore.ts";
import type { DataNeed } from "../../../kernels/frontend/module.ts";

const DOCUMENT = "file:///w/a.py";
const need = (path: string): DataNeed => ({ path, from: DOCUMENT, span: { file: DOCUMENT, from: 0, to: 0 } });

function world(
  files: Record<string, Uint8Array | Missing>,
  candidates: DataAccess["candidates"] = ({ path }) => [`/w/${path}`, `/${path}`],
) {
  const reads: string[] = [];
  const watching = new Set<string>();
  const told: (readonly string[])[] = [];
  const store = createDataStore(
    {
      candidates,
      read: async (key) => {
        reads.push(key);
        return files[key] ?? { why: `no ${key}`, isThere: false };
      },
      watch: (key) => {
        watching.add(key);
        return () => watching.delete(key);
      },
    },
    (documents) => told.push(documents),
  );
  return { store, reads, watching, told, files };
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
const bytesOf = (...n: number[]): Uint8Array => new Uint8Array(n);

describe("a data file that a document names", () => {
  test("is read behind the lowering that asks, and announced when it is there", async () => {
    const { store, told } = world({ "/w/x.npy": bytesOf(1) });
    expect(store.follow(DOCUMENT, [need("x.npy")])).toEqual([]);
    expect(store.revision(DOCUMENT)).toBe(0);
    await settled();
    expect(told).toEqual([[DOCUMENT]]);
    expect(store.revision(DOCUMENT)).toBe(1);
    expect(store.follow(DOCUMENT, [need("x.npy")])).toMatchObject([{ path: "x.npy", from: DOCUMENT, bytes: bytesOf(1), fault: null }]);
  });

  test("is asked for once while it is being looked for, and not again when it was found", async () => {
    const { store, reads } = world({ "/w/x.npy": bytesOf(1) });
    store.follow(DOCUMENT, [need("x.npy")]);
    store.follow(DOCUMENT, [need("x.npy")]);
    await settled();
    store.follow(DOCUMENT, [need("x.npy")]);
    await settled();
    expect(reads).toEqual(["/w/x.npy"]);
  });

  test("is taken from the second place where the first has none", async () => {
    const { store } = world({ "/x.npy": bytesOf(2) });
    store.follow(DOCUMENT, [need("x.npy")]);
    await settled();
    expect(store.known(DOCUMENT, () => true)).toMatchObject([{ bytes: bytesOf(2) }]);
  });

  test("has the first place's reason where it is nowhere", async () => {
    const { store } = world({});
    store.follow(DOCUMENT, [need("x.npy")]);
    await settled();
    expect(store.known(DOCUMENT, () => true)).toMatchObject([{ bytes: null, fault: "no /w/x.npy" }]);
  });

  test("stops the search where it is there and cannot be read", async () => {
    const { store, reads } = world({ "/w/x.npy": { why: "it is a folder", isThere: true }, "/x.npy": bytesOf(1) });
    store.follow(DOCUMENT, [need("x.npy")]);
    await settled();
    expect(reads).toEqual(["/w/x.npy"]);
    expect(store.known(DOCUMENT, () => true)).toMatchObject([{ bytes: null, fault: "it is a folder" }]);
  });

  test("is read again when it changes, with another version", async () => {
    const { store, told, files } = world({ "/w/x.npy": bytesOf(1) });
    store.follow(DOCUMENT, [need("x.npy")]);
    await settled();
    const [before] = store.known(DOCUMENT, () => true);
    files["/w/x.npy"] = bytesOf(9);
    store.changed("/w/x.npy");
    await settled();
    const [after] = store.known(DOCUMENT, () => true);
    expect(after?.bytes).toEqual(bytesOf(9));
    expect(after?.version).not.toBe(before?.version);
    expect(told).toHaveLength(2);
  });

  test("is read once more where it changes while it is being read", async () => {
    const { store, files, reads, told } = world({ "/w/x.npy": bytesOf(1) });
    store.follow(DOCUMENT, [need("x.npy")]);
    await settled();
    store.changed("/w/x.npy");
    files["/w/x.npy"] = bytesOf(2);
    store.changed("/w/x.npy");
    await settled();
    expect(store.known(DOCUMENT, () => true)).toMatchObject([{ bytes: bytesOf(2) }]);
    expect([reads.length, told.length]).toEqual([3, 2]);
  });

  test("appears when it is made where it was looked for in vain", async () => {
    const { store, files } = world({});
    store.follow(DOCUMENT, [need("x.npy")]);
    await settled();
    files["/w/x.npy"] = bytesOf(3);
    store.changed("/w/x.npy");
    await settled();
    expect(store.known(DOCUMENT, () => true)).toMatchObject([{ bytes: bytesOf(3), fault: null }]);
  });

  test("is not handed on where the text names it no more", async () => {
    const { store } = world({ "/w/x.npy": bytesOf(1) });
    store.follow(DOCUMENT, [need("x.npy")]);
    await settled();
    expect(store.known(DOCUMENT, () => false)).toEqual([]);
  });

  test("is watched until the last document that names it is closed", async () => {
    const { store, watching } = world({ "/w/x.npy": bytesOf(1) });
    store.follow(DOCUMENT, [need("x.npy")]);
    store.follow("file:///w/b.py", [need("x.npy")]);
    await settled();
    store.forget(DOCUMENT);
    expect([...watching]).toContain("/w/x.npy");
    store.forget("file:///w/b.py");
    expect([...watching]).toEqual([]);
  });

  test("is forgotten where the document is closed while it is being read", async () => {
    const { store, told, watching } = world({ "/w/x.npy": bytesOf(1) });
    store.follow(DOCUMENT, [need("x.npy")]);
    store.forget(DOCUMENT);
    await settled();
    expect([told, [...watching], store.known(DOCUMENT, () => true)]).toEqual([[], [], []]);
  });

  test("is refused with the reason, and looked for once that falls away", async () => {
    let isTrusted = false;
    const { store } = world({ "/x.npy": bytesOf(1) }, () => (isTrusted ? ["/x.npy"] : "it is outside"));
    store.follow(DOCUMENT, [need("/x.npy")]);
    await settled();
    expect(store.known(DOCUMENT, () => true)).toMatchObject([{ bytes: null, fault: "it is outside" }]);
    isTrusted = true;
    store.renew();
    await settled();
    expect(store.known(DOCUMENT, () => true)).toMatchObject([{ bytes: bytesOf(1), fault: null }]);
  });
});

describe("where a path may be", () => {
  const OUTSIDE = /outside the workspace, which is not trusted/;
  test.each<[path: string, from: string | null, roots: string[], trusted: boolean, expected: string[] | RegExp]>([
    ["x.npy", "/w/mods/a.py", ["/w"], true, ["/w/mods/x.npy", "/w/x.npy"]],
    ["./d/x.npy", "/w/a.py", ["/w"], true, ["/w/d/x.npy"]],
    ["d\\x.npy", "/w/a.py", ["/w"], true, ["/w/d/x.npy"]],
    ["x.npy", null, ["/w"], true, ["/w/x.npy"]],
    ["../x.npy", "/w/mods/a.py", ["/w"], true, ["/w/x.npy", "/x.npy"]],
    ["../x.npy", "/w/mods/a.py", ["/w"], false, ["/w/x.npy"]],
    ["../x.npy", "/w/a.py", ["/w"], false, OUTSIDE],
    ["../../etc/x.npy", "/w/mods/a.py", ["/w"], true, ["/etc/x.npy"]],
    ["/data/x.npy", "/w/a.py", ["/w"], true, ["/data/x.npy"]],
    ["/data/x.npy", "/w/a.py", ["/w"], false, OUTSIDE],
    ["/w/x.npy", "/w/a.py", ["/w"], false, ["/w/x.npy"]],
    ["/wide/x.npy", "/w/a.py", ["/w"], false, OUTSIDE],
    ["C:/d/x.npy", "/c:/w/a.py", ["/c:/w"], true, ["/c:/d/x.npy"]],
    // Windows: the letter of a drive is written in either case.
    ["C:\\w\\d\\x.npy", "/c:/w/a.py", ["/c:/w"], false, ["/c:/w/d/x.npy"]],
    ["x.npy", "/C:/w/a.py", ["/c:/w"], false, ["/c:/w/x.npy"]],
    ["D:\\x.npy", "/c:/w/a.py", ["/c:/w"], false, OUTSIDE],
    ["..\\x.npy", "/c:/w/mods/a.py", ["/c:/w"], true, ["/c:/w/x.npy", "/c:/x.npy"]],
    ["\\\\nas\\runs\\x.npy", "/c:/w/a.py", ["/c:/w"], true, ["//nas/runs/x.npy"]],
    ["\\\\nas\\runs\\x.npy", "/c:/w/a.py", ["/c:/w"], false, OUTSIDE],
    // Several folders: the file's own before the others.
    ["x.npy", "/two/mods/a.py", ["/one", "/two"], true, ["/two/mods/x.npy", "/two/x.npy", "/one/x.npy"]],
    ["x.npy", "/d/a.py", [], false, ["/d/x.npy"]],
    ["../x.npy", "/d/a.py", [], false, OUTSIDE],
    ["x.npy", "/elsewhere/a.py", ["/w"], false, ["/w/x.npy"]],
  ])("%j in %j with folders %j, trusted %j", (path, from, roots, trusted, expected) => {
    const places = dataCandidates(path, from, roots, trusted);
    if (expected instanceof RegExp) expect(places).toMatch(expected);
    else expect(places).toEqual(expected);
  });
});
