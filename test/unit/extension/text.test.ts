import { describe, expect, test } from "vitest";
import { directiveFaults } from "../../../extension/authoring/directiveFaults.ts";
import { suggestInDirective } from "../../../extension/directive.ts";
import { joinCells, partAt } from "../../../extension/layout.ts";
import { contentSecurityPolicy, createNonce, panelPage } from "../../../extension/page.ts";
import { lowerModule } from "../../../kernels/frontend/lower.ts";

describe("the cells of a notebook", () => {
  const joined = joinCells(["a = 1", "", "%%bash\nls", "b = a"]);

  test("are joined with a line break after each", () => {
    expect(joined.text).toBe("a = 1\n\n      \n  \nb = a\n");
  });

  test("keep their offsets: each offset of the whole leads back to its cell", () => {
    ["a = 1", "", "%%bash\nls", "b = a"].forEach((cell, index) => {
      const part = joined.parts[index];
      expect(part?.length).toBe(cell.length);
      for (let offset = 0; offset <= cell.length; offset++) {
        expect(partAt(joined.parts, (part?.start ?? Number.NaN) + offset)).toEqual({ index, offset });
      }
    });
  });

  test("have no place for an offset before all of them", () => {
    expect(partAt([], 0)).toBeNull();
    expect(partAt([{ start: 5, length: 3 }], 4)).toBeNull();
  });
});

