/** Below the table: the ways out of it, as text and as a file, and the way in. */
import type { JSX } from "preact";
import { resultsCsv, resultsMarkdown } from "../../kernels/runtime/resultText.ts";
import type { Act } from "../act.ts";
import type { Group } from "./rows.ts";

interface LinksProps {
  readonly groups: readonly Group[];
  readonly act: Pick<Act, "copy" | "command">;
}

export function TableLinks({ groups, act }: LinksProps): JSX.Element | null {
  if (groups.length === 0) return null;
  const rows = groups.flatMap((g) => g.rows);
  const results = rows.map((r) => r.result);
  const stale = new Set(rows.filter((r) => r.changed !== null).map((r) => r.result));
  const links: readonly { readonly id: string; readonly text: string; readonly onPress: () => void }[] = [
    { id: "csv", text: "Copy as CSV", onPress: () => act.copy(resultsCsv(results)) },
    { id: "markdown", text: "Copy as Markdown", onPress: () => act.copy(resultsMarkdown(results, (r) => stale.has(r))) },
    { id: "export", text: "Export…", onPress: () => act.command("exportResults") },
    { id: "import", text: "Import…", onPress: () => act.command("importResults") },
  ];
  return (
    <div class="bench-links">
      {links.map(({ id, text, onPress }) => (
        <button type="button" class="link small" key={id} data-testid={`bench-${id}`} onClick={onPress}>
          {text}
        </button>
      ))}
    </div>
  );
}
