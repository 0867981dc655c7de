/** What to say where nothing could be measured for want of memory: the cause, and the next smaller sizes as a link. */
import type { JSX } from "preact";
import type { Problem } from "../../kernels/flash/problem.ts";
import type { ProblemHints } from "../../kernels/ir/mod.ts";
import type { Act } from "../act.ts";
import { integer } from "../number.ts";
import type { Missing } from "../state.ts";
import { Strip } from "../strip.tsx";
import { smaller } from "./smaller.ts";

interface MemoryStripProps {
  readonly missing: readonly Missing[];
  readonly problem: Problem;
  /** The form's sizes so far. */
  readonly hints: ProblemHints;
  readonly act: Act;
}

export function MemoryStrip(props: MemoryStripProps): JSX.Element | null {
  const { missing, problem, hints, act } = props;
  const broken = missing.find(({ broke, reason }) => broke && /\bmemory\b/.test(reason));
  const next = smaller(problem);
  if (broken === undefined) return null;
  const take = (): void => act.setProblem({ ...hints, ...(next?.hints ?? {}) });
  return (
    <Strip
      level="error"
      message={broken.reason}
      actions={next === null ? [] : [{ text: `Take ${next.name} ${integer(next.size)}`, onPress: take }]}
      testId="memory-fault"
    />
  );
}
