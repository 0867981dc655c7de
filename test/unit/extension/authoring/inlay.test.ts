import { expect, test } from "vitest";
import { dtypeInlays, type Inlay, sparsityInlays } from "../../../../extension/authoring/inlay.ts";
import { percent } from "../../../../extension/number.ts";
import { lowerModule } from "../../../../kernels/frontend/lower.ts";

const FILE = "masks.py";
const TEXT = `import torch
table = torch.zeros(4, dtype=torch.float16)


def near(b, h, q_idx, kv_idx):  # a band
    distance = q_idx - kv_idx
    is_near = distance.abs() < 64
    return is_near


def bias(score, b, h, q_idx, kv_idx):
    slope = table[h]
    for i in range(3):
        slope = slope * 2
    return score + slope


one, two = near, near
`;
const { variants } = lowerModule([{ file: FILE, text: TEXT }]);
/** The text with the hints in it. */
const shown = (inlays: readonly Inlay[]): string =>
  inlays.toSorted((a, b) => b.at - a.at).reduce((text, { at, label }) => `${text.slice(0, at)}«${label}»${text.slice(at)}`, TEXT);

test("a mask says at the end of its line how much of it is skipped, a score nothing", () => {
  const said = `${percent(0.875)} skipped`;
  const inlays = sparsityInlays(TEXT, FILE, variants, () => ({ kind: "counted", blocks: 0.875 }));
  expect(shown(inlays)).toBe(TEXT.replace("# a band", `# a band«${said}»`).replace("near, near", `near, near«${said}»`));
});

test("what is not counted is not said", () => {
  expect(sparsityInlays(TEXT, FILE, variants, () => ({ kind: "uncounted" }))).toEqual([]);
});

test("each name that a mod binds has its dtype beside it, once", () => {
  const text = shown(dtypeInlays(FILE, variants));
  expect(text).toContain("    distance«: int64» = q_idx");
  expect(text).toContain("    is_near«: bool» = distance");
  expect(text).toContain("    slope«: float16» = table[h]");
  expect(text).toContain("        slope«: float16» = slope * 2");
  expect(text.match(/«/g)).toHaveLength(5);
});

test("nothing is said of another file", () => {
  expect([
    ...dtypeInlays("other.py", variants),
    ...sparsityInlays(TEXT, "other.py", variants, () => ({ kind: "counted", blocks: 1 })),
  ]).toEqual([]);
});
