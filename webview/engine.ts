/**
 * The engine room: owns the GPU device of the panel, and is the only file that names `navigator.gpu`. The device is
 * asked for when something first needs it, and again after it was lost; what goes wrong arrives as words.
 */
import { autotune } from "../kernels/runtime/autotune.ts";
import { benchmark } from "../kernels/runtime/benchmark.ts";
import { type DeviceHandle, openDevice } from "../kernels/runtime/device.ts";
import { higherPeaks, measurePeaks } from "../kernels/runtime/peaks.ts";
import type { BenchProgress, DevicePeaks } from "../kernels/runtime/result.ts";
import type { Sweep } from "../kernels/runtime/sweep.ts";
import { runSweep } from "../kernels/runtime/sweepRun.ts";
import { isOutdone, knownPeaks } from "./bench/details.ts";
import { ENGINE_NAMES } from "./bench/rows.ts";
import { endFault } from "./bench/sweepWords.ts";
import { keyOfBase, sweepHands } from "./bench/sweepWork.ts";
import { sceneWishes } from "./bench/wishes.ts";
import type { Host } from "./host.ts";
import type { PowerPreference } from "./protocol.ts";
import type { Scene } from "./state.ts";
import type { Store } from "./store.ts";
import type { GpuTest } from "./troubleshoot/facts.ts";
import { readPage } from "./troubleshoot/page.ts";
import { probeGpu } from "./troubleshoot/probe.ts";
import { reportText } from "./troubleshoot/steps.ts";
import type { Visibility } from "./visibility.ts";

export interface EngineRoom {
  /** Asks what device there is, for the views that speak of it. */
  probe(): void;
  /** Measures the scene shown; one run at a time. */
  run(): void;
  /** Looks for the fastest kernel and tile for it; no run goes on beside it. */
  tune(): void;
  /** Measures what is left of the sweep; no run goes on beside it. */
  sweep(sweep: Sweep): void;
  cancel(): void;
  /** Tests the window's WebGPU step by step, when nothing runs any more. */
  test(): void;
}

const NO_WEBGPU =
  "This window has no WebGPU. Masks and WGSL work; times do not. VS Code 1.100 or newer has it; in a browser, open VS Code through https or localhost.";

