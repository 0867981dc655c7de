/**
 * Diagnostics of an earlier text, where they stand in the present one: what takes longer than a keystroke may find
 * stays underlined while the next finding is under way. An edit is what lies between the common beginning and the
 * common end of the two texts; what it touches is dropped, what comes after it moves along.
 */
import type { Diagnostic } from "../kernels/frontend/diagnostic.ts";
import type { Span } from "../kernels/ir/mod.ts";

/** `diagnostics` of the source `file` when its text was `before`; those of other files are kept as they are. */
export function carried(diagnostics: readonly Diagnostic[], file: string, before: string, after: string): readonly Diagnostic[] {
  if (before === after || diagnostics.length === 0) return diagnostics;
  const shortest = Math.min(before.length, after.length);
  let head = 0;
  while (head < shortest && before.charCodeAt(head) === after.charCodeAt(head)) head++;
  let tail = 0;
  while (tail < shortest - head && before.charCodeAt(before.length - 1 - tail) === after.charCodeAt(after.length - 1 - tail)) tail++;
  const end = before.length - tail;
  const by = after.length - before.length;
  const moved = (span: Span): Span | null => {
    if (span.file !== file || span.to <= head) return span;
    return span.from >= end ? { file, from: span.from + by, to: span.to + by } : null;
  };
  return diagnostics.flatMap((d): Diagnostic[] => {
    const span = moved(d.span);
    if (span === null) return [];
    const edits = d.fix?.edits.map(({ span: at, newText }) => ({ span: moved(at), newText })) ?? [];
    const whole = edits.flatMap(({ span: at, newText }) => (at === null ? [] : [{ span: at, newText }]));
    return [{ ...d, span, fix: d.fix === null || whole.length < edits.length ? null : { ...d.fix, edits: whole } }];
  });
}
