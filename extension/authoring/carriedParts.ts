/**
 * A definition with all that it needs, out of one text and into another: the statements that it reaches by name, in
 * their order, and the imports they stand on. Names that mean something else in the other text are changed throughout;
 * a statement that is there already, word for word and on the same footing, is used instead of carried.
 */

import type { Node } from "../../kernels/frontend/syntax.ts";
import { bindingsIn, walkSyntax } from "../../kernels/frontend/walkSyntax.ts";
import type { Span } from "../../kernels/ir/mod.ts";
import { type Imported, importsFor, isHead, isImport, type Region, type Wanted } from "./importEdit.ts";
import { besideBody, binderOf, freshName, isDefinition, moduleNames, type Outline, type Part } from "./outline.ts";

export interface Carried {
  /** The statements, with the blank lines between them that Python's style asks for; empty: all is there already. */
  readonly text: string;
  /** Whether a function or class is the first, and the last, of them. */
  readonly opensWithDefinition: boolean;
  readonly endsWithDefinition: boolean;
  readonly imports: Imported;
  /** What the definition is called in the other text. */
  readonly name: string;
}

/** Where code is carried to. */
export interface Goal {
  readonly target: Outline;
  /** Offset in the target's text, between two statements. */
  readonly place: number;
  readonly region: Region;
  /** Imports that are wanted beside those of the code. */
  readonly also?: readonly Wanted[];
}

/** `name` of `source`; null where the source does not bind it. `lead`: comment lines that go directly above its definition. */
export function carriedParts(source: Outline, name: string, goal: Goal, lead = ""): Carried | null {
  const main = binderOf(source, name);
  return main === null ? null : carry(source, partsBehind(source, main), { part: main, name, lead }, goal);
}

/** All of `source` but its imports and docstring, as `carriedParts` carries one definition. */
export function carriedWhole(source: Outline, goal: Goal): Carried {
  const parts = source.parts.filter((part) => !part.statements.every(isHead));
  return carry(source, parts, null, goal);
}

/** The definition that the others are carried for. */
interface Main {
  readonly part: Part;
  readonly name: string;
  readonly lead: string;
}

function carry(source: Outline, parts: readonly Part[], main: Main | null, goal: Goal): Carried {
  const { target, place, region, also = [] } = goal;
  const wanted = wantedBy(source, parts);
  const imports = importsFor(target, [...wanted, ...also], place, region);
  const there = alreadyThere(source, parts, goal, wanted, imports);
  const names = new Map(wanted.map(({ as }) => [as, imports.names.get(as) ?? as]));
  const occupied = moduleNames(target);
  const taken = new Set([...occupied, ...imports.names.values(), ...parts.flatMap((part) => identifiers(part, source))]);
  const carried = parts.filter((part) => !there.has(part));
  for (const part of carried) {
    for (const bound of part.binds) {
      if (!occupied.has(bound)) continue;
      const fresh = freshName(bound, taken);
      taken.add(fresh);
      names.set(bound, fresh);
    }
  }
  const leadOf = (part: Part): string => (part === main?.part && main.lead !== "" ? `${main.lead}\n` : "");
  const texts = carried.map((part) => leadOf(part) + renamed(source, part, names));
  return {
    text: joined(source, carried, texts),
    opensWithDefinition: isDefinition(carried[0]),
    endsWithDefinition: isDefinition(carried.at(-1)),
    imports,
    name: main === null ? "" : (names.get(main.name) ?? main.name),
  };
}

/** The parts that `main` reaches by name, itself among them, in the order of the text; imports left out. */
export function partsBehind({ parts }: Outline, main: Part): readonly Part[] {
  const needed = new Set<Part>();
  const visit = (part: Part): void => {
    if (needed.has(part) || part.statements.every(isImport)) return;
    needed.add(part);
    for (const other of parts) if ([...other.binds].some((bound) => part.reads.has(bound))) visit(other);
  };
  visit(main);
  return parts.filter((part) => needed.has(part));
}

