"""Sparse attention: selected blocks, mixtures of blocks, vertical and slash lines, sinks, dilation, hashing, top-k pages."""

import math
from collections import OrderedDict, defaultdict
from dataclasses import dataclass, field
from typing import Any, Iterable, Optional

import numpy as np
import torch
from torch import nn
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, create_mask, or_masks

CASES: dict[str, tuple[str, int, int, int, int]] = {}


def register(kind: str, *sizes: int, into: dict = CASES):
    def wrap(fn):
        into[fn.__name__] = (kind, *sizes)
        return fn

    return wrap


# --------------------------------------------------------- native sparse attention: compressed, selected, windowed
@dataclass
class NSAConfig:
    compress_block_size: int = 4
    compress_stride: int = 2
    selection_block_size: int = 4
    num_selected: int = 2
    window_size: int = 5
    kv_heads: int = 2
    group: int = 2


nsa = NSAConfig()


@register("mask", 1, 1, 16, 7)
def compressed_causal(b, h, q_idx, c_idx):
    """A query sees a compressed block once its last token is past."""
    return q_idx >= c_idx * nsa.compress_stride + nsa.compress_block_size - 1


def importance(q_len: int, blocks: int) -> torch.Tensor:
    g = torch.Generator().manual_seed(1)
    return (torch.arange(q_len)[:, None] * 7 + torch.arange(blocks)[None] * 5) % 11


selection_scores = importance(16, 4).expand(nsa.kv_heads, -1, -1).clone()
selection_scores[1] = selection_scores[1].flip(-1)
q_blocks = torch.arange(16) // nsa.selection_block_size
future = torch.arange(4)[None, :] > q_blocks[:, None]
selection_scores = selection_scores.masked_fill(future, -1)
selected = selection_scores.float().add(torch.arange(4) * 0.01).topk(nsa.num_selected, dim=-1).indices
selected_onehot = torch.zeros(nsa.kv_heads, 16, 4, dtype=torch.bool).scatter_(-1, selected, True)


@register("mask", 1, 4, 16, 16)
def selected_blocks(b, h, q_idx, kv_idx):
    kv_head = h // nsa.group
    block = kv_idx // nsa.selection_block_size
    return (q_idx >= kv_idx) & selected_onehot[kv_head, q_idx, block]


