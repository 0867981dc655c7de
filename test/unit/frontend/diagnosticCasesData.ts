/** Cases of the diagnostics on data files. */
import type { DataFile } from "../../../kernels/frontend/module.ts";
import { type DiagnosticCase, mask } from "../../support/diagnosticCase.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const found = (path: string, bytes: Uint8Array): DataFile => ({ path, from: "case.py", bytes, fault: null });
const lost = (path: string): DataFile => ({ path, from: "case.py", bytes: null, fault: "there is no such file" });

/** A `.npy` of two elements of 16 bits. */
function words(descr: string): Uint8Array {
  const head = `{'descr': '${descr}', 'fortran_order': False, 'shape': (2,), }`.padEnd(117);
  return new Uint8Array([0x93, ...encode("NUMPY"), 1, 0, 118, 0, ...encode(`${head}\n`), 1, 0, 2, 0]);
}

const SAME = mask("return doc[q_idx] == doc[kv_idx]");

export const DATA: readonly DiagnosticCase[] = [
  {
    code: "data-file",
    fires: `# flexlens: doc=«load("docs.npy")»[:4]\n${SAME}`,
    nearMiss: `# flexlens: doc=load("docs.csv")[:4]\n${SAME}`,
    says: "there is no such file",
    options: { files: [lost("docs.npy"), found("docs.csv", encode("0,0,1,1,2"))] },
    also: ["seeded-value"],
    noTorch: true,
  },
  {
    code: "data-file",
    fires: `# flexlens: doc=«load("docs.pt")»\n${SAME}`,
    nearMiss: `# flexlens: doc=load("docs.csv")\n${SAME}`,
    says: "pickle",
    options: { files: [found("docs.csv", encode("0,0,1,1,2"))] },
    also: ["seeded-value"],
    noTorch: true,
  },
  {
    code: "data-file-missing",
    fires: `doc = torch.from_numpy(«np.load("docs.npy")»)\n\n${SAME}`,
    nearMiss: `doc = torch.from_numpy(np.load("docs.csv"))\n\n${SAME}`,
    says: "A made-up value stands in",
    options: { files: [lost("docs.npy"), found("docs.csv", encode("0,0,1,1,2"))] },
    also: ["seeded-value"],
    noTorch: true,
  },
  {
    code: "data-widened",
    fires: `# flexlens: doc=«load("unsigned.npy")»\n${SAME}`,
    nearMiss: `# flexlens: doc=load("signed.npy")\n${SAME}`,
    says: "uint16",
    options: { files: [found("unsigned.npy", words("<u2")), found("signed.npy", words("<i2"))] },
    noTorch: true,
  },
];
