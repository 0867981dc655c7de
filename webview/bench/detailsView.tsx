/** Below the table, folded: how the times of the variant shown were measured, and what they are worth on the device. */
import type { JSX } from "preact";
import { DETAIL_COLUMNS, detailCells, peaksText } from "./details.ts";
import { ENGINE_NAMES, type Group } from "./rows.ts";

export function Details(props: { readonly group: Group }): JSX.Element | null {
  const rows = props.group.rows.flatMap((row) => {
    const cells = detailCells(row);
    return cells === null ? [] : [{ row, cells }];
  });
  if (rows.length === 0) return null;
  const peaks = peaksText(props.group);
  return (
    <details class="measured small" data-testid="bench-details">
      <summary>How it was measured</summary>
      <table class="bench">
        <caption class="unseen">Samples, clock, memory and shares of the device's own peaks, by kernel</caption>
        <thead>
          <tr>
            <th scope="col">kernel</th>
            {DETAIL_COLUMNS.map(({ name, title }) => (
              <th key={name} scope="col" title={title}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ row, cells }) => (
            <tr key={row.result.engine} data-testid={`bench-detail-${row.result.engine}`}>
              <th scope="row">{ENGINE_NAMES[row.result.engine]}</th>
              {cells.map((cell, i) => (
                <td key={DETAIL_COLUMNS[i]?.name}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {peaks === null ? null : <p class="muted">{peaks}</p>}
    </details>
  );
}
