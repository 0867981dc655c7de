/** Strings of the syntax tree: literals, and f-strings with their replacements and format specs. */
import { stringLiteral, stringParts, unescapeText } from "./literal.ts";
import type { Expression, FormatPart, Literal } from "./syntax.ts";
import { type RawNode, type Reader, sourceOf, spanOf } from "./tree.ts";

/** `expressionList` of treeExpression.ts. */
type ReadList = (reader: Reader, nodes: readonly RawNode[], depth: number, at: number) => Expression;

/** A string, an f-string, or several side by side, which are one. `read` reads what an f-string replaces. */
export function strings(reader: Reader, node: RawNode, depth: number, read: ReadList): Expression {
  const span = spanOf(reader, node);
  const tokens = node.name === "ContinuedString" ? node.children : [node];
  const parts = tokens.flatMap((token): FormatPart[] =>
    token.name === "FormatString" ? formatString(reader, token, depth, read) : [literalText(stringLiteral(sourceOf(reader, token)))],
  );
  if (tokens.some((t) => t.name === "FormatString")) return { kind: "JoinedStr", span, parts };
  const isBytes = tokens.some((t) => stringParts(sourceOf(reader, t)).isBytes);
  return { kind: "Constant", span, literal: { type: isBytes ? "bytes" : "str", value: parts.join("") } };
}

function formatString(reader: Reader, token: RawNode, depth: number, read: ReadList): FormatPart[] {
  const { prefix, delimiter, isRaw } = stringParts(sourceOf(reader, token));
  return formatParts(reader, token, token.from + prefix + delimiter, token.to - delimiter, isRaw, depth, read);
}

/** Text and replacements from `from` to `to`, which `node` covers: of an f-string, or of the spec of a replacement. */
function formatParts(reader: Reader, node: RawNode, from: number, to: number, isRaw: boolean, depth: number, read: ReadList): FormatPart[] {
  const parts: FormatPart[] = [];
  let at = from;
  const text = (end: number): void => {
    const raw = reader.text.slice(at, end).replaceAll("{{", "{").replaceAll("}}", "}");
    if (raw !== "") parts.push(isRaw ? raw : unescapeText(raw, false));
  };
  for (const kid of node.children) {
    if (kid.name !== "FormatReplacement") continue;
    text(kid.from);
    at = kid.to;
    const inside = kid.children.filter((k) => k.name !== "{" && k.name !== "}" && !k.name.startsWith("Format"));
    const part = (name: string) => kid.children.find((k) => k.name === name);
    const [conversion, spec, selfDoc] = [part("FormatConversion"), part("FormatSpec"), part("FormatSelfDoc")];
    // `{x=}` shows the text up to its `=`, blanks and all, and the value's repr.
    if (selfDoc !== undefined) parts.push(reader.text.slice(kid.from + 1, selfDoc.to));
    parts.push({
      value: read(reader, inside, depth + 1, kid.to),
      conversion: conversion !== undefined ? sourceOf(reader, conversion).slice(1) : selfDoc !== undefined && spec === undefined ? "r" : "",
      spec: spec === undefined ? [] : formatParts(reader, spec, spec.from + 1, spec.to, isRaw, depth + 1, read),
    });
  }
  text(to);
  return parts;
}

function literalText(literal: Literal): string {
  return literal.type === "str" || literal.type === "bytes" ? literal.value : "";
}