/** The imports that `parts` stand on. */
function wantedBy({ parts: all }: Outline, parts: readonly Part[]): readonly Wanted[] {
  const reads = new Set(parts.flatMap((part) => [...part.reads]));
  return all.flatMap((part) =>
    part.statements.filter(isImport).flatMap((s) =>
      s.names.flatMap((alias): Wanted[] => {
        const as = alias.asName ?? alias.name;
        const root = as.split(".")[0] ?? as;
        if (!reads.has(root)) return [];
        return [s.kind === "Import" ? { module: alias.name, name: null, as } : { module: s.module, name: alias.name, as }];
      }),
    ),
  );
}

/** Parts that the target has before the place in the same words, whose names mean the same there. */
function alreadyThere(
  source: Outline,
  parts: readonly Part[],
  { target, place }: Goal,
  wanted: readonly Wanted[],
  imports: Imported,
): ReadonlySet<Part> {
  const textOf = (outline: Outline, part: Part): string => outline.text.slice(part.from, part.to).replace(/\r\n?/g, "\n").trim();
  const before = new Set(target.parts.filter((part) => part.to <= place && isLast(target, part)).map((part) => textOf(target, part)));
  const there = new Set(parts.filter((part) => part.binds.size > 0 && before.has(textOf(source, part))));
  const changed = new Set(wanted.filter(({ as }) => imports.names.get(as) !== as).map(({ as }) => as));
  for (let isStable = false; !isStable; ) {
    isStable = true;
    for (const part of there) {
      const isSame = [...part.reads].every((name) => {
        const binder = parts.find((other) => other !== part && other.binds.has(name));
        return !changed.has(name) && (binder === undefined || there.has(binder));
      });
      if (isSame) continue;
      there.delete(part);
      isStable = false;
    }
  }
  return there;
}

/** Whether no later part binds one of its names anew. */
const isLast = (outline: Outline, part: Part): boolean => [...part.binds].every((name) => binderOf(outline, name) === part);

/** The text of `part` with its names as `names` has them, wherever they stand in it. */
function renamed({ text }: Outline, part: Part, names: ReadonlyMap<string, string>): string {
  const places: { from: number; to: number; name: string }[] = [];
  const note = (name: string, span: { readonly from: number; readonly to: number }): void => {
    const now = names.get(name);
    if (now !== undefined && now !== name) places.push({ from: span.from, to: span.to, name: now });
  };
  forEachName(part.statements, note);
  let result = "";
  let at = part.from;
  for (const { from, to, name } of places.sort((a, b) => a.from - b.from)) {
    result += text.slice(at, from) + name;
    at = to;
  }
  return (result + text.slice(at, part.to)).replace(/\r\n?/g, "\n");
}

/** Every place in `statements` where a name of the module stands: those that a function binds itself are its own. */
function forEachName(roots: readonly Node[], note: (name: string, span: Span) => void, own: ReadonlySet<string> = new Set()): void {
  walkSyntax(roots, (node) => {
    if (node.kind === "Name" && !own.has(node.id)) note(node.id, node.span);
    if (node.kind === "FunctionDef" || node.kind === "ClassDef") if (!own.has(node.name)) note(node.name, node.nameSpan);
    if (node.kind !== "FunctionDef" && node.kind !== "Lambda") return true;
    const body = node.kind === "Lambda" ? [node.body] : node.body;
    forEachName(besideBody(node), note, own);
    forEachName(body, note, new Set([...own, ...node.params.map((p) => p.name), ...bindingsIn(body)]));
    return false;
  });
}

function identifiers(part: Part, { text }: Outline): readonly string[] {
  return text.slice(part.from, part.to).match(/[\p{L}_][\p{L}\p{N}_]*/gu) ?? [];
}

/** Parts that follow each other keep the lines between them; others get two around definitions. */
function joined({ text, parts: all }: Outline, parts: readonly Part[], texts: readonly string[]): string {
  return texts.reduce((result, next, i) => {
    const [before, part] = [parts[i - 1], parts[i]];
    if (before === undefined || part === undefined) return next;
    const isNext = all.indexOf(part) === all.indexOf(before) + 1;
    const own = text.slice(before.to, part.from).replace(/\r\n?/g, "\n");
    const gap = isDefinition(before) || isDefinition(part) ? "\n\n\n" : isNext && own.trim() === "" ? own : "\n";
    return result + gap + next;
  }, "");
}
