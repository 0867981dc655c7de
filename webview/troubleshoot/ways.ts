/**
 * Ways out, by platform and by program: what to change so that the window gets a GPU. Words alone; verdict.ts says
 * which of them a machine needs. The likeliest comes first.
 */
import type { GpuFacts, Platform } from "./facts.ts";

/** One thing to do. */
export interface Way {
  /** Backticks set code. */
  readonly text: string;
  /** A command line or address to copy. */
  readonly copy?: string;
}

/** The switches by which Chromium on Linux has WebGPU. */
const LINUX_FLAGS = "--enable-unsafe-webgpu --enable-features=Vulkan";
const SOFTWARE_FLAGS = "--enable-unsafe-webgpu --use-webgpu-adapter=swiftshader";
/** The first Chromium with WebGPU. */
export const FIRST_CHROMIUM = 113;

/** A page without https. */
export function secureWays(): readonly Way[] {
  return [
    { text: "Open VS Code's address with `https:`." },
    {
      text: "Or reach it as localhost, through a tunnel: run this on your own machine with your host and port, then open `http://localhost:8080`.",
      copy: "ssh -L 8080:localhost:8080 HOST",
    },
    { text: "Or let Chrome take the address for secure, in its flags.", copy: "chrome://flags/#unsafely-treat-insecure-origin-as-secure" },
  ];
}

/** A window whose engine has no WebGPU, or has it switched off. */
export function engineWays(facts: GpuFacts): readonly Way[] {
  const { engine, platform, isBrowser } = facts.page;
  const [name = "", version = "0"] = engine.split(" ");
  if (!isBrowser) {
    const update = { text: "Update VS Code: Flexlens needs 1.100 or newer." };
    return platform === "linux" ? [...linuxFlags(facts), update] : [update];
  }
  if (name === "Firefox") {
    return [
      { text: "Set `dom.webgpu.enabled` to true, and load the window again.", copy: "about:config" },
      { text: "Or open VS Code's address in Chrome or Edge." },
    ];
  }
  if (name === "Safari") return [{ text: "Update to Safari 26 or newer, or open VS Code's address in Chrome or Edge." }];
  if (name === "Chromium" && Number(version) < FIRST_CHROMIUM)
    return [{ text: `Update the browser: WebGPU came with Chromium ${FIRST_CHROMIUM}, and this is ${version}.` }];
  return platform === "linux" ? linuxFlags(facts) : [{ text: "Open VS Code's address in a current Chrome or Edge." }];
}

/** Hardware that the page does not use for anything: acceleration is off, the driver is on a blocklist, or there is none. */
export function accelerationWays(facts: GpuFacts): readonly Way[] {
  const { platform } = facts.page;
  const own: readonly Way[] = facts.page.isBrowser
    ? [
        {
          text: "Switch *Use graphics acceleration when available* on in the browser's settings, under System, and restart it.",
          copy: "chrome://settings/system",
        },
        {
          text: "Read in the browser's own report why the GPU is not used: a driver on its blocklist is named there.",
          copy: "chrome://gpu",
        },
      ]
    : [
        {
          text: 'Run *Preferences: Configure Runtime Arguments*, take `"disable-hardware-acceleration": true` out of `argv.json`, and start VS Code again without `--disable-gpu`.',
        },
        { text: "Run *Developer: Show GPU Info* to read why the GPU is not used: a driver on Chromium's blocklist is named there." },
      ];
  return [
    ...own,
    driverWay(platform),
    ...(platform === "linux" ? linuxFlags(facts) : []),
    { text: "A virtual machine, a container or a remote desktop may have no GPU: open the window on a machine that has one." },
  ];
}

/** Hardware that draws the page, and is not offered to WebGPU. */
export function offeredWays(facts: GpuFacts): readonly Way[] {
  const { platform } = facts.page;
  const report: Way = facts.page.isBrowser
    ? { text: "Read in the browser's own report what it says of WebGPU.", copy: "chrome://gpu" }
    : { text: "Run *Developer: Show GPU Info* to read what it says of WebGPU." };
  return [...(platform === "linux" ? linuxFlags(facts) : []), driverWay(platform), report];
}

/** Times without a GPU, for those who have none. */
export function softwareWay(facts: GpuFacts): Way {
  return {
    text: "Without any GPU, a software adapter checks numbers and compares kernels with each other; its times say nothing about a GPU.",
    copy: `${program(facts)} ${SOFTWARE_FLAGS}`,
  };
}

/** A GPU's process that ended. */
export function restartWays(facts: GpuFacts): readonly Way[] {
  return [
    {
      text: facts.page.isBrowser
        ? "Close every window of the browser, and start it again."
        : "Close every window of VS Code, and start it again.",
    },
    { text: "Then benchmark smaller lengths first: a kernel that runs for seconds is ended by the driver." },
    driverWay(facts.page.platform),
  ];
}

/** The other GPU of a machine with two. */
export function otherGpuWay(facts: GpuFacts): Way {
  const { platform } = facts.page;
  const name = facts.otherAdapter ?? "the other";
  return {
    text: `For \`${name}\`, set \`flexlens.gpu.powerPreference\`${platform === "windows" ? "; where that changes nothing, choose the GPU of this program in Windows' settings, under System, Display, Graphics" : ""}.`,
  };
}

export function driverWay(platform: Platform): Way {
  if (platform !== "linux") return { text: platform === "mac" ? "Update macOS: the driver comes with it." : "Update the GPU's driver." };
  return { text: "Install the GPU's Vulkan driver; this lists what there is, and should name the GPU:", copy: "vulkaninfo --summary" };
}

function linuxFlags(facts: GpuFacts): readonly Way[] {
  return [
    {
      text: `Close every window of ${facts.page.isBrowser ? "the browser" : "VS Code"}, and start it with the switches by which Chromium has WebGPU on Linux${facts.page.isBrowser ? "" : "; `argv.json` does not take them"}:`,
      copy: `${program(facts)} ${LINUX_FLAGS}`,
    },
  ];
}

const program = (facts: GpuFacts): string => (facts.page.isBrowser ? "google-chrome" : "code");
