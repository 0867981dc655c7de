/**
 * The syntax tree of a Python module: what parse.ts makes and the evaluator reads. Plain data, one interface a node,
 * discriminated by `kind`; the names are those of Python's own `ast` module where it has one.
 *
 * Every node has a span in the text. What the parser cannot read, or reads and nobody evaluates, is an `Unsupported`
 * node: a tree is never refused as a whole. Nesting is bounded by the parser, so recursion over a tree is safe.
 */
import type { Span } from "../ir/mod.ts";
import type { Layout } from "./layout.ts";

export interface Module {
  readonly kind: "Module";
  readonly file: string;
  readonly text: string;
  readonly body: readonly Statement[];
  readonly docstring: string | null;
  /** Where the spans of its nodes stand in `text`. */
  readonly layout: Layout;
}

// ---------------------------------------------------------------------------------------------------- expressions

export type Expression =
  | Name
  | Constant
  | JoinedStr
  | BinOp
  | BoolOp
  | UnaryOp
  | Compare
  | Call
  | Attribute
  | Subscript
  | Slice
  | Sequence
  | Dict
  | Comprehension
  | Lambda
  | IfExp
  | NamedExpr
  | Starred
  | Yield
  | UnsupportedExpression;

export interface Name {
  readonly kind: "Name";
  readonly span: Span;
  readonly id: string;
}

/** A literal. Adjacent strings are one. `type` says which Python type; see `Literal`. */
export interface Constant {
  readonly kind: "Constant";
  readonly span: Span;
  readonly literal: Literal;
}

export type Literal =
  /** A bigint where the number is beyond 2^53. */
  | { readonly type: "int"; readonly value: number | bigint }
  | { readonly type: "float"; readonly value: number }
  /** The imaginary part. */
  | { readonly type: "complex"; readonly value: number }
  /** Escapes resolved. */
  | { readonly type: "str"; readonly value: string }
  /** One character a byte. */
  | { readonly type: "bytes"; readonly value: string }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "None" }
  | { readonly type: "Ellipsis" };

/** An f-string: literal text and replaced expressions in order. */
export interface JoinedStr {
  readonly kind: "JoinedStr";
  readonly span: Span;
  readonly parts: readonly FormatPart[];
}

/** Literal text, or `{value!conversion:spec}`. */
export type FormatPart = string | { readonly value: Expression; readonly conversion: string; readonly spec: readonly FormatPart[] };

export type BinOperator = "+" | "-" | "*" | "/" | "//" | "%" | "**" | "@" | "&" | "|" | "^" | "<<" | ">>";

export interface BinOp {
  readonly kind: "BinOp";
  readonly span: Span;
  readonly op: BinOperator;
  readonly opSpan: Span;
  readonly left: Expression;
  readonly right: Expression;
}

/** `a and b`, `a or b`: always two operands; `a and b and c` nests to the left. */
export interface BoolOp {
  readonly kind: "BoolOp";
  readonly span: Span;
  readonly op: "and" | "or";
  readonly opSpan: Span;
  readonly left: Expression;
  readonly right: Expression;
}

export interface UnaryOp {
  readonly kind: "UnaryOp";
  readonly span: Span;
  readonly op: "+" | "-" | "~" | "not";
  readonly opSpan: Span;
  readonly operand: Expression;
}

export type CompareOperator = "==" | "!=" | "<" | "<=" | ">" | ">=" | "is" | "is not" | "in" | "not in";

/** `left ops[0] comparators[0] ops[1] comparators[1] …`: chained where there is more than one operator. */
export interface Compare {
  readonly kind: "Compare";
  readonly span: Span;
  readonly left: Expression;
  readonly ops: readonly CompareOperator[];
  readonly comparators: readonly Expression[];
}

export interface Call {
  readonly kind: "Call";
  readonly span: Span;
  readonly callee: Expression;
  /** Positional arguments; `*x` is a `Starred`. */
  readonly args: readonly Expression[];
  readonly keywords: readonly Keyword[];
}

/** `name=value`, or `**value` where `name` is null. */
export interface Keyword {
  readonly kind: "Keyword";
  readonly span: Span;
  readonly name: string | null;
  readonly nameSpan: Span | null;
  readonly value: Expression;
}

export interface Attribute {
  readonly kind: "Attribute";
  readonly span: Span;
  readonly object: Expression;
  readonly name: string;
  readonly nameSpan: Span;
}

/** `object[index]`; several indices are a tuple `Sequence`, whose parts may be slices. */
export interface Subscript {
  readonly kind: "Subscript";
  readonly span: Span;
  readonly object: Expression;
  readonly index: Expression;
}

/** `lower:upper:step`; only inside a subscript. */
export interface Slice {
  readonly kind: "Slice";
  readonly span: Span;
  readonly lower: Expression | null;
  readonly upper: Expression | null;
  readonly step: Expression | null;
}

