/** Two runs side by side: each kernel's times, the test's word on them, and what is not comparable. */
import type { JSX } from "preact";
import { Icon } from "../icon.tsx";
import { milliseconds, NARROW_SPACE } from "../number.ts";
import { Sideways } from "../sideways.tsx";
import { type ComparedRow, compareRuns, effectText, LEAST_RATIO, pText, ratioText, verdictText } from "./compare.ts";
import { dated, type PastRun } from "./history.ts";
import { ENGINE_NAMES } from "./rows.ts";

export function ComparedRunsView(props: { readonly before: PastRun; readonly after: PastRun }): JSX.Element {
  const { before, after } = props;
  const found = compareRuns(before, after);
  const title = `Text ${before.text} of ${dated(before.at)} → text ${after.text} of ${dated(after.at)}`;
  if (typeof found === "string") {
    return (
      <section aria-label="Comparison" data-testid="compare-runs" class="part">
        <h2>{title}</h2>
        <p class="small">{found}</p>
      </section>
    );
  }
  return (
    <section aria-label="Comparison" data-testid="compare-runs" class="part">
      <h2>{title}</h2>
      <Sideways class="plotdata" label="Kernels compared">
        <table class="figures">
          <caption class="unseen">Each kernel in the two runs</caption>
          <thead>
            <tr>
              <th scope="col">kernel</th>
              <th scope="col">ms, before</th>
              <th scope="col">after</th>
              <th scope="col" title="How many times as long the later run takes: the median of all quotients, with its 95 % interval">
                ratio
              </th>
              <th scope="col" title="Mann–Whitney, two-sided: the chance of a difference like this one if there were none">
                p
              </th>
              <th scope="col" title="Of all pairs of samples, those in which the later run is the slower one">
                pairs slower
              </th>
              <th scope="col">verdict</th>
            </tr>
          </thead>
          <tbody>
            {found.rows.map((row) => (
              <Row key={row.engine} row={row} />
            ))}
          </tbody>
        </table>
      </Sideways>
      {found.notes.map((note) => (
        <p key={note} class="small">
          {note}
        </p>
      ))}
      <p class="tiny muted">
        {`A finding is p${NARROW_SPACE}<${NARROW_SPACE}0.05 and ${LEAST_RATIO}× or more. The test sees the scatter within the two runs; what changed on the machine between them it cannot see.`}
      </p>
    </section>
  );
}

function Row(props: { readonly row: ComparedRow }): JSX.Element {
  const { row } = props;
  const isFinding = row.verdict.kind === "slower" || row.verdict.kind === "faster";
  const isWrong = row.verdict.kind === "wrong";
  return (
    <tr data-testid={`compared-${row.engine}`} data-verdict={row.verdict.kind}>
      <th scope="row">{ENGINE_NAMES[row.engine]}</th>
      <td>{milliseconds(row.before.medianMs)}</td>
      <td>{milliseconds(row.after.medianMs)}</td>
      <td>{isWrong ? "–" : ratioText(row.ratio)}</td>
      <td>{isWrong ? "–" : pText(row.test.p)}</td>
      <td>{isWrong ? "–" : effectText(row.test)}</td>
      <td class={isFinding ? "strong" : "muted"}>
        {isWrong ? <Icon name="no" /> : null} {verdictText(row)}
      </td>
    </tr>
  );
}
