/** What the lints are told beside a variant. */
import type { TextOf } from "../frontend/diagnostic.ts";
import type { CallSite } from "../frontend/module.ts";

export interface LintContext {
  /** The document's key: what stands in other files is not underlined. */
  readonly file: string;
  readonly textOf: TextOf;
  readonly calls: readonly CallSite[];
}
