/** Tokens → the parameters of a `def` or a `lambda`. */
import { type Cursor, expect, expectName, fail, kindAhead, kindOf, spanFrom, takes, tokenSpan } from "./cursor.ts";
import type { Expression, Parameter, ParameterRole } from "./syntax.ts";

/** Parameters up to `closer`, which is not taken; those before a `:` have no annotations. `read` reads an expression. */
export function parseParameters(c: Cursor, closer: ")" | ":", depth: number, read: (c: Cursor, depth: number) => Expression): Parameter[] {
  const params: Parameter[] = [];
  const names = new Set<string>();
  let role: ParameterRole = "positional";
  let hasSlash = false;
  let hasDefault = false;
  let isLast = false;
  while (kindOf(c) !== closer && kindOf(c) !== "end") {
    const start = c.at;
    const next = kindAhead(c, 1);
    if (kindOf(c) === "/") {
      if (params.length === 0 || role !== "positional" || hasSlash) fail(c);
      hasSlash = true;
      c.at++;
      for (const [i, p] of params.entries()) params[i] = { ...p, role: "positional-only" };
    } else if (kindOf(c) === "*" && (next === "," || next === closer)) {
      c.at++;
      if (next !== ",") fail(c, "a name must follow `*`", start);
      role = "keyword-only";
    } else {
      const star = takes(c, "*") ? "args" : takes(c, "**") ? "kwargs" : null;
      const nameSpan = tokenSpan(c, c.at);
      const name = expectName(c);
      let annotation: Expression | null = null;
      if (closer === ")" && takes(c, ":")) {
        // `*args: *Ts`.
        if (star === "args") takes(c, "*");
        annotation = read(c, depth + 1);
      }
      const value = star === null && takes(c, "=") ? read(c, depth + 1) : null;
      if (isLast) fail(c, "nothing may follow `**`", start);
      else if (star === "args" && role !== "positional") fail(c, "only one `*` may stand here", start);
      if (star === "kwargs") isLast = true;
      if (value !== null) hasDefault = true;
      else if (hasDefault && star === null && role === "positional")
        fail(c, "a parameter without a default follows one with a default", start);
      if (names.has(name)) fail(c, `two parameters are named \`${name}\``, start);
      names.add(name);
      params.push({ kind: "Parameter", span: spanFrom(c, start), name, nameSpan, role: star ?? role, annotation, default: value });
      if (star !== null) role = "keyword-only";
    }
    if (!takes(c, ",")) break;
  }
  if (kindOf(c) !== closer) expect(c, closer);
  return params;
}
