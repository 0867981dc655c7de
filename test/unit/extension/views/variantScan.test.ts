import { describe, expect, test } from "vitest";
import { createVariantScan, type Found, type ScanPorts } from "../../../../extension/views/variantScan.ts";
import { fillProblem } from "../../../../kernels/flash/problem.ts";
import { lowerModule } from "../../../../kernels/frontend/lower.ts";

const mod = (name: string): string => `def ${name}(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n`;

/** A workspace of `texts`, in which every turn is one of the event loop. */
function workspace(texts: Record<string, string>, change: Partial<ScanPorts> = {}) {
  const heard: string[] = [];
  const forgotten: string[] = [];
  const ports: ScanPorts = {
    list: async () => ({ keys: Object.keys(texts), isCut: false }),
    textOf: async (key) => {
      heard.push(key);
      return texts[key] ?? null;
    },
    read: (key, text): readonly Found[] | null =>
      text === null
        ? null
        : lowerModule([{ file: key, text }]).variants.map((variant) => ({ variant, problem: fillProblem(variant.problem) })),
    forget: (key) => forgotten.push(key),
    isBusy: () => false,
    wait: () => new Promise((go) => setImmediate(go)),
    ...change,
  };
  let changes = 0;
  const scan = createVariantScan(ports, () => changes++);
  const namesOf = (key: string): string[] | undefined => scan.files.get(key)?.map(({ name }) => name);
  return { scan, texts, heard, forgotten, namesOf, changes: () => changes };
}

describe("the look through a workspace", () => {
  test("reads nothing before somebody asks", async () => {
    const { scan, heard } = workspace({ "a.py": mod("a") });
    await scan.done();
    expect(heard).toEqual([]);
    expect(scan.isLookedThrough).toBe(false);
  });

  test("finds the variants of every file, and tells as it goes", async () => {
    const { scan, namesOf, changes } = workspace({ "a.py": mod("a") + mod("b"), "c.py": mod("c"), "none.py": "x = 1\n" });
    scan.start();
    expect(scan.isLookedThrough).toBe(false);
    await scan.done();
    expect([...scan.files.keys()]).toEqual(["a.py", "c.py", "none.py"]);
    expect(["a.py", "c.py", "none.py"].map(namesOf)).toEqual([["a", "b"], ["c"], []]);
    expect(changes()).toBeGreaterThanOrEqual(3);
    expect([scan.progress, scan.isLookedThrough]).toEqual([null, true]);
  });

  test("says how far it is, files that are asked for meanwhile among them", async () => {
    const texts = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`${i}.py`, mod(`m${i}`)]));
    const seen: string[] = [];
    const { scan } = workspace(texts, {
      wait: async () => {
        if (scan.progress !== null) seen.push(`${scan.progress.done} of ${scan.progress.total}`);
        if (scan.progress?.done === 20) scan.ask(["late.py"]);
        await new Promise((go) => setImmediate(go));
      },
    });
    scan.start();
    await scan.done();
    expect(seen[0]).toBe("0 of 40");
    expect(seen.at(-1)).toBe("40 of 41");
    expect(scan.files.size).toBe(41);
  });

  test("rests while somebody types", async () => {
    let isTyping = true;
    let waits = 0;
    const { scan, namesOf } = workspace(
      { "a.py": mod("a") },
      {
        isBusy: () => isTyping,
        wait: async () => {
          waits++;
          await new Promise((go) => setImmediate(go));
          if (waits === 10) {
            expect(namesOf("a.py")).toBeUndefined();
            isTyping = false;
          }
        },
      },
    );
    scan.start();
    await scan.done();
    expect(waits).toBeGreaterThanOrEqual(10);
    expect(namesOf("a.py")).toEqual(["a"]);
  });

  test("gives up what it was at when it starts anew, shows what it had meanwhile, and drops what is no longer there", async () => {
    const { scan, texts, namesOf, forgotten } = workspace({ "a.py": mod("a"), "b.py": mod("b") });
    scan.start();
    await scan.done();
    delete texts["b.py"];
    texts["a.py"] = mod("renamed");
    scan.start();
    scan.start();
    expect(namesOf("a.py")).toEqual(["a"]);
    await scan.done();
    expect(namesOf("a.py")).toEqual(["renamed"]);
    expect(scan.files.has("b.py")).toBe(false);
    expect(forgotten).toContain("b.py");
  });

  test("looks at a file again that has changed, and at no other", async () => {
    const { scan, texts, heard, namesOf } = workspace({ "a.py": mod("a"), "b.py": mod("b") });
    scan.start();
    await scan.done();
    heard.length = 0;
    texts["b.py"] = mod("c");
    scan.ask(["b.py"]);
    await scan.done();
    expect(heard).toEqual(["b.py"]);
    expect([namesOf("a.py"), namesOf("b.py")]).toEqual([["a"], ["c"]]);
  });

  test("keeps the rows of variants that an edit left as they were, and is still through", async () => {
    const { scan, texts } = workspace({ "a.py": mod("a") + mod("b") });
    scan.start();
    await scan.done();
    const [a, b] = scan.files.get("a.py") ?? [];
    texts["a.py"] = `# a line above\n${mod("a")}${mod("b").replace(">=", "<")}`;
    scan.ask(["a.py"]);
    expect(scan.isLookedThrough).toBe(true);
    await scan.done();
    const [a2, b2] = scan.files.get("a.py") ?? [];
    expect(a2).toBe(a);
    expect(b2?.key).not.toBe(b?.key);
  });

  test("drops a file that is gone", async () => {
    const { scan, forgotten } = workspace({ "a.py": mod("a") });
    scan.start();
    await scan.done();
    scan.drop("a.py");
    expect(scan.files.size).toBe(0);
    expect(forgotten).toEqual(["a.py"]);
  });

  test("ends when it is stopped, and nobody waits for it any more", async () => {
    const { scan } = workspace(Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`${i}.py`, mod("m")])));
    scan.start();
    await new Promise((go) => setTimeout(go, 5));
    const end = scan.done();
    scan.stop();
    await end;
    const size = scan.files.size;
    await new Promise((go) => setTimeout(go, 20));
    expect(size).toBeLessThan(100);
    expect(scan.files.size).toBe(size);
  });

  test("says that there are more files than it looks at", async () => {
    const { scan } = workspace({}, { list: async () => ({ keys: ["a.py"], isCut: true }), textOf: async () => mod("a") });
    scan.start();
    await scan.done();
    expect(scan.isCut).toBe(true);
  });
});
