/**
 * The captures form: a row for each name the mod captures, with its type, where its value comes from, and a field that
 * takes any expression the text may hold. A form value wins over the text's, and an emptied field gives it back.
 */
import type { JSX } from "preact";
import { type CaptureOrigin, type CaptureRow, captureRows, captureSummary } from "../kernels/frontend/captures.ts";
import type { Diagnostic } from "../kernels/frontend/diagnostic.ts";
import type { BoundName, LoweredVariant } from "../kernels/frontend/module.ts";
import { TORCH_NAMES } from "../kernels/ir/ops.ts";
import type { Act } from "./act.ts";
import { TextField } from "./controls.ts";
import { Icon } from "./icon.tsx";
import { integer } from "./number.ts";
import type { Show } from "./protocol.ts";

const ORIGINS: Readonly<Record<CaptureOrigin, string>> = {
  form: "you",
  directive: "directive",
  "file directive": "file's directive",
  module: "module",
  "call site": "call site",
  default: "default",
  seeded: "not given",
  computed: "computed",
};

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
      {rows.map((b) => (
        <Row key={b.name} bound={b} fault={bindingFault(diagnostics, b.name)} show={show} act={act} />
      ))}
      <span class="note muted tiny">
        Any expression the text may hold, such as <code>{EXAMPLES[0]}</code> or <code>{EXAMPLES[1]}</code>; an empty field takes the text's
        value again.{" "}
        {rows.some((row) => row.tensor !== null || row.origin === "seeded") ? (
          <button type="button" class="link" data-testid="capture-snippet" onClick={act.copyCaptureSnippet}>
            Copy the Python lines that save the real ones
          </button>
        ) : null}
      </span>
    </fieldset>
  );
}

/** Why the form's value for `name` cannot be used; null if it can. The message names what it is about. */
export function bindingFault(diagnostics: readonly Diagnostic[], name: string): string | null {
  return diagnostics.find((d) => d.code === "binding-value" && d.message.includes(`given for \`${name}\``))?.message ?? null;
}

interface RowProps {
  readonly bound: CaptureRow;
  readonly fault: string | null;
  readonly show: Show;
  readonly act: Act;
}

function Row(props: RowProps): JSX.Element {
  const { bound, fault, show, act } = props;
  const { span } = bound;
  const seeded = bound.origin === "seeded";
  const summary = captureSummary(bound);
  const shadows = bound.shadows === undefined ? "" : `${bound.shadows.text} (${ORIGINS[bound.shadows.origin]})`;
  const file = show.sources.find((s) => s.file === span?.file);
  const inDocument = file !== undefined && file === show.sources[0];
  const from =
    span === null || file === undefined ? ORIGINS[bound.origin] : `${ORIGINS[bound.origin]}, line ${lineOf(file.text, span.from)}`;
  const typed = show.bindings[bound.name];
  return (
    <>
      <code title={bound.name}>{bound.name}</code>
      <span class="muted shape" title={summary} data-testid={`summary-${bound.name}`}>
        {bound.tensor === null ? `Python value${summary === "" || summary === bound.text ? "" : `: ${summary}`}` : typeText(bound.tensor)}
        {bound.tensor === null || summary === "" ? null : <span class="values">{summary}</span>}
      </span>
      <span class={`from ${seeded ? "warn" : "muted"}`} title={shadows === "" ? "" : `in place of ${shadows}`}>
        {span !== null && inDocument ? (
          <button type="button" class="link" onClick={() => act.reveal(span)}>
            {from}
          </button>
        ) : (
          from
        )}
      </span>
      <TextField
        label={`Value of ${bound.name}`}
        hideLabel
        mono
        value={typeof typed === "string" ? typed : seeded || bound.origin === "computed" ? "" : bound.text}
        tip={shadows === "" ? "" : `In place of ${shadows}, which the text says`}
        placeholder={seeded ? `seeded: ${bound.text}` : bound.origin === "computed" ? "computed by the file" : bound.text}
        error={fault}
        testId={`capture-${bound.name}`}
        onCommit={(text) => {
          if (text.trim() !== (typeof typed === "string" ? typed : bound.text)) act.bind(bound.name, text);
        }}
      />
      {fault !== null ? (
        <span class="bad" title={fault}>
          <Icon name="error" />
        </span>
      ) : seeded ? (
        <span class="warn" title="The text gives no value; a plausible one is used">
          <Icon name="warn" />
        </span>
      ) : (
        <span class="good" title="Bound">
          <Icon name="ok" />
        </span>
      )}
    </>
  );
}

const typeText = (t: NonNullable<BoundName["tensor"]>): string => `${TORCH_NAMES[t.dtype]} [${t.shape.map(integer).join(", ")}]`;

/** 1-based line of an offset. */
export function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let i = text.indexOf("\n"); i >= 0 && i < offset; i = text.indexOf("\n", i + 1)) line++;
  return line;
}
