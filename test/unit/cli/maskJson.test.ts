/** `mask --json` beyond the plain fields: options of create_block_mask, PyTorch's own texts, costs, very long masks. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { runCommand } from "../../../kernels/cli/command.ts";

interface Encoded {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface Golden {
  readonly mods: string;
  readonly makes: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly cases: readonly {
    readonly make: string;
    readonly steps: readonly unknown[];
    readonly result: Readonly<Record<string, unknown>>;
  }[];
}
const golden = JSON.parse(readFileSync(new URL("../../oracle/blockMask.json", import.meta.url), "utf8")) as Golden;

const folder = mkdtempSync(join(tmpdir(), "flexlens-mask-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const LISTS = [
  "kv_num_blocks",
  "kv_indices",
  "full_kv_num_blocks",
  "full_kv_indices",
  "q_num_blocks",
  "q_indices",
  "full_q_num_blocks",
  "full_q_indices",
];

async function json(args: readonly string[]) {
  const { out, err, code } = await runCommand(["mask", ...args, "--json"]);
  expect(code, err).toBe(0);
  return JSON.parse(out);
}

/** The call as a person writes it, with what the case says. */
function callText({ mod, B, H, Q, KV, ...options }: Readonly<Record<string, unknown>>): string {
  const python = (x: unknown): string => {
    if (x === null) return "None";
    if (typeof x === "boolean") return x ? "True" : "False";
    return Array.isArray(x) ? `(${x.join(", ")})` : String(x);
  };
  const named = Object.entries(options).map(([name, value]) => `${name}=${python(value)}`);
  return `create_block_mask(${[mod, ...[B, H, Q, KV].map(python), ...named].join(", ")})`;
}

function nested(x: unknown): unknown {
  if (x === null) return null;
  const { shape, data } = x as Encoded;
  return shape.reduceRight<unknown[]>(
    (flat, n, d) => (d === 0 ? flat : Array.from({ length: flat.length / n }, (_, i) => flat.slice(i * n, (i + 1) * n))),
    [...data],
  );
}

describe("a file's own create_block_mask call", () => {
  const made = golden.cases.filter((c) => c.steps.length === 0 && golden.makes[c.make] !== undefined);
  test.each(made.map((c) => [c.make, callText(golden.makes[c.make] ?? {}), c.result] as const))("%s: %s", async (name, call, want) => {
    const path = join(folder, `${name.replaceAll(" ", "_")}.py`);
    const importing = "from torch.nn.attention.flex_attention import create_block_mask";
    writeFileSync(path, `${golden.mods}\n${importing}\nblock_mask = ${call}\n`);
    const got = await json([`${path}::${golden.makes[name]?.["mod"]}`]);
    const ordered = want["dq_write_order"] === null ? [] : ["dq_write_order", "dq_write_order_full"];
    for (const list of [...LISTS, ...ordered]) expect([list, got[list]]).toEqual([list, nested(want[list])]);
    expect("dq_write_order" in got).toBe(ordered.length > 0);
    expect(got.dq_kv_order_spt ?? null).toBe(want["dq_kv_order_spt"]);
    expect(got.seq_lengths).toEqual(want["seq_lengths"]);
    expect(got.block_size).toEqual(want["BLOCK_SIZE"]);
    expect(got.shape).toEqual(want["shape"]);
    expect(got.torch.sparsity).toBeCloseTo(Number(want["sparsity"]), 9);
    expect(got.torch.str).toBe(want["str"]);
    expect(got.torch.str).toContain(`sparsity=${got.torch.sparsity_text}, `);
  });
});

describe("without full lists", () => {
  const path = join(folder, "joint.py");
  writeFileSync(
    path,
    [
      "from torch.nn.attention.flex_attention import create_block_mask",
      "def causal(b, h, q_idx, kv_idx):",
      "    return q_idx >= kv_idx",
      'mask = create_block_mask(causal, None, None, 64, 64, "cpu", 16, False, False)',
    ].join("\n"),
  );

  test("as the call says by position, or the option instead of it", async () => {
    const joint = await json([`${path}::causal`]);
    expect(joint.full_kv_indices).toBeNull();
    expect(joint.kv_num_blocks).toEqual([[[1, 2, 3, 4]]]);
    expect(joint.cost.torch_bytes).toBe(4 * 2 * (4 + 16));
    const apart = await json([`${path}::causal`, "--separate-full-blocks", "true"]);
    expect(apart.full_kv_num_blocks).toEqual([[[0, 1, 2, 3]]]);
    expect(apart.cost.torch_bytes).toBe(2 * joint.cost.torch_bytes);
  });

  test("another word than true or false is wrong usage", async () => {
    const { err, code } = await runCommand(["mask", `${path}::causal`, "--separate-full-blocks", "maybe"]);
    expect([code, err.split("\n")[0]]).toEqual([2, "--separate-full-blocks takes true or false, not `maybe`"]);
  });
});

const CAUSAL = `${join(import.meta.dirname, "../../../kernels/gallery")}/causal.py::causal`;

test("a million tokens come as runs, since one of PyTorch's lists would have 61 million entries", async () => {
  const got = await json([CAUSAL, "--q-len", "1000000", "--kv-len", "1000000"]);
  for (const list of LISTS) expect(got[list]).toBeNull();
  expect(got.runs.rows).toHaveLength(7813);
  expect(got.runs.rows[2]).toEqual([
    [0, 2, "full"],
    [2, 3, "partial"],
  ]);
  expect(got.runs.columns[7811]).toEqual([[7811, 7813, "partial"]]);
  expect(got.cost).toMatchObject({ torch_bytes: 4 * 4 * (7813 + 7813 ** 2), dense_bytes: 1e12 });
  expect(got.cost.run_bytes).toBeLessThan(1e6);
  expect(got.cost.build_ms).toBeGreaterThan(0);
});

test("the summary says what PyTorch prints where that is another number, and what the mask costs", async () => {
  const { out } = await runCommand(["mask", CAUSAL, "--q-len", "100", "--kv-len", "100", "--h", "2"]);
  expect(out).toContain("PyTorch prints   -63.84%");
  expect(out).toMatch(/PyTorch's lists 64 B, dense 19\.5 KiB\), built in [\d.]+ ms/);
  const { out: even } = await runCommand(["mask", CAUSAL, "--q-len", "512", "--kv-len", "512"]);
  expect(even).not.toContain("PyTorch prints");
});