/** A tuple (with or without parentheses), list or set display; elements may be `Starred`. */
export interface Sequence {
  readonly kind: "Sequence";
  readonly span: Span;
  readonly form: "tuple" | "list" | "set";
  readonly elements: readonly Expression[];
}

/** `key: value` pairs; `**value` where `key` is null. */
export interface Dict {
  readonly kind: "Dict";
  readonly span: Span;
  readonly entries: readonly { readonly key: Expression | null; readonly value: Expression }[];
}

/** `[element for …]` and its kin; `value` is the value of a dict's pair, null otherwise. */
export interface Comprehension {
  readonly kind: "Comprehension";
  readonly span: Span;
  readonly form: "list" | "set" | "dict" | "generator";
  readonly element: Expression;
  readonly value: Expression | null;
  readonly generators: readonly Generator[];
}

export interface Generator {
  readonly kind: "Generator";
  readonly span: Span;
  readonly target: Expression;
  readonly iterable: Expression;
  readonly conditions: readonly Expression[];
}

export interface Lambda {
  readonly kind: "Lambda";
  readonly span: Span;
  readonly params: readonly Parameter[];
  readonly body: Expression;
}

/** `body if condition else otherwise`. */
export interface IfExp {
  readonly kind: "IfExp";
  readonly span: Span;
  readonly condition: Expression;
  readonly body: Expression;
  readonly otherwise: Expression;
}

/** `target := value`. */
export interface NamedExpr {
  readonly kind: "NamedExpr";
  readonly span: Span;
  readonly target: Name;
  readonly value: Expression;
}

/** `*value` in a call, a display or a target. */
export interface Starred {
  readonly kind: "Starred";
  readonly span: Span;
  readonly value: Expression;
}

/** `yield value`, `yield from value`. */
export interface Yield {
  readonly kind: "Yield";
  readonly span: Span;
  readonly value: Expression | null;
  readonly isFrom: boolean;
}

/** Something that is not evaluated; `construct` names it for the user (`await`, `a syntax error`). */
export interface UnsupportedExpression {
  readonly kind: "UnsupportedExpression";
  readonly span: Span;
  readonly construct: string;
}

// ----------------------------------------------------------------------------------------------------- statements

export type Statement =
  | FunctionDef
  | ClassDef
  | Return
  | Assign
  | AugAssign
  | AnnAssign
  | For
  | While
  | If
  | With
  | Try
  | Match
  | Import
  | ImportFrom
  | ExpressionStatement
  | Delete
  | Simple
  | Scope
  | Assert
  | Raise
  | UnsupportedStatement;

/**
 * How an argument reaches a parameter: by position only (before `/`), by either, collected (`*args`), by keyword only
 * (after `*`), or collected by keyword (`**kwargs`).
 */
export type ParameterRole = "positional-only" | "positional" | "args" | "keyword-only" | "kwargs";

export interface Parameter {
  readonly kind: "Parameter";
  readonly span: Span;
  readonly name: string;
  readonly nameSpan: Span;
  readonly role: ParameterRole;
  readonly annotation: Expression | null;
  readonly default: Expression | null;
}

export interface FunctionDef {
  readonly kind: "FunctionDef";
  /** From `def` (or `async`) on; decorators stand before it. */
  readonly span: Span;
  readonly name: string;
  readonly nameSpan: Span;
  readonly params: readonly Parameter[];
  readonly returns: Expression | null;
  readonly decorators: readonly Expression[];
  /** The docstring is its first statement too. */
  readonly body: readonly Statement[];
  readonly docstring: string | null;
  readonly isAsync: boolean;
}

export interface ClassDef {
  readonly kind: "ClassDef";
  readonly span: Span;
  readonly name: string;
  readonly nameSpan: Span;
  readonly bases: readonly Expression[];
  readonly keywords: readonly Keyword[];
  readonly decorators: readonly Expression[];
  readonly body: readonly Statement[];
  readonly docstring: string | null;
}

export interface Return {
  readonly kind: "Return";
  readonly span: Span;
  readonly value: Expression | null;
}

/** `targets[0] = targets[1] = … = value`. */
export interface Assign {
  readonly kind: "Assign";
  readonly span: Span;
  readonly targets: readonly Expression[];
  readonly value: Expression;
}

export interface AugAssign {
  readonly kind: "AugAssign";
  readonly span: Span;
  readonly target: Expression;
  readonly op: BinOperator;
  readonly opSpan: Span;
  readonly value: Expression;
}

/** `target: annotation = value`; `value` null where nothing is assigned. */
export interface AnnAssign {
  readonly kind: "AnnAssign";
  readonly span: Span;
  readonly target: Expression;
  readonly annotation: Expression;
  readonly value: Expression | null;
}

