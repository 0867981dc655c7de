import { beforeEach, describe, expect, test } from "vitest";
import { createModuleStore, type ModuleStore } from "../../../extension/moduleStore.ts";
import type { Need, Source } from "../../../kernels/frontend/module.ts";

const need = (module: string, file = "main.py", level = 0): Need => ({ module, level, span: { file, from: 0, to: 1 }, installed: true });
const main = (file = "main.py"): Source => ({ file, text: "import masks" });

describe("imported modules", () => {
  let stored: Map<string, string>;
  let open: Map<string, string>;
  let reads: string[];
  let announced: string[];
  let store: ModuleStore;
  /** Lets what looks for files come to its end. */
  const settle = () => new Promise((resolve) => setTimeout(resolve, 0));
  const files = (sources: readonly Source[] | null) => sources?.map((s) => s.file) ?? null;

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
        candidates: async ({ module }) => ({ keys: [`${module}/__init__.py`, `${module}.py`], looked: "looked beside it" }),
      },
      (documents) => announced.push(...documents),
    );
    store.known(main(), "");
  });

  /** Asks for `masks` and waits until it is at hand. */
  const found = async (): Promise<readonly Source[] | null> => {
    store.follow("main.py", [need("masks")]);
    await settle();
    return store.follow("main.py", [need("masks")]);
  };

  test("are looked for behind the reading, which is repeated when one turns up", async () => {
    const before = store.revision("main.py");
    expect(store.follow("main.py", [need("masks")])).toBeNull();
    await settle();
    expect(announced).toEqual(["main.py"]);
    expect(store.revision("main.py")).toBeGreaterThan(before);
    expect(store.follow("main.py", [need("masks")])).toEqual([
      { file: "main.py", text: "import masks", imports: { masks: { file: "masks.py" } } },
      { file: "masks.py", text: "SINKS = 4", imports: {} },
    ]);
  });

  test("that do not exist are looked for once, and lowering is told where", async () => {
    store.follow("main.py", [need("nowhere")]);
    store.follow("main.py", [need("nowhere")]);
    await settle();
    expect(announced).toEqual(["main.py"]);
    expect(store.follow("main.py", [need("nowhere")])).toMatchObject([{ imports: { nowhere: { looked: "looked beside it" } } }]);
    expect(store.follow("main.py", [need("nowhere")])).toBeNull();
    await settle();
    expect(reads).toEqual(["nowhere/__init__.py", "nowhere.py"]);
    expect(announced).toEqual(["main.py"]);
  });

  test("that come into being later are found", async () => {
    store.follow("main.py", [need("late")]);
    await settle();
    stored.set("late.py", "x = 1");
    announced = [];
    store.changed("late.py");
    await settle();
    expect(announced).toEqual(["main.py"]);
    expect(files(store.known(main(), ""))).toEqual(["main.py", "late.py"]);
  });

  test("that change are read again by whoever imports them, and by nobody else", async () => {
    for (const document of ["main.py", "other.py", "third.py"]) {
      store.known(main(document), "");
      store.follow(document, [need(document === "third.py" ? "unrelated" : "masks", document)]);
      await settle();
    }
    announced = [];
    stored.set("masks.py", "SINKS = 5");
    store.changed("masks.py");
    await settle();
    expect(announced.toSorted()).toEqual(["main.py", "other.py"]);
    expect(store.known(main(), "")[1]?.text).toBe("SINKS = 5");
  });

  test("count as the editor has them, saved or not", async () => {
    open.set("masks.py", "SINKS = 9");
    expect((await found())?.[1]?.text).toBe("SINKS = 9");
  });

  test("stay with the document while its import lines do", async () => {
    await found();
    expect(files(store.known(main(), ""))).toEqual(["main.py", "masks.py"]);
    expect(files(store.known(main(), "import other"))).toEqual(["main.py"]);
  });

  test("are not handed out twice, and the document itself is no second source", async () => {
    open.set("main.py", "import masks");
    await found();
    store.follow("main.py", [need("main", "masks.py")]);
    await settle();
    expect(store.follow("main.py", [need("masks"), need("main", "masks.py")])).toMatchObject([
      { file: "main.py" },
      { file: "masks.py", imports: { main: { file: "main.py" } } },
    ]);
  });

  test("are looked for anew after a reset", async () => {
    await found();
    reads = [];
    announced = [];
    store.reset();
    expect(announced).toEqual(["main.py"]);
    expect(files(store.known(main(), ""))).toEqual(["main.py"]);
    expect(files(await found())).toEqual(["main.py", "masks.py"]);
    expect(reads).toEqual(["masks/__init__.py", "masks.py"]);
  });

  test("of a document that was closed are forgotten", async () => {
    await found();
    store.forget("main.py");
    announced = [];
    store.changed("masks.py");
    await settle();
    expect(announced).toEqual([]);
    expect(files(store.known(main(), ""))).toEqual(["main.py"]);
  });
});
