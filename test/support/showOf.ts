/** A `show` message as the extension host would post it, for tests of what the panel makes of one. */
import { PROTOCOL_VERSION, type Show } from "../../webview/protocol.ts";

/** `text` as a document, `file:///a.py` where `changes` name none, with nothing chosen, bound or measured. */
export function showOf(text: string, changes: Partial<Show> = {}): Show {
  const document = changes.document ?? "file:///a.py";
  return {
    type: "show",
    version: PROTOCOL_VERSION,
    document,
    title: document.slice(document.lastIndexOf("/") + 1),
    sources: [{ file: document, text }],
    bindings: {},
    problem: {},
    variant: null,
    view: null,
    results: [],
    ...changes,
  };
}