@register("mask", 1, 4, 16, 16)
def selected_by_list(b, h, q_idx, kv_idx):
    picks = selected[h // nsa.group, q_idx]
    return ((picks == kv_idx // nsa.selection_block_size).any()) & (kv_idx <= q_idx)


@register("mask", 1, 1, 16, 16)
def sliding(b, h, q_idx, kv_idx):
    return (q_idx >= kv_idx) & (q_idx - kv_idx <= nsa.window_size)


nsa_union = or_masks(selected_blocks, sliding)
CASES["nsa_union"] = ("mask", 1, 4, 16, 16)


# ------------------------------------------------------------------------------------- mixture of block attention
def moba_mask(keys: torch.Tensor, queries: torch.Tensor, chunk: int, topk: int):
    S = keys.shape[0]
    n = (S + chunk - 1) // chunk
    padded = torch.cat([keys, keys.new_zeros(n * chunk - S, keys.size(1))])
    gate = queries @ padded.view(n, chunk, -1).mean(1).T
    own = torch.arange(S).div(chunk, rounding_mode="floor")
    gate = gate.masked_fill(torch.arange(n)[None] > own[:, None], float("-inf"))
    gate.scatter_(1, own[:, None], float("inf"))
    _, idx = torch.topk(gate, k=min(topk, n), dim=1, sorted=False)
    routed = torch.zeros(S, n, dtype=torch.bool)
    routed[torch.arange(S)[:, None], idx] = True
    routed &= torch.arange(n) <= own.unsqueeze(-1)

    def mask_mod(b, h, q, k):
        return routed[q, k // chunk] & (q >= k)

    return mask_mod


toy = torch.arange(18 * 3, dtype=torch.float32).reshape(18, 3)
moba = moba_mask((toy * 0.7) % 5, (toy * 1.3) % 7, chunk=5, topk=2)
CASES["moba"] = ("mask", 1, 1, 18, 18)


# --------------------------------------------------------------------------------------- lines: vertical and slash
class Lines:
    """Column and diagonal patterns of each head, as a search found them."""

    patterns: dict[int, dict[str, list[int]]] = {
        0: {"vertical": [0, 1, 7], "slash": [0, 1, 2]},
        1: {"vertical": [0], "slash": [0, 4, 8]},
        2: {"vertical": [], "slash": list(range(6))},
    }

    def __init__(self, seq: int):
        heads = len(self.patterns)
        self.vertical = torch.zeros((heads, seq), dtype=torch.bool)
        self.slash = torch.zeros((heads, seq), dtype=torch.bool)
        for h, p in self.patterns.items():
            if p["vertical"]:
                self.vertical[h, torch.tensor(p["vertical"])] = True
            self.slash[h, p["slash"]] = True

    def __call__(self, b, h, q_idx, kv_idx):
        distance = (q_idx - kv_idx).clamp(min=0)
        return (q_idx >= kv_idx) & (self.vertical[h, kv_idx] | self.slash[h, distance])


lines = Lines(14)
CASES["lines"] = ("mask", 1, 3, 14, 14)


# --------------------------------------------------------------------------------------------- A shape, tri shape
@register("mask", 1, 1, 20, 20)
def a_shape(b, h, q, k, n_init=3, n_local=6):
    return (q >= k) & ((k < n_init) | (q - k < n_local))


@register("mask", 1, 1, 20, 20)
def tri_shape(b, h, q, k):
    last = 4
    return a_shape(b, h, q, k) | ((q >= 20 - last) & (q >= k))


# ----------------------------------------------------------------------- dilation doubles with the head, as a table
dilations = 1 << torch.arange(4)


@register("mask", 1, 4, 16, 16)
def longnet(b, h, q_idx, kv_idx):
    r = dilations[h]
    segment = 4 * r
    same = torch.div(q_idx, segment, rounding_mode="floor") == torch.div(kv_idx, segment, rounding_mode="floor")
    return same & ((q_idx - kv_idx) % r == 0) & (kv_idx <= q_idx)


# ----------------------------------------------------------------------------- random blocks of BigBird from NumPy
rng = np.random.RandomState(0)
plan = np.zeros((6, 6), dtype=bool)
for row in range(6):
    plan[row, [(row * 5 + 2) % 6, (row * 3 + 1) % 6]] = True
plan[:, 0] = plan[0, :] = True
plan |= np.eye(6, dtype=bool) | np.eye(6, k=1, dtype=bool) | np.eye(6, k=-1, dtype=bool)
bigbird_plan = torch.from_numpy(plan)


@register("mask", 1, 1, 18, 18)
def bigbird(b, h, q, k):
    return bigbird_plan[q // 3, k // 3]


# --------------------------------------------------------------------------------- buckets of a hash, sorted
hashes = torch.tensor([3, 1, 0, 2, 1, 3, 0, 0, 2, 1, 3, 2])
buckets: dict[int, list[int]] = defaultdict(list)
for position, bucket in enumerate(hashes.tolist()):
    buckets[bucket].append(position)
slot = torch.zeros(12, dtype=torch.int64)
for bucket in buckets.values():
    for i, position in enumerate(bucket):
        slot[position] = i


@register("mask", 1, 1, 12, 12)
def reformer(b, h, q, k):
    same = hashes[q] == hashes[k]
    near = (slot[q] - slot[k]).abs() <= 1
    return same & near & (k <= q) & ~((q == k) & (slot[q] > 0))


# ------------------------------------------------------------------- evicted keys: heavy hitters, with a budget
heavy = torch.tensor([[1, 1, 0, 0, 1, 0, 0, 1, 0, 0], [1, 0, 0, 1, 0, 0, 0, 0, 1, 0]]).bool()


def h2o(recent: int):
    def keep(b, h, q, k):
        return (heavy[h, k] | (q - k < recent)) & (k <= q)

    return keep


h2o_mask = h2o(recent=2)
CASES["h2o_mask"] = ("mask", 1, 2, 10, 10)


# ------------------------------------------------- pages ranked by bounds of their keys; the best and the last are kept
class Quest(nn.Module):
    def __init__(self, page: int = 4, budget: int = 2):
        super().__init__()
        self.page, self.budget = page, budget
        keys = torch.sin(torch.arange(16 * 2, dtype=torch.float64)).view(16, 2)
        pages = keys.unflatten(0, (-1, page))
        self.register_buffer("upper", pages.amax(1))
        self.register_buffer("lower", pages.amin(1))

    def rank(self, query):
        bound = torch.maximum(query * self.upper, query * self.lower).sum(-1)
        keep = torch.zeros_like(bound, dtype=torch.bool)
        keep[bound.argsort(descending=True)[: self.budget]] = True
        keep[-1] = True
        return keep

    def mask_mod(self):
        rows = torch.stack([self.rank(torch.tensor([math.cos(i), 1.0], dtype=torch.float64)) for i in range(6)])
        return lambda b, h, q, k: rows[q, k // self.page]


quest = Quest().mask_mod()
CASES["quest"] = ("mask", 1, 1, 6, 16)


# ------------------------------------------------------------------------------ hierarchical: every level, coarser
@register("mask", 1, 1, 32, 32)
def log_sparse(b, h, q, k):
    d = q - k
    is_power = (d > 0) & ((d & (d - 1)) == 0)
    return (d == 0) | is_power


@register("mask", 1, 1, 32, 32)
def fenwick(b, h, q, k):
    n = q + 1
    hit = k == q
    for _ in range(5):
        low = n & -n
        hit = hit | ((n > 0) & (k == n - 1))
        n = n - low
    return hit


# ---------------------------------------------------------------------- per-head choice among named patterns
PATTERNS = OrderedDict(
    local=lambda q, k: (q - k).abs() < 3,
    strided=lambda q, k: (q - k) % 4 == 0,
    fixed=lambda q, k: (k % 4 == 3) | (q // 4 == k // 4),
)
assignment = ["local", "strided", "fixed", "local"]
codes = torch.tensor([list(PATTERNS).index(a) for a in assignment])


@register("mask", 1, 4, 12, 12)
def mixed_heads(b, h, q, k):
    out = torch.zeros_like(q, dtype=torch.bool)
    for code, rule in enumerate(PATTERNS.values()):
        out = torch.where(codes[h] == code, rule(q, k), out)
    return out & (q >= k)