describe("completion in directives", () => {
  /** The keys after `H`, in the order in which they are offered. */
  const AFTER_HEADS = ["HKV", "Q_LEN", "KV_LEN", "D", "DV", "BLOCK_SIZE", "SCALE", "DTYPE", "kernel", "kernel_options", "assert"];
  const captured = [
    { name: "window", about: "256", text: "256", isTensor: false },
    { name: "H", about: "8", text: "8", isTensor: false },
    { name: "offsets", about: "int64[4]", text: "", isTensor: true },
  ];
  const labels = (before: string): string[] => suggestInDirective(before, captured).map((s) => s.label);

  test("offers captured names first, then the sizes; a size that is captured too is offered once", () => {
    expect(labels("# flexlens: ")).toEqual(["window", "offsets", "B", "H", ...AFTER_HEADS]);
  });

  test("leaves out the keys that the directive has already, whatever their values hold", () => {
    expect(labels("# flexlens: B=1, offsets=torch.tensor([0, 5]), window=max(1, 2), ")).toEqual(["H", ...AFTER_HEADS]);
  });

  test("takes the place of the key that was begun", () => {
    const [first] = suggestInDirective("    # flexlens: B=1, win", captured);
    expect(first).toMatchObject({ label: "window", insert: "window=", replaces: 3 });
  });

  test.each([
    "# flexlens: unknown=",
    "# flexlens: B=1 +",
    "# flexlens: x=f(",
    "# flexlens: x=f(1, ",
    "# flexlens: x='a, ",
    "x = 1  # flexlens: ",
    "# other: ",
    "flexlens: ",
    "",
  ])("offers nothing after `%s`", (before) => {
    expect(labels(before)).toEqual([]);
  });

  test.each([
    ["# flexlens: DTYPE=", ["torch.float32", "torch.float16"], 0],
    ["# flexlens: B=1, kernel=", ['"row"', '"quad"', '"tile"', '"matrix"', '"decode"', '"small"', '"materialized"'], 0],
    ['# flexlens: kernel="q', ['"row"', '"quad"', '"tile"', '"matrix"', '"decode"', '"small"', '"materialized"'], 2],
    ["# flexlens: BLOCK_SIZE=12", ["128", "64", "256", "(64, 128)"], 2],
    ["# flexlens: mod.window=", ["256"], 0],
    ["# flexlens: offsets=", ["torch.arange(Q_LEN) // 64", 'load("name.npy")'], 0],
    ['# flexlens: kernel_options={"BLOCK_M": 64, "B', ["BLOCK_M", "BLOCK_N", "ROWS", "WORKGROUP_SIZE", "SPLIT_KV"], 2],
    ["# flexlens: assert sp", ["kv_idx <= q_idx", "equals(mod)", "implies(mod)", "sparsity > 0.5", "no_empty_rows", "symmetric"], 2],
  ])("offers values after `%s`", (before, values, replaces) => {
    expect(labels(before)).toEqual(values);
    for (const suggestion of suggestInDirective(before, captured)) expect(suggestion.replaces).toBe(replaces);
  });

  test("every key of the problem and the kernel offers a value that the front end takes", () => {
    for (const key of ["B", "H", ...AFTER_HEADS].filter((k) => k !== "assert")) {
      for (const { label } of suggestInDirective(`# flexlens: ${key}=`, [])) {
        const text = `import torch\n# flexlens: H=64, ${key}=${label}\ndef causal(b, h, q, k):\n    return q >= k\n`;
        const file = { file: "masks.py", text };
        expect(
          [...lowerModule([file]).diagnostics, ...directiveFaults(file)].map((d) => d.message),
          text,
        ).toEqual([]);
      }
    }
  });

  test.each([
    ['kernel_options={"BLOCK_Q": 64}', '"BLOCK_Q"', '"BLOCK_M"'],
    ['kernel_options={"ROWS": 0}', "0", null],
    ['kernel_options={"WORKGROUP_SIZ": 64}', '"WORKGROUP_SIZ"', '"WORKGROUP_SIZE"'],
    ['kernel_options={"ROWS": 4, "num_warps": 8}', null, null],
  ])("an option of the kernel that cannot be is said where it stands: `%s`", (list, place, meant) => {
    const text = `# flexlens: ${list}\ndef causal(b, h, q, k):\n    return q >= k\n`;
    const [fault] = directiveFaults({ file: "masks.py", text });
    expect(fault === undefined ? null : text.slice(fault.span.from, fault.span.to)).toBe(place);
    expect(fault?.fix?.edits[0]?.newText ?? null).toBe(meant);
  });

  test.each([
    ["q_len=64", "q_len", "Q_LEN"],
    ["HVK=2", "HVK", "HKV"],
    ["widht=9", "widht", "width"],
    ["make.widht=9", "make.widht", "make.width"],
    ["kernl=3", "kernl", "kernel"],
    ['kernel="qaud"', '"qaud"', '"quad"'],
    ["tempo=3", "tempo", null],
  ])("what is misspelt in `%s` is underlined, with what is meant where something is near", (list, place, meant) => {
    const text = `def make(width=4):\n    def near(b, h, q, k):\n        return q - k < width\n    return near\n# flexlens: ${list}\nnear = make()\n`;
    const found = lowerModule([{ file: "masks.py", text }]).diagnostics.filter(({ code }) => code.startsWith("directive-"));
    expect(found.map(({ span, fix }) => [text.slice(span.from, span.to), fix?.edits[0]?.newText ?? null])).toEqual([[place, meant]]);
  });

  test.each([
    ["#", 0],
    ["  # ", 0],
    ["# flex", 4],
  ])("offers the directive itself after `%s`", (before, replaces) => {
    expect(suggestInDirective(before, captured)).toEqual([expect.objectContaining({ label: "flexlens:", snippet: true, replaces })]);
  });
});

describe("the panel's page", () => {
  const parts = { cspSource: "vscode-resource:", script: "vscode-resource:/main.js", style: "vscode-resource:/main.css", nonce: "abc123" };

  test("lets in its own script by nonce, its own style, and workers from its own text: no network, no eval", () => {
    const policy = contentSecurityPolicy(parts).split("; ");
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'nonce-abc123'");
    expect(policy).toContain("worker-src blob:");
    expect(policy.join()).not.toMatch(/unsafe-eval|connect-src|https?:|\*/);
  });

  test("has no script and no handler beside the bundle", () => {
    const page = panelPage(parts);
    expect(page.match(/<script/g)).toEqual(["<script"]);
    expect(page).toContain('<script defer nonce="abc123" src="vscode-resource:/main.js"></script>');
    expect(page).not.toMatch(/\son\w+=/);
    expect(page).toContain("Opening…");
  });

  test("gets another nonce each time, of 128 bits", () => {
    expect(createNonce()).toMatch(/^[0-9a-f]{32}$/);
    expect(createNonce()).not.toBe(createNonce());
  });
});
