/**
 * The captures form: a row for each name the mod captures, with its type, where its value comes from, and a field that
 * takes any expression the text may hold. A form value wins over the text's, and an emptied field gives it back.
 */
import type { JSX } from "preact";
import { type CaptureRow, captureRows, captureSummary } from "../kernels/frontend/captures.ts";
import type { Diagnostic } from "../kernels/frontend/diagnostic.ts";
import type { BoundName, LoweredVariant } from "../kernels/frontend/module.ts";
import { TORCH_NAMES } from "../kernels/ir/ops.ts";
import type { Act } from "./act.ts";
import { bindingFault, ORIGINS, originText } from "./captureForm.ts";
import { Button, TextField } from "./controls.ts";
import { Icon } from "./icon.tsx";
import { integer } from "./number.ts";
import type { Show } from "./protocol.ts";
import { withCode } from "./strip.tsx";

const EXAMPLES = ["torch.arange(S) // 64", 'load("docs.npy")'];

export interface CapturesProps {
  readonly variant: Pick<LoweredVariant, "bindings" | "reads">;
  /** Of the present text: those that speak of a form value mark its row. */
  readonly diagnostics: readonly Diagnostic[];
  readonly show: Show;
  readonly act: Act;
}

export function Captures(props: CapturesProps): JSX.Element {
  const { show, act, diagnostics } = props;
  const rows = captureRows(props.variant);
  return (
    <fieldset class="captures">
      <legend class="unseen">Captures</legend>
      <span class="head">capture</span>
      <span class="head shape">dtype, shape</span>
      <span class="head from">from</span>
      <span class="head">expression</span>
      <span class="head" />
      <span class="head" />
      {rows.map((b) => (
        <Row key={b.name} bound={b} fault={bindingFault(diagnostics, b.name)} show={show} act={act} />
      ))}
      <span class="note muted tiny">
        Any expression the text may hold, such as <code>{EXAMPLES[0]}</code> or <code>{EXAMPLES[1]}</code>; an empty field takes the text's
        value again.
        <span class="kinds">
          {Object.keys(show.bindings).length === 0 ? null : (
            <button type="button" class="link" data-testid="captures-write" onClick={act.writeDirective}>
              Write them into the text
            </button>
          )}
          {rows.some((row) => row.tensor !== null || row.origin === "seeded") ? (
            <button type="button" class="link" data-testid="capture-snippet" onClick={act.copyCaptureSnippet}>
              Copy the Python lines that save the real ones
            </button>
          ) : null}
        </span>
      </span>
    </fieldset>
  );
}

interface RowProps {
  readonly bound: CaptureRow;
  readonly fault: string | null;
  readonly show: Show;
  readonly act: Act;
}

function Row(props: RowProps): JSX.Element {
  const { bound, fault, show, act } = props;
  const { span, origin } = bound;
  const seeded = origin === "seeded";
  const summary = captureSummary(bound);
  const shadows = bound.shadows === undefined ? "" : `${bound.shadows.text} (${ORIGINS[bound.shadows.origin]})`;
  const from = originText(bound, show.sources);
  const isPlaced = span !== null && show.sources.some(({ file }) => file === span.file);
  const typed = show.bindings[bound.name];
  return (
    <>
      <code title={bound.name}>{bound.name}</code>
      <span class="muted shape" title={summary} data-testid={`summary-${bound.name}`}>
        {bound.tensor === null ? `Python value${summary === "" || summary === bound.text ? "" : `: ${summary}`}` : typeText(bound.tensor)}
        {bound.tensor === null || summary === "" ? null : <span class="values">{summary}</span>}
      </span>
      <span class={`from ${seeded ? "warn" : "muted"}`} title={shadows === "" ? "" : `in place of ${shadows}`}>
        {isPlaced ? (
          <button type="button" class="link" data-testid={`origin-${bound.name}`} onClick={() => act.reveal(span)}>
            {from}
          </button>
        ) : (
          from
        )}
        {origin === "form" && shadows !== "" ? <span class="values">{`in place of ${shadows}`}</span> : null}
      </span>
      <TextField
        label={`Value of ${bound.name}`}
        hideLabel
        mono
        value={typeof typed === "string" ? typed : seeded || origin === "computed" ? "" : bound.text}
        tip={shadows === "" ? "" : `In place of ${shadows}, which the text says`}
        placeholder={seeded ? `seeded: ${bound.text}` : origin === "computed" ? "computed by the file" : bound.text}
        error={fault}
        testId={`capture-${bound.name}`}
        onCommit={(text) => {
          if (text.trim() !== (typeof typed === "string" ? typed : bound.text)) act.bind(bound.name, text);
        }}
      />
      {bound.tensor === null ? (
        <span />
      ) : (
        <Button
          appearance="icon"
          label={`Choose a data file for ${bound.name}`}
          onPress={() => act.pickFile(bound.name)}
          testId={`pick-${bound.name}`}
        >
          <Icon name="folder" />
        </Button>
      )}
      <Standing seeded={seeded} fault={fault} />
      {fault === null ? null : (
        <span class="note bad" role="status" data-testid="binding-error">
          {withCode(fault)}{" "}
          <button type="button" class="link" onClick={() => act.bind(bound.name, "")}>
            Take it back
          </button>
        </span>
      )}
    </>
  );
}

function Standing(props: { readonly seeded: boolean; readonly fault: string | null }): JSX.Element {
  const [tone, icon, words] =
    props.fault !== null
      ? (["bad", "error", props.fault] as const)
      : props.seeded
        ? (["warn", "warn", "The text gives no value; a plausible one is used"] as const)
        : (["good", "ok", "Bound"] as const);
  return (
    <span class={tone} title={words}>
      <Icon name={icon} />
      <span class="unseen">{words}</span>
    </span>
  );
}

const typeText = (t: NonNullable<BoundName["tensor"]>): string => `${TORCH_NAMES[t.dtype]} [${t.shape.map(integer).join(", ")}]`;
