/**
 * The worker's script: takes one job, answers, and is done with. Its content security policy is the page's, so it can
 * compile nothing; the loops that its job runs stand in its own text, before this bundle (offThread.ts). A loop that is
 * missing is asked for, and the page starts the job anew in a worker that has it.
 */
import { useFunctionMaker } from "../../kernels/emit/js.ts";
import { type Input, type JobName, runJob } from "./jobs.ts";
import { LOOPS, type Loop, type LoopTable, loopKey, type WorkerAnswer } from "./loops.ts";

class MissingLoop extends Error {
  constructor(readonly loop: Loop) {
    super("a loop is missing");
  }
}

const scope = globalThis as unknown as {
  readonly [LOOPS]?: LoopTable;
  postMessage(answer: WorkerAnswer): void;
  onmessage: ((event: MessageEvent<{ readonly job: JobName; readonly input: Input<JobName> }>) => void) | null;
};

useFunctionMaker((params, body) => {
  const loop = scope[LOOPS]?.[loopKey({ params, body })];
  if (loop === undefined) throw new MissingLoop({ params, body });
  return loop;
});

function answer(job: JobName, input: Input<JobName>): WorkerAnswer {
  try {
    return { type: "done", output: runJob(job, input) };
  } catch (error) {
    if (error instanceof MissingLoop) return { type: "missing", loop: error.loop };
    return { type: "fault", message: error instanceof Error ? error.message : String(error) };
  }
}

scope.onmessage = ({ data }) => scope.postMessage(answer(data.job, data.input));
scope.postMessage({ type: "started" });
