import { describe, expect, it } from "vitest";
import { buildBlockMask } from "../../../kernels/mask/build.ts";
import { elementSparsity } from "../../../kernels/mask/count.ts";
import { followBuilds } from "../../../webview/builds.ts";
import { createBuiltMasks } from "../../../webview/builtMasks.ts";
import { builtMasks, derive, sceneOf, stoppedBuilding, workOf } from "../../../webview/derive.ts";
import type { Show } from "../../../webview/protocol.ts";
import { type Derive, INITIAL, type PanelState } from "../../../webview/state.ts";
import { createStore } from "../../../webview/store.ts";
import type { OffThread, Outcome } from "../../../webview/work/offThread.ts";
import { showOf } from "../../support/showOf.ts";

const text = (window: number, above = ""): string =>
  `${above}def band(b, h, q_idx, kv_idx):\n    return (q_idx >= kv_idx) & (q_idx - kv_idx < ${window})\n`;

const show = (source: string, changes?: Partial<Show>): Show => showOf(source, { problem: { qLen: 512, kvLen: 512 }, ...changes });

/** As the panel derives, on a machine too slow to build anything at once. */
const slowly: Derive = (shown, name) => {
  const derived = derive(shown, name);
  if (derived.scene === null) return derived;
  const { variant, problem, readAt } = derived.scene;
  const kept = derived.scene.sparsity.elements === null ? null : masks.get(workOf(derived.scene));
  if (kept !== null) return { ...derived, scene: sceneOf({ variant, problem, readAt }, kept) };
  return { ...derived, scene: null, pending: { variant, problem, readAt } };
};
let masks = createBuiltMasks();

interface Job {
  readonly job: string;
  readonly input: unknown;
  readonly done: (outcome: Outcome<never>) => void;
  stopped: boolean;
}

function panel() {
  masks = createBuiltMasks();
  const jobs: Job[] = [];
  const said: string[] = [];
  const offThread: OffThread = (job, input, done) => {
    const entry: Job = { job, input, done: done as Job["done"], stopped: false };
    jobs.push(entry);
    return () => {
      entry.stopped = true;
    };
  };
  const store = createStore(INITIAL, slowly);
  const stop = followBuilds(store, masks, offThread, (line) => said.push(line));
  const end = (job: Job | undefined, value: unknown): void => job?.done({ ok: true, value: value as never });
  const edit = (source: string, changes?: Partial<Show>): void => store.dispatch({ type: "show", show: show(source, changes) });
  /** The mask of what is pending, as a worker would build it. */
  const maskOf = (state: PanelState) => {
    if (state.pending === null) throw new Error("nothing is pending");
    const { body, size, blockSize } = workOf(state.pending);
    return { mask: buildBlockMask(body, size, blockSize), ms: 40 };
  };
  return { store, jobs, said, stop, end, edit, maskOf };
}

