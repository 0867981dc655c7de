/** What the Kernel tab shows of a kernel over edits: each kernel remembers its own text. */
import { describe, expect, it } from "vitest";
import { derive } from "../../../webview/derive.ts";
import type { Scene } from "../../../webview/state.ts";
import { kernelChoices } from "../../../webview/wgsl/choices.ts";
import { editText, type KernelModel, kernelModel } from "../../../webview/wgsl/kernelModel.ts";
import { showOf } from "../../support/showOf.ts";

let documents = 0;

/** A document, which is edited at times of the test's choosing. */
function edited(engine: "row" | "materialized" = "row"): (text: string, at: number) => KernelModel {
  const document = `file:///m${documents++}.py`;
  return (text, at) => {
    const show = showOf(text, { document, problem: { batch: 1, qHeads: 1, kvHeads: 1, qLen: 64, kvLen: 64 }, view: "kernel" });
    const found = derive(show, null).scene;
    if (found === null) throw new Error("no scene");
    const scene: Scene = { ...found, readAt: at };
    const plan = kernelChoices(scene, null).find((c) => c.engine === engine)?.plan;
    const kernel = plan?.kernels[0];
    if (plan === null || plan === undefined || kernel === undefined) throw new Error("no kernel");
    return kernelModel(scene, plan, kernel, show);
  };
}

const mask = (body: string, head = ""): string => `${head}def mask(b, h, q_idx, kv_idx):\n    return ${body}\n`;

describe("a kernel over edits", () => {
  it("says nothing before the first, marks what the last one changed, and nothing where that is taken back", () => {
    const write = edited();
    const first = write(mask("q_idx >= kv_idx"), 0);
    expect([editText(first), first.changed.size]).toEqual([null, 0]);
    const second = write(mask("q_idx > kv_idx"), 10_000);
    expect(editText(second)).toBe("1 line changed since the last edit");
    expect([...second.changed].map((at) => second.lines[at])).toEqual(["  return q_idx > kv_idx;"]);
    expect(editText(write(mask("q_idx >= kv_idx"), 10_500))).toBeNull();
  });

  it("marks where lines are gone", () => {
    const write = edited();
    write(mask("(q_idx - kv_idx) * (q_idx - kv_idx) < 9"), 0);
    const model = write(mask("q_idx - kv_idx < 9"), 9000);
    expect(model.edited?.changes.reduce((n, c) => n + c.removed, 0)).toBeGreaterThan(model.changed.size);
    for (const c of model.edited?.changes ?? []) expect(c.lines === 0 ? model.removed.has(c.at) : model.changed.has(c.at)).toBe(true);
  });

  it("names the numbers that are data, and stays for what does not concern it", () => {
    const write = edited();
    write(mask("q_idx - kv_idx < 9"), 0);
    const model = write(mask("q_idx - kv_idx < 11"), 9000);
    expect(editText(model)).toBe("unchanged: same pipeline, other data (i0 9 → 11)");
    expect(editText(write(mask("q_idx - kv_idx < 11", "# a note\n"), 20_000))).toBe(editText(model));
  });

  it("tells other captured data from other text", () => {
    const write = edited();
    const table = (n: number): string => mask("docs[q_idx] == docs[kv_idx]", `import torch\ndocs = torch.arange(64) // ${n}\n`);
    write(table(8), 0);
    expect(editText(write(table(4), 9000))).toBe("unchanged: same pipeline, other data (captured data)");
  });

  it("remembers each kernel by itself", () => {
    const [row, baseline] = [edited("row"), edited("materialized")];
    row(mask("q_idx >= kv_idx"), 0);
    expect(editText(baseline(mask("q_idx > kv_idx"), 9000))).toBeNull();
  });

  it("never folds what it marks, and has a value for every number of the mod", () => {
    const write = edited();
    write(mask("q_idx - kv_idx < 9"), 0);
    const model = write(mask("(q_idx - kv_idx < 9) & (kv_idx % 7 != 3)"), 9000);
    for (const at of [...model.changed, ...model.links.code.keys()]) expect(model.folds.some((f) => f.from <= at && at < f.to)).toBe(false);
    expect([...model.values].map(([at, value]) => [model.lines[at]?.trim(), value])).toEqual([
      ["i0: i32,", 9],
      ["i1: i32,", 7],
      ["i2: i32,", 3],
    ]);
  });
});