export function createEngineRoom(store: Store, host: Host, visibility: Visibility): EngineRoom {
  let opening: Promise<DeviceHandle> | null = null;
  let openedBy: PowerPreference | null = null;
  let running: AbortController | null = null;
  let testing: Promise<void> | null = null;
  /** Devices that were lost, and not closed here. */
  let losses = 0;
  const closed = new WeakSet<DeviceHandle>();

  const preferred = (): PowerPreference => store.get().surroundings?.powerPreference ?? "high-performance";
  const close = (gpu: DeviceHandle): void => {
    closed.add(gpu);
    gpu.destroy();
  };
  const device = (): Promise<DeviceHandle> => {
    if (opening !== null) return opening;
    openedBy = preferred();
    const mine = open(openedBy).then(
      (handle) => {
        store.dispatch({ type: "device", device: { info: handle.info, limits: handle.limits }, fault: null });
        host.post({ type: "log", level: "info", text: `WebGPU device: ${handle.info.name}${handle.info.software ? " (software)" : ""}` });
        void handle.lost.then((why) => {
          const isLast = opening === mine;
          if (isLast) opening = null;
          if (!closed.has(handle)) losses++;
          // Whoever looks at it while nothing runs is told too; a run says it in its own words.
          if (isLast && !closed.has(handle)) store.dispatch({ type: "device", device: null, fault: why.message });
          host.post({ type: "log", level: "warn", text: why.message });
        });
        return handle;
      },
      (error: unknown) => {
        // The next one who asks tries again: an adapter may come back.
        if (opening === mine) opening = null;
        store.dispatch({ type: "device", device: null, fault: messageOf(error) });
        throw error;
      },
    );
    opening = mine;
    return mine;
  };
  /** Another setting asks for another GPU: the one that is open goes, unless something runs on it. */
  const followSetting = (): void => {
    if (running !== null || opening === null || openedBy === preferred()) return;
    void opening.then(close, () => undefined);
    opening = null;
    void device().catch(() => undefined);
  };
  store.subscribe(followSetting);

  const test = async (): Promise<void> => {
    /** To whoever still looks: the test may be closed meanwhile. */
    const show = (state: GpuTest): void => {
      if (store.get().gpuTest !== null) store.dispatch({ type: "gpuTest", test: state });
    };
    const onStep = (now: string): void => show({ status: "running", now });
    // A second device beside a benchmark would be measured with it.
    const isBusy = (): boolean => running !== null || store.get().elsewhere.variant !== null;
    if (isBusy()) onStep("waiting for the benchmark to end");
    while (isBusy()) await new Promise((done) => setTimeout(done, 100));
    const facts = await probeGpu(gpuOfWindow(), { page: readPage(), surroundings: store.get().surroundings, lostBefore: losses, onStep });
    show({ status: "done", facts });
    host.post({ type: "log", level: "info", text: reportText(facts) });
  };

  /** What the device reaches: as a stored result of it says, unless a kernel outdid that; else measured now, for all that come. */
  const peaksOf = async (gpu: DeviceHandle, signal: AbortSignal): Promise<DevicePeaks | null> => {
    const results = [...store.get().history, ...store.get().results];
    const known = knownPeaks(results, gpu.info.name);
    // What was measured while the browser offered no subgroup matrices says nothing of them.
    const isWhole = known !== null && (known.matrices !== undefined || gpu.limits.subgroupMatrices === null);
    if (isWhole && !isOutdone(results, gpu.info.name, known)) return known;
    store.dispatch({ type: "progress", fraction: 0, now: "measuring what the device reaches" });
    const measured = await measurePeaks(gpu, signal);
    return known === null || measured === null ? (measured ?? known) : higherPeaks(known, measured);
  };

  /** Tells the host how far a run is, a tenth at a time: the lens above the function shows it. */
  const tellerOf = (document: string, variant: string): ((fraction: number) => void) => {
    let told = 0;
    return (fraction) => {
      const tenths = Math.floor(10 * fraction);
      if (tenths <= told) return;
      told = tenths;
      host.post({ type: "progress", document, variant, fraction: tenths / 10 });
    };
  };

  const start = async (scene: Scene, document: string, cancel: AbortController): Promise<void> => {
    const variant = scene.variant.name;
    store.dispatch({ type: "started" });
    host.post({ type: "running", document, variant, running: true });
    const tell = tellerOf(document, variant);
    try {
      const gpu = await device();
      const peaks = await peaksOf(gpu, cancel.signal);
      const report = await benchmark(
        gpu,
        { variant: scene.variant, problem: scene.problem, wishes: sceneWishes(store.get(), scene).wishes },
        {
          signal: cancel.signal,
          peaks,
          onProgress: (progress) => {
            if (cancel.signal.aborted) return;
            store.dispatch({ type: "progress", fraction: progress.fraction, now: describeProgress(progress) });
            tell(progress.fraction);
          },
        },
      );
      const run = crypto.randomUUID();
      for (const measured of report.results) {
        const result = { ...measured, run };
        store.dispatch({ type: "measured", document, result });
        host.post({ type: "result", document, result });
      }
      const refused = report.refusals.map((r) => ({ ...r, broke: false }));
      // With the device gone every kernel fails in its own words; one cause is enough.
      const lost = gpu.lostReason();
      const broken = lost === null ? report.failures.map((f) => ({ engine: f.engine, reason: f.message, broke: true })) : [];
      store.dispatch({ type: "ended", variant, missing: [...refused, ...broken], fault: lost?.message ?? null });
      for (const f of report.failures) host.post({ type: "log", level: "error", text: `${variant}, ${f.engine}: ${f.message}` });
    } catch (error) {
      store.dispatch({ type: "ended", variant, missing: [], fault: cancel.signal.aborted ? null : messageOf(error) });
      host.post({ type: "log", level: "error", text: `${variant}: ${messageOf(error)}` });
    } finally {
      host.post({ type: "running", document, variant, running: false });
    }
  };

  const tune = async (scene: Scene, document: string, cancel: AbortController): Promise<void> => {
    const variant = scene.variant.name;
    store.dispatch({ type: "started" });
    host.post({ type: "running", document, variant, running: true });
    const tell = tellerOf(document, variant);
    try {
      const gpu = await device();
      const { engines } = sceneWishes(store.get(), scene).wishes;
      const report = await autotune(
        gpu,
        { variant: scene.variant, problem: scene.problem, ...(engines === undefined ? {} : { wishes: { engines } }) },
        {
          signal: cancel.signal,
          onProgress: ({ stage, fraction, left }) => {
            if (cancel.signal.aborted) return;
            store.dispatch({ type: "progress", fraction, now: `${STAGES[stage]} · ${left} kernels and tiles` });
            tell(fraction);
          },
        },
      );
      if (report.tuned !== null) host.post({ type: "tuned", tuned: report.tuned });
      store.dispatch({ type: "tuned", variant, tuned: report.tuned, rows: report.rows, fault: report.fault });
      if (report.fault !== null) host.post({ type: "log", level: "error", text: `${variant}: ${report.fault}` });
    } catch (error) {
      store.dispatch({ type: "tuned", variant, tuned: null, rows: [], fault: cancel.signal.aborted ? null : messageOf(error) });
      host.post({ type: "log", level: "error", text: `${variant}: ${messageOf(error)}` });
    } finally {
      host.post({ type: "running", document, variant, running: false });
    }
  };

  const sweepOn =
    (wanted: Sweep): typeof start =>
    async (_, document, cancel) => {
      const { id, variant } = wanted;
      const { show, tunings } = store.get();
      if (show === null) return;
      if (keyOfBase(show, wanted) !== wanted.key) {
        store.dispatch({ type: "sweepEnded", id, fault: TEXT_CHANGED });
        return;
      }
      store.dispatch({ type: "started", sweep: id });
      host.post({ type: "running", document, variant, running: true });
      const tell = tellerOf(document, variant);
      let now = wanted;
      try {
        const gpu = await device();
        const peaks = await peaksOf(gpu, cancel.signal);
        const hands = sweepHands(wanted, {
          gpu,
          peaks,
          show,
          tunings,
          visibility,
          history: () => store.get().history,
          describe: describeProgress,
          say: (text, fraction) => {
            store.dispatch({ type: "progress", fraction, now: text });
            tell(fraction);
          },
          keep: (sweep, results) => {
            now = sweep;
            store.dispatch({ type: "swept", sweep, results });
            host.post({ type: "swept", sweep, results });
          },
        });
        const end = await runSweep(wanted, gpu.info.name, hands, cancel.signal);
        const fault = endFault(now, end);
        store.dispatch({ type: "sweepEnded", id, fault });
        if (fault !== null) host.post({ type: "log", level: "warn", text: `${variant}: ${fault}` });
      } catch (error) {
        store.dispatch({ type: "sweepEnded", id, fault: cancel.signal.aborted ? null : messageOf(error) });
        host.post({ type: "log", level: "error", text: `${variant}: ${messageOf(error)}` });
      } finally {
        host.post({ type: "running", document, variant, running: false });
      }
    };

  /** Ends the wait for a mask that is being built. */
  let waiting: () => void = () => undefined;
  /** Begins `work` on the scene shown, when its mask is built; unless something runs, or there is nothing to run. */
  const begin = (work: typeof start): void => {
    const { scene, show, fault, pending } = store.get();
    waiting();
    if (pending !== null) {
      waiting = store.subscribe(() => {
        if (store.get().pending === null) begin(work);
      });
      return;
    }
    if (running !== null || scene === null || show === null || fault !== null) return;
    if (testing !== null) {
      void testing.then(() => begin(work));
      return;
    }
    followSetting();
    const cancel = new AbortController();
    running = cancel;
    void work(scene, show.document, cancel).finally(() => {
      running = null;
    });
  };
  return {
    probe: () => void device().catch(() => undefined),
    run: () => begin(start),
    tune: () => begin(tune),
    sweep: (sweep) => begin(sweepOn(sweep)),
    cancel: () => {
      const { run } = store.get();
      if (running === null || run.status !== "running") return;
      const stopped = running;
      stopped.abort();
      // A kernel that is being compiled or run cannot be taken back from the GPU.
      store.dispatch({ type: "progress", fraction: run.fraction, now: "stopping after this step" });
      // One that never ends can: its device is closed, and the next run opens another.
      setTimeout(() => {
        if (running === stopped) void opening?.then(close).catch(() => undefined);
      }, STUCK_MS);
    },
    test: () => {
      // One that was closed goes on, and is shown again.
      store.dispatch({ type: "gpuTest", test: { status: "running", now: "looking at this page" } });
      testing ??= test().finally(() => {
        testing = null;
      });
    },
  };
}

const gpuOfWindow = (): GPU | undefined => (navigator as Partial<Pick<Navigator, "gpu">>).gpu;

async function open(powerPreference: PowerPreference): Promise<DeviceHandle> {
  const gpu = gpuOfWindow();
  if (gpu === undefined) throw new Error(NO_WEBGPU);
  return openDevice(gpu, { powerPreference });
}

const TEXT_CHANGED =
  "The text has changed since this sweep was begun, and its points are of the old one. Start it again to measure all of it, or take the edit back.";

/** A step that takes longer after a cancel has hung: submissions take a quarter of a second, compilation some seconds. */
const STUCK_MS = 20_000;

const STAGES: Readonly<Record<BenchProgress["stage"], string>> = {
  upload: "uploading inputs",
  compile: "compiling",
  check: "checking against the float64 reference",
  sample: "timing",
};

/** What runs now, in words. */
export function describeProgress({ stage, engine }: Pick<BenchProgress, "stage" | "engine">): string {
  return engine === null ? STAGES[stage] : `${STAGES[stage]} · ${ENGINE_NAMES[engine]}`;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