export interface For {
  readonly kind: "For";
  readonly span: Span;
  readonly target: Expression;
  readonly iterable: Expression;
  readonly body: readonly Statement[];
  readonly otherwise: readonly Statement[];
  readonly isAsync: boolean;
}

export interface While {
  readonly kind: "While";
  readonly span: Span;
  readonly condition: Expression;
  readonly body: readonly Statement[];
  readonly otherwise: readonly Statement[];
}

/** `elif` is an `If` alone in `otherwise`. */
export interface If {
  readonly kind: "If";
  readonly span: Span;
  readonly condition: Expression;
  readonly body: readonly Statement[];
  readonly otherwise: readonly Statement[];
}

export interface With {
  readonly kind: "With";
  readonly span: Span;
  readonly items: readonly { readonly context: Expression; readonly target: Expression | null }[];
  readonly body: readonly Statement[];
}

export interface Try {
  readonly kind: "Try";
  readonly span: Span;
  readonly body: readonly Statement[];
  readonly handlers: readonly ExceptHandler[];
  readonly otherwise: readonly Statement[];
  readonly finally: readonly Statement[];
}

export interface ExceptHandler {
  readonly kind: "ExceptHandler";
  readonly span: Span;
  readonly type: Expression | null;
  readonly name: string | null;
  readonly body: readonly Statement[];
}

export interface Match {
  readonly kind: "Match";
  readonly span: Span;
  readonly subject: Expression;
  readonly cases: readonly MatchCase[];
}

export interface MatchCase {
  readonly kind: "MatchCase";
  readonly span: Span;
  readonly pattern: Pattern;
  readonly guard: Expression | null;
  readonly body: readonly Statement[];
}

export type Pattern =
  /** Equal to `value` (`is` for None, True, False): a literal or a dotted name. */
  | { readonly kind: "ValuePattern"; readonly span: Span; readonly value: Expression }
  /** Binds `name`; `_` is `name` null. */
  | { readonly kind: "CapturePattern"; readonly span: Span; readonly name: string | null }
  | { readonly kind: "SequencePattern"; readonly span: Span; readonly elements: readonly Pattern[] }
  /** `*name` in a sequence; `*_` is `name` null. */
  | { readonly kind: "StarPattern"; readonly span: Span; readonly name: string | null }
  | { readonly kind: "OrPattern"; readonly span: Span; readonly alternatives: readonly Pattern[] }
  | { readonly kind: "AsPattern"; readonly span: Span; readonly pattern: Pattern; readonly name: string }
  | { readonly kind: "MappingPattern"; readonly span: Span; readonly entries: readonly PatternEntry[]; readonly rest: string | null }
  /** `cls(pattern, name=pattern)`; `key` null for one by position. */
  | { readonly kind: "ClassPattern"; readonly span: Span; readonly cls: Expression; readonly args: readonly PatternEntry[] }
  /** What could not be read. */
  | { readonly kind: "UnsupportedPattern"; readonly span: Span };

export interface PatternEntry {
  readonly key: Expression | null;
  readonly pattern: Pattern;
}

/** `import module as asName`. */
export interface ImportAlias {
  readonly span: Span;
  /** Dotted in `import a.b`; `*` for `from m import *`. */
  readonly name: string;
  readonly asName: string | null;
}

export interface Import {
  readonly kind: "Import";
  readonly span: Span;
  readonly names: readonly ImportAlias[];
}

export interface ImportFrom {
  readonly kind: "ImportFrom";
  readonly span: Span;
  /** Dotted; empty in `from . import x`. */
  readonly module: string;
  /** Leading dots; 0 for an absolute import. */
  readonly level: number;
  readonly names: readonly ImportAlias[];
}

export interface ExpressionStatement {
  readonly kind: "ExpressionStatement";
  readonly span: Span;
  readonly value: Expression;
}

export interface Delete {
  readonly kind: "Delete";
  readonly span: Span;
  readonly targets: readonly Expression[];
}

export interface Simple {
  readonly kind: "Simple";
  readonly span: Span;
  readonly word: "pass" | "break" | "continue";
}

export interface Scope {
  readonly kind: "Scope";
  readonly span: Span;
  readonly word: "global" | "nonlocal";
  readonly names: readonly string[];
}

export interface Assert {
  readonly kind: "Assert";
  readonly span: Span;
  readonly test: Expression;
  readonly message: Expression | null;
}

export interface Raise {
  readonly kind: "Raise";
  readonly span: Span;
  readonly exception: Expression | null;
}

/** A statement that is not evaluated, or could not be read; `construct` names it for the user. */
export interface UnsupportedStatement {
  readonly kind: "UnsupportedStatement";
  readonly span: Span;
  readonly construct: string;
}

export type Node = Expression | Statement;
