/** `flexlens captures`: what a mod captures and where each value comes from; with `--snippet` how to save the real ones. */
import { summarize } from "../data/summary.ts";
import { type CaptureRow, captureRows, captureSummary } from "../frontend/captures.ts";
import type { LoweredVariant } from "../frontend/module.ts";
import { captureSnippet } from "../frontend/snippet.ts";
import { TORCH_NAMES } from "../ir/ops.ts";
import type { Outcome } from "./bench.ts";
import type { Input, Place } from "./input.ts";
import type { Options } from "./options.ts";

/** A capture as `--json` prints it. */
interface JsonRow extends Partial<Place> {
  readonly name: string;
  readonly origin: CaptureRow["origin"];
  /** As PyTorch prints it without `torch.`; null for a Python value. */
  readonly dtype: string | null;
  readonly shape: readonly number[] | null;
  /** The value's Python text where there is one. */
  readonly text: string;
  readonly summary: string;
  /** Figures of a tensor: what is not finite is left out of min and max. */
  readonly min: number | null;
  readonly max: number | null;
  readonly distinct: number | null;
  readonly file: string | null;
  /** What the text says, where --bind gives the value. */
  readonly shadows?: { readonly origin: CaptureRow["origin"]; readonly text: string };
}

export function capturesCommand(input: Input, variant: LoweredVariant, options: Options): Outcome {
  if (options.snippet) return snippet(variant, options);
  const rows = captureRows(variant);
  if (options.output === "json") return { out: JSON.stringify(rows.map((row) => jsonRow(row, input))), err: "", code: 0 };
  return { out: rows.length === 0 ? `${variant.name} captures nothing.` : table(rows, input), err: "", code: 0 };
}

function snippet(variant: LoweredVariant, options: Options): Outcome {
  const made = captureSnippet(variant);
  if (made === null) return { out: "", err: `${variant.name} reads no tensor that a program could save.`, code: 0 };
  if (options.output === "json") return { out: JSON.stringify(made), err: "", code: 0 };
  return { out: `${made.python}\n# Above the mod, with ${made.file} beside the file:\n${made.directive}`, err: "", code: 0 };
}

function jsonRow(row: CaptureRow, input: Input): JsonRow {
  const { name, origin, tensor, text, span } = row;
  const figures = tensor?.data === undefined ? null : summarize({ dtype: tensor.dtype, data: tensor.data });
  return {
    name,
    origin,
    dtype: tensor === null ? null : TORCH_NAMES[tensor.dtype],
    shape: tensor?.shape ?? null,
    text,
    summary: captureSummary(row),
    min: figures?.min ?? null,
    max: figures?.max ?? null,
    distinct: figures?.distinct ?? null,
    file: span?.file ?? null,
    ...(row.shadows === undefined ? {} : { shadows: { origin: row.shadows.origin, text: row.shadows.text } }),
    ...(span === null ? {} : input.place(span.from, span.file)),
  };
}

function table(rows: readonly CaptureRow[], input: Input): string {
  const cells = rows.map((row) => {
    const { tensor, span } = row;
    const place = span === null ? "" : `, line ${input.place(span.from, span.file).line}`;
    const type = tensor === null ? "Python value" : `${TORCH_NAMES[tensor.dtype]}[${tensor.shape.join(", ")}]`;
    return [row.name, `${row.origin}${place}`, type, captureSummary(row)];
  });
  const widths = [0, 1, 2].map((i) => Math.max(...cells.map((c) => c[i]?.length ?? 0)));
  return cells
    .map((c) =>
      c
        .map((text, i) => text.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
