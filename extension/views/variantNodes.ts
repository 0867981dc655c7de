/** The Variants view: the workspace's variants by file, each with its picture, what its mask skips and its last time. */
import type { BenchResult } from "../../kernels/runtime/result.ts";
import { age } from "../../kernels/runtime/resultText.ts";
import { COMMANDS, INTERNAL_COMMANDS } from "../contributions.ts";
import { benchmarkTitle, freshnessOf, shownResult } from "../lensTitle.ts";
import { spoken, type TreeNode } from "../listNode.ts";
import { duration, integer, percent } from "../number.ts";
import type { VariantRow } from "./variantRow.ts";

/** How a document is called in lists. */
export interface DocumentName {
  readonly file: string;
  /** Its folder in the workspace; empty where it lies at the top, or nowhere. */
  readonly folder: string;
}

export interface VariantFacts {
  readonly files: ReadonlyMap<string, readonly VariantRow[]>;
  nameOf(document: string): DocumentName;
  resultsOf(document: string, variant: string): readonly BenchResult[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Files in the order of their paths, variants in that of the text. */
export function variantNodes(facts: VariantFacts): readonly TreeNode[] {
  const files = [...facts.files]
    .filter(([, rows]) => rows.length > 0)
    .map(([document, rows]) => ({ document, rows, name: facts.nameOf(document) }))
    .sort((a, b) => compare(a.name.folder, b.name.folder) || compare(a.name.file, b.name.file) || compare(a.document, b.document));
  return files.map(({ document, rows, name }): TreeNode => {
    const count = rows.length === 1 ? "1 variant" : `${rows.length} variants`;
    return {
      id: document,
      context: "file",
      label: name.file,
      description: name.folder,
      spoken: [name.file, ...(name.folder === "" ? [] : [`in ${name.folder}`]), count].join(", "),
      details: [count],
      icon: { kind: "file", uri: document },
      place: { kind: "file", document },
      command: null,
      children: rows.map((row) => variantNode(row, facts)),
      isOpen: true,
    };
  });
}

function variantNode(row: VariantRow, { resultsOf, now }: VariantFacts): TreeNode {
  const { document, name, problem, key } = row;
  const results = resultsOf(document, name);
  const shown = shownResult(results, key, problem);
  const share = row.figure.kind === "counted" ? `${percent(row.figure.blocks)} of blocks skipped` : null;
  const measured = shown === null ? null : `${benchmarkTitle(results, key, problem)}, ${age(now - shown.result.measuredAt)}`;
  const size = `${integer(problem.qLen)} × ${integer(problem.kvLen)}, blocks of ${problem.blockSize.join(" × ")}`;
  return {
    id: `${document}#${name}`,
    context: "variant",
    label: name,
    description: [figureText(row), ...(shown === null ? [] : [timeText(shown.result, row)])].filter((part) => part !== "").join(" · "),
    spoken: spoken(
      [name, row.mods.join(" and "), ...[share, row.shape, measured].filter((part) => part !== null && part !== "")].join(", "),
    ),
    details: [row.mods.join(" and "), size, ...[share, row.shape, measured].filter((part): part is string => part !== null && part !== "")],
    icon: { kind: "picture", ...row.picture },
    place: { kind: "variant", document, variant: name },
    command: { command: INTERNAL_COMMANDS.openVariant, arguments: [document, name, COMMANDS.showMask] },
    children: [],
    isOpen: false,
  };
}

function figureText({ figure, mods }: VariantRow): string {
  switch (figure.kind) {
    case "none":
      return mods.join(" + ");
    case "uncounted":
    case "counting":
      return "not counted";
    case "counted":
      return `${percent(figure.blocks)} skipped`;
  }
}

/** The time alone, and whether it is of the present text. */
function timeText(result: BenchResult, { key, problem }: VariantRow): string {
  const time = result.check?.passed === false ? "wrong result" : duration(result.medianMs);
  const freshness = freshnessOf(result, key, problem);
  return freshness.kind === "fresh" ? time : freshness.kind === "edited" ? `${time} (before the edit)` : `${time} (at ${freshness.was})`;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
