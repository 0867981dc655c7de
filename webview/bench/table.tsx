/** The table of measurements: a group for each variant, a row for each kernel, each with its standing; sorted by any column. */
import { Fragment, type JSX } from "preact";
import { rateUnit } from "../../kernels/runtime/resultText.ts";
import type { Act } from "../act.ts";
import type { Shape } from "../app.tsx";
import { Icon } from "../icon.tsx";
import { duration, percent } from "../number.ts";
import type { Missing } from "../state.ts";
import { withCode } from "../strip.tsx";
import { type Column, columnsOf } from "./columns.tsx";
import { sortGroups } from "./rowOrder.ts";
import { ENGINE_NAMES, type Group, latestRun, type Row, speedUpText } from "./rows.ts";
import { SortHead } from "./sortHead.tsx";
import type { Sort } from "./sorting.ts";

interface TableProps {
  readonly groups: readonly Group[];
  readonly missing: readonly Missing[];
  readonly act: Act;
  readonly shape: Shape;
  readonly shown: string;
  readonly running: boolean;
  readonly sort: Sort | null;
}

export function Table(props: TableProps): JSX.Element {
  const { missing, shape, shown } = props;
  const unit = rateUnit(props.groups.flatMap((g) => g.rows.map((r) => r.result)));
  const top = Math.max(1, ...props.groups.flatMap((g) => g.rows.map((r) => r.speedUp ?? 1)));
  const columns = columnsOf(shape, unit, top);
  const width = columns.reduce((sum, { span = 1 }) => sum + span, 0);
  // A column without room sorts nothing: what the order comes from would not be seen.
  const sort = columns.some(({ id }) => id === props.sort?.column) ? props.sort : null;
  const groups = sortGroups(props.groups, sort, columns);
  const ran = latestRun(groups);
  const notRun = missing.map((m) => <MissingRow key={m.engine} missing={m} width={width} />);
  return (
    <table class="bench">
      <caption class="unseen">{caption(groups)}</caption>
      <thead>
        <tr>
          {columns.map((c) => (
            <SortHead
              key={c.id}
              table="results"
              sort={sort}
              act={props.act}
              column={c.id}
              title={c.title}
              class={c.class}
              span={c.span ?? 1}
            >
              {c.name}
            </SortHead>
          ))}
        </tr>
      </thead>
      {groups.map((g) => (
        <tbody key={g.id}>
          <tr class="group">
            <th scope="rowgroup" colSpan={width}>
              <code>{g.variant}</code>
              <span class="muted tiny">{groupNote(g, shape, groups)}</span>
              {changeOf(g) === null ? null : (
                <>
                  <span class="warn tiny">{`${changeOf(g)} changed since`}</span>
                  {g.variant === shown && g.importedFrom === null ? (
                    <span>
                      <button type="button" class="link tiny" disabled={props.running} onClick={props.act.run}>
                        Run again
                      </button>
                    </span>
                  ) : null}
                </>
              )}
            </th>
          </tr>
          {g.rows.map((r) => (
            <ResultRow key={r.result.engine} row={r} columns={columns} current={g.current} />
          ))}
          {g === ran ? notRun : null}
        </tbody>
      ))}
      {ran !== null || missing.length === 0 ? null : (
        <tbody>
          <tr class="group">
            <th scope="rowgroup" colSpan={width}>
              <code>{shown}</code>
            </th>
          </tr>
          {notRun}
        </tbody>
      )}
    </table>
  );
}

/** A kernel that did not run, and why. */
function MissingRow({ missing, width }: { readonly missing: Missing; readonly width: number }): JSX.Element {
  const { engine, broke, reason } = missing;
  return (
    <tr data-testid={`bench-missing-${engine}`}>
      <th scope="row">{ENGINE_NAMES[engine]}</th>
      <td class="time">–</td>
      <td class={`why ${broke ? "bad" : ""}`} colSpan={width - 2}>
        {broke ? <Icon name="error" /> : null} {withCode(reason)}
      </td>
    </tr>
  );
}

const changeOf = (g: Group): "text" | "sizes" | null => g.rows.find((r) => r.changed !== null)?.changed ?? null;

function groupNote(g: Group, shape: Shape, all: readonly Group[]): string {
  const blocks = `blocks ${percent(g.sparsity.blocks)} skipped`;
  const several = new Set(all.map((x) => x.device)).size > 1;
  const parts = shape === "narrow" ? [blocks] : [`elements ${percent(g.sparsity.elements)} masked`, blocks, g.sizes];
  const origin = g.importedFrom === null ? [] : [`imported from ${g.importedFrom}`];
  return [...parts, ...(several || g.importedFrom !== null ? [g.device] : []), ...origin].join(" · ");
}

function ResultRow({
  row,
  columns,
  current,
}: {
  readonly row: Row;
  readonly columns: readonly Column[];
  readonly current: boolean;
}): JSX.Element {
  const r = row.result;
  return (
    <tr
      class={`${row.standing} ${row.best ? "best" : ""}`}
      data-testid={`${current ? "bench-row" : "bench-old"}-${r.engine}`}
      data-variant={r.variant}
      data-ms={r.medianMs}
      data-check={r.check === null ? "none" : r.check.passed ? "passed" : "failed"}
      data-standing={row.standing}
    >
      {columns.map(({ id, cell }) => (
        <Fragment key={id}>{cell(row)}</Fragment>
      ))}
    </tr>
  );
}

/** What the table finds, for those who hear it. */
function caption(groups: readonly Group[]): string {
  const best = groups.find((g) => g.current)?.rows.find((r) => r.best);
  if (best === undefined) return "Times of the kernels";
  const against = best.speedUp === null ? "" : `, ${speedUpText(best)} the speed of the materialised baseline`;
  return `Fastest: ${ENGINE_NAMES[best.result.engine]}, ${duration(best.result.medianMs)}${against}`;
}
