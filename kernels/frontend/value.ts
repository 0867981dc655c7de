/**
 * What a Python expression evaluates to at lowering: a static Python value, or a tensor that the mod's arguments
 * decide, held as IR. An operation on static values computes; on anything dynamic it builds IR; `unknown` is what
 * module code gives where it cannot be followed, and is a fault only when a mod needs it.
 *
 * Values compare by identity unless said otherwise; containers and tensors are mutable, as in Python.
 */
import type { DataValue } from "../data/value.ts";
import type { Expr } from "../ir/expr.ts";
import type { Capture, Span, Step, TypedArray } from "../ir/mod.ts";
import type { DType } from "../ir/ops.ts";
import { type Code, type Diagnostic, diagnose, type Fix, type Words } from "./diagnostic.ts";
import type { Layout } from "./layout.ts";
import type { Call as CallNode, Expression, Parameter, Statement } from "./syntax.ts";

export type Value =
  | NoneValue
  | Bool
  | Int
  | Float
  | Str
  | EllipsisValue
  | Tuple
  | List
  | Dict
  | SetValue
  | Range
  | SliceValue
  | Iterator
  | FunctionValue
  | Builtin
  | Partial
  | BoundMethod
  | Class
  | Instance
  | ModuleValue
  | DTypeValue
  | Device
  | Tensor
  | Dynamic
  | Opaque
  | Unknown;

/** What the operators, `float()`, `math.*` take: the scalars of Python. */
export type Scalar = Bool | Int | Float;

export interface NoneValue {
  readonly type: "none";
}
export interface Bool {
  readonly type: "bool";
  readonly value: boolean;
}
/** A bigint only where the number is beyond 2^53. */
export interface Int {
  readonly type: "int";
  readonly value: number | bigint;
}
export interface Float {
  readonly type: "float";
  readonly value: number;
}
export interface Str {
  readonly type: "str";
  readonly value: string;
}
export interface EllipsisValue {
  readonly type: "ellipsis";
}
/** `fields` for a namedtuple, and its class where it has one. */
export interface Tuple {
  readonly type: "tuple";
  readonly items: readonly Value[];
  readonly fields?: readonly string[];
  readonly class?: Class;
}
export interface List {
  readonly type: "list";
  readonly items: Value[];
  /** Of a `deque(maxlen=…)`: what is put in beyond it falls out at the other end. */
  readonly bound?: number;
}
/** Keyed by `keyOf` (operators.ts); keeps insertion order, as Python does. `missing` is a defaultdict's factory. */
export interface Dict {
  readonly type: "dict";
  readonly entries: Map<string, { readonly key: Value; value: Value }>;
  readonly missing?: Value;
  /** What a Counter gives for a key that it has not. */
  readonly absent?: Value;
}
export interface SetValue {
  readonly type: "set";
  readonly entries: Map<string, Value>;
}
export interface Range {
  readonly type: "range";
  readonly start: number;
  readonly stop: number;
  readonly step: number;
}
export interface SliceValue {
  readonly type: "slice";
  readonly lower: Value;
  readonly upper: Value;
  readonly step: Value;
}
/** A generator, `zip`, `enumerate`, …: read once, lazily. */
export interface Iterator {
  readonly type: "iterator";
  readonly what: string;
  readonly source: IterableIterator<Value>;
  /** Of a generator: runs its body at once, with `onYield` called at each `yield`. What `with` does with it. */
  readonly within?: (onYield: (item: Value) => void) => void;
}

export interface FunctionValue {
  readonly type: "function";
  /** `<lambda>` for a lambda. */
  readonly name: string;
  readonly params: readonly Parameter[];
  /** By parameter name, evaluated where the function was defined. */
  readonly defaults: ReadonlyMap<string, Value>;
  readonly body: readonly Statement[] | Expression;
  readonly scope: Scope;
  /** The whole `def` or lambda. */
  readonly span: Span;
  /** The name in the `def`; the whole lambda. */
  readonly nameSpan: Span;
  /** `f.__name__ = …` and the like. */
  readonly attributes: Map<string, Value>;
}

