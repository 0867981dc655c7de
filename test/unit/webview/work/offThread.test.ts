import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { binary, constant, variable } from "../../../../kernels/ir/expr.ts";
import { flatten } from "../../../../kernels/ir/flat.ts";
import { buildBlockMask } from "../../../../kernels/mask/build.ts";
import type { BuildInput } from "../../../../webview/work/jobs.ts";
import { createLoopMemory, LOOPS, loopKey, loopScript, type WorkerAnswer } from "../../../../webview/work/loops.ts";
import { createOffThread, type Outcome, type WorkerLike } from "../../../../webview/work/offThread.ts";

const body = binary("ge", variable("q_idx"), binary("sub", variable("kv_idx"), constant(3, "i64")));
const size = { batch: 1, heads: 1, qLen: 64, kvLen: 64 };
const input: BuildInput = { body: flatten(body), size, blockSize: [16, 16] };

interface FakeWorker extends WorkerLike {
  readonly loops: string;
  posted: unknown[];
  ended: boolean;
  says(answer: WorkerAnswer): void;
}

function bench(refuse?: string) {
  const workers: FakeWorker[] = [];
  const said: string[] = [];
  const loops = createLoopMemory();
  const outcomes: Outcome<unknown>[] = [];
  const spawn = (text: string): WorkerLike => {
    if (refuse !== undefined) throw new Error(refuse);
    const worker: FakeWorker = {
      loops: text,
      posted: [],
      ended: false,
      onmessage: null,
      onerror: null,
      postMessage: (message) => worker.posted.push(message),
      terminate: () => {
        worker.ended = true;
      },
      says: (answer) => worker.onmessage?.({ data: answer }),
    };
    workers.push(worker);
    return worker;
  };
  const offThread = createOffThread({ spawn, loops, log: (text) => said.push(text) });
  const shares: number[] = [];
  const run = () =>
    offThread(
      "build",
      input,
      (outcome) => outcomes.push(outcome),
      (share) => shares.push(share),
    );
  return { workers, said, loops, outcomes, shares, run };
}

describe("a job off the page's thread", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("gets a worker of its own, which ends with it", () => {
    const { workers, outcomes, run } = bench();
    run();
    expect(workers[0]?.posted).toEqual([{ job: "build", input }]);
    workers[0]?.says({ type: "started" });
    workers[0]?.says({ type: "done", output: "the mask" });
    expect(outcomes).toEqual([{ ok: true, value: "the mask" }]);
    expect(workers[0]?.ended).toBe(true);
  });

  it("given up, is ended in the middle and says nothing more", () => {
    const { workers, outcomes, run } = bench();
    const stop = run();
    workers[0]?.says({ type: "started" });
    stop();
    expect(workers[0]?.ended).toBe(true);
    workers[0]?.says({ type: "done", output: 1 });
    expect(outcomes).toEqual([]);
  });

  it("that misses a loop starts anew in a worker that has it", () => {
    const { workers, outcomes, run } = bench();
    const stop = run();
    const loop = { params: ["c0"], body: "return 1;" };
    workers[0]?.says({ type: "missing", loop });
    expect(workers[0]?.ended).toBe(true);
    expect(workers[1]?.loops).toContain(JSON.stringify(loopKey(loop)));
    expect(workers[1]?.posted).toEqual([{ job: "build", input }]);
    stop();
    expect(workers[1]?.ended).toBe(true);
    expect(outcomes).toEqual([]);
  });

  it("that asks for loop after loop is run on the page in the end", () => {
    const { workers, outcomes, run } = bench();
    run();
    for (let i = 0; i < 20; i++) workers.at(-1)?.says({ type: "missing", loop: { params: [], body: `return ${i};` } });
    vi.runAllTimers();
    expect(workers.length).toBeLessThan(16);
    expect(outcomes).toHaveLength(1);
    expect(outcomes[0]?.ok).toBe(true);
  });

  it("says what went wrong in it", () => {
    const { workers, outcomes, run } = bench();
    run();
    workers[0]?.says({ type: "fault", message: "out of range" });
    expect(outcomes).toEqual([{ ok: false, message: "out of range" }]);
    run();
    workers[1]?.says({ type: "started" });
    workers[1]?.onerror?.({ message: "no memory" });
    expect(outcomes[1]).toEqual({ ok: false, message: "no memory" });
  });

  it.each([
    ["cannot be made", "a policy", () => undefined],
    ["is refused its script", undefined, (workers: FakeWorker[]) => workers[0]?.onerror?.({})],
  ])("runs on the page where a worker %s, and the log says so once", (_, refuse, then) => {
    const { workers, outcomes, said, run } = bench(refuse);
    run();
    then(workers);
    expect(outcomes).toEqual([]); // not within the call
    vi.runAllTimers();
    const outcome = outcomes[0];
    if (outcome?.ok !== true) throw new Error("no mask");
    expect(outcome.value).toMatchObject({ mask: buildBlockMask(body, size, [16, 16]) });
    run();
    vi.runAllTimers();
    expect(outcomes).toHaveLength(2);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain("the panel's own thread");
  });

  it("hears now and then how far it is, and nothing after it was given up", () => {
    const { workers, run, shares } = bench();
    const stop = run();
    for (let i = 0; i < 100; i++) {
      workers[0]?.says({ type: "progress", share: i / 100 });
      vi.advanceTimersByTime(20);
    }
    expect(shares.length).toBeGreaterThan(5);
    expect(shares.length).toBeLessThanOrEqual(11);
    stop();
    const before = shares.length;
    vi.advanceTimersByTime(1000);
    workers[0]?.says({ type: "progress", share: 1 });
    expect(shares).toHaveLength(before);
  });

  it("on the page can be given up before its turn", () => {
    const { outcomes, run } = bench("a policy");
    run()();
    vi.runAllTimers();
    expect(outcomes).toEqual([]);
  });
});

describe("loops on their way to a worker", () => {
  it("are functions there, found by their own text, quotes and line ends included", () => {
    const loop = { params: ["a", "b"], body: 'const s = "\\n</script>`";\nreturn () => a + b + s.length;' };
    const scope: Record<string, Record<string, (...args: number[]) => () => number>> = {};
    new Function("globalThis", loopScript([loop, { params: [], body: "return 0;" }]))(scope);
    expect(scope[LOOPS]?.[loopKey(loop)]?.(1, 2)()).toBe(3 + "\n</script>`".length);
  });

  it("are the last ones that were made, each once", () => {
    const memory = createLoopMemory();
    const make = memory.watch(() => () => 0);
    for (let i = 0; i < 1000; i++) make([], `return ${i};`);
    make([], "return 990;");
    const kept = [...memory.recent()].map(({ body }) => body);
    expect(kept.length).toBeLessThan(100);
    expect(kept.at(-1)).toBe("return 990;");
    expect(new Set(kept).size).toBe(kept.length);
  });
});
