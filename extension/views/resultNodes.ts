/**
 * The Results view: what was measured, by variant, then by the device that measured it, then by kernel; each with its
 * age and its standing. Whether the text has changed since is known of documents that were read.
 */

import { problemText } from "../../kernels/flash/problem.ts";
import type { BenchResult } from "../../kernels/runtime/result.ts";
import { age, kernelName, shortAge } from "../../kernels/runtime/resultText.ts";
import { COMMANDS, INTERNAL_COMMANDS } from "../contributions.ts";
import { type Freshness, freshnessOf, resultTitle, type Standing, standingOf } from "../lensTitle.ts";
import { type Icon, spoken, type TreeNode } from "../listNode.ts";
import type { DocumentName } from "./variantNodes.ts";
import type { VariantRow } from "./variantRow.ts";

export interface ResultFacts {
  /** Documents with results, and these. */
  readonly documents: readonly { readonly document: string; readonly results: readonly BenchResult[] }[];
  nameOf(document: string): DocumentName;
  /** What the document has under that name now; null: nothing; undefined: it was not read yet. */
  rowOf(document: string, variant: string): VariantRow | null | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

const ICONS: Readonly<Record<Standing | "gone", readonly [name: string, colour: string | null]>> = {
  checked: ["pass", "charts.green"],
  stale: ["history", null],
  noisy: ["pulse", "editorWarning.foreground"],
  wrong: ["error", "editorError.foreground"],
  "not checked": ["circle-outline", null],
  gone: ["circle-slash", null],
};

const named = (name: string, colour: string | null = null): Icon => ({ kind: "named", name, colour });

/** Variants in the order of their names, the latest measured device of each first. */
export function resultNodes(facts: ResultFacts): readonly TreeNode[] {
  const measured = facts.documents.flatMap(({ document, results }) =>
    [...grouped(results, (result) => result.variant)].map(([variant, own]) => ({ document, variant, own })),
  );
  const order = (of: { document: string; variant: string }): string => `${of.variant}\n${facts.nameOf(of.document).file}\n${of.document}`;
  return measured
    .toSorted((a, b) => (order(a) < order(b) ? -1 : 1))
    .map(({ document, variant, own }) => variantNode(document, variant, own, facts));
}

function variantNode(document: string, variant: string, results: readonly BenchResult[], facts: ResultFacts): TreeNode {
  const row = facts.rowOf(document, variant);
  const { file, folder } = facts.nameOf(document);
  const devices = [...grouped(results, (result) => result.device.name)].toSorted(([, a], [, b]) => latest(b) - latest(a));
  const gone = row === null ? "no longer in the text" : "";
  const words = [file, gone].filter((part) => part !== "").join(" · ");
  return {
    id: `${document}#${variant}`,
    context: "measured",
    label: variant,
    description: words,
    spoken: spoken([variant, words, devices.length === 1 ? "1 device" : `${devices.length} devices`].join(", ")),
    details: [folder === "" ? file : `${folder}/${file}`, ...(gone === "" ? [] : [gone])],
    icon: row === null ? named(...ICONS.gone) : row === undefined ? named("symbol-function") : { kind: "picture", ...row.picture },
    place: { kind: "results", document, variant, results },
    command: null,
    children: devices.map(([device, own]) => deviceNode(document, variant, device, own, row, facts.now)),
    isOpen: true,
  };
}

function deviceNode(
  document: string,
  variant: string,
  device: string,
  results: readonly BenchResult[],
  row: VariantRow | null | undefined,
  now: number,
): TreeNode {
  const isSoftware = results.some((result) => result.device.software);
  const words = isSoftware ? "software adapter" : "";
  const children = results.toSorted((a, b) => a.medianMs - b.medianMs).map((result) => resultNode(document, variant, result, row, now));
  return {
    id: `${document}#${variant}@${device}`,
    context: "device",
    label: device,
    description: words,
    spoken: [device, ...(isSoftware ? [words] : []), children.length === 1 ? "1 result" : `${children.length} results`].join(", "),
    details: isSoftware ? ["A software adapter: its times are no GPU's."] : [],
    icon: named(isSoftware ? "vm" : "server"),
    place: { kind: "results", document, variant, results },
    command: null,
    children,
    isOpen: true,
  };
}

function resultNode(document: string, variant: string, result: BenchResult, row: VariantRow | null | undefined, now: number): TreeNode {
  const freshness: Freshness = row === null || row === undefined ? { kind: "fresh" } : freshnessOf(result, row.key, row.problem);
  const standing = row === null ? "gone" : standingOf(result, freshness);
  const words = resultTitle(result, freshness);
  const aged = `${words} · ${age(now - result.measuredAt)}`;
  return {
    id: `${document}#${variant}@${result.device.name}/${result.engine}/${result.direction}`,
    context: "result",
    label: kernelName(result.engine),
    description: `${words} · ${shortAge(now - result.measuredAt)}`,
    spoken: spoken(`${kernelName(result.engine)}: ${aged}${standing === "stale" ? ", stale" : ""}`),
    details: [aged, `tile ${result.tile}`, problemText(result.problem), ...detailsOf(standing)],
    icon: named(...ICONS[standing]),
    place: { kind: "results", document, variant, results: [result] },
    command: { command: INTERNAL_COMMANDS.openVariant, arguments: [document, variant, COMMANDS.showBenchmark] },
    children: [],
    isOpen: false,
  };
}

function detailsOf(standing: Standing | "gone"): readonly string[] {
  if (standing === "stale") return ["The text or the sizes have changed since: run it again."];
  return standing === "gone" ? ["The document has no variant of this name any more."] : [];
}

function grouped(results: readonly BenchResult[], nameOf: (result: BenchResult) => string): ReadonlyMap<string, readonly BenchResult[]> {
  const groups = new Map<string, BenchResult[]>();
  for (const result of results) {
    const group = groups.get(nameOf(result));
    if (group === undefined) groups.set(nameOf(result), [result]);
    else group.push(result);
  }
  return groups;
}

const latest = (results: readonly BenchResult[]): number => Math.max(...results.map((result) => result.measuredAt));
