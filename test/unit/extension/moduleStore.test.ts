import { beforeEach, describe, expect, test } from "vitest";
import { createModuleStore, type ModuleStore } from "../../../extension/moduleStore.ts";
import type { Need } from "../../../kernels/frontend/module.ts";

const need = (module: string, file = "main.py"): Need => ({ module, level: 0, span: { file, from: 0, to: 1 } });

describe("imported modules", () => {
  let stored: Map<string, string>;
  let open: Map<string, string>;
  let reads: string[];
  let announced: string[];
  let store: ModuleStore;
  /** Lets what looks for files come to its end. */
  const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

  beforeEach(() => {
    stored = new Map([["masks.py", "SINKS = 4"]]);
    open = new Map();
    reads = [];
    announced = [];
    store = createModuleStore(
      {
        openText: (key) => open.get(key) ?? null,
        read: async (key) => {
          reads.push(key);
          return stored.get(key) ?? null;
        },
        candidates: ({ module }) => [`${module}.py`, `${module}/__init__.py`],
      },
      (documents) => announced.push(...documents),
    );
  });

  test("are looked for behind the reading, which is repeated when one turns up", async () => {
    const before = store.revision("main.py");
    expect(store.follow("main.py", [need("masks")], [])).toEqual([]);
    await settle();
    expect(announced).toEqual(["main.py"]);
    expect(store.revision("main.py")).toBeGreaterThan(before);
    expect(store.follow("main.py", [need("masks")], [])).toEqual([{ file: "masks.py", text: "SINKS = 4" }]);
  });

  test("that do not exist are looked for once, and announce nothing", async () => {
    store.follow("main.py", [need("nowhere")], []);
    store.follow("main.py", [need("nowhere")], []);
    await settle();
    store.follow("main.py", [need("nowhere")], []);
    await settle();
    expect(reads).toEqual(["nowhere.py", "nowhere/__init__.py"]);
    expect(announced).toEqual([]);
  });

  test("that come into being later are found", async () => {
    store.follow("main.py", [need("late")], []);
    await settle();
    stored.set("late.py", "x = 1");
    store.changed("late.py");
    await settle();
    expect(announced).toEqual(["main.py"]);
    expect(store.follow("main.py", [need("late")], [])).toEqual([{ file: "late.py", text: "x = 1" }]);
  });

  test("that change are read again by whoever imports them, and by nobody else", async () => {
    for (const document of ["main.py", "other.py"]) {
      store.follow(document, [need("masks", document)], []);
      await settle();
      store.follow(document, [need("masks", document)], []);
    }
    announced = [];
    stored.set("masks.py", "SINKS = 5");
    store.changed("masks.py");
    store.changed("unrelated.py");
    await settle();
    expect(announced.toSorted()).toEqual(["main.py", "other.py"]);
    store.known("main.py", "");
    expect(store.follow("main.py", [need("masks")], [])).toEqual([{ file: "masks.py", text: "SINKS = 5" }]);
  });

  test("count as the editor has them, saved or not", async () => {
    open.set("masks.py", "SINKS = 9");
    store.follow("main.py", [need("masks")], []);
    await settle();
    expect(store.follow("main.py", [need("masks")], [])).toEqual([{ file: "masks.py", text: "SINKS = 9" }]);
  });

  test("stay with the document while its import lines do", async () => {
    store.known("main.py", "import masks");
    store.follow("main.py", [need("masks")], []);
    await settle();
    store.follow("main.py", [need("masks")], []);
    expect(store.known("main.py", "import masks")).toHaveLength(1);
    expect(store.known("main.py", "import other")).toEqual([]);
  });

  test("are not handed out twice, nor is the document itself", async () => {
    open.set("main.py", "import main");
    open.set("main/__init__.py", "");
    store.follow("main.py", [need("masks")], []);
    await settle();
    expect(store.follow("main.py", [need("masks"), need("main")], [{ file: "masks.py", text: "SINKS = 4" }])).toEqual([]);
  });

  test("of a document that was closed are forgotten", async () => {
    store.follow("main.py", [need("masks")], []);
    await settle();
    store.forget("main.py");
    announced = [];
    store.changed("masks.py");
    await settle();
    expect(announced).toEqual([]);
    expect(store.known("main.py", "")).toEqual([]);
  });
});