/** A function of Python, torch, …, written in TypeScript. */
export interface Builtin {
  readonly type: "builtin";
  /** As the user would write it: `torch.where`, `len`. */
  readonly name: string;
  readonly call: (call: Call) => Value;
  /** `chain.from_iterable`, `dict.fromkeys`: what it has beside being called. */
  readonly attributes?: ReadonlyMap<string, Value>;
}
/** functools.partial. */
export interface Partial {
  readonly type: "partial";
  readonly callee: Value;
  readonly args: readonly Value[];
  readonly kwargs: ReadonlyMap<string, Value>;
}
export interface BoundMethod {
  readonly type: "method";
  readonly self: Value;
  readonly callee: Value;
}
export interface Class {
  readonly type: "class";
  readonly name: string;
  readonly bases: readonly Class[];
  readonly members: Map<string, Value>;
  readonly nameSpan: Span | null;
  /** Set for `@dataclass`, NamedTuple and TypedDict: the fields in order. */
  fields: readonly ClassField[] | null;
  /** True where a base or the metaclass could not be followed. */
  readonly opaque: boolean;
  readonly isException?: true;
  /** Instances are tuples with named fields, or dicts. */
  readonly record?: "tuple" | "dict";
  /** Set for `@dataclass(order=True)` and `@dataclass(frozen=True)`. */
  isOrdered?: boolean;
  isFrozen?: boolean;
  /** The members of an enumeration by name. */
  enumMembers?: ReadonlyMap<string, Instance>;
  /** Instances stand for their `value` where a number or string is asked for: `IntEnum`, `(str, Enum)`. */
  isScalar?: boolean;
}
/** A field of a dataclass; `value` is its default, null where there is none, `factory` what makes one. */
export interface ClassField {
  readonly name: string;
  readonly value: Value | null;
  readonly factory?: Value;
  /** False for `field(init=False)`. */
  readonly isInit?: boolean;
  readonly isKeywordOnly?: boolean;
  /** `InitVar`: handed to `__post_init__`, and no attribute. */
  readonly isInitOnly?: boolean;
}
export interface Instance {
  readonly type: "instance";
  readonly class: Class;
  readonly attributes: Map<string, Value>;
}
/** A module: one of ours (torch, math, …), or another source. `get` gives null for a name that it has not. */
export interface ModuleValue {
  readonly type: "module";
  readonly name: string;
  readonly get: (name: string) => Value | null;
  /** The names that `from m import *` binds; absent for a module of ours that has more, whose names are asked for one by one. */
  readonly names?: () => readonly string[];
  /** Why an import at `span` does not get that name from it; absent for a module of ours. */
  readonly missing?: (name: string, span: Span) => Unknown;
}
export interface DTypeValue {
  readonly type: "dtype";
  readonly dtype: DType;
}
export interface Device {
  readonly type: "device";
  readonly name: string;
}

/**
 * A tensor whose elements are known: a strided view of a storage, as in PyTorch. `literal` if it was made inside a
 * mod; what was made outside is data that the mod captures.
 */
export interface Tensor {
  readonly type: "tensor";
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** In elements of the storage. */
  readonly strides: readonly number[];
  readonly offset: number;
  readonly storage: Storage;
  /** A NumPy array: promotes as NumPy does, and gives Python numbers where no dimension is left. */
  readonly isNumpy?: true;
}
export interface Storage {
  /** Replaced, not written, once a capture shares it. */
  data: TypedArray;
  /** The contiguous shape in which it was made. */
  readonly shape: readonly number[];
  readonly literal: boolean;
  /** The name it was first bound to, for its captures. */
  name: string | null;
  /** Where random numbers were drawn for it, if they were: a mod that captures it says so. */
  drawn: Span | null;
  /** By view (offset, strides, shape), so that one tensor is one capture; null while there is none. */
  captures: Map<string, Capture> | null;
}

/**
 * A tensor that depends on the mod's arguments: one expression an element, or, where a capture was indexed by
 * fewer indices than it has dimensions, the gather itself, so that further indices can join it.
 */
export interface Dynamic {
  readonly type: "dynamic";
  dtype: DType;
  readonly shape: readonly number[];
  /** Row-major; null for a gather. In-place operations replace it. */
  elements: readonly Expr[] | null;
  /** A capture and an index a dimension: an expression, or the axis of this tensor that runs over it. */
  readonly gather: { readonly capture: Capture; readonly indices: readonly (Expr | number)[] } | null;
  /** Which of the mod's arguments it is batched over: bits by VAR_BITS. Decides what fits in place. */
  readonly batched: number;
}

/** b, h, q_idx, kv_idx; score is batched over all four. */
export const VAR_BITS = { b: 1, h: 2, q_idx: 4, kv_idx: 8, score: 15 } as const;

