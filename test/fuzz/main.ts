/**
 * `npm run fuzz`: random mods through interpreter, JavaScript, WGSL and, on demand, PyTorch; random edits of real files
 * through lowering. Each failure is told with its seed and the smallest input found; the exit code is 1 where there is one.
 *
 *   npm run fuzz                                          2,000 mods and 5,000 edited texts
 *   npm run fuzz -- --count 20000 --seed 7                mods alone, from seed 7 on
 *   npm run fuzz -- --edits 200000                        edited texts alone
 *   npm run fuzz -- --kernels 500                         random problems through the kernels, against the float64 reference
 *   npm run fuzz -- --torch [--count 20000]               mods as Python text against PyTorch (FLEXLENS_PYTHON, else python3)
 *   --no-gpu leaves the GPU out; --gpu fails where there is none.
 */
import { create, globals } from "webgpu";
import "../support/dawnPolls.ts";
import { type DeviceHandle, openDevice as openDeviceHandle } from "../../kernels/runtime/device.ts";
import { GpuError } from "../../kernels/runtime/gpuError.ts";
import { checkText, editedText, readCorpus, shrinkText } from "./edits.ts";
import { fuzzKernels } from "./kernels.ts";
import { fuzzMods } from "./mods.ts";
import { NoTorch, torchFuzz } from "./torch.ts";

Object.assign(globalThis, globals);

const say = (line: string): void => void process.stdout.write(`${line}\n`);

interface Asked {
  readonly count: number | null;
  readonly edits: number | null;
  readonly kernels: number | null;
  readonly seed: number;
  readonly torch: boolean;
  readonly gpu: "yes" | "no" | "if there is one";
}

/** The command line; null, with a word, where it is not understood. */
function read(words: readonly string[]): Asked | null {
  let asked: Asked = { count: null, edits: null, kernels: null, seed: 1, torch: false, gpu: "if there is one" };
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    const number = Number(words[i + 1] ?? "");
    const isNumber = Number.isInteger(number) && number >= 0 && (words[i + 1] ?? "") !== "";
    if (word === "--torch") asked = { ...asked, torch: true };
    else if (word === "--gpu") asked = { ...asked, gpu: "yes" };
    else if (word === "--no-gpu") asked = { ...asked, gpu: "no" };
    else if ((word === "--count" || word === "--edits" || word === "--kernels" || word === "--seed") && isNumber) {
      asked = { ...asked, [word.slice(2)]: number };
      i++;
    } else {
      say(`\`${word}\` is not understood; the options are --count N, --edits N, --kernels N, --seed S, --torch, --gpu and --no-gpu.`);
      return null;
    }
  }
  return asked;
}

/** Dawn's instance must live as long as its device. */
let instance: GPU | null = null;

async function openDevice(): Promise<GPUDevice | null> {
  instance = create([]);
  const adapter = await instance.requestAdapter();
  if (adapter === null) return null;
  say(`GPU: ${adapter.info.vendor} ${adapter.info.architecture}`);
  return adapter.requestDevice();
}

async function mods(count: number, { seed, gpu }: Asked): Promise<number> {
  const device = gpu === "no" ? null : await openDevice();
  if (device === null) {
    say(gpu === "no" ? "The GPU is left out, as asked." : "There is no GPU adapter: WGSL is not compared.");
    if (gpu === "yes") return 1;
  }
  const result = await fuzzMods({ count, seed, device, say });
  device?.destroy();
  const { failures } = result;
  say(
    `${result.mods} mods (${result.refused} texts refused, ${result.reread} printed and read again, ${result.gpuPoints} points on the GPU): ${failures.length} disagree`,
  );
  return failures.length;
}

function edits(count: number, seed: number): number {
  const corpus = readCorpus();
  let failed = 0;
  let slowest = 0;
  for (let i = 0; i < count && failed < 20; i++) {
    const text = editedText(seed + i, corpus);
    const { fault, ms } = checkText(text);
    slowest = Math.max(slowest, ms);
    if (fault !== null) {
      failed++;
      say(`seed ${seed + i}: ${fault.what}: ${fault.why}\n${shrinkText(text, fault)}\n`);
    }
    if ((i + 1) % 5000 === 0) say(`${i + 1} edited texts, ${failed} wrong, slowest ${slowest.toFixed(0)} ms`);
  }
  say(`${count} edited texts: ${failed} wrong, slowest ${slowest.toFixed(0)} ms`);
  return failed;
}

/** Disagreements; one where there is no device. */
async function kernels(count: number, seed: number): Promise<number> {
  instance = create([]);
  let gpu: DeviceHandle;
  try {
    gpu = await openDeviceHandle(instance);
  } catch (error) {
    if (!(error instanceof GpuError)) throw error;
    say(error.message);
    return 1;
  }
  say(`GPU: ${gpu.info.name}`);
  const { ran, refused, failures } = await fuzzKernels({ count, seed, gpu, say });
  gpu.destroy();
  const engines = [...ran].map(([engine, n]) => `${engine} ${n}`).join(", ");
  say(`${count} problems (${engines}; ${refused} refused by the engine whose turn it was): ${failures.length} disagree`);
  return failures.length;
}

async function torch(count: number, seed: number): Promise<number> {
  try {
    const r = await torchFuzz({ count, seed, say });
    say(
      `${r.mods} mods against PyTorch (${r.bothRefuse} refused by both; ${r.cells} cells compared, ${r.undecided} left to rounding): ${r.failures.length} disagree`,
    );
    return r.failures.length;
  } catch (e) {
    if (!(e instanceof NoTorch)) throw e;
    say(e.message);
    return 1;
  }
}

async function run(): Promise<number> {
  const asked = read(process.argv.slice(2));
  if (asked === null) return 2;
  if (asked.torch) return (await torch(asked.count ?? 2000, asked.seed)) > 0 ? 1 : 0;
  if (asked.kernels !== null) return (await kernels(asked.kernels, asked.seed)) > 0 ? 1 : 0;
  const all = asked.count === null && asked.edits === null;
  let failed = 0;
  const count = asked.count ?? (all ? 2000 : 0);
  if (count > 0) failed += await mods(count, asked);
  const texts = asked.edits ?? (all ? 5000 : 0);
  if (texts > 0) failed += edits(texts, asked.seed);
  return failed > 0 ? 1 : 0;
}

process.exitCode = await run();
instance = null;
