/** The test's steps in words, each with its standing; and all of it as text for an issue report. Pure. */
import { bytes, duration, integer, NARROW_SPACE } from "../number.ts";
import type { GpuFacts } from "./facts.ts";
import { type Verdict, verdictOf } from "./verdict.ts";

/** ok: holds; note: holds, with something to know; bad: it is what stands in the way; unreached: one before it did. */
export type Standing = "ok" | "note" | "bad" | "unreached";

export interface Step {
  readonly id: string;
  readonly title: string;
  readonly standing: Standing;
  /** What was found; empty where it was not reached. */
  readonly found: string;
}

/** All steps, in the order in which they are tried. */
export function stepsOf(facts: GpuFacts): readonly Step[] {
  const { page, adapter, compute, clock } = facts;
  const steps: Step[] = [];
  let held = true;
  /** `found` null: there is nothing to be said, for a step before did not hold. */
  const step = (id: string, title: string, standing: Standing, found: string): void => {
    steps.push(held ? { id, title, standing, found } : { id, title, standing: "unreached", found: "" });
    if (standing === "bad") held = false;
  };
  step(
    "page",
    "Secure page",
    page.isSecure ? "ok" : "bad",
    `${page.engine}${page.isBrowser ? ", in a browser" : ""}${page.isSecure ? "" : "; neither https nor localhost"}`,
  );
  step("api", "WebGPU in this window", facts.hasApi ? "ok" : "bad", facts.hasApi ? "the page has it" : "the page does not have it");
  step(
    "adapter",
    "Adapter",
    adapter === null ? "bad" : "ok",
    adapter === null
      ? `none; WebGL ${page.webgl === null ? "is missing too" : `draws with \`${page.webgl}\``}`
      : `${adapter.name}${facts.otherAdapter === null ? "" : `; there is also \`${facts.otherAdapter}\``}`,
  );
  step(
    "hardware",
    "Hardware",
    adapter?.software === true ? "note" : "ok",
    adapter?.software === true ? "a software adapter: the processor computes" : "a GPU",
  );
  const isOpen = facts.deviceFault === null;
  step("device", "Device", isOpen ? "ok" : "bad", facts.deviceFault ?? "opened");
  step(
    "compute",
    "Shader",
    compute !== null && compute.wrong === null ? "ok" : "bad",
    compute === null
      ? (facts.computeFault ?? "no answer")
      : compute.wrong === null
        ? `${integer(compute.count)} sums, all right, compiled and run in ${duration(compute.tookMs)}`
        : `sum ${compute.wrong.at} is ${compute.wrong.got}, not ${compute.wrong.want}`,
  );
  step(
    "clock",
    "Clock",
    clock === null || clock.gpuMs === null ? "note" : "ok",
    clock === null
      ? "not read"
      : clock.gpuMs === null
        ? `the page's, in steps of ${duration(clock.wallMs)}; no \`timestamp-query\``
        : `the GPU's, in steps of ${duration(clock.gpuMs)}`,
  );
  step("features", "Features", "ok", featuresOf(adapter?.features ?? []));
  step("limits", "Limits", "ok", adapter === null ? "" : limitsOf(adapter.limits));
  step("kept", "Device kept", facts.lost === null ? (facts.lostBefore > 0 ? "note" : "ok") : "bad", keptOf(facts));
  return steps;
}

/** What some kernels use where it is there. */
const WANTED: readonly (readonly [feature: string, use: string])[] = [
  ["subgroups", "faster sums"],
  ["shader-f16", "halves in registers"],
  ["timestamp-query", "the GPU's own times"],
  ["chromium-experimental-subgroup-matrix", "matrix units"],
];

function featuresOf(features: readonly string[]): string {
  const list = (names: readonly (readonly [string, string])[]): string => names.map(([name, use]) => `\`${name}\` (${use})`).join(", ");
  const has = WANTED.filter(([name]) => features.includes(name));
  const lacks = WANTED.filter(([name]) => !features.includes(name));
  return [has.length === 0 ? "" : list(has), lacks.length === 0 ? "" : `without ${list(lacks)}`].filter((part) => part !== "").join("; ");
}

function limitsOf(limits: NonNullable<GpuFacts["adapter"]>["limits"]): string {
  return [
    `tensors of ${bytes(limits.binding)}`,
    `${bytes(limits.workgroupMemory)} of workgroup memory`,
    `${integer(limits.invocations)} invocations in a workgroup`,
    `${limits.storageBuffers} buffers a kernel`,
  ].join(", ");
}

function keptOf({ lost, lostBefore }: GpuFacts): string {
  if (lost !== null) return lost;
  return lostBefore === 0 ? "yes" : `in this test; lost ${lostBefore === 1 ? "once" : `${lostBefore} times`} before`;
}

const MARKS: Readonly<Record<Standing, string>> = { ok: "ok  ", note: "note", bad: "BAD ", unreached: "-   " };

/** All of it as plain text. */
export function reportText(facts: GpuFacts, verdict: Verdict = verdictOf(facts)): string {
  const { page, surroundings, adapter } = facts;
  const plain = (text: string): string => text.replaceAll("`", "").replaceAll(NARROW_SPACE, " ");
  const versions =
    surroundings === null
      ? []
      : [
          `Flexlens ${surroundings.flexlens}, VS Code ${surroundings.vscode}${page.isBrowser ? " in a browser" : ""}, ${page.platform}, ${page.engine}`,
          `remote: ${surroundings.remote ?? "none"}; powerPreference: ${surroundings.powerPreference}`,
        ];
  return [
    `WebGPU test, ${new Date(facts.testedAt).toISOString()}`,
    ...versions,
    "",
    `${plain(verdict.title)} (${verdict.cause})`,
    plain(verdict.words),
    "",
    ...stepsOf(facts).map(({ title, standing, found }) => `${MARKS[standing]} ${title}${found === "" ? "" : `: ${plain(found)}`}`),
    ...(adapter === null ? [] : ["", `features: ${adapter.features.join(" ")}`]),
    `WebGL: ${page.webgl ?? "none"}`,
    "",
  ].join("\n");
}
