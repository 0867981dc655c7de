/**
 * The table of a sweep, in the final order of its points, in which what is not measured yet has its place already; or sorted
 * by a column.
 */
import type { JSX } from "preact";
import { isNoisy } from "../../kernels/flash/noise.ts";
import type { BenchResult } from "../../kernels/runtime/result.ts";
import {
  axisName,
  extraBytesOf,
  isWrong,
  peakShareOf,
  type RateUnit,
  ratesOf,
  rateUnit,
  type SweepRow,
  speedUpOf,
} from "../../kernels/runtime/resultText.ts";
import type { Sweep, SweepAxis } from "../../kernels/runtime/sweep.ts";
import type { Act } from "../act.ts";
import type { Shape } from "../app.tsx";
import { bytes, exponent, integer, milliseconds, NARROW_SPACE, percent, significant, times } from "../number.ts";
import { withCode } from "../strip.tsx";
import { PEAK_TITLE } from "./columns.tsx";
import { checkedText, ENGINE_NAMES, halfInterval, intervalText } from "./rows.ts";
import { SortHead, type Sorting } from "./sortHead.tsx";
import { type Sort, type SortValue, sortedBy } from "./sorting.ts";

interface TableProps {
  readonly sweep: Sweep;
  readonly rows: readonly SweepRow[];
  readonly shape: Shape;
  readonly isStale: boolean;
  readonly sort: Sort | null;
  readonly act: Pick<Act, "sort">;
}

interface SweepColumn {
  readonly id: string;
  readonly name: string;
  readonly title?: string;
  readonly shapes: readonly Shape[];
  /** What it sorts by: the number that it writes. */
  readonly value: (r: BenchResult) => number | null;
  readonly text: (r: BenchResult) => string;
}

const EVERY: readonly Shape[] = ["narrow", "mid", "wide"];
const FROM_MID: readonly Shape[] = ["mid", "wide"];
const WIDE: readonly Shape[] = ["wide"];
const dash = <T,>(x: T | null, text: (x: T) => string): string => (x === null ? "–" : text(x));

function sweepColumns(unit: RateUnit): readonly SweepColumn[] {
  const rate = (x: number): string => significant(x / unit.flops);
  return [
    { id: "time", name: "ms", shapes: EVERY, value: (r) => r.medianMs, text: (r) => milliseconds(r.medianMs) },
    {
      id: "interval",
      name: `±${NARROW_SPACE}95${NARROW_SPACE}%`,
      shapes: FROM_MID,
      value: (r) => (isWrong(r) ? null : halfInterval(r)),
      text: (r) => (isWrong(r) ? "" : intervalText(r)),
    },
    {
      id: "speedUp",
      name: "speed-up",
      shapes: EVERY,
      value: (r) => (r.engine === "materialized" ? 1 : speedUpOf(r)),
      text: (r) => (r.engine === "materialized" ? "baseline" : dash(speedUpOf(r), times)),
    },
    {
      id: "effective",
      name: `eff. ${unit.name}`,
      title: "FLOPs of allowed elements alone, per second",
      shapes: FROM_MID,
      value: (r) => ratesOf(r)?.effective ?? null,
      text: (r) => dash(ratesOf(r), (x) => rate(x.effective)),
    },
    {
      id: "dense",
      name: "dense",
      title: "FLOPs as if nothing were masked, per second",
      shapes: WIDE,
      value: (r) => ratesOf(r)?.dense ?? null,
      text: (r) => dash(ratesOf(r), (x) => rate(x.dense)),
    },
    {
      id: "peak",
      name: "of peak",
      title: PEAK_TITLE,
      shapes: WIDE,
      value: peakShareOf,
      text: (r) => dash(peakShareOf(r), (x) => percent(x)),
    },
    {
      id: "memory",
      name: "extra memory",
      title: "Allocated beyond q, k, v and out",
      shapes: WIDE,
      value: extraBytesOf,
      text: (r) => dash(extraBytesOf(r), bytes),
    },
    { id: "blocks", name: "blocks skipped", shapes: WIDE, value: (r) => r.sparsity.blocks, text: (r) => percent(r.sparsity.blocks) },
    { id: "error", name: "max error", shapes: EVERY, value: (r) => r.check?.maxAbs ?? null, text: errorText },
  ];
}

