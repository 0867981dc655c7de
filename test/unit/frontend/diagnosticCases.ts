/** Every code of the table of diagnostics with a text that fires it: what diagnostics.test.ts tries, and the manual shows. */
import type { Code } from "../../../kernels/frontend/diagnostic.ts";
import type { DiagnosticCase } from "../../support/diagnosticCase.ts";
import { ASSERTION } from "./diagnosticCasesAssertion.ts";
import { CONTROL } from "./diagnosticCasesControl.ts";
import { DATA } from "./diagnosticCasesData.ts";
import { LINT } from "./diagnosticCasesLint.ts";
import { NAMES } from "./diagnosticCasesNames.ts";
import { OPERATIONS } from "./diagnosticCasesOperations.ts";
import { READING } from "./diagnosticCasesReading.ts";
import { REWRITES } from "./diagnosticCasesRewrites.ts";
import { SHAPE } from "./diagnosticCasesShape.ts";

/** One or more cases a code; the first is the manual's. */
export const DIAGNOSTIC_CASES: readonly DiagnosticCase[] = [
  ...READING,
  ...DATA,
  ...SHAPE,
  ...CONTROL,
  ...OPERATIONS,
  ...NAMES,
  ...REWRITES,
  ...LINT,
  ...ASSERTION,
];

/** Codes that no text can be written for, with the reason. */
export const WITHOUT_CASE: Readonly<Partial<Record<Code, string>>> = {
  "internal-fault": "a defect of Flexlens itself: a text that gave one would be fixed",
  "cell-run-last": "it speaks of the order in which a notebook's cells were run",
  "cell-outdated": "it speaks of the order in which a notebook's cells were run",
  "cell-below": "it speaks of the order in which a notebook's cells were run",
};
