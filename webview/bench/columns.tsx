/** The columns of the table of measurements: what stands in each, and at which width of the panel it has room. */
import type { JSX } from "preact";
import { extraBytesOf, peakShareOf, type RateUnit, ratesOf } from "../../kernels/runtime/resultText.ts";
import type { Shape } from "../app.tsx";
import { Icon } from "../icon.tsx";
import { bytes, duration, exponent, milliseconds, NARROW_SPACE, percent, significant } from "../number.ts";
import type { ResultOrder } from "./rowOrder.ts";
import { checkedText, ENGINE_NAMES, halfInterval, intervalText, placeText, type Row, shortIntervalText, speedUpText } from "./rows.ts";

export interface Column extends ResultOrder {
  readonly name: string;
  readonly title?: string;
  /** Of its head; of a column that is left out where there is no room. */
  readonly class?: string;
  /** Cells in a row; default: 1. */
  readonly span?: number;
  readonly cell: (row: Row) => JSX.Element;
}

/** What a share of the peak is of, for the heads of tables. */
export const PEAK_TITLE =
  "Effective, as a share of what a matrix product reaches on this device: by its matrix units for the matrix kernel, in f32 for all others";

/** `top`: the greatest speed-up, whose bar is the longest. */
export function columnsOf(shape: Shape, unit: RateUnit, top: number): readonly Column[] {
  const rate = (flops: number | undefined): string => (flops === undefined ? "–" : significant(flops / unit.flops));
  const first: readonly Column[] = [
    {
      id: "kernel",
      name: shape === "narrow" ? "kernel" : "variant, kernel",
      value: ({ result }) => ENGINE_NAMES[result.engine],
      ofGroup: ({ variant }) => variant,
      cell: ({ result: r }) => (
        <th scope="row" title={r.tile}>
          {ENGINE_NAMES[r.engine]}
          {shape === "wide" ? <span class="muted tiny">{` ${r.tile}`}</span> : null}
        </th>
      ),
    },
    { id: "time", name: "ms", class: "time", value: ({ result }) => result.medianMs, cell: timeCell },
    {
      id: "interval",
      name: `±${NARROW_SPACE}95${NARROW_SPACE}%`,
      class: "interval",
      value: ({ result, standing }) => (standing === "wrong" ? null : halfInterval(result)),
      cell: ({ result: r, standing }) => (
        <td class="interval">{standing === "wrong" ? "" : shape === "narrow" ? shortIntervalText(r) : intervalText(r)}</td>
      ),
    },
  ];
  const ratio = {
    id: "speedUp",
    value: ({ result, speedUp }: Row) => (result.engine === "materialized" ? 1 : speedUp),
  };
  const speedUp: Column =
    shape === "wide"
      ? { ...ratio, name: "speed-up over materialised", class: "left", span: 2, cell: (row) => speedUpCells(row, top) }
      : { ...ratio, name: "speed-up", cell: speedUpCell };
  const rates: readonly Column[] = [
    {
      id: "effective",
      name: `eff. ${unit.name}`,
      title: "FLOPs of allowed elements alone, per second",
      value: ({ result }) => ratesOf(result)?.effective ?? null,
      cell: ({ result }) => <td>{rate(ratesOf(result)?.effective)}</td>,
    },
    {
      id: "dense",
      name: "dense",
      title: "FLOPs as if nothing were masked, per second",
      class: "col-dense",
      value: ({ result }) => ratesOf(result)?.dense ?? null,
      cell: ({ result }) => <td class="col-dense">{rate(ratesOf(result)?.dense)}</td>,
    },
  ];
  const device: readonly Column[] = [
    {
      id: "peak",
      name: "of peak",
      title: PEAK_TITLE,
      value: ({ result }) => peakShareOf(result),
      cell: ({ result }) => <td>{orDash(peakShareOf(result), percent)}</td>,
    },
    {
      id: "memory",
      name: "extra memory",
      title: "Allocated beyond q, k, v and out: lse, block lists, captures, scratch",
      value: ({ result }) => extraBytesOf(result),
      cell: ({ result }) => <td>{orDash(extraBytesOf(result), bytes)}</td>,
    },
  ];
  const compile: Column = {
    id: "compile",
    name: "compile",
    title: "Pipeline creation and first dispatch; not in the time. Kept: compiled in an earlier run",
    class: "col-compile",
    value: ({ result }) => result.compileMs,
    cell: ({ result: { compileMs } }) => <td class="col-compile muted">{compileMs < 0.1 ? "kept" : duration(compileMs)}</td>,
  };
  const error: Column = {
    id: "error",
    name: "max error",
    value: ({ result }) => result.check?.maxAbs ?? null,
    cell: (row) => (
      <td>
        <CheckCell row={row} shape={shape} />
      </td>
    ),
  };
  if (shape === "narrow") return [...first, speedUp, error];
  return [...first, speedUp, ...rates, ...(shape === "wide" ? device : []), compile, error];
}

const orDash = (x: number | null, text: (x: number) => string): string => (x === null ? "–" : text(x));

function timeCell({ result: r, standing }: Row): JSX.Element {
  const time = milliseconds(r.medianMs);
  return (
    <td class="time" title={`${r.samplesMs.length} samples · ${r.clock}`}>
      {standing === "wrong" ? <s>{time}</s> : time}
    </td>
  );
}

const speedUpCell = (row: Row): JSX.Element => <td class={row.result.engine === "materialized" ? "muted" : ""}>{speedUpText(row)}</td>;

function speedUpCells(row: Row, top: number): JSX.Element {
  const bar = row.result.engine === "materialized" && row.standing !== "wrong" ? 1 : row.speedUp;
  return (
    <>
      <td class="speed">{bar === null ? null : <i style={`width:${((100 * bar) / top).toFixed(1)}%`} />}</td>
      {speedUpCell(row)}
    </>
  );
}

function CheckCell(props: { readonly row: Row; readonly shape: Shape }): JSX.Element {
  const { row, shape } = props;
  const { check } = row.result;
  if (check === null) return <span class="muted">not checked</span>;
  const rows = check.allRows ? "all rows" : `${check.rows} rows`;
  const tip = `${check.bound}; ${rows} compared with the float64 reference`;
  const error = exponent(check.maxAbs);
  if (!check.passed) {
    const place = check.firstBad === null ? "" : ` at ${placeText(check.firstBad)}`;
    return (
      <span class="bad" title={tip}>
        <Icon name="no" /> {`wrong: ${error}${shape === "narrow" ? "" : place}`}
      </span>
    );
  }
  if (row.standing === "stale") {
    return (
      <span title={`Checked before the ${row.changed ?? "text"} changed; ${tip}`}>
        <Icon name="clock" /> {error}
      </span>
    );
  }
  if (row.standing === "noisy") {
    return (
      <span
        class="warn"
        title={`Right; the times vary too much for a firm figure, as where other work is on the machine. Error ${error}; ${tip}`}
      >
        <Icon name="ok" />
        {shape === "narrow" ? " noisy" : ` ${checkedText(row.result)}`}
        <span class="unseen">, checked</span>
      </span>
    );
  }
  return (
    <span title={tip}>
      <span class="good">
        <Icon name="ok" />
      </span>
      {` ${error}`}
      <span class="unseen">, checked</span>
      {check.allRows || shape !== "wide" ? null : <span class="muted tiny">{` ${rows}`}</span>}
    </span>
  );
}
