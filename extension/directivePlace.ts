/** Where a directive for a definition goes: the line of its first decorator, or its own. Pure; lines count from 0. */
export function directivePlace(text: string, line: number): { readonly line: number; readonly indent: string } {
  const lines = text.split(/\r\n|\r|\n/);
  const indent = /^[ \t]*/.exec(lines[line] ?? "")?.[0] ?? "";
  let first = line;
  // Above a definition: its decorators, and the lines that go on one of them, which are indented or close a bracket.
  for (let at = line - 1; at >= 0; at--) {
    const above = lines[at] ?? "";
    if (above.startsWith(`${indent}@`)) first = at;
    else if (above.trim() === "" || !(/^[ \t]/.test(above.slice(indent.length)) || /^[)\]}]/.test(above.slice(indent.length)))) break;
  }
  return { line: first, indent };
}
