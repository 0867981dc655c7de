import { describe, expect, test } from "vitest";
import { suggestInDirective } from "../../../extension/directive.ts";
import { joinCells, partAt } from "../../../extension/layout.ts";
import { contentSecurityPolicy, createNonce, panelPage } from "../../../extension/page.ts";

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
  const AFTER_HEADS = ["HKV", "Q_LEN", "KV_LEN", "D", "DV", "BLOCK_SIZE", "SCALE", "DTYPE", "kernel", "kernel_options"];
  const captured = [
    { name: "window", about: "256" },
    { name: "H", about: "8" },
  ];
  const labels = (before: string): string[] => suggestInDirective(before, captured).map((s) => s.label);

  test("offers captured names first, then the sizes; a size that is captured too is offered once", () => {
    expect(labels("# flexlens: ")).toEqual(["window", "B", "H", ...AFTER_HEADS]);
  });

  test("leaves out the keys that the directive has already, whatever their values hold", () => {
    expect(labels("# flexlens: B=1, offsets=torch.tensor([0, 5]), window=max(1, 2), ")).toEqual(["H", ...AFTER_HEADS]);
  });

  test("takes the place of the key that was begun", () => {
    const [first] = suggestInDirective("    # flexlens: B=1, win", captured);
    expect(first).toMatchObject({ label: "window", insert: "window=", replaces: 3 });
  });

  test.each([
    "# flexlens: B=",
    "# flexlens: B=1",
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
    expect(page).toContain('<script nonce="abc123" src="vscode-resource:/main.js"></script>');
    expect(page).not.toMatch(/\son\w+=/);
  });

  test("gets another nonce each time, of 128 bits", () => {
    expect(createNonce()).toMatch(/^[0-9a-f]{32}$/);
    expect(createNonce()).not.toBe(createNonce());
  });
});
