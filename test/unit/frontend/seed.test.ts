/** Values that stand in where the text gives none: plausible, consistent with each other, and never silent. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findVariant, lowerModule } from "../../../kernels/frontend/lower.ts";
import type { BoundName, LoweredModule } from "../../../kernels/frontend/module.ts";
import { GALLERY } from "../../../kernels/gallery/gallery.ts";

const VARIANTS = readFileSync(join(import.meta.dirname, "../../oracle/variants.py"), "utf8");

const lowered = (text: string): LoweredModule => lowerModule([{ file: "m.py", text: `import torch\n${text}` }]);
const errorsOf = (m: LoweredModule): string[] => m.diagnostics.filter((d) => d.severity === "error").map((d) => `${d.code}: ${d.message}`);

/** The made-up elements for `name` in the first variant. */
function seeded(m: LoweredModule, name: string): readonly number[] {
  const row = m.variants[0]?.bindings.find((b) => b.name === name);
  expect(row?.origin).toBe("seeded");
  return Array.from(row?.tensor?.data ?? []);
}

function row(m: LoweredModule, name: string): BoundName | undefined {
  return m.variants[0]?.bindings.find((b) => b.name === name);
}

describe("nothing is refused for lack of a value", () => {
  test("no factory of the fixtures", () => {
    const m = lowerModule([{ file: "variants.py", text: VARIANTS }]);
    expect(errorsOf(m)).toEqual([]);
    const factories = [...VARIANTS.matchAll(/^def (make_\w+)/gm)].map((match) => match[1] ?? "");
    expect(factories.filter((name) => findVariant(m, name) === null)).toEqual([]);
    expect(factories.length).toBeGreaterThan(50);
  });

  test.each(GALLERY.map((entry) => [entry.file, entry.text]))("none of the gallery's %s, which gives all it needs", (file, text) => {
    const m = lowerModule([{ file, text }]);
    expect(m.diagnostics.filter((d) => d.code === "seeded-value")).toEqual([]);
  });

  test.each([
    [
      "attributes of an object that is handed in",
      "class A:\n    def __init__(self, config, table):\n        self.config = config\n        self.table = table\n    def mask(self, b, h, q, k):\n        return self.table[q, k] & (q - k < self.config.window_size)\n",
    ],
    [
      "attributes of a class that cannot be made",
      "from other import Base\nclass A(Base):\n    def mask(self, b, h, q, k):\n        return q - k < self.window\n",
    ],
    [
      "what one factory hands to another",
      "def inner(page, t):\n    def m(b, h, q, k):\n        return t[b, k // page] >= 0\n    return m\ndef outer(t):\n    return inner(16, t)\n",
    ],
    [
      "a table that is handed on whole",
      "def f(bounds):\n    def m(b, h, q, k):\n        return torch.bucketize(q, bounds) == torch.bucketize(k, bounds)\n    return m\n",
    ],
    [
      "spans that are gone through",
      "def f(spans):\n    def m(b, h, q, k):\n        r = q >= k\n        for start, n in spans[b]:\n            r = r | ((q >= start) & (k < start + n))\n        return r\n    return m\n",
    ],
    ["a global that an unknown module gives", "from data import doc\ndef m(b, h, q_idx, kv_idx):\n    return doc[q_idx] == doc[kv_idx]\n"],
    [
      "an entry of a table that is not at hand",
      'from config import cfg\ndef m(b, h, q_idx, kv_idx):\n    return cfg["window"] > q_idx - kv_idx\n',
    ],
    [
      "keyword arguments without a parameter",
      'def f(**kwargs):\n    doc = kwargs["doc_ids"]\n    def m(b, h, q, k):\n        return doc[q] == doc[k]\n    return m\n',
    ],
    [
      "a list of tables",
      "def f(tables):\n    def m(b, h, q, k):\n        r = q >= k\n        for t in tables:\n            r = r & (t[q] == t[k])\n        return r\n    return m\n",
    ],
    [
      "a table that is indexed one dimension after the other",
      "def f(mask_2d):\n    def m(b, h, q, k):\n        return mask_2d[q][k]\n    return m\n",
    ],
    [
      "tables of a batch",
      'def f(batch, key="doc"):\n    def m(b, h, q, k):\n        return batch[key][b][q] == batch[key][b][k]\n    return m\n',
    ],
    [
      "a function that is no mod",
      "def f(table, bucket_fn):\n    def m(score, b, h, q, k):\n        return score + table[h, bucket_fn(q - k)]\n    return m\n",
    ],
  ])("%s", (_, text) => {
    const m = lowered(text);
    expect(errorsOf(m)).toEqual([]);
    expect(m.variants.length).toBeGreaterThan(0);
  });
});

