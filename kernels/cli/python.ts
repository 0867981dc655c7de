/** `flexlens python`: the variant with its values as Python that runs by itself. */
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeNpy } from "../data/npyWrite.ts";
import { emitPythonFile } from "../emit/pythonFile.ts";
import { fillProblem } from "../flash/problem.ts";
import { captureOrigins } from "../frontend/captureOrigin.ts";
import type { LoweredVariant } from "../frontend/module.ts";
import type { Outcome } from "./bench.ts";
import { type Options, UsageError } from "./options.ts";

/** @throws UsageError where a file cannot be written */
export function pythonCommand(variant: LoweredVariant, options: Options): Outcome {
  const { text, arrays } = emitPythonFile(variant, fillProblem(variant.problem, 1), captureOrigins(variant));
  const files = arrays.map(({ file }) => file);
  if (options.out !== null) {
    write(options.out, text);
    for (const { file, array } of arrays) write(join(dirname(options.out), file), writeNpy(array));
    return { out: [options.out, ...files.map((file) => join(dirname(options.out ?? ""), file))].join("\n"), err: "", code: 0 };
  }
  const unsaved = files.length === 0 ? "" : `The text loads ${files.join(", ")}; \`--out FILE.py\` writes both side by side.`;
  return { out: options.output === "json" ? JSON.stringify({ python: text, files }) : text.trimEnd(), err: unsaved, code: 0 };
}

function write(file: string, data: string | Uint8Array): void {
  try {
    writeFileSync(file, data);
  } catch (error) {
    throw new UsageError(`${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}
