import { expect, test } from "vitest";
import { kernelCommand } from "../../../kernels/cli/bench.ts";
import { parseOptions } from "../../../kernels/cli/options.ts";
import { lowerModule } from "../../../kernels/frontend/lower.ts";

const text = (length: number): string =>
  `# flexlens: Q_LEN=${length}, KV_LEN=${length}\ndef strided(b, h, q, k):\n    return (q * 1000003 + k) % 8 == 0\n`;

test.each([
  [1024, []],
  [4096, ["`q_idx * 1000003` can reach 4095012285 at these lengths, beyond the 32 bits in which the kernel computes integers"]],
])("`flexlens kernel` says what 32 bits lose at length %d, beside the same text", (length, notes) => {
  const [variant] = lowerModule([{ file: "f.py", text: text(length) }]).variants;
  if (variant === undefined) throw new Error("no mod");
  const run = (...words: string[]) => {
    const options = parseOptions(["kernel", "f.py::strided", ...words]);
    if (options === null) throw new Error("no options");
    return kernelCommand(variant, options);
  };
  const plain = run();
  expect([plain.code, plain.err]).toEqual([0, notes.join("\n")]);
  const json = run("--json");
  expect((JSON.parse(json.out) as { notes: string[] }).notes).toEqual(notes);
});

test("`flexlens kernel` gives the text for float16 tensors where the directive asks for them", () => {
  const [variant] = lowerModule([
    { file: "f.py", text: `# flexlens: DTYPE=torch.float16\n${text(1024).split("\n").slice(1).join("\n")}` },
  ]).variants;
  const options = parseOptions(["kernel", "f.py::strided"]);
  if (variant === undefined || options === null) throw new Error("no mod or no options");
  const { out, err, code } = kernelCommand(variant, options);
  expect([code, err]).toEqual([0, ""]);
  expect(out).toContain(" K: array<vec2u>;");
  expect(out).toContain("from_halves(K[");
});
