/** The modules that the evaluator knows without their text: PyTorch's, NumPy, Python's library. */
import { torchModule } from "./builtins.ts";
import { moduleOf } from "./pythonModules.ts";
import type { Value } from "./value.ts";

/** A module by its dotted name, or null for one whose text is to be looked for. */
export const knownModule = (name: string): Value | null => torchModule(name) ?? moduleOf(name);
