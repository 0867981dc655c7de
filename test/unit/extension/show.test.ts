import { describe, expect, test } from "vitest";
import { buildShow, isKnown, panelTitle, readKept, withoutKnownBytes } from "../../../extension/show.ts";
import type { Show } from "../../../webview/protocol.ts";
import { resultOf } from "./samples.ts";

const READING = {
  document: "file:///masks.py",
  title: "masks.py",
  sources: [
    { file: "file:///masks.py", text: "from lib import causal" },
    { file: "file:///lib.py", text: "def causal(): ..." },
  ],
  files: [],
  inputs: { bindings: { window: "256" }, problem: { qLen: 4096 }, kernels: {}, revision: 3 },
  defaults: { qHeads: 8 },
};
const store = { of: () => [resultOf()] };
const show = buildShow(READING, "causal", null, store);

describe("what the panel is told", () => {
  test("holds all it needs: text, inputs, settings, variant and results; and is JSON", () => {
    expect(JSON.parse(JSON.stringify(show))).toEqual(show);
    expect(show).toMatchObject({
      document: "file:///masks.py",
      bindings: { window: "256" },
      problem: { qLen: 4096 },
      defaults: { qHeads: 8 },
      variant: "causal",
    });
    expect(show.results).toHaveLength(1);
    expect(show.sources).toHaveLength(2);
  });

  test("is not told again where the page knows it, or made the change itself", () => {
    expect(isKnown(show, buildShow(READING, "causal", null, store))).toBe(true);
    const byThePage = { ...show, problem: { qLen: 2048 } };
    expect(
      isKnown(
        byThePage,
        buildShow({ ...READING, inputs: { ...READING.inputs, problem: { qLen: 2048 }, kernels: {}, revision: 4 } }, "causal", null, store),
      ),
    ).toBe(true);
  });

  test.each<[string, Partial<Show>]>([
    ["a view that is asked for", { view: "kernel" }],
    ["another document", { document: "file:///other.py" }],
    ["another variant", { variant: "window" }],
    ["a size", { problem: { qLen: 1024 } }],
    ["a kernel that was taken", { kernels: { causal: { kernel: ["row"] } } }],
    ["a setting", { defaults: { qHeads: 16 } }],
    ["a value", { bindings: { window: "128" } }],
    ["a value more", { bindings: { window: "256", sinks: "4" } }],
    ["a value less", { bindings: {} }],
    ["the text", { sources: [{ file: "file:///masks.py", text: "" }, READING.sources[1] ?? { file: "", text: "" }] }],
    ["the text of an imported module", { sources: [READING.sources[0] ?? { file: "", text: "" }, { file: "file:///lib.py", text: "" }] }],
    ["a module more", { sources: [...READING.sources, { file: "file:///c.py", text: "" }] }],
  ])("is told again with %s", (_, change) => {
    expect(isKnown(show, { ...show, ...change })).toBe(false);
  });

  test("is told to a page that starts anew", () => {
    expect(isKnown(null, show)).toBe(false);
  });
});

describe("data files in what the panel is told", () => {
  const file = (version: number) => ({ path: "x.npy", from: "file:///masks.py", bytes: new Uint8Array([version]), fault: null, version });
  const withFiles = (...versions: number[]): Show => buildShow({ ...READING, files: versions.map(file) }, "causal", null, store);

  test("a file that was read again says something", () => {
    expect(isKnown(withFiles(1), withFiles(1))).toBe(true);
    expect(isKnown(withFiles(1), withFiles(2))).toBe(false);
    expect(isKnown(withFiles(1), withFiles())).toBe(false);
    expect(isKnown(withFiles(), withFiles(1))).toBe(false);
  });

  test("bytes go once a version, and again to a page that starts anew or shows another document", () => {
    const bytes = (known: Show | null, next: Show) => withoutKnownBytes(known, next).files?.map((f) => f.bytes);
    expect(bytes(null, withFiles(1))).toEqual([new Uint8Array([1])]);
    expect(bytes(withFiles(1), withFiles(1))).toEqual([null]);
    expect(bytes(withFiles(1), withFiles(2))).toEqual([new Uint8Array([2])]);
    expect(bytes({ ...withFiles(1), document: "file:///other.py" }, withFiles(1))).toEqual([new Uint8Array([1])]);
  });
});

test.each([
  ["masks.py", "causal", true, "Flexlens: causal · masks.py"],
  ["masks.py", "causal", false, "Flexlens (pinned): causal · masks.py"],
  ["empty.py", null, true, "Flexlens: empty.py"],
])("a panel is called after what it shows: %s, %s, follows: %s", (file, variant, follows, title) => {
  expect(panelTitle(file, variant, follows)).toBe(title);
});

test.each<[string, unknown, ReturnType<typeof readKept>]>([
  [
    "what it showed, and that it was pinned",
    { show: { document: "file:///masks.py" }, variant: "causal", follows: false },
    { shown: { document: "file:///masks.py", variant: "causal" }, follows: false },
  ],
  ["the first variant where none was named", { show: { document: "a" } }, { shown: { document: "a", variant: null }, follows: true }],
  ["nothing of a page that kept nothing", undefined, { shown: null, follows: true }],
  ["nothing of what is no state", { show: 3, variant: {}, follows: "yes" }, { shown: null, follows: true }],
])("a panel is brought back with %s", (_, state, begun) => {
  expect(readKept(state)).toEqual(begun);
});
