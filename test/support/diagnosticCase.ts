/**
 * What a case of the table of diagnostics is: a text that fires a code at a marked place, a near miss that does not,
 * and, where there is a fix, the text that the fix leaves. The manual's page is made from the same cases.
 */
import type { Code, Diagnostic } from "../../kernels/frontend/diagnostic.ts";
import { lowerModule } from "../../kernels/frontend/lower.ts";
import type { LoweredModule, LowerOptions, Source } from "../../kernels/frontend/module.ts";
import { checkAssertions } from "../../kernels/lint/assertion.ts";
import { lintModule } from "../../kernels/lint/lint.ts";

export interface DiagnosticCase {
  readonly code: Code;
  /** Who finds it; `lowering` unless said. */
  readonly by?: "lowering" | "lint" | "assertions";
  /** Python with the diagnostic's place between « and »; several places where it fires several times. */
  readonly fires: string;
  /** Python that is as close as can be and does not fire it, nor any error. */
  readonly nearMiss: string;
  /** `fires` after its first fix; asked for where there is one, and only there. */
  readonly fixed?: string;
  /** Words of the message that the case insists on. */
  readonly says?: string;
  readonly options?: LowerOptions;
  /** Options of the near miss, where they are others. */
  readonly nearOptions?: LowerOptions;
  /** Other sources, by file. */
  readonly beside?: readonly Source[];
  /** Codes that this text gives as well, with cause. */
  readonly also?: readonly Code[];
  /** The text means something else to Python than its author had in mind, and the fix is what he meant. */
  readonly misread?: true;
  /** What PyTorch is not asked about: directives, limits, values that are made up. */
  readonly noTorch?: true;
}

/** Stands before every text of a case. */
export const HEAD = `import functools
import math

import numpy as np
import torch
from torch.nn.attention.flex_attention import and_masks, create_block_mask, flex_attention, or_masks

`;

/** A mask_mod of this body, indented here. */
export const mask = (body: string): string => `def mod(b, h, q_idx, kv_idx):\n${indent(body)}`;
/** A score_mod of this body, indented here. */
export const score = (body: string): string => `def mod(score, b, h, q_idx, kv_idx):\n${indent(body)}`;

const indent = (body: string): string => body.replace(/^(?=.)/gm, "    ");

/** The text without its marks, and where they were. */
export function unmarked(text: string): { readonly text: string; readonly places: readonly { from: number; to: number }[] } {
  const places: { from: number; to: number }[] = [];
  let plain = "";
  let from = 0;
  for (const part of text.split(/([«»])/)) {
    if (part === "«") from = plain.length;
    else if (part === "»") places.push({ from, to: plain.length });
    else plain += part;
  }
  return { text: plain, places };
}

/** The diagnostics of a text, as the case's finder gives them. */
export function diagnosticsOf(text: string, c: Pick<DiagnosticCase, "by" | "options" | "beside">): readonly Diagnostic[] {
  const module = lowerCase(text, c);
  if (c.by === "assertions") return [...module.diagnostics, ...checkAssertions(module).diagnostics];
  if (c.by === "lint") return lintModule([{ file: "case.py", text: HEAD + text }, ...(c.beside ?? [])], module);
  return module.diagnostics;
}

/** The module of a case's text: `HEAD`, the text, and what stands beside it. */
export function lowerCase(text: string, { options, beside = [] }: Pick<DiagnosticCase, "options" | "beside">): LoweredModule {
  return lowerModule([{ file: "case.py", text: HEAD + text }, ...beside], options);
}

/** `HEAD` and `text` with the edits of `diagnostic`'s fix done; without `HEAD` again. */
export function withFix(text: string, diagnostic: Diagnostic): string {
  const edits = [...(diagnostic.fix?.edits ?? [])].sort((a, b) => b.span.from - a.span.from);
  const whole = edits.reduce((t, e) => t.slice(0, e.span.from) + e.newText + t.slice(e.span.to), HEAD + text);
  return whole.slice(HEAD.length);
}
