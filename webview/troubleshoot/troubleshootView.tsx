/** The page that tests the machine's WebGPU: the verdict with its ways out, the steps with what each found, and the text for a report. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Act } from "../act.ts";
import { Button } from "../controls.ts";
import { Icon, type IconName } from "../icon.tsx";
import { withCode } from "../strip.tsx";
import type { GpuFacts, GpuTest } from "./facts.ts";
import { reportText, type Standing, stepsOf } from "./steps.ts";
import { type Verdict, verdictOf } from "./verdict.ts";
import type { Way } from "./ways.ts";

export function TroubleshootView(props: { readonly test: GpuTest; readonly act: Act }): JSX.Element {
  const { test, act } = props;
  const heading = useRef<HTMLHeadingElement>(null);
  // Where it takes the place of a view, the reader begins at its head.
  useEffect(() => heading.current?.focus(), []);
  const close = (): void => {
    act.closeGpuTest();
    document.querySelector<HTMLElement>('vscode-panel-tab[aria-selected="true"]')?.focus();
  };
  return (
    <section
      class="gpu-test"
      aria-labelledby="gpu-test-title"
      data-testid="gpu-test"
      data-status={test.status}
      onKeyDown={(event) => {
        if (event.key === "Escape") close();
      }}
    >
      <div class="bar">
        <h2 id="gpu-test-title" tabIndex={-1} ref={heading}>
          WebGPU in this window
        </h2>
        <span class="grow" />
        {test.status === "running" ? null : (
          <>
            <Button appearance="secondary" onPress={act.testGpu} testId="gpu-test-again">
              Test again
            </Button>
            <Button appearance="secondary" onPress={() => act.copy(reportText(test.facts))} testId="gpu-test-copy">
              Copy report
            </Button>
          </>
        )}
        <Button appearance="icon" label="Close the test (Escape)" onPress={close} testId="gpu-test-close">
          <Icon name="no" />
        </Button>
      </div>
      <div class="scroll">
        <div role="status" aria-live="polite">
          {test.status === "running" ? (
            <p class="muted now">{`Testing: ${test.now}`}</p>
          ) : (
            <VerdictPart verdict={verdictOf(test.facts)} onCopy={act.copy} />
          )}
        </div>
        {test.status === "running" ? null : <Steps facts={test.facts} />}
      </div>
    </section>
  );
}

const LEVEL_ICONS: Readonly<Record<Verdict["level"], IconName>> = { good: "ok", limited: "warn", bad: "error" };

function VerdictPart(props: { readonly verdict: Verdict; readonly onCopy: (text: string) => void }): JSX.Element {
  const { cause, level, title, words, ways } = props.verdict;
  return (
    <div class="finding" data-level={level} data-testid="gpu-verdict" data-cause={cause}>
      <Icon name={LEVEL_ICONS[level]} />
      <h3>{withCode(title)}</h3>
      <p>{withCode(words)}</p>
      {ways.length === 0 ? null : (
        <ol aria-label="What to do">
          {ways.map((way) => (
            <WayPart key={way.text} way={way} onCopy={props.onCopy} />
          ))}
        </ol>
      )}
    </div>
  );
}

function WayPart(props: { readonly way: Way; readonly onCopy: (text: string) => void }): JSX.Element {
  const { text, copy } = props.way;
  return (
    <li>
      {withMarks(text)}
      {copy === undefined ? null : (
        <span class="command">
          <code>{copy}</code>
          <Button appearance="icon" label={`Copy ${copy}`} onPress={() => props.onCopy(copy)}>
            <Icon name="copy" />
          </Button>
        </span>
      )}
    </li>
  );
}

/** Code in backticks, names of commands and settings between asterisks. */
const withMarks = (text: string): JSX.Element[] =>
  text.split(/\*([^*]+)\*/).map((part, i) => (i % 2 === 1 ? <b key={part}>{part}</b> : <span key={part}>{withCode(part)}</span>));

const STANDING: Readonly<Record<Standing, { readonly icon: IconName; readonly word: string }>> = {
  ok: { icon: "ok", word: "holds" },
  note: { icon: "info", word: "note" },
  bad: { icon: "no", word: "does not hold" },
  unreached: { icon: "minus", word: "not reached" },
};

function Steps(props: { readonly facts: GpuFacts }): JSX.Element {
  return (
    <table class="steps" aria-label="Steps of the test">
      <tbody>
        {stepsOf(props.facts).map(({ id, title, standing, found }) => (
          <tr key={id} data-testid={`gpu-step-${id}`} data-standing={standing}>
            <td>
              <Icon name={STANDING[standing].icon} />
              <span class="unseen">{STANDING[standing].word}</span>
            </td>
            <th scope="row">{title}</th>
            <td>{standing === "unreached" ? <span class="muted">not reached</span> : withCode(found)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