function errorText(r: BenchResult): string {
  if (r.check === null) return "not checked";
  if (isWrong(r)) return `✕ wrong: ${exponent(r.check.maxAbs)}`;
  return `✓ ${checkedText(r)}`;
}

/** Two axes may have one name: a size and a value of the mod's. */
const axisColumn = (axis: SweepAxis): string => `${axis.kind} ${axis.name}`;

/** What a column sorts rows by; null: the table has no such column. */
function sorterOf(id: string, { axes }: Sweep, columns: readonly SweepColumn[]): ((row: SweepRow) => SortValue) | null {
  if (id === "kernel") return ({ kernel }) => (kernel === null ? null : ENGINE_NAMES[kernel]);
  const axis = axes.findIndex((a) => axisColumn(a) === id);
  if (axis >= 0) return ({ at }) => at[axis] ?? null;
  const column = columns.find((c) => c.id === id);
  return column === undefined ? null : ({ result }) => (result === null ? null : column.value(result));
}

export function SweepTable({ sweep, rows, shape, isStale, sort, act }: TableProps): JSX.Element {
  const results = rows.flatMap(({ result }) => (result === null ? [] : [result]));
  const columns = sweepColumns(rateUnit(results)).filter(({ shapes }) => shapes.includes(shape));
  const value = sort === null ? null : sorterOf(sort.column, sweep, columns);
  const ordered = sort === null || value === null ? rows : sortedBy(rows, value, sort.descending);
  const sorting: Sorting = { table: "sweep", sort: value === null ? null : sort, act };
  return (
    <div class="sweep-table">
      <table class="bench">
        <caption class="unseen">{`${sweep.axes.map(axisName).join(" and ")} against the times of the kernels`}</caption>
        <thead>
          <tr>
            {sweep.axes.map((axis) => (
              <SortHead {...sorting} key={axis.name} column={axisColumn(axis)} class="number">
                <code>{axisName(axis)}</code>
              </SortHead>
            ))}
            <SortHead {...sorting} column="kernel" class="left">
              kernel
            </SortHead>
            {columns.map(({ id, name, title }) => (
              <SortHead {...sorting} key={id} column={id} title={title}>
                {name}
              </SortHead>
            ))}
          </tr>
        </thead>
        <tbody>
          {ordered.map((row) => (
            <tr
              key={`${row.at.join(" ")} ${row.kernel ?? ""}`}
              class={row.result === null ? "" : isWrong(row.result) ? "wrong" : isStale ? "stale" : isNoisy(row.result) ? "noisy" : ""}
              data-testid={`sweep-${row.kind}`}
            >
              {row.at.map((value, i) => (
                <th scope="row" key={sweep.axes[i]?.name} class="number">
                  {integer(value)}
                </th>
              ))}
              <td style="text-align:left">{row.kernel === null ? "" : ENGINE_NAMES[row.kernel]}</td>
              {row.result === null ? (
                <td class="why" colSpan={columns.length}>
                  {withCode(row.reason ?? "")}
                </td>
              ) : (
                <Cells result={row.result} columns={columns} />
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cells({ result, columns }: { readonly result: BenchResult; readonly columns: readonly SweepColumn[] }): JSX.Element {
  return (
    <>
      {columns.map(({ name, text }, i) => (
        <td key={name} class={i === 0 ? "time" : ""}>
          {i === 0 && isWrong(result) ? <s>{text(result)}</s> : text(result)}
        </td>
      ))}
    </>
  );
}
