/** Prints the texts of the diagnostics' cases as JSON, for diagnostics.py: `node test/run/script.mjs test/oracle/diagnosticTexts.ts`. */
import { HEAD, unmarked } from "../support/diagnosticCase.ts";
import { DIAGNOSTIC_CASES } from "../unit/frontend/diagnosticCases.ts";

const texts = DIAGNOSTIC_CASES.filter((c) => c.noTorch !== true && c.beside === undefined && c.options === undefined).flatMap((c) => [
  unmarked(c.fires).text,
  ...(c.fixed === undefined ? [] : [c.fixed]),
]);
console.log(JSON.stringify({ head: HEAD, texts: [...new Set(texts)] }));