/** An object of PyTorch that lowering carries and does not look into: a BlockMask, an attention output. */
export interface Opaque {
  readonly type: "opaque";
  readonly what: string;
  /** Those that are known, as assignments leave them. */
  readonly attributes?: Map<string, Value>;
  /** What indexing gives; absent: the object itself. */
  readonly item?: () => Value;
}

/** A value that module code could not give. `cause` says why, in words that follow "is not known: ". */
export interface Unknown {
  readonly type: "unknown";
  readonly cause: string;
  /** The module whose absence is the cause, if that is it. */
  readonly module: string | null;
  /** The fault that stopped the evaluation, if that is it: what a mod that needs the value reports. */
  readonly fault: Diagnostic | null;
  /** For the front door's own placeholders: the parameter or capture that has no value. */
  readonly name: string | null;
}

/** Names of one function call or module, with the scope around it. */
export interface Scope {
  readonly names: Map<string, Value>;
  readonly parent: Scope | null;
  /** The names that a function's own assignments bind, reached or not. */
  readonly bound?: ReadonlySet<string>;
  /** `global` and `nonlocal` names, with the scope they mean. */
  readonly elsewhere: ReadonlyMap<string, Scope> | null;
  readonly kind: "module" | "function" | "class" | "comprehension";
  readonly module: ModuleScope;
  /** Gets what a call of a generator yields. */
  readonly onYield?: (item: Value) => void;
}
/** What belongs to a module as a whole. */
export interface ModuleScope {
  readonly file: string;
  readonly text: string;
  readonly layout: Layout;
  readonly body: readonly Statement[];
  /** Dotted, as an import would name it. */
  readonly name: string;
}

/** One call of a builtin. */
export interface Call {
  readonly run: Run;
  readonly name: string;
  readonly args: readonly Value[];
  readonly kwargs: ReadonlyMap<string, Value>;
  /** The whole call. */
  readonly span: Span;
  /** The call in the text; null where there is none (a decorator, `map`, …). */
  readonly node: CallNode | null;
}

/** Something that is being evaluated and may go on for long: what a spent budget is blamed on. */
export interface Running {
  readonly what: "loop" | "comprehension" | "call" | "function";
  /** The loop's head, the comprehension, the call; for a function the call of it. */
  readonly span: Span;
  /** A function's name; null for the others. */
  readonly name: string | null;
  /** Steps that were used when it began. */
  readonly since: number;
}

/** What the parts of the evaluator need of it; evaluate.ts makes it. */
export interface Run {
  /** Counts `n` steps at `span`. @throws Refusal when the budget is spent. */
  step(span: Span, n?: number): void;
  /** Begins something that may not end; give the answer to `leave` when it does, however it does. */
  enter(what: Running["what"], span: Span): number;
  leave(mark: number): void;
  /** Refuses a recursion without end, or a value that is nested too deeply. @throws Refusal */
  tooDeep(span: Span): never;
  /** @throws Refusal */
  call(callee: Value, args: readonly Value[], kwargs: ReadonlyMap<string, Value>, span: Span, node?: CallNode): Value;
  /** Sends a warning or a hint; the evaluation goes on. */
  warn<C extends Code>(code: C, span: Span, words: Words<C>, fix?: Fix | null): void;
  text(span: Span): string;
  importModule(module: string, level: number, span: Span, from: ModuleScope): Value;
  /** What a data file holds; `span` is the expression that asks. @throws Refusal with the cause. */
  readData(path: string, span: Span, as: "data" | "json"): DataValue;
  /** The value for an unknown that a mod needs, or null: the front door's chance to make one up. */
  supply(unknown: Unknown, use: UnknownUse, span: Span): Value | null;
  /** Not null while a mod is traced. */
  readonly trace: Trace | null;
  /** Values for free names that come before those of the scopes around a function. */
  readonly overlay: ReadonlyMap<string, Value> | null;
  /** Notes a call that the front door wants to know of. */
  record(callee: string, args: ReadonlyMap<string, Value>, result: Value, span: Span, places: ReadonlyMap<string, Span>): void;
  /** Counts nested evaluations; see `MAX_DEPTH`. */
  depth: number;
  /** True while parts of a refused expression are looked at for its rewrite: nothing is reported then, nor rewritten. */
  guessing: boolean;
  /** How many `try` statements with handlers are around: a missing module then raises. */
  trying: number;
  /** Where the statement being run drew random numbers, or read a tensor of such; null if nowhere. */
  drawn: Span | null;
}

