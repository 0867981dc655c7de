/** Data files in bindings and in module code: what they mean, where their faults stand, what is asked for. */
import { zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import type { BindingValue, DataFile, LoweredModule } from "../../../kernels/frontend/module.ts";

const FILE = "mods.py";
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A `.npy` of int64. */
function npy(values: readonly number[], shape: readonly number[] = [values.length]): Uint8Array {
  const head = `{'descr': '<i8', 'fortran_order': False, 'shape': (${shape.join(", ")},), }`.padEnd(118 - 1);
  const prefix = new Uint8Array([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, head.length + 1, 0]);
  return new Uint8Array([...prefix, ...bytesOf(`${head}\n`), ...new Uint8Array(new BigInt64Array(values.map(BigInt)).buffer)]);
}

const DOC = [0, 0, 1, 1, 1, 2, 2, 2];
const FILES: Readonly<Record<string, Uint8Array>> = {
  "doc.npy": npy(DOC),
  "square.npy": npy([1, 0, 0, 1], [2, 2]),
  "both.npz": zipSync({ "doc.npy": npy(DOC), "limit.npy": npy([3]) }),
  "doc.csv": bytesOf(DOC.join("\n")),
  "named.csv": bytesOf(`id,doc\n${DOC.map((d, i) => `${i},${d}`).join("\n")}`),
  "doc.json": bytesOf(JSON.stringify(DOC)),
  "config.json": bytesOf(JSON.stringify({ window: 5, docs: DOC, scale: 2.0, name: "x" })),
  "broken.npy": bytesOf("no array"),
  "sub/doc.npy": npy(DOC),
};

const dataFile = (path: string, from = FILE): DataFile => ({
  path,
  from,
  bytes: FILES[path] ?? null,
  fault: path in FILES ? null : "there is no such file",
});

/** Lowers with the files that are asked for, as a host does. */
function lowered(text: string, bindings: Readonly<Record<string, BindingValue>> = {}): LoweredModule {
  const sources = [{ file: FILE, text }];
  const files: DataFile[] = [];
  for (;;) {
    const module = lowerModule(sources, { bindings, files });
    if (module.dataNeeds.length === 0) return module;
    files.push(...module.dataNeeds.map(({ path, from }) => dataFile(path, from)));
  }
}

const MOD = "def mask(b, h, q_idx, kv_idx):\n    return doc[q_idx] == doc[kv_idx]\n";
const elements = (m: LoweredModule): number[] => Array.from(m.variants[0]?.captures[0]?.data ?? []);

describe("load in a binding", () => {
  test.each([
    ['load("doc.npy")', DOC],
    ['load("doc.npy")[2:5]', [1, 1, 1]],
    ['load("doc.npy") + 1', DOC.map((d) => d + 1)],
    ['load("doc.npy").to(torch.int32)', DOC],
    ['load("both.npz")["doc"]', DOC],
    ['load("both.npz", "doc")', DOC],
    ['load("doc.csv")', DOC],
    ['load("named.csv")["doc"]', DOC],
    ['load("doc.json")', DOC],
    ['load("config.json")["docs"]', DOC],
    ['load("./sub/doc.npy".replace("./", ""))', DOC],
    ['torch.repeat_interleave(load("doc.npy"), 2)', DOC.flatMap((d) => [d, d])],
  ])("%s", (text, expected) => {
    const m = lowered(`# flexlens: doc=${text}\n${MOD}`);
    expect(m.diagnostics).toEqual([]);
    expect(elements(m)).toEqual(expected);
    expect(m.variants[0]?.captures.map((c) => c.name)).toEqual(["doc"]);
    expect(m.variants[0]?.bindings).toMatchObject([{ name: "doc", text, tensor: { shape: [expected.length] } }]);
    // The form's value and the command line's are the same expression.
    expect(elements(lowered(MOD, { doc: text }))).toEqual(expected);
  });

  test("keeps the dtype that the text gives it", () => {
    expect(lowered(`# flexlens: doc=load("doc.npy").to(torch.int32)\n${MOD}`).variants[0]?.captures[0]?.dtype).toBe("i32");
  });

  test("gives Python values out of JSON", () => {
    const text = "def mask(b, h, q_idx, kv_idx):\n    return q_idx - kv_idx < window\n";
    expect(lowered(`# flexlens: window=load("config.json")["window"]\n${text}`).variants[0]?.bindings).toMatchObject([
      { name: "window", value: "5" },
    ]);
  });

  test("works where the file imports no torch", () => {
    expect(lowered(`# flexlens: doc=torch.arange(4) + np.arange(4)\n${MOD}`).diagnostics).toEqual([]);
  });

  test("is asked for once, with where it stands", () => {
    const text = `# flexlens: doc=load("doc.npy")\n${MOD}`;
    const { dataNeeds } = lowerModule([{ file: FILE, text }]);
    const from = text.indexOf("load");
    expect(dataNeeds).toEqual([{ path: "doc.npy", from: FILE, span: { file: FILE, from, to: from + 'load("doc.npy")'.length } }]);
  });

  test("is asked for beside the document where the form gives it", () => {
    const { dataNeeds } = lowerModule([{ file: FILE, text: MOD }], { bindings: { doc: 'load("doc.npy")' } });
    expect(dataNeeds).toMatchObject([{ path: "doc.npy", from: FILE }]);
  });

  test("is not a function of the file's own code", () => {
    expect(lowered(`doc = load("doc.npy")\n${MOD}`).diagnostics.map((d) => d.code)).toEqual(["unknown-name"]);
  });

  test("does not write into the file when the code changes the tensor", () => {
    const text = `# flexlens: doc=load("doc.npy")\ndef make(doc):\n    doc[0] = 7\n    def mask(b, h, q_idx, kv_idx):\n        return doc[q_idx] == doc[kv_idx]\n    return mask\n`;
    expect(elements(lowered(text))[0]).toBe(7);
    expect(elements(lowered(text))[1]).toBe(0);
    expect(elements(lowered(`# flexlens: doc=load("doc.npy")\n${MOD}`))[0]).toBe(0);
  });
});

describe("a file that cannot be had", () => {
  test.each([
    ['load("gone.npy")', 'load("gone.npy")', /`gone.npy` cannot be read: there is no such file/],
    ['load("gone.npy")[:4]', 'load("gone.npy")', /there is no such file/],
    ['load("broken.npy")', 'load("broken.npy")', /does not begin as a .npy file does/],
    ['load("both.npz", "docs")', 'load("both.npz", "docs")', /there is no `docs` in it: it has `doc`, `limit`/],
    ['load("model.pt")', 'load("model.pt")', /is a pickle, which only Python can read.*\.npy/],
    ['load("model.xlsx")', 'load("model.xlsx")', /is of a kind \(\.xlsx\) that is not read/],
    ["load()", "load()", /needs the path of a file/],
  ])("%s is refused there, and a made-up value stands in", (text, place, message) => {
    const source = `# flexlens: doc=${text}\n${MOD}`;
    const m = lowered(source);
    const fault = m.diagnostics.find((d) => d.severity === "error");
    expect(fault?.message).toMatch(message);
    if (place !== "load()") expect(source.slice(fault?.span.from, fault?.span.to)).toBe(place);
    expect(m.variants[0]?.bindings).toMatchObject([{ name: "doc", origin: "seeded" }]);
  });

  test("is told of a form's value by its name", () => {
    const m = lowered(MOD, { doc: 'load("gone.npy")' });
    expect(m.diagnostics.find((d) => d.code === "binding-value")?.message).toMatch(/given for `doc`.*there is no such file/);
  });

  test("that is still to be read says so", () => {
    const m = lowerModule([{ file: FILE, text: `# flexlens: doc=load("doc.npy")\n${MOD}` }]);
    expect(m.diagnostics.find((d) => d.code === "data-file")?.message).toMatch(/has not been read yet/);
  });

  test("of unsigned words is widened, and told", () => {
    const head = `{'descr': '<u2', 'fortran_order': False, 'shape': (2,), }`.padEnd(117);
    const bytes = new Uint8Array([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0, ...bytesOf(`${head}\n`), 1, 0, 255, 255]);
    const m = lowerModule([{ file: FILE, text: `# flexlens: doc=load("u.npy")\n${MOD}` }], {
      files: [{ path: "u.npy", from: FILE, bytes, fault: null }],
    });
    expect(m.diagnostics.map((d) => `${d.severity} ${d.code}`)).toEqual(["hint data-widened"]);
    expect(m.variants[0]?.captures[0]).toMatchObject({ dtype: "i32", data: new Int32Array([1, 65535]) });
  });
});

describe("module code that reads files", () => {
  test.each([
    ["import numpy as np\ndoc = torch.from_numpy(np.load('doc.npy'))", DOC],
    ["import numpy as np\ndoc = torch.from_numpy(np.load('both.npz')['doc']).to(torch.int32)", DOC],
    ["import numpy as np\ndoc = torch.tensor(np.loadtxt('doc.csv', dtype=np.int64))", DOC],
    ["import numpy as np\ndoc = torch.as_tensor(np.genfromtxt('doc.csv', dtype=int))", DOC],
    ["import json\nwith open('doc.json') as f:\n    doc = torch.tensor(json.load(f))", DOC],
    ["import json\ndoc = torch.tensor(json.load(open('config.json'))['docs'])", DOC],
  ])("%j", (text, expected) => {
    const m = lowered(`import torch\n${text}\n${MOD}`);
    expect(m.diagnostics).toEqual([]);
    expect(elements(m)).toEqual(expected);
  });

  test("np.loadtxt gives float64, as NumPy's does", () => {
    const m = lowered(
      `import torch\nimport numpy as np\nbias = torch.from_numpy(np.loadtxt('doc.csv'))\ndef score(score, b, h, q_idx, kv_idx):\n    return score + bias[q_idx]\n`,
    );
    expect(m.variants[0]?.captures[0]?.dtype).toBe("f64");
  });

  test.each(["np.load('gone.npy')", "torch.load('gone.pt')", "np.load('broken.npy')"])(
    "%s leaves a made-up value in its place, with a hint",
    (text) => {
      const m = lowered(`import torch\nimport numpy as np\ndoc = torch.as_tensor(${text})\n${MOD}`);
      expect(m.diagnostics.filter((d) => d.severity === "error")).toEqual([]);
      expect(m.diagnostics.map((d) => d.code)).toContain("seeded-value");
      expect(m.variants).toHaveLength(1);
    },
  );

  test("says nothing of a file that no mod needs", () => {
    expect(
      lowered(`import numpy as np\ntraining = np.load('gone.npy')\ndoc = [0]\ndef mask(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n`)
        .diagnostics,
    ).toEqual([]);
  });
});
