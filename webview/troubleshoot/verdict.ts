/**
 * Facts about the machine → what they mean: the one cause that stands in the way, and the ways out. The causes are
 * tried in the order in which one hides the next: no adapter can be asked for on a page that is not secure, none
 * computes that gives no device. Pure.
 */
import { type GpuFacts, isSoftwareName } from "./facts.ts";
import {
  accelerationWays,
  driverWay,
  engineWays,
  offeredWays,
  otherGpuWay,
  restartWays,
  secureWays,
  softwareWay,
  type Way,
} from "./ways.ts";

/** What stands in the way; "none": nothing does. */
export type Cause =
  | "insecure page"
  | "no WebGPU"
  | "crashed too often"
  | "no acceleration"
  | "not offered"
  | "no device"
  | "lost"
  | "no numbers"
  | "wrong numbers"
  | "software adapter"
  | "none";

export interface Verdict {
  readonly cause: Cause;
  /** good: times are a GPU's; limited: there are times, of which something has to be known; bad: there are none. */
  readonly level: "good" | "limited" | "bad";
  readonly title: string;
  /** Why; backticks set code. */
  readonly words: string;
  readonly ways: readonly Way[];
}

export function verdictOf(facts: GpuFacts): Verdict {
  const { page, adapter, compute } = facts;
  if (!page.isSecure) {
    return bad(
      facts,
      "insecure page",
      "This page is not secure, and WebGPU is kept from it",
      "Browsers have WebGPU on pages that come through https or from localhost. Masks, bias and WGSL work; times do not.",
      secureWays(),
    );
  }
  if (!facts.hasApi) {
    return bad(
      facts,
      "no WebGPU",
      "This window has no WebGPU",
      `It is drawn by ${page.engine}, which has none here. Masks, bias and WGSL work; times do not.`,
      engineWays(facts),
    );
  }
  if (adapter === null) return withoutAdapter(facts);
  if (facts.deviceFault !== null) {
    return bad(facts, "no device", `\`${adapter.name}\` gives no device`, facts.deviceFault, restartWays(facts));
  }
  if (facts.lost !== null) {
    return bad(
      facts,
      "lost",
      `\`${adapter.name}\` was lost during the test`,
      `${sentence(facts.lost)} A driver that ends a shader of a few microseconds is at fault itself.`,
      restartWays(facts),
    );
  }
  if (compute === null) {
    return bad(facts, "no numbers", `\`${adapter.name}\` does not run a shader`, sentence(facts.computeFault ?? "It gave no answer"), [
      driverWay(page.platform),
      ...restartWays(facts).slice(0, 1),
    ]);
  }
  if (compute.wrong !== null) {
    const { at, got, want } = compute.wrong;
    return bad(
      facts,
      "wrong numbers",
      `\`${adapter.name}\` computes wrong numbers`,
      `Sum ${at} of ${compute.count} is ${got}, not ${want}. Each benchmark is compared with a reference, so wrong results are marked; their times mean nothing.`,
      [driverWay(page.platform)],
    );
  }
  if (adapter.software) return inSoftware(facts, adapter.name);
  return {
    cause: "none",
    level: (facts.clock?.gpuMs ?? null) === null ? "limited" : "good",
    title: `\`${adapter.name}\` computes and keeps time`,
    words: withRemote(facts, `Benchmarks run on it. ${clockWords(facts)}`),
    ways: facts.otherAdapter === null ? [] : [otherGpuWay(facts)],
  };
}

/** A machine that gives no time. */
const bad = (facts: GpuFacts, cause: Cause, title: string, words: string, ways: readonly Way[]): Verdict => ({
  cause,
  level: "bad",
  title,
  words: withRemote(facts, words),
  ways,
});

function withoutAdapter(facts: GpuFacts): Verdict {
  const { webgl } = facts.page;
  const rest = "Masks, bias and WGSL work; times do not.";
  if (facts.lostBefore > 0) {
    return bad(
      facts,
      "crashed too often",
      "The GPU's process has ended too often",
      `This panel has lost ${facts.lostBefore === 1 ? "its device" : `${facts.lostBefore} devices`}, and Chromium offers no adapter after some crashes. ${rest}`,
      restartWays(facts),
    );
  }
  if (webgl === null || isSoftwareName(webgl)) {
    return bad(
      facts,
      "no acceleration",
      "This window does not use the GPU",
      `${webgl === null ? "It has neither WebGPU nor WebGL" : `It is drawn in software, by \`${webgl}\``}: hardware acceleration is switched off, the driver is on Chromium's blocklist, or there is no GPU. ${rest}`,
      [...accelerationWays(facts), softwareWay(facts)],
    );
  }
  return bad(
    facts,
    "not offered",
    "The GPU is not offered to WebGPU",
    `The window is drawn by \`${webgl}\`, but WebGPU gives no adapter for it. ${rest}`,
    offeredWays(facts),
  );
}

function inSoftware(facts: GpuFacts, name: string): Verdict {
  const { webgl } = facts.page;
  const hasGpu = webgl !== null && !isSoftwareName(webgl);
  return {
    cause: "software adapter",
    level: "limited",
    title: `\`${name}\` is a software adapter: the processor computes, no GPU`,
    words: withRemote(
      facts,
      `Numbers are checked and kernels compared with each other as on a GPU; the times say nothing about one, and are marked so.${hasGpu ? ` The window itself is drawn by \`${webgl}\`.` : ""}`,
    ),
    ways: hasGpu ? offeredWays(facts) : accelerationWays(facts),
  };
}

/** How times are taken. */
function clockWords({ clock }: GpuFacts): string {
  if (clock === null) return "Its clock could not be read.";
  if (clock.gpuMs === null)
    return `It has no \`timestamp-query\`: times come from the page's clock, with what it takes to hand over the work; short kernels are repeated until that does not count.`;
  return "Times are its own, by `timestamp-query`.";
}

/** Whose GPU it is, where the files are another machine's. */
function withRemote({ surroundings }: GpuFacts, words: string): string {
  const remote = surroundings?.remote ?? null;
  if (remote === null) return words;
  return `${words} The panel runs where this window is: its GPU counts, not the one of the remote (\`${remote}\`).`;
}

const sentence = (words: string): string => (/[.!?]$/.test(words) ? words : `${words}.`);