describe("a value that was made up", () => {
  const TEXT =
    "def f(document_id, window):\n    def m(b, h, q, k):\n        return (document_id[q] == document_id[k]) & (q - k < window)\n    return m\n";

  test("has a hint each that says how to give the real one", () => {
    const hints = lowered(TEXT).diagnostics.filter((d) => d.code === "seeded-value");
    expect(hints.map((d) => d.message).join("\n")).toMatch(/`window`.*`128`.*`# flexlens: window=…`/);
    expect(hints.map((d) => d.message).join("\n")).toMatch(/`document_id`.*int64\[1024\].*`# flexlens: document_id=…`/);
    expect(hints).toHaveLength(2);
  });

  test("has none once it is given", () => {
    expect(lowered(`# flexlens: document_id=torch.arange(8), window=2\n${TEXT}`).diagnostics).toEqual([]);
  });

  test("is the same each time", () => {
    expect(row(lowered(TEXT), "document_id")?.tensor?.data).toEqual(row(lowered(TEXT), "document_id")?.tensor?.data);
  });

  test("is sized by the problem", () => {
    const m = lowered(`# flexlens: Q_LEN=64, KV_LEN=96\n${TEXT}`);
    expect(seeded(m, "document_id")).toHaveLength(96);
    expect(row(m, "window")?.value).toBe("24");
  });
});

describe("made-up tables of documents", () => {
  test("agree: ids change where offsets say, and lengths are their differences", () => {
    const m = lowered(
      "def f(doc, offsets, lengths, cu_seqlens):\n    n = cu_seqlens[1:] - cu_seqlens[:-1]\n    def m(b, h, q, k):\n        d = doc[q]\n        return (d == doc[k]) & (k - offsets[d] < lengths[d]) & (n[d] > 0)\n    return m\n",
    );
    const [doc, offsets, lengths, cu] = ["doc", "offsets", "lengths", "cu_seqlens"].map((name) => seeded(m, name)) as number[][];
    const starts = (doc ?? []).flatMap((d, i) => (i === 0 || d !== doc?.[i - 1] ? [i] : []));
    expect(offsets).toEqual(starts);
    expect(cu).toEqual([...starts, 1024]);
    expect(lengths).toEqual(starts.map((s, i) => (cu?.[i + 1] ?? 0) - s));
    expect(starts.length).toBeGreaterThan(3);
  });

  test("of queries and of keys are one", () => {
    const m = lowered("def f(q_seg, kv_seg):\n    def m(b, h, q, k):\n        return q_seg[q] == kv_seg[k]\n    return m\n");
    expect(seeded(m, "q_seg")).toEqual(seeded(m, "kv_seg"));
  });
});

describe("made-up tensors suit their names", () => {
  const oneOf = (name: string, use: string, kind = "m(b, h, q, k)"): readonly number[] =>
    seeded(lowered(`def f(${name}):\n    def ${kind}:\n        return ${use}\n    return m\n`), name);
  const score = "m(score, b, h, q, k)";

  test("offsets grow, from 0 to the length", () => {
    const offsets = seeded(
      lowered("def f(offsets):\n    n = offsets[1:]\n    def m(b, h, q, k):\n        return q < n[b]\n    return m\n"),
      "offsets",
    );
    expect(offsets[0]).toBe(0);
    expect(offsets.at(-1)).toBe(1024);
    expect([...offsets].sort((a, b) => a - b)).toEqual(offsets);
  });

  test("a block table is a permutation", () => {
    const pages = oneOf("physical_to_logical", "physical_to_logical[b, k // 64] >= 0");
    expect([...pages].sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, i) => i));
    expect(pages).not.toEqual([...pages].sort((a, b) => a - b));
  });

  test("rows and columns are those of a square picture", () => {
    const rows = oneOf("h_idx", "h_idx[q] == h_idx[k]");
    const columns = oneOf("w_idx", "w_idx[q] == w_idx[k]");
    expect([rows[31], rows[32], columns[31], columns[32]]).toEqual([0, 1, 31, 0]);
  });

  test("slopes are ALiBi's", () => {
    expect(oneOf("alibi_slopes", "score + alibi_slopes[h] * (k - q)", score)).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((i) => 2 ** -i));
  });

  test("a bias is normal", () => {
    const bias = oneOf("bias", "score + bias[q]", score);
    const mean = bias.reduce((a, x) => a + x, 0) / bias.length;
    const variance = bias.reduce((a, x) => a + (x - mean) ** 2, 0) / bias.length;
    expect(Math.abs(mean)).toBeLessThan(0.15);
    expect(variance).toBeGreaterThan(0.8);
    expect(variance).toBeLessThan(1.2);
  });

  test("temperatures are positive, what is valid comes first, lengths lie within the sequence", () => {
    expect(Math.min(...oneOf("temperature", "score / temperature[h]", score))).toBeGreaterThan(0);
    const valid = oneOf("valid", "valid[b, k]");
    expect(valid).toEqual([...valid].sort((a, b) => b - a));
    expect(new Set(valid).size).toBe(2);
    const [length] = oneOf("seq_lens", "k < seq_lens[b]");
    expect(length).toBeGreaterThan(0);
    expect(length).toBeLessThan(1024);
  });
});
