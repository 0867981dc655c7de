/** `flexlens mask --report`: what the mask's structure costs and what would make it cost less. */
import type { Expr } from "../ir/expr.ts";
import type { BlockMask } from "../mask/blockMask.ts";
import { reportJson, reportText, type StructureReport, structureReport } from "../mask/report.ts";

export function maskReport(name: string, mask: BlockMask, body: Expr | null, ranks: number, output: "text" | "json"): string {
  const report = finish(structureReport(body, mask, name, ranks));
  return output === "json" ? JSON.stringify(reportJson(report)) : reportText(report);
}

function finish(steps: ReturnType<typeof structureReport>): StructureReport {
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}
