// The environment in which Dawn (npm `webgpu`) finds an adapter: the machine's own Vulkan, Metal or Direct3D where that gives
// one, else the software driver inside Debian's Chromium. It has to be set before the process starts, so this is a wrapper too:
//   node test/run/dawn.mjs COMMAND ARGUMENT…
// FLEXLENS_VULKAN=system | chromium takes the choice away; a VK_ICD_FILENAMES or VK_DRIVER_FILES that is set is left alone.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { findChromium } from "./chromium.mjs";

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");

const PROBE = `
  const { create, globals } = await import("webgpu");
  Object.assign(globalThis, globals);
  const adapter = await create([]).requestAdapter();
  if (adapter) { const { vendor, architecture, device, description } = adapter.info;
    console.log("adapter " + [vendor, architecture, device, description].filter(Boolean).join(" ")); }
  process.exit(0);`;

/** Name of the adapter Dawn gives under an environment; null if it gives none. */
export function adapterUnder(environment) {
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", PROBE], {
    cwd: ROOT,
    env: { ...process.env, ...environment },
    encoding: "utf8",
    timeout: 60_000,
  });
  return /^adapter (.*)$/m.exec(stdout ?? "")?.[1] ?? null;
}

/** Variables that point Dawn at the SwiftShader of an installed Chromium; null where there is no such file. */
function swiftShader() {
  const browser = findChromium();
  const folders = ["/usr/lib/chromium", ...(browser ? [dirname(browser)] : []), "/opt/google/chrome"];
  const folder = folders.find((each) => existsSync(join(each, "vk_swiftshader_icd.json")) && existsSync(join(each, "libvulkan.so.1")));
  if (folder === undefined) return null;
  const rest = process.env.LD_LIBRARY_PATH ? `:${process.env.LD_LIBRARY_PATH}` : "";
  return { LD_LIBRARY_PATH: folder + rest, VK_ICD_FILENAMES: join(folder, "vk_swiftshader_icd.json") };
}

/** `{ environment, adapter }` for a process that uses Dawn. Throws with the way out where no adapter can be had. */
export function dawnEnvironment() {
  const asked = process.env.FLEXLENS_VULKAN;
  if (asked !== "chromium") {
    const adapter = adapterUnder({});
    if (adapter) return { environment: {}, adapter };
    if (asked === "system" || process.env.VK_ICD_FILENAMES || process.env.VK_DRIVER_FILES) {
      throw new Error(
        "Dawn finds no adapter with the Vulkan drivers that the environment names. Unset FLEXLENS_VULKAN, VK_ICD_FILENAMES and VK_DRIVER_FILES to use Chromium's software driver.",
      );
    }
  }
  const environment = swiftShader();
  const adapter = environment && adapterUnder(environment);
  if (!adapter)
    throw new Error(
      "Dawn finds no adapter, and no Chromium with a software one. Install a Vulkan driver, or Chromium (`apt-get install chromium`).",
    );
  return { environment, adapter };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [command, ...rest] = process.argv.slice(2);
  if (command === undefined) {
    console.error("usage: node test/run/dawn.mjs COMMAND ARGUMENT…");
    process.exit(2);
  }
  try {
    const { environment, adapter } = dawnEnvironment();
    console.error(`adapter: ${adapter}`);
    const child = spawn(command === "node" ? process.execPath : command, rest, {
      stdio: "inherit",
      env: { ...process.env, ...environment },
    });
    child.once("error", (error) => {
      console.error(`\`${command}\` did not start: ${error.message}`);
      process.exit(127);
    });
    child.once("exit", (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(3);
  }
}
