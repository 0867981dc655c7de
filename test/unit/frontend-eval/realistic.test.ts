/** Mods as people write them: the constructs of real repositories, in our own words. */
import { describe, expect, test } from "vitest";
import { printExpr } from "../../../kernels/ir/print.ts";
import { runText } from "./evaluateText.ts";

const TEXT = `from __future__ import annotations
import math
from dataclasses import dataclass
from typing import List, NamedTuple, Optional, Union
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention.flex_attention import _mask_mod_signature, _score_mod_signature, and_masks, or_masks

try:
    import triton
    HAS_TRITON = True
except ImportError:
    HAS_TRITON = False

@dataclass
class Config:
    window: int = 64
    heads: int = 8

def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx

def offsets_of(lengths: List[int], device: Union[str, torch.device]) -> Tensor:
    offsets = [0]
    offsets.extend(lengths)
    offsets = torch.tensor(offsets, device=device, dtype=torch.int32)
    return torch.cumsum(offsets, dim=-1)

def document_ids(offsets):
    counts = offsets[1:] - offsets[:-1]
    return torch.repeat_interleave(torch.arange(len(counts), device=offsets.device, dtype=torch.int32), counts)

def documents(inner, offsets) -> _mask_mod_signature:
    ids = document_ids(offsets)
    def mod(b, h, q_idx, kv_idx):
        return (ids[q_idx] == ids[kv_idx]) & inner(b, h, q_idx - offsets[ids[q_idx]], kv_idx - offsets[ids[kv_idx]])
    return mod
packed = documents(causal, offsets_of([3, 5, 8], "cuda"))
packed.__name__ = f"packed_{len('abc')}"

def all_of(*mods):
    if not all(callable(m) for m in mods):
        raise RuntimeError("mods are callable")
    def mod(b, h, q, k):
        result = q.new_ones((), dtype=torch.bool)
        for m in mods:
            result = result & m(b, h, q, k).to(result.device)
        return result
    return mod
both = all_of(causal, lambda b, h, q, k: q - k < Config().window)

class Attention(nn.Module):
    def __init__(self, cfg: Config):
        super().__init__()
        self.window = cfg.window
        self.proj = nn.Linear(4, 4)
        self.register_buffer("slopes", torch.exp2(-torch.arange(1, cfg.heads + 1) / 2))
        self.bias = nn.Parameter(torch.zeros(cfg.heads, 128))
    def mask(self, b, h, q, k):
        return (q >= k) & (q - k < self.window)
    def score(self, score, b, h, q, k):
        return score + self.slopes[h] * (k - q) + self.bias[h, k]
layer = Attention(Config(window=32))
method = layer.mask
method_score = layer.score

ids = torch.from_numpy(np.array([0, 0, 1, 1]))
numpy_ids = lambda b, h, q, k: ids[q] == ids[k]
union = or_masks(*[and_masks(causal, m) for m in (numpy_ids,)])

blocks = torch.zeros(4, 4, dtype=torch.bool)
blocks[torch.arange(4), torch.arange(4)] = True
blocks[1:, 0] = 1
block_map = lambda b, h, q, k: blocks[q // 4, k // 4]

def rows_and_columns(x, n):
    return torch.div(x, n, rounding_mode="floor"), x % n
def stacked(b, h, q, k):
    qr, qc = rows_and_columns(q, 8)
    kr, kc = rows_and_columns(k, 8)
    return torch.stack([qr == kr, qc >= kc]).all()

tables = {"t": [torch.tensor([1, 2, 3, 4]), torch.tensor([4, 3, 2, 1])]}
def by_head(b, h, q, k):
    m = torch.zeros_like(q, dtype=torch.bool)
    for i, t in enumerate(tables["t"]):
        m = m | (t[q] == t[k]) & (h == i)
    return m

lowest = lambda score, b, h, q, k: torch.where(q >= k, score, torch.finfo(score.dtype).min)
filled = lambda score, b, h, q, k: score.masked_fill(q < k, float("-inf"))

class Tanh(torch.autograd.Function):
    @staticmethod
    def forward(x):
        return torch.tanh(x)
    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(output)
tanh = Tanh.apply
capped = lambda score, b, h, q, k: 30 * tanh(score / 30)

@torch.compile(dynamic=False)
def compiled(b, h, q, k, *, w: Optional[int] = 3, **unused):
    return q - k < w
`;

const ran = runText(TEXT);
const printed = (name: string, kind: "mask_mod" | "score_mod"): string => {
  const mod = ran.scope.names.get(name) ?? { type: "none" as const };
  const r = ran.interpreter.traceMod(mod, kind, "f32", { file: "test.py", from: 0, to: 0 });
  return r.ok ? printExpr(r.value.body) : `${r.fault.code}: ${r.fault.message}`;
};

describe("real constructs", () => {
  test("the module runs without a fault", () => {
    expect(ran.interpreter.faults).toEqual([]);
  });
  test.each([
    ["packed", "mask_mod", "(ids[q_idx] == ids[kv_idx]) & (q_idx - offsets[ids[q_idx].long()] >= kv_idx - offsets[ids[kv_idx].long()])"],
    ["both", "mask_mod", "True & (q_idx >= kv_idx) & (q_idx - kv_idx < 64)"],
    ["method", "mask_mod", "(q_idx >= kv_idx) & (q_idx - kv_idx < 32)"],
    ["method_score", "score_mod", "score + slopes[h] * (kv_idx - q_idx) + bias[h, kv_idx]"],
    ["numpy_ids", "mask_mod", "ids[q_idx] == ids[kv_idx]"],
    ["union", "mask_mod", "False | True & (q_idx >= kv_idx) & (ids[q_idx] == ids[kv_idx])"],
    ["block_map", "mask_mod", "blocks[q_idx // 4, kv_idx // 4]"],
    ["stacked", "mask_mod", "(q_idx // 8 == kv_idx // 8) & (q_idx % 8 >= kv_idx % 8)"],
    ["by_head", "mask_mod", "False | (t[q_idx] == t[kv_idx]) & (h == 0) | (t[q_idx] == t[kv_idx]) & (h == 1)"],
    ["lowest", "score_mod", "torch.where(q_idx >= kv_idx, score, -3.4028235e38)"],
    ["filled", "score_mod", 'torch.where(q_idx < kv_idx, -float("inf"), score)'],
    ["capped", "score_mod", "30.0 * torch.tanh(score / 30.0)"],
    ["compiled", "mask_mod", "q_idx - kv_idx < 3"],
  ] as const)("%s", (name, kind, text) => {
    expect(printed(name, kind)).toBe(text);
  });
});
