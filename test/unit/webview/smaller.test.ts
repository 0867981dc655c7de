import { expect, it } from "vitest";
import { fillProblem } from "../../../kernels/flash/problem.ts";
import type { ProblemHints } from "../../../kernels/ir/mod.ts";
import { smaller } from "../../../webview/bench/smaller.ts";

it.each<[ProblemHints, ReturnType<typeof smaller>]>([
  [
    { batch: 5, qLen: 64 },
    { name: "B", size: 2, hints: { batch: 2 } },
  ],
  [{ qLen: 3136 }, { name: "S", size: 1568, hints: { qLen: 1568, kvLen: 1568 } }],
  [
    { qLen: 1, kvLen: 8192 },
    { name: "KV_LEN", size: 4096, hints: { kvLen: 4096 } },
  ],
  [
    { qLen: 4096, kvLen: 77 },
    { name: "Q_LEN", size: 2048, hints: { qLen: 2048 } },
  ],
  [{ qLen: 1, kvLen: 1 }, null],
])("the next smaller problem after %j is %j", (hints, next) => {
  expect(smaller(fillProblem(hints))).toEqual(next);
});
