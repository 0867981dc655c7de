/**
 * What goes into lowering and what comes out: plain data, no behaviour. `lowerModule` (lower.ts) is the one door.
 */
import type { Expr } from "../ir/expr.ts";
import type { Capture, Mod, ProblemHints, Span, TypedArray, Variant } from "../ir/mod.ts";
import type { DType } from "../ir/ops.ts";
import type { Diagnostic } from "./diagnostic.ts";

/** One Python module's text. `file` is the caller's key for it (a path or URI) and comes back in every span. */
export interface Source {
  readonly file: string;
  readonly text: string;
  /**
   * What its imports mean, as the caller found: keys as written, dots and all (`torch_masks.sliding`, `..core`).
   * Names that it lacks become needs. Where it is absent, modules are matched by the ends of their paths.
   */
  readonly imports?: Readonly<Record<string, ImportAnswer>>;
}

/** Where an imported module is: the `file` of another source; or, where there is none, what was looked through. */
export type ImportAnswer = { readonly file: string } | { readonly looked: string };

/** A value for a name: a Python expression in text, evaluated by the partial evaluator, or a tensor's data. */
export type BindingValue = string | Capture;

export interface LowerOptions {
  /**
   * Values from the command line or the panel's form; they win over everything in the text. Keys are a capture's or
   * parameter's name, or `mod.name` for one mod alone; the reserved keys (B H HKV Q_LEN KV_LEN D DV BLOCK_SIZE
   * SCALE DTYPE) set the problem.
   */
  readonly bindings?: Readonly<Record<string, BindingValue>>;
  /** Data files by the path that the text or a binding gives; what is asked for and not here is in `dataNeeds`. */
  readonly files?: readonly DataFile[];
  /** f32 unless q is float64. */
  readonly scoreDType?: "f32" | "f64";
  /** Evaluation steps before lowering gives up on what is left; default 2,000,000. */
  readonly stepBudget?: number;
}

/** Where a bound name's value came from; in order of precedence. */
export type BindingOrigin = "form" | "directive" | "file directive" | "module" | "call site" | "default" | "seeded";

/** A name the mod captures, with the value it got: a row of the panel's form. */
export interface BoundName {
  readonly name: string;
  readonly origin: BindingOrigin;
  /** Python text of the value where there is one (`256`, `torch.arange(S) // 64`), else a summary. */
  readonly text: string;
  /** null for a Python scalar, tuple or the like. */
  readonly tensor: { readonly dtype: DType; readonly shape: readonly number[]; readonly data?: TypedArray } | null;
  /** The value as Python prints it, where that is short; null for tensors. */
  readonly value: string | null;
  /** What the text says, where a value of the form is used in its place; absent where it says nothing. */
  readonly shadows?: Pick<BoundName, "origin" | "text" | "span">;
  /** Where the value stands in the text; null if it does not. */
  readonly span: Span | null;
}

/** A variant with what the editor needs of it. */
export interface LoweredVariant extends Variant {
  /** What is asked for on the command line: `causal`, `generate_sliding_window`, `Class.method`, a variable. */
  readonly name: string;
  /** The name in its definition: where the lens stands and the hover answers. */
  readonly nameSpan: Span;
  readonly problem: ProblemHints;
  /** What directives, the form and the calls that are given this very mod say of the problem: part of `problem`. */
  readonly stated: ProblemHints;
  readonly bindings: readonly BoundName[];
  /** For each of its mods. */
  readonly reads: readonly ModReads[];
  /** What the text asserts of it, in the order of the text; of a pair what it asserts of the score_mod. Absent: nothing. */
  readonly assertions?: readonly Assertion[];
}

/** One `# flexlens: assert …`, read. */
export interface Assertion {
  readonly span: Span;
  readonly text: string;
  /** The user's own words for it. */
  readonly message: string | null;
  readonly claim: Claim;
}

/** What has to be shown. */
export type Claim =
  /** At every cell that a mask_mod allows; of a score_mod at every cell, of a pair at every cell that it allows. */
  | { readonly kind: "holds"; readonly of: Mod["kind"]; readonly predicate: Expr }
  /** The same value as `body` at every cell. */
  | { readonly kind: "equals"; readonly name: string; readonly body: Expr }
  /** What is allowed, `body` allows too. */
  | { readonly kind: "implies"; readonly name: string; readonly body: Expr }
  | { readonly kind: "sparsity"; readonly measure: "blocks" | "elements"; readonly tests: readonly SparsityTest[] }
  | { readonly kind: "no_empty_rows" }
  /** The same at (q, kv) as at (kv, q). */
  | { readonly kind: "symmetric" };

export interface SparsityTest {
  readonly sign: "<" | "<=" | ">" | ">=" | "==" | "!=";
  readonly bound: number;
}

/** A value that a mod's own text reads from around it, through the helpers that it calls too. */
export interface ModRead {
  readonly name: string;
  /**
   * The way to the value in a running program: an expression over `mod`, the mod, and `seen(f)`, the names that a
   * function sees by name. null where the mod has not the value that a binding of the name would stand for: a factory
   * makes another of its argument.
   */
  readonly python: string | null;
  readonly tensor: BoundName["tensor"];
  /** As `BoundName.value`. */
  readonly value: string | null;
}

/** What one mod of a variant reads. */
export interface ModReads {
  /** The variant's name, or that of the variant which the mod comes from where two were put together. */
  readonly mod: string;
  /** Whether the module's own code has the mod under that name; else a call or an object gives it. */
  readonly isNamed: boolean;
  readonly reads: readonly ModRead[];
}

/** A call of FlexAttention that was run. */
export interface CallSite {
  readonly callee: "create_block_mask" | "create_mask" | "flex_attention";
  readonly span: Span;
  /** The mods handed to it, where they are among the variants'; another mod of the same code stands for one that is not. */
  readonly maskMod: Mod | null;
  readonly scoreMod: Mod | null;
  /** By parameter name; those that the call does not write out are left out. */
  readonly arguments: ReadonlyMap<string, CallArgument>;
}

export interface CallArgument {
  readonly span: Span;
  /** null for what is neither None nor a number. */
  readonly value: number | "None" | null;
}

/** A module that an import names, that evaluation came to need, and that was not among the sources. */
export interface Need {
  readonly module: string;
  /** Leading dots of a relative import; 0 for an absolute one. */
  readonly level: number;
  /** The import, in the file that has it. */
  readonly span: Span;
  /** False for a library whose text is not read: only a file of the user's own is meant. */
  readonly installed: boolean;
}

/** A data file that a `load("…")` names, as it was found. */
export interface DataFile {
  /** As it is written. */
  readonly path: string;
  /** The source in which it is written (the document, for the form's values): paths are relative to its folder. */
  readonly from: string;
  /** null where it cannot be had; `fault` then says why, in words that follow "cannot be read: ". */
  readonly bytes: Uint8Array | null;
  readonly fault: string | null;
}

/** A data file that was asked for and not handed in. */
export interface DataNeed {
  readonly path: string;
  readonly from: string;
  /** The expression that asks. */
  readonly span: Span;
}

export interface LoweredModule {
  readonly variants: readonly LoweredVariant[];
  /** In the order of the text. */
  readonly calls: readonly CallSite[];
  readonly diagnostics: readonly Diagnostic[];
  readonly needs: readonly Need[];
  readonly dataNeeds: readonly DataNeed[];
}
