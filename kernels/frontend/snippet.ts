/**
 * The way from a mod whose tensors the text does not give to the real ones: a few lines of Python for the user's own
 * program, which save what the mod reads there, and the directive that reads it back here.
 */
import type { LoweredVariant, ModRead, ModReads } from "./module.ts";

export interface CaptureSnippet {
  /** To be run once where the mod is at hand. */
  readonly python: string;
  /** Lines of comment, to stand above the mod or at the file's head. */
  readonly directive: string;
  /** The file that the one writes and the other reads, in the working folder of the program. */
  readonly file: string;
}

interface Saved {
  /** In the file. */
  readonly key: string;
  readonly name: string;
  /** The value in Python. */
  readonly python: string;
  readonly isTensor: boolean;
  /** A remark on the line. */
  readonly note: string;
}

/** null where the variant reads no tensor and nothing of it was made up. */
export function captureSnippet(variant: LoweredVariant): CaptureSnippet | null {
  const made = new Set(variant.bindings.filter((b) => b.origin === "seeded").map((b) => b.name));
  const isSaved = (read: ModRead): boolean => read.tensor !== null || made.has(read.name);
  const names = new Set<string>();
  const parts = variant.reads.map((mod) => ({
    mod,
    saved: mod.reads.filter((read) => isSaved(read) && !names.has(read.name) && names.add(read.name)).map((read) => savedOf(read, mod)),
  }));
  const saved = parts.flatMap((part) => part.saved);
  if (saved.length === 0) return null;
  const file = `${fileName(variant.name)}.flexlens.npz`;
  const mods = parts.filter((part) => part.saved.length > 0);
  const isOne = mods.length === 1;
  const arrays = mods.flatMap((part, i) =>
    part.saved.map((s) => `    ${s.key}=array(${rooted(s.python, isOne ? "mod" : `mod_${i}`)}),${s.note}`),
  );
  const python = [
    `# Run once where ${mods.map(({ mod }) => mentioned(mod)).join(" and ")} is at hand: saves the tensors that it reads, for Flexlens.`,
    "import inspect",
    "",
    "import numpy as np",
    "import torch",
    "",
    ...mods.map(({ mod }, i) => `${isOne ? "mod" : `mod_${i}`} = ${assigned(mod)}`),
    "",
    "",
    "def seen(f):",
    '    f = getattr(f, "__func__", f)',
    "    return {**f.__globals__, **inspect.getclosurevars(f).nonlocals}",
    "",
    "",
    "def array(x):",
    "    if isinstance(x, torch.Tensor):",
    "        x = x.detach().cpu()",
    "        x = x.float() if x.dtype == torch.bfloat16 else x  # NumPy has no bfloat16",
    "    return np.asarray(x)",
    "",
    "",
    `np.savez(`,
    `    "${file}",`,
    ...arrays,
    `)`,
    "",
  ].join("\n");
  const directive = saved.map((s) => `# flexlens: ${s.name}=load("${file}")["${s.key}"]${s.isTensor ? "" : ".item()"}`).join("\n");
  return { python, directive, file };
}

// Parameters of np.savez itself.
const TAKEN: ReadonlySet<string> = new Set(["file", "allow_pickle"]);

function savedOf(read: ModRead, { mod }: ModReads): Saved {
  const { name, python, tensor } = read;
  const isBfloat = tensor?.dtype === "bf16";
  const note = python === null ? `  # as it is handed to ${mod}` : isBfloat ? "  # add .to(torch.bfloat16) to its directive" : "";
  return { key: TAKEN.has(name) ? `${name}_` : name, name, python: python ?? name, isTensor: tensor !== null, note };
}

/** `mod` in a way to a value, as this program calls it. */
const rooted = (python: string, root: string): string => (root === "mod" ? python : python.replace(/\bmod\b(?=[).\]]|$)/, root));

const mentioned = ({ mod, isNamed }: ModReads): string => (isNamed ? `\`${mod}\`` : `the mod of \`${mod}\``);

function assigned({ mod, isNamed }: ModReads): string {
  if (isNamed) return mod;
  const [owner, method] = mod.split(".");
  if (method === "__call__") return `...  # your object of the class \`${owner}\``;
  if (method !== undefined) return `...  # the method \`${method}\` of your object`;
  return `...  # the mod that \`${mod}\` gives, as handed to create_block_mask or flex_attention`;
}

/** A variant's name as a file's. */
const fileName = (name: string): string => name.replace(/[^\w.]+/g, "_").replace(/^_+|_+$/g, "");
