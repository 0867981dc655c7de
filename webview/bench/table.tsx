/** The table of measurements: a group for each variant, a row for each kernel, each with its standing. */
import type { JSX } from "preact";
import { extraBytesOf, peakShareOf, type RateUnit, ratesOf, rateUnit } from "../../kernels/runtime/resultText.ts";
import type { Act } from "../act.ts";
import type { Shape } from "../app.tsx";
import { Icon } from "../icon.tsx";
import { bytes, duration, exponent, milliseconds, NARROW_SPACE, percent, significant } from "../number.ts";
import type { Missing } from "../state.ts";
import { withCode } from "../strip.tsx";
import { ENGINE_NAMES, type Group, intervalText, placeText, type Row, shortIntervalText, speedUpText } from "./rows.ts";

interface TableProps {
  readonly groups: readonly Group[];
  readonly missing: readonly Missing[];
  readonly act: Act;
  readonly shape: Shape;
  readonly shown: string;
  readonly running: boolean;
}

export function Table(props: TableProps): JSX.Element {
  const { groups, missing, shape, shown } = props;
  const columns = shape === "wide" ? 11 : shape === "mid" ? 8 : 5;
  const unit = rateUnit(groups.flatMap((g) => g.rows.map((r) => r.result)));
  const top = Math.max(1, ...groups.flatMap((g) => g.rows.map((r) => r.speedUp ?? 1)));
  return (
    <table class="bench">
      <caption class="unseen">{caption(groups)}</caption>
      <thead>
        <tr>
          <th scope="col">{shape === "narrow" ? "kernel" : "variant, kernel"}</th>
          <th scope="col" class="time">
            ms
          </th>
          <th scope="col" class="interval">{`±${NARROW_SPACE}95${NARROW_SPACE}%`}</th>
          {shape === "wide" ? (
            <th scope="colgroup" colSpan={2} style="text-align:left">
              speed-up over materialised
            </th>
          ) : (
            <th scope="col">speed-up</th>
          )}
          {shape === "narrow" ? null : (
            <>
              <th scope="col" title="FLOPs of allowed elements alone, per second">
                {`eff. ${unit.name}`}
              </th>
              <th scope="col" class="col-dense" title="FLOPs as if nothing were masked, per second">
                dense
              </th>
              {shape === "wide" ? (
                <>
                  <th scope="col" title="Effective, as a share of what a matrix product reaches on this device">
                    of peak
                  </th>
                  <th scope="col" title="Allocated beyond q, k, v and out: lse, block lists, captures, scratch">
                    extra memory
                  </th>
                </>
              ) : null}
              <th
                scope="col"
                class="col-compile"
                title="Pipeline creation and first dispatch; not in the time. Kept: compiled in an earlier run"
              >
                compile
              </th>
            </>
          )}
          <th scope="col">max error</th>
        </tr>
      </thead>
      {groups.map((g) => (
        <tbody key={`${g.variant}\n${g.device}\n${g.sizes}\n${g.rows[0]?.result.key}\n${g.importedFrom}`}>
          <tr class="group">
            <th scope="rowgroup" colSpan={columns}>
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
            <ResultRow key={r.result.engine} row={r} top={top} shape={shape} unit={unit} current={g.current} />
          ))}
        </tbody>
      ))}
      {missing.length === 0 ? null : (
        <tbody>
          {groups.some((g) => g.current) ? null : (
            <tr class="group">
              <th scope="rowgroup" colSpan={columns}>
                <code>{shown}</code>
              </th>
            </tr>
          )}
          {missing.map((r) => (
            <tr key={r.engine} data-testid={`bench-missing-${r.engine}`}>
              <th scope="row">{ENGINE_NAMES[r.engine]}</th>
              <td class="time">–</td>
              <td class={`why ${r.broke ? "bad" : ""}`} colSpan={columns - 2}>
                {r.broke ? <Icon name="error" /> : null} {withCode(r.reason)}
              </td>
            </tr>
          ))}
        </tbody>
      )}
    </table>
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

interface ResultRowProps {
  readonly row: Row;
  readonly top: number;
  readonly shape: Shape;
  readonly unit: RateUnit;
  readonly current: boolean;
}

function ResultRow({ row, top, shape, unit, current }: ResultRowProps): JSX.Element {
  const r = row.result;
  const rates = ratesOf(r);
  const [share, extra] = [peakShareOf(r), extraBytesOf(r)];
  const time = milliseconds(r.medianMs);
  const bar = r.engine === "materialized" && row.standing !== "wrong" ? 1 : row.speedUp;
  return (
    <tr
      class={`${row.standing} ${row.best ? "best" : ""}`}
      data-testid={`${current ? "bench-row" : "bench-old"}-${r.engine}`}
      data-variant={r.variant}
      data-ms={r.medianMs}
      data-check={r.check === null ? "none" : r.check.passed ? "passed" : "failed"}
      data-standing={row.standing}
    >
      <th scope="row" title={r.tile}>
        {ENGINE_NAMES[r.engine]}
        {shape === "wide" ? <span class="muted tiny">{` ${r.tile}`}</span> : null}
      </th>
      <td class="time" title={`${r.samplesMs.length} samples · ${r.clock}`}>
        {row.standing === "wrong" ? <s>{time}</s> : time}
      </td>
      <td class="interval">{row.standing === "wrong" ? "" : shape === "narrow" ? shortIntervalText(r) : intervalText(r)}</td>
      {shape === "wide" ? <td class="speed">{bar === null ? null : <i style={`width:${((100 * bar) / top).toFixed(1)}%`} />}</td> : null}
      <td class={r.engine === "materialized" ? "muted" : ""}>{speedUpText(row)}</td>
      {shape === "narrow" ? null : (
        <>
          <td>{rates === null ? "–" : significant(rates.effective / unit.flops)}</td>
          <td class="col-dense">{rates === null ? "–" : significant(rates.dense / unit.flops)}</td>
          {shape === "wide" ? (
            <>
              <td>{share === null ? "–" : percent(share)}</td>
              <td>{extra === null ? "–" : bytes(extra)}</td>
            </>
          ) : null}
          <td class="col-compile muted">{r.compileMs < 0.1 ? "kept" : duration(r.compileMs)}</td>
        </>
      )}
      <td>
        <CheckCell row={row} shape={shape} />
      </td>
    </tr>
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
      <span class="warn" title={`Other work on the machine; error ${error}, ${tip}`}>
        {shape === "wide" ? `~ noisy · ${error}` : "~ noisy"}
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

/** What the table finds, for those who hear it. */
function caption(groups: readonly Group[]): string {
  const best = groups.find((g) => g.current)?.rows.find((r) => r.best);
  if (best === undefined) return "Times of the kernels";
  const against = best.speedUp === null ? "" : `, ${speedUpText(best)} the speed of the materialised baseline`;
  return `Fastest: ${ENGINE_NAMES[best.result.engine]}, ${duration(best.result.medianMs)}${against}`;
}
