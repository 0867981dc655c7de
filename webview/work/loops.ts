/**
 * Emitted loops as text, on their way to a worker: the page remembers the last ones that it compiled, and writes them
 * into the worker's script as plain functions, by their own text. That needs nothing of the content security policy
 * but `worker-src blob:`: a worker made from the page's text runs what stands in it, and can compile no more.
 */
import type { FunctionMaker } from "../../kernels/emit/js.ts";

/** What a maker of functions is called with. */
export interface Loop {
  readonly params: readonly string[];
  readonly body: string;
}

/** Where a worker finds its loops. */
export const LOOPS = "flexlensLoops";

export type LoopTable = Readonly<Record<string, ReturnType<FunctionMaker>>>;

/** What a worker says. */
export type WorkerAnswer =
  /** Its script runs. */
  | { readonly type: "started" }
  /** How much of the job is done, 0 to 1. */
  | { readonly type: "progress"; readonly share: number }
  | { readonly type: "done"; readonly output: unknown }
  | { readonly type: "missing"; readonly loop: Loop }
  | { readonly type: "fault"; readonly message: string };

/** A loop is known by its text. */
export const loopKey = ({ params, body }: Loop): string => `${params.join()}\n${body}`;

/** The script that puts `loops` where the worker looks for them. */
export function loopScript(loops: Iterable<Loop>): string {
  const entries = [...loops].map((loop) => `${JSON.stringify(loopKey(loop))}: function (${loop.params.join(", ")}) {\n${loop.body}\n}`);
  return `globalThis.${LOOPS} = {\n${entries.join(",\n")}\n};\n`;
}

/** Loops are some kilobytes of text each. */
const MOST_KEPT = 48;

export interface LoopMemory {
  /** `maker`, remembered: what it makes from now on is known here. */
  readonly watch: (maker: FunctionMaker) => FunctionMaker;
  /** The last ones made, oldest first. */
  readonly recent: () => Iterable<Loop>;
  readonly add: (loop: Loop) => void;
}

export function createLoopMemory(): LoopMemory {
  const kept = new Map<string, Loop>();
  const add = (loop: Loop): void => {
    const key = loopKey(loop);
    kept.delete(key);
    kept.set(key, loop);
    const [oldest] = kept.keys();
    if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
  };
  return {
    watch: (maker) => (params, body) => {
      add({ params, body });
      return maker(params, body);
    },
    recent: () => kept.values(),
    add,
  };
}
