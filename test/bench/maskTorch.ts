/** Runs PyTorch's create_block_mask on the masks of the benchmark (maskTorch.py). */
import { spawn } from "node:child_process";
import { join } from "node:path";

export interface TorchTimes {
  readonly version: string;
  readonly threads: number;
  readonly masks: ReadonlyMap<string, { readonly bestSeconds: number; readonly digest: string }>;
}

/** PyTorch's times for the masks `names` of the source `text`; why there are none, where there is no PyTorch. */
export async function torchTimes(text: string, names: readonly string[], length: number, block: number): Promise<TorchTimes | string> {
  const python = process.env["FLEXLENS_PYTHON"] ?? "python3";
  const child = spawn(python, [join(process.cwd(), "test/bench/maskTorch.py")], { stdio: ["pipe", "pipe", "inherit"] });
  let out = "";
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
  });
  const ended = new Promise<string | null>((resolve) => {
    child.once("error", (error) => resolve(`${python} does not start (${error.message})`));
    child.once("close", (code) => resolve(code === 0 ? null : `${python} ended with ${code}`));
  });
  child.stdin.on("error", () => {});
  child.stdin.end(JSON.stringify({ text, names, length, block }));
  const trouble = await ended;
  const lines = out
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
  const [hello, ...results] = lines;
  if (hello === undefined || "unavailable" in hello) {
    return `${trouble ?? `${python} has no PyTorch (${hello?.unavailable})`}; set FLEXLENS_PYTHON to a Python that has it`;
  }
  if (trouble !== null) return trouble;
  const masks = new Map<string, { bestSeconds: number; digest: string }>();
  for (const { name, seconds, digest } of results) masks.set(name, { bestSeconds: Math.min(...seconds.slice(1)), digest });
  return { version: hello.version, threads: hello.threads, masks };
}