/** The mod being traced. */
export interface Trace {
  /** The dtype that `score` has. */
  readonly scoreDType: "f32" | "f64";
  /** q is float16: the score is float32 all the same, but `score.dtype` is float16 (`tracedDType`). */
  readonly hasHalfQueries: boolean;
  readonly kind: "score_mod" | "mask_mod";
  /** The mod's own span: what is bound inside it is a local. */
  readonly span: Span;
  readonly locals: Map<string, { readonly name: string; readonly span: Span; readonly value: Expr }>;
  /** What names got, in the order of evaluation. */
  readonly steps: Step[];
  /** The calls that are traced: the function's name (null for the mod itself), and where each place's step stands in `steps`. */
  readonly frames: Map<Scope, { readonly within: string | null; readonly places: Map<number, number> }>;
  /** Where each expression was first made, and each capture first indexed. */
  readonly places: Map<Expr | Capture, Span>;
}

/** How a mod uses a value that is not known: enough to make up a plausible one. */
export type UnknownUse =
  /** Indexed once; `indices` are the dynamic indices' expressions, null for others. */
  | { readonly kind: "index"; readonly indices: readonly (Expr | null)[] }
  /** Used as a number, a flag, …. */
  | { readonly kind: "scalar" }
  | { readonly kind: "call"; readonly arity: number }
  | { readonly kind: "iterate" };

/**
 * A fault of the user's code: evaluation of the mod (or of the module's statement) stops here. Thrown, and no `Error`:
 * a stack trace of ours says nothing of the user's text, and taking one costs more than the evaluation it ends.
 */
export class Refusal {
  readonly diagnostic: Diagnostic;
  /** What the expression's parts were found to be, while its rewrite grows to that of the expressions around it. */
  readonly known: Map<Expression, Value | null>;
  constructor(diagnostic: Diagnostic, known = new Map<Expression, Value | null>()) {
    this.diagnostic = diagnostic;
    this.known = known;
  }
}

/** An exception that the code itself raises; `try` can catch it. No `Error`, as Refusal is none. */
export class Raised {
  readonly exception: string;
  readonly message: string;
  readonly span: Span;
  /** The exception as an object; null where only its name and message are known. */
  readonly instance: Instance | null;
  constructor(exception: string, message: string, span: Span, instance: Instance | null = null) {
    this.exception = exception;
    this.message = message;
    this.span = span;
    this.instance = instance;
  }
}

/** @throws Refusal always. */
export function refuse<C extends Code>(code: C, span: Span, words: Words<C>, fix: Fix | null = null): never {
  throw new Refusal(diagnose(code, span, words, fix));
}

export const NONE: NoneValue = { type: "none" };
export const ELLIPSIS: EllipsisValue = { type: "ellipsis" };
export const TRUE: Bool = { type: "bool", value: true };
export const FALSE: Bool = { type: "bool", value: false };
export const NO_KWARGS: ReadonlyMap<string, Value> = new Map();

export const bool = (value: boolean): Bool => (value ? TRUE : FALSE);
export const int = (value: number): Int => ({ type: "int", value });
export const float = (value: number): Float => ({ type: "float", value });
export const str = (value: string): Str => ({ type: "str", value });
export const tuple = (items: readonly Value[]): Tuple => ({ type: "tuple", items });
export const list = (items: Value[]): List => ({ type: "list", items });
/** An int, as a number while it is exact. */
export const bigInt = (value: bigint): Int => {
  const n = Number(value);
  return { type: "int", value: Number.isSafeInteger(n) ? n : value };
};

export function unknown(cause: string, more: { module?: string; fault?: Diagnostic; name?: string } = {}): Unknown {
  return { type: "unknown", cause, module: more.module ?? null, fault: more.fault ?? null, name: more.name ?? null };
}

/** Whether `v` is a Python number (bool included). */
export const isScalar = (v: Value): v is Scalar => v.type === "int" || v.type === "float" || v.type === "bool";
/** Whether `v` is a torch.Tensor, of either kind. */
export const isTensor = (v: Value): v is Tensor | Dynamic => v.type === "tensor" || v.type === "dynamic";

/** The value of a Python number as a JavaScript number. */
export function numberOf(v: Scalar): number {
  return typeof v.value === "number" ? v.value : Number(v.value);
}
