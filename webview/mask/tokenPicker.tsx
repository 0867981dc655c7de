/** Where token texts come from: typed or pasted, or a file that the window opens. */
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { TextField } from "../controls.ts";
import { integer } from "../number.ts";
import { parseTokens } from "./tokens.ts";

interface TokenPickerProps {
  /** What was given; empty: nothing. */
  readonly text: string;
  readonly kvLen: number;
  readonly onGive: (text: string) => void;
}

/** Longer texts are not put into the field. */
const SHOWN = 10_000;

export function TokenPicker(props: TokenPickerProps): JSX.Element {
  const { text, kvLen, onGive } = props;
  const [open, setOpen] = useState(false);
  const tokens = useMemo(() => parseTokens(text), [text]);
  return (
    <span class="popped">
      <button type="button" class="link small" aria-expanded={open} onClick={() => setOpen(!open)} data-testid="tokens-toggle">
        {tokens.length === 0 ? "tokens" : `${integer(tokens.length)} tokens`}
      </button>
      {open ? (
        <fieldset
          class="popup"
          aria-label="Token texts"
          onKeyDown={(event) => {
            if (event.key === "Escape") setOpen(false);
          }}
        >
          <TextField
            label="Token texts"
            value={text.length > SHOWN ? "" : text}
            placeholder={text.length > SHOWN ? `${integer(tokens.length)} texts of a file` : '["a", "list"] or words'}
            tip="Words between white space, or a list of strings. Zoom in until a cell has room for its text."
            testId="tokens"
            onCommit={onGive}
          />
          <div class="small muted">
            {tokens.length === 0
              ? "A list, or text that is split by white space."
              : `${integer(tokens.length)} texts for ${integer(kvLen)} tokens; zoom in to read them.`}
          </div>
          <div class="links">
            <label class="link">
              From a file…
              <input
                type="file"
                class="unseen"
                accept=".txt,.json,.csv,text/*"
                data-testid="tokens-file"
                onChange={(event) => void event.currentTarget.files?.[0]?.text().then(onGive)}
              />
            </label>
            {text === "" ? null : (
              <button type="button" class="link" onClick={() => onGive("")}>
                Clear
              </button>
            )}
          </div>
        </fieldset>
      ) : null}
    </span>
  );
}
