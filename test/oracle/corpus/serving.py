"""Inference: paged caches, ragged batches, speculative trees, chunked prefill, sequence parallelism, shared prefixes."""

from __future__ import annotations

import abc
import bisect
import heapq
import math
from collections import Counter, deque
from dataclasses import InitVar, dataclass, field
from typing import Callable, Generic, Iterator, List, Tuple, TypeVar, Union

import torch
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask, _mask_mod_signature, _score_mod_signature, create_block_mask, noop_mask

CASES = {}
T = TypeVar("T")


# ------------------------------------------------------------------------------------------- pages and their owner
class PagePool:
    def __init__(self, n_pages: int, page_size: int, max_batch: int) -> None:
        self.n_pages, self.page_size = n_pages, page_size
        self.page_table = -torch.ones((max_batch, n_pages), dtype=torch.int64)
        self.physical_to_logical = -torch.ones((max_batch, n_pages), dtype=torch.int64)
        self.capacity = torch.zeros(max_batch, dtype=torch.int64)
        self.empty_pages = list(range(n_pages - 1, -1, -1))

    def reserve(self, batch_idx: Tensor, seq_len: Tensor) -> None:
        if seq_len <= self.capacity[batch_idx]:
            return
        need = -(-(seq_len - self.capacity[batch_idx]) // self.page_size)
        assert len(self.empty_pages) >= need, f"requested {need.item()} pages, {len(self.empty_pages)} left"
        start = self.capacity[batch_idx] // self.page_size
        end = start + need
        allocated = torch.tensor(self.empty_pages[-need:])
        self.empty_pages = self.empty_pages[:-need]
        self.page_table[batch_idx, start:end] = allocated
        self.physical_to_logical[batch_idx, allocated] = torch.arange(start.item(), end.item())
        self.capacity[batch_idx] += need * self.page_size

    def get_mask_mod(self, mask_mod: _mask_mod_signature | None) -> _mask_mod_signature:
        if mask_mod is None:
            mask_mod = noop_mask

        def new_mask_mod(b: Tensor, h: Tensor, q_idx: Tensor, physical_kv_idx: Tensor):
            page = physical_kv_idx // self.page_size
            offset = physical_kv_idx % self.page_size
            logical_page = self.physical_to_logical[b, page]
            logical = logical_page * self.page_size + offset
            return torch.where(logical_page >= 0, mask_mod(b, h, q_idx, logical), False)

        return new_mask_mod

    def get_score_mod(self, score_mod: _score_mod_signature | None) -> _score_mod_signature:
        if score_mod is None:
            score_mod = lambda score, b, h, q, k: score

        def new_score_mod(score, b, h, q_idx, physical_kv_idx):
            page, offset = physical_kv_idx // self.page_size, physical_kv_idx % self.page_size
            logical_page = self.physical_to_logical[b, page]
            logical = logical_page * self.page_size + offset
            return torch.where(logical_page >= 0, score_mod(score, b, h, q_idx, logical), float("-inf"))

        return new_score_mod


pool = PagePool(n_pages=8, page_size=4, max_batch=3)
for request, length in ((0, 7), (2, 5), (1, 9), (0, 10)):
    pool.reserve(torch.tensor(request), torch.tensor(length))

lengths = torch.tensor([10, 9, 5])


def decode_mask(b, h, q_idx, kv_idx):
    return kv_idx <= lengths[b] - 1 + q_idx


paged = pool.get_mask_mod(decode_mask)
paged_bias = pool.get_score_mod(lambda score, b, h, q, k: score - 0.25 * (lengths[b] - 1 - k))
CASES["paged"] = ("mask", 3, 1, 1, 32)
CASES["paged_bias"] = ("score", 3, 1, 1, 32)


# -------------------------------------------------------------------------------------- ragged batches as one row
def jagged_offsets(tensors: list[Tensor]) -> Tensor:
    lens = torch.tensor([t.shape[0] for t in tensors])
    return torch.nn.functional.pad(lens.cumsum(0), (1, 0))


ragged_q = jagged_offsets([torch.zeros(n, 2) for n in (2, 3, 1)])
ragged_kv = jagged_offsets([torch.zeros(n, 2) for n in (5, 4, 7)])


def build_seq_idx(offsets: Tensor, total: int) -> Tensor:
    range_tensor = torch.arange(total)
    return torch.searchsorted(offsets, range_tensor, right=True) - 1


seq_q = build_seq_idx(ragged_q, int(ragged_q[-1]))
seq_kv = build_seq_idx(ragged_kv, int(ragged_kv[-1]))


def ragged_suffix(b, h, q_idx, kv_idx):
    """Queries are the last ones of their sequence."""
    q_seq, k_seq = seq_q[q_idx], seq_kv[kv_idx]
    q_pos = q_idx - ragged_q[q_seq]
    k_pos = kv_idx - ragged_kv[k_seq]
    slack = (ragged_kv[k_seq + 1] - ragged_kv[k_seq]) - (ragged_q[q_seq + 1] - ragged_q[q_seq])
    return (q_seq == k_seq) & (k_pos <= q_pos + slack)


CASES["ragged_suffix"] = ("mask", 1, 1, 6, 16)


def njt_score_wrapper(orig_score_mod, offsets):
    idx = torch.repeat_interleave(torch.arange(offsets.shape[0] - 1), offsets.diff())

    def njt_score_mod(score, b, h, q_idx, kv_idx):
        b_nested = idx[q_idx]
        is_same = b_nested == idx[kv_idx]
        q_nested, kv_nested = q_idx - offsets[b_nested], kv_idx - offsets[idx[kv_idx]]
        inner = orig_score_mod(score, b_nested, h, q_nested, kv_nested)
        return torch.where(is_same, inner, -float("inf"))

    return njt_score_mod


njt_bias = njt_score_wrapper(lambda s, b, h, q, k: s + (b + 1) * (k - q), ragged_kv)
CASES["njt_bias"] = ("score", 1, 1, 16, 16)


# ------------------------------------------------------------------------------------------- trees of drafts
def tree_from_choices(choices: list[tuple[int, ...]]) -> Tensor:
    nodes = sorted(choices, key=lambda c: (len(c), c))
    index = {node: i + 1 for i, node in enumerate(nodes)}
    n = len(nodes) + 1
    mask = torch.eye(n, dtype=torch.bool)
    mask[:, 0] = True
    for node, i in index.items():
        for depth in range(1, len(node)):
            if (parent := node[:depth]) in index:
                mask[i, index[parent]] = True
    return mask


medusa_choices = [(0,), (0, 0), (1,), (0, 1), (0, 0, 0), (1, 0), (2,)]
tree = tree_from_choices(medusa_choices)
PAST = 6


def medusa(b, h, q_idx, kv_idx):
    in_tree = tree[q_idx, (kv_idx - PAST).clamp(0, tree.size(1) - 1)]
    return torch.where(kv_idx < PAST, True, in_tree)


CASES["medusa"] = ("mask", 1, 1, 8, 14)

parents = torch.tensor([-1, 0, 0, 1, 1, 2, 3])


def ancestors(parents: Tensor, depth: int) -> Tensor:
    rows = [torch.arange(parents.numel())]
    for _ in range(depth):
        previous = rows[-1]
        rows.append(torch.where(previous >= 0, parents[previous.clamp_min(0)], -1))
    return torch.stack(rows, dim=1)


paths = ancestors(parents, 3)


def eagle(b, h, q_idx, kv_idx):
    return (paths[q_idx] == kv_idx).any()


CASES["eagle"] = ("mask", 1, 1, 7, 7)

# depth-first bits of ancestors in one integer a node
bits = [0] * parents.numel()
for node, parent in enumerate(parents.tolist()):
    bits[node] = (bits[parent] if parent >= 0 else 0) | 1 << node
ancestor_bits = torch.tensor(bits)


def eagle_bits(b, h, q_idx, kv_idx):
    return ((ancestor_bits[q_idx] >> kv_idx) & 1) == 1


CASES["eagle_bits"] = ("mask", 1, 1, 7, 7)


# ------------------------------------------------------------------------------------ chunked prefill with offsets
@dataclass
class Chunk:
    done: int
    size: int
    budget: InitVar[int] = 64
    total: int = field(init=False)

    def __post_init__(self, budget: int):
        self.total = min(self.done + self.size, budget)

    def __len__(self):
        return self.total - self.done


def prefill(chunk: Chunk):
    offset = torch.tensor(chunk.done)

    def mod(b, h, q, kv):
        return (q + offset >= kv) & (kv < chunk.total)

    return mod


chunks = [Chunk(0, 6), Chunk(6, 6), Chunk(12, 6, budget=15)]
prefill_first, prefill_last = prefill(chunks[0]), prefill(chunks[-1])
CASES["prefill_first"] = ("mask", 1, 1, 6, 18)
CASES["prefill_last"] = ("mask", 1, 1, len(chunks[-1]), 18)


# ----------------------------------------------------------------------- ranks of a ring; striped and zig-zag tokens
class Sharding(abc.ABC):
    def __init__(self, world: int, seq: int):
        self.world, self.seq, self.local = world, seq, seq // world

    @abc.abstractmethod
    def globally(self, rank: int, i): ...

    def mask(self, rank: int, step: int):
        source = (rank - step) % self.world

        def ring(b, h, q, kv):
            return self.globally(rank, q) >= self.globally(source, kv)

        return ring


class Contiguous(Sharding):
    def globally(self, rank, i):
        return i + rank * self.local


class Striped(Sharding):
    def globally(self, rank, i):
        return i * self.world + rank


class ZigZag(Sharding):
    def globally(self, rank, i):
        half = self.local // 2
        low = i + rank * half
        high = i - half + (2 * self.world - 1 - rank) * half
        return torch.where(i < half, low, high)


ring_contiguous = Contiguous(4, 32).mask(rank=1, step=2)
ring_striped = Striped(4, 32).mask(rank=1, step=2)
ring_zigzag = ZigZag(4, 32).mask(rank=1, step=2)
for _name in ("ring_contiguous", "ring_striped", "ring_zigzag"):
    CASES[_name] = ("mask", 1, 1, 8, 8)


def rewrite_for_context_parallel(mask_mod, rank: int, world: int, blocks: int, block: int, order: Tensor):
    def local(b, h, q_idx, kv_idx):
        block_index = order[rank * (blocks // world) + q_idx // block]
        return mask_mod(b, h, block_index * block + q_idx % block, kv_idx)

    return local


load_balanced = torch.stack([torch.arange(4), torch.arange(7, 3, -1)], dim=1).flatten()
cp_mask = rewrite_for_context_parallel(lambda b, h, q, k: q >= k, rank=1, world=2, blocks=8, block=2, order=load_balanced)
CASES["cp_mask"] = ("mask", 1, 1, 8, 16)


# ------------------------------------------------------------------------------- a shared prefix and many suffixes
suffixes = deque([3, 2, 4], maxlen=8)
prefix = 5
starts = [prefix]
while suffixes:
    starts.append(starts[-1] + suffixes.popleft())
owner = torch.tensor([bisect.bisect_right(starts, i) for i in range(starts[-1])])


def shared_prefix(b, h, q, kv):
    return (q >= kv) & ((owner[kv] == 0) | (owner[q] == owner[kv]))


CASES["shared_prefix"] = ("mask", 1, 1, 14, 14)

# ------------------------------------------------------------------- requests by priority, from a heap, with budgets
heap: list[tuple[int, int]] = []
for rid, priority in enumerate([3, 1, 2]):
    heapq.heappush(heap, (priority, rid))
order_served = [heapq.heappop(heap)[1] for _ in range(3)]
served_rank = torch.tensor([order_served.index(r) for r in range(3)])
requests_of = torch.tensor([0, 0, 1, 1, 1, 2, 2, 0])


def priority_mask(b, h, q, kv):
    return served_rank[requests_of[q]] >= served_rank[requests_of[kv]]


CASES["priority_mask"] = ("mask", 1, 1, 8, 8)

# --------------------------------------------------------------------------------- lengths of draft and target differ
accepted = torch.tensor([2, 0, 3])


def verify(b, h, q_idx, kv_idx):
    base = lengths[b]
    fresh = kv_idx - base
    return (kv_idx < base) | ((fresh <= q_idx) & (fresh < accepted[b]))


CASES["verify"] = ("mask", 3, 1, 4, 14)