describe("building off the page's thread", () => {
  it("builds what the text asks for, then counts it", () => {
    const { store, jobs, end, edit, maskOf } = panel();
    edit(text(64));
    expect(store.get().scene).toBeNull();
    expect(store.get().pending?.variant.name).toBe("band");
    expect(jobs.map((j) => j.job)).toEqual(["build"]);
    const built = maskOf(store.get());
    end(jobs[0], built);
    expect(store.get().pending).toBeNull();
    expect(store.get().scene).toMatchObject({ builtMs: 40, sparsity: { elements: null } });
    expect(jobs.map((j) => j.job)).toEqual(["build", "count"]);
    end(jobs[1], 0.5);
    expect(store.get().scene?.sparsity.elements).toBe(0.5);
    expect(jobs).toHaveLength(2);
  });

  it("lets the newest edit win: the job of the one before is given up", () => {
    const { store, jobs, end, edit, maskOf } = panel();
    edit(text(64));
    edit(text(65));
    expect(jobs.map((j) => j.stopped)).toEqual([true, false]);
    end(jobs[1], maskOf(store.get()));
    expect(store.get().scene).not.toBeNull();
    expect(store.get().pending).toBeNull();
  });

  it("is stopped by the user, who is told how it is built after all", () => {
    const { store, jobs, edit } = panel();
    edit(text(64));
    const { pending } = store.get();
    if (pending === null) throw new Error("nothing is pending");
    store.dispatch({ type: "unbuilt", pending, fault: stoppedBuilding(pending.variant) });
    expect(jobs.map((j) => j.stopped)).toEqual([true]);
    expect(store.get()).toMatchObject({
      pending: null,
      fault: { message: expect.stringContaining("An edit or another length builds it") },
    });
    edit(text(65));
    expect(jobs.map((j) => j.stopped)).toEqual([true, false]);
  });

  it("goes on with a job whose mask an edit beside it leaves as it is, and shows it for the new text", () => {
    const { store, jobs, end, edit, maskOf } = panel();
    edit(text(64));
    edit(text(64, "# a comment\n"));
    expect(jobs).toHaveLength(1);
    expect(jobs[0]?.stopped).toBe(false);
    end(jobs[0], maskOf(store.get()));
    expect(store.get().scene?.variant.nameSpan.from).toBe("# a comment\ndef ".length);
  });

  it("keeps the last picture while the next is built, and drops the job of a text that breaks", () => {
    const { store, jobs, end, edit, maskOf } = panel();
    edit(text(64));
    end(jobs[0], maskOf(store.get()));
    end(jobs[1], 0.5);
    const { scene } = store.get();
    edit(text(65));
    expect(store.get().scene).toBe(scene);
    edit("def band(b, h, q_idx, kv_idx):\n    return q_idx >=\n");
    expect(jobs[2]?.stopped).toBe(true);
    expect(store.get().pending).toBeNull();
    expect(store.get().fault).not.toBeNull();
    expect(store.get().scene).toBe(scene);
  });

  it("builds nothing again for an edit that is undone", () => {
    const { store, jobs, end, edit, maskOf } = panel();
    edit(text(64));
    end(jobs[0], maskOf(store.get()));
    end(jobs[1], 0.5);
    edit(text(65));
    edit(text(64));
    expect(jobs[2]?.stopped).toBe(true);
    expect(jobs).toHaveLength(3);
    expect(store.get().scene?.sparsity.elements).toBe(0.5);
  });

  it("says why a mask could not be built, and tries again with the next text", () => {
    const { store, jobs, said, end, edit, maskOf } = panel();
    edit(text(64));
    jobs[0]?.done({ ok: false, message: "Array buffer allocation failed" });
    expect(store.get().pending).toBeNull();
    expect(store.get().fault?.message).toContain("`band` could not be built (Array buffer allocation failed)");
    expect(said).toHaveLength(1);
    edit(text(65));
    expect(store.get().fault).toBeNull();
    end(jobs[1], maskOf(store.get()));
    expect(store.get().scene).not.toBeNull();
  });

  it("counts no mask again whose count has failed", () => {
    const { store, jobs, said, end, edit, maskOf } = panel();
    edit(text(64));
    end(jobs[0], maskOf(store.get()));
    jobs[1]?.done({ ok: false, message: "no memory" });
    store.dispatch({ type: "view", view: "kernel" });
    expect(jobs).toHaveLength(2);
    expect(said).toHaveLength(1);
  });

  it("gives up what runs when the panel closes", () => {
    const { store, jobs, stop, edit } = panel();
    edit(text(64));
    stop();
    expect(jobs[0]?.stopped).toBe(true);
    store.dispatch({ type: "show", show: show(text(65)) });
    expect(jobs).toHaveLength(1);
  });

  it("of two panels each follows its own text", () => {
    const [a, b] = [panel(), panel()];
    a.edit(text(64));
    b.edit(text(65));
    a.edit(text(66));
    expect(a.jobs.map((j) => j.stopped)).toEqual([true, false]);
    expect(b.jobs.map((j) => j.stopped)).toEqual([false]);
  });

  it("shows a restored text as pending until its mask is there", () => {
    const { store, jobs, end, edit, maskOf } = panel();
    edit(text(64), { document: "file:///b.py" });
    expect(store.get()).toMatchObject({ scene: null, fault: null });
    end(jobs[0], maskOf(store.get()));
    expect(store.get().scene?.variant.name).toBe("band");
  });
});

describe("masks that are kept", () => {
  const derived = derive(show(text(64)), null);
  if (derived.scene === null) throw new Error("no scene");
  const work = workOf(derived.scene);

  it("are built at once where the clock allows, count and all", () => {
    const built = createBuiltMasks(() => 0).within(work, 0);
    if (built === null) throw new Error("not built");
    expect(built.mask).toEqual(buildBlockMask(work.body, work.size, work.blockSize));
    expect(built.elements).toBe(elementSparsity(built.mask, work.body));
  });

  /** Which id a cell reads is known of no rectangle: every cell has to be looked at, in many steps. */
  const scattered = derive(
    show(
      "import torch\nids = torch.arange(2048) * 7919 % 1009\ndef band(b, h, q_idx, kv_idx):\n    return ids[(q_idx * 7 + kv_idx * 13) % 2048] < 40\n",
      {
        problem: { qLen: 2048, kvLen: 2048 },
      },
    ),
    null,
  );
  const slow = scattered.scene ?? scattered.pending;
  if (slow === undefined) throw new Error(scattered.fault?.message ?? "nothing to build");

  it("are not waited for", () => {
    let now = 0;
    expect(createBuiltMasks(() => now++).within(workOf(slow), 0)).toBeNull();
  });

  it("may lack the count", () => {
    const asked = workOf(slow);
    // The clock runs out a few looks later each time, until it lets the mask through: then the count is late.
    const builtIn = (looks: number) => createBuiltMasks(() => (looks-- > 0 ? 0 : 1)).within(asked, 0);
    const first = Array.from({ length: 500 }, (_, looks) => looks).find((looks) => builtIn(looks) !== null);
    if (first === undefined) throw new Error("never built");
    const built = builtIn(first);
    expect(built?.mask).toEqual(buildBlockMask(asked.body, asked.size, asked.blockSize));
    expect(built?.elements).toBeNull();
  });

  it("are few, and the newest", () => {
    const few = createBuiltMasks(() => 0);
    for (let n = 1; n <= 20; n++) few.within({ ...work, size: { ...work.size, qLen: 64 * n } }, 0);
    const kept = Array.from({ length: 20 }, (_, i) => few.get({ ...work, size: { ...work.size, qLen: 64 * (i + 1) } }) !== null);
    expect(kept.filter(Boolean).length).toBe(8);
    expect(kept.slice(-8)).toEqual(Array(8).fill(true));
  });

  it("of the panel's own are found by the next text that says the same", () => {
    const again = derive(show(text(64, "# moved\n")), null);
    expect(again.scene?.blockMask).toBe(derived.scene?.blockMask);
    expect(builtMasks.get(work)?.mask).toBe(derived.scene?.blockMask);
  });
});
