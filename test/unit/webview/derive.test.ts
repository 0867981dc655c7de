/** Why the panel shows no scene: of several errors in a text, the one that concerns the function at hand. */
import { describe, expect, it } from "vitest";
import { derive } from "../../../webview/derive.ts";
import type { Show } from "../../../webview/protocol.ts";
import { showOf } from "../../support/showOf.ts";

const show = (source: string): Show => showOf(source, { problem: { qLen: 512, kvLen: 512 } });

const BROKEN = `def first(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx and h > 0

def second(b, h, q_idx, kv_idx):
    return near_by[q_idx]

def third(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx
`;

describe("the fault of a text with several errors", () => {
  it.each([
    ["is that of the function shown", "second", "`near_by` is not defined here"],
    ["is the first where the first is shown", "first", "`and` in `q_idx >= kv_idx"],
    ["is the first where the function is gone", "fourth", "`and` in `q_idx >= kv_idx"],
  ])("%s", (_what, name, message) => {
    const { scene, fault } = derive(show(BROKEN), name);
    expect(scene).toBeNull();
    expect(fault?.message).toContain(message);
  });

  const EARLY = "def early(b, h, q, k):\n    return missing_1[q]\n";
  const NEAR = "near = lambda b, h, q, k: missing_2[q]\n";
  it.each([
    ["is annotated", `${EARLY}near: Callable = lambda b, h, q, k: missing_2[q]\n`],
    ["is compared above", `w = 3\nw == near\nnear == w\n${EARLY}${NEAR}`],
    ["is handed on by its name above", `w = dict(\n    near=near,\n)\n${EARLY}${NEAR}`],
    ["is defined twice", "def near(b, h, q, k):\n    return missing_1[q]\ndef near(b, h, q, k):\n    return missing_2[q]\n"],
    [
      "is another function's too",
      `${EARLY}${NEAR}def make():\n    def near(b, h, q, k):\n        return missing_3[q]\n    return near\nfar = make()\n`,
    ],
  ])("is that of the function shown where its name %s", (_what, text) => {
    expect(derive(show(text), "near").fault?.message).toContain("missing_2");
  });

  it("is none where the function shown is whole", () => expect(derive(show(BROKEN), "third").fault).toBeNull());
});
