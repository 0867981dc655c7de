/**
 * The data files of one lowering: what was handed in, what each holds, and what was asked for and is not there. The
 * caller fetches the latter and lowers again, as it does for imported modules.
 */
import { type Reading, readData, refusedEnding } from "../data/read.ts";
import { DataFault, type DataValue } from "../data/value.ts";
import type { Span } from "../ir/mod.ts";
import { diagnose } from "./diagnostic.ts";
import type { DataFile, DataNeed } from "./module.ts";
import { Refusal } from "./value.ts";

export interface DataFiles {
  /** What the file holds. `span` is the expression that asks. @throws Refusal with the cause. */
  read(path: string, span: Span, as: Reading): DataValue;
  /** Each file once, at the first expression that asks for it. */
  readonly needs: readonly DataNeed[];
}

/** `document` is the file that values of the form and the command line are relative to. */
export function createDataFiles(files: readonly DataFile[], document: string): DataFiles {
  const byKey = new Map(files.map((f) => [dataKey(f.from, f.path), f]));
  const needs = new Map<string, DataNeed>();
  return {
    read(path, span, as) {
      const fail = (why: string): never => {
        throw new Refusal(diagnose("data-file", span, [path, why]));
      };
      const from = span.file.startsWith("binding:") || span.file === "seed" ? document : span.file;
      const ending = as === "json" ? null : refusedEnding(path);
      if (ending !== null) return fail(ending);
      const key = dataKey(from, path);
      const file = byKey.get(key);
      if (file === undefined) {
        if (!needs.has(key)) needs.set(key, { path, from, span });
        return fail("it has not been read yet");
      }
      if (file.bytes === null) return fail(file.fault ?? "it has not been read yet");
      try {
        return readData(path, file.bytes, as);
      } catch (error) {
        if (error instanceof DataFault) return fail(error.message);
        throw error;
      }
    },
    get needs() {
      return [...needs.values()];
    },
  };
}

/** By it a file is the same: the path as written, and the file that it is written in. */
export const dataKey = (from: string, path: string): string => `${from}\n${path}`;
