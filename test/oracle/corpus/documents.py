"""Packed documents, padding, prefixes, images: masks made from lengths, offsets and ids."""
import itertools
from dataclasses import dataclass, field
from typing import Callable, List, NamedTuple, Optional

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention.flex_attention import and_masks, or_masks

CASES = {}


def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx


def offsets_to_ids(offsets: Tensor) -> Tensor:
    counts = offsets[1:] - offsets[:-1]
    return torch.repeat_interleave(torch.arange(len(counts), device=offsets.device, dtype=torch.int32), counts)


def document_mask(mod: Callable, offsets: Tensor) -> Callable:
    document_id = offsets_to_ids(offsets)

    def wrapped(b, h, q_idx, kv_idx):
        same = document_id[q_idx] == document_id[kv_idx]
        q_logical = q_idx - offsets[document_id[q_idx]]
        kv_logical = kv_idx - offsets[document_id[kv_idx]]
        return same & mod(b, h, q_logical, kv_logical)

    return wrapped


lengths = [5, 9, 3, 7]
offsets = torch.tensor([0] + list(itertools.accumulate(lengths)), dtype=torch.int32)
packed_causal = document_mask(causal, offsets)
packed_window = document_mask(lambda b, h, q, k: (q - k).abs() < 3, offsets)

cu_seqlens = F.pad(torch.cumsum(torch.tensor(lengths), dim=0), (1, 0))
seq_ids = torch.bucketize(torch.arange(24), cu_seqlens[1:], right=True)
by_bucketize = lambda b, h, q, k: (seq_ids[q] == seq_ids[k]) & (q >= k)
searched = torch.searchsorted(cu_seqlens, torch.arange(24), right=True) - 1


def by_searchsorted(b, h, q_idx, kv_idx):
    return searched[q_idx].eq(searched[kv_idx]).logical_and(q_idx.ge(kv_idx))


def inside_search(b, h, q_idx, kv_idx):
    doc_q = torch.searchsorted(cu_seqlens, q_idx, right=True)
    doc_k = torch.searchsorted(cu_seqlens, kv_idx, right=True)
    return (doc_q == doc_k) & (q_idx >= kv_idx)


ids_np = np.repeat(np.arange(len(lengths)), lengths)
ids_from_numpy = torch.from_numpy(ids_np)
numpy_packed = lambda b, h, q, k: ids_from_numpy[q] == ids_from_numpy[k]

eos = 2
tokens = torch.tensor([[5, 6, 2, 7, 8, 9, 2, 4, 4, 4, 2, 1], [1, 2, 3, 2, 5, 6, 7, 8, 2, 9, 9, 9]])
docs = (tokens == eos).cumsum(1)
shifted_docs = torch.cat([torch.zeros(2, 1, dtype=docs.dtype), docs[:, :-1]], dim=1)


def eos_mask(b, h, q_idx, kv_idx):
    return (q_idx >= kv_idx) & (shifted_docs[b, q_idx] == shifted_docs[b][kv_idx])


def from_position_ids(position_ids: Tensor):
    starts = position_ids == 0
    ids = starts.long().cumsum(-1) - 1

    def mask(b, h, q, k):
        return (ids[b, q] == ids[b, k]) & (q >= k)

    return mask


positions = torch.tensor([[0, 1, 2, 0, 1, 2, 3, 4, 0, 1, 2, 3], [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5]])
by_positions = from_position_ids(positions)

attention_mask = torch.tensor([[1] * 8 + [0] * 4, [1] * 12])
padding = lambda b, h, q, k: attention_mask[b, k].bool()
padded_causal = and_masks(causal, padding)
left_padded = torch.tensor([3, 0])
left_padding = lambda b, h, q, k: (k >= left_padded[b]) & (q >= k)


@dataclass
class Segments:
    ids: Tensor
    prefix: List[int] = field(default_factory=list)
    causal: bool = True

    @property
    def count(self) -> int:
        return int(self.ids.max()) + 1

    def mask(self) -> Callable:
        ids, prefix = self.ids, torch.tensor(self.prefix)

        def mod(b, h, q_idx, kv_idx):
            same = ids[q_idx] == ids[kv_idx]
            if not self.causal:
                return same
            return same & ((q_idx >= kv_idx) | (kv_idx < prefix[ids[q_idx]]))

        return mod


segments = Segments(torch.tensor([0] * 6 + [1] * 10 + [2] * 8), prefix=[2, 9, 18])
segmented = segments.mask()
segmented_full = Segments(segments.ids, causal=False).mask()
segment_parity = lambda b, h, q, k, n=segments.count: segments.ids[q] % n != segments.ids[k] % n


class Span(NamedTuple):
    start: int
    end: int
    modality: str = "text"

    @property
    def length(self):
        return self.end - self.start


spans = [Span(0, 6), Span(6, 14, "image"), Span(14, 18), Span(18, 24, modality="image")]


def transfusion(spans: List[Span], total: int):
    image = torch.full((total,), -1, dtype=torch.long)
    for number, span in enumerate(s for s in spans if s.modality == "image"):
        image[span.start : span.end] = number

    def same_image(b, h, q_idx, kv_idx):
        return (image[q_idx] >= 0) & (image[q_idx] == image[kv_idx])

    return or_masks(causal, same_image)


transfusion_mask = transfusion(spans, sum(s.length for s in spans))


def modality_offsets(modality: Tensor):
    def in_range(b, h, q, k):
        starts, stops = modality[b, :, 0], modality[b, :, 1]
        hit = (q >= starts) & (q < stops) & (k >= starts) & (k < stops)
        return hit.any(-1) | (q >= k)

    return in_range


modalities = modality_offsets(torch.tensor([[[2, 5], [8, 12]], [[0, 4], [9, 10]]]))


def loop_over_spans(bounds):
    def mask(b, h, q, k):
        result = q >= k
        for start, stop in bounds:
            result = result | ((q >= start) & (q < stop) & (k >= start) & (k < stop))
        return result

    return mask


looped = loop_over_spans([(s.start, s.end) for s in spans if s.modality != "text"])
flamingo_media = torch.tensor([0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3])
per_image = 2
flamingo = lambda b, h, q, k: flamingo_media[q] == (k // per_image)


def block_diffusion(n, block):
    def mask(b, h, q_idx, kv_idx):
        x0_q, x0_kv = q_idx >= n, kv_idx >= n
        block_q = torch.where(x0_q, (q_idx - n) // block, q_idx // block)
        block_kv = torch.where(x0_kv, (kv_idx - n) // block, kv_idx // block)
        diagonal = (block_q == block_kv) & (x0_q == x0_kv)
        offset = (block_q > block_kv) & x0_kv & ~x0_q
        within = (block_q >= block_kv) & x0_kv & x0_q
        return diagonal | offset | within

    return mask


bd3 = block_diffusion(12, 4)


def right_padded(seq_lens: Optional[Tensor] = None, total: int = 12):
    if seq_lens is None:
        seq_lens = torch.full((2,), total)
    valid = torch.arange(total)[None, :] < seq_lens[:, None]

    def mask(b, h, q_idx, kv_idx):
        return valid[b, q_idx] & valid[b, kv_idx]

    return mask


right_padding = right_padded(torch.tensor([7, 11]))
no_padding = right_padded()
batch = {"ids": torch.tensor([[0, 0, 0, 1, 1, 1], [0, 1, 1, 1, 2, 2]]), "lens": [6, 4]}


def from_batch(b, h, q_idx, kv_idx):
    return batch["ids"][b, q_idx] == batch["ids"][b][kv_idx]


tree_parents = [-1, 0, 0, 1, 1, 2, 3, 5]
ancestors = torch.eye(len(tree_parents), dtype=torch.bool)
for node, parent in enumerate(tree_parents):
    while parent >= 0:
        ancestors[node, parent] = True
        parent = tree_parents[parent]
tree = lambda b, h, q_idx, kv_idx: ancestors[q_idx, kv_idx]

unique_ids, inverse = torch.unique(torch.tensor([30, 10, 10, 20, 30, 20, 10, 30]), return_inverse=True)
grouped = lambda b, h, q, k: inverse[q] == inverse[k]
onehot = F.one_hot(inverse, num_classes=len(unique_ids)).bool()
shared = (onehot[:, None] & onehot[None, :]).any(-1)
by_onehot = lambda b, h, q, k: shared[q, k]
order = torch.argsort(inverse, stable=True)
rank = torch.empty_like(order)
rank[order] = torch.arange(len(order))
sorted_causal = lambda b, h, q, k: rank[q] >= rank[k]
scatter_mask = torch.zeros(8, 8, dtype=torch.bool).scatter_(1, torch.topk(torch.arange(64.0).view(8, 8).sin(), 3, dim=1).indices, True)
topk_mask = lambda b, h, q, k: scatter_mask[q, k] | (q == k)
graph = torch.sparse_coo_tensor if False else torch.zeros(8, 8)
for s, t in [(0, 1), (1, 2), (2, 3), (5, 7)]:
    graph[s, t] = graph[t, s] = 1
edges = graph.bool() | torch.eye(8, dtype=torch.bool)
graph_mask = lambda b, h, q, k: edges[q, k]
two_hops = (edges.float() @ edges.float()) > 0
graph_two = lambda b, h, q, k: two_hops[q][k]


def list_capture(b, h, q, k):
    return lengths[q] > k


def item_inside(b, h, q, k):
    return q >= k.item()


def boolean_index(b, h, q, k):
    return offsets[q > k].sum() > 3


_small = dict(Q=12, KV=12)
for _name in """packed_causal packed_window by_bucketize by_searchsorted inside_search numpy_packed segmented segmented_full segment_parity
transfusion_mask looped bd3 list_capture item_inside boolean_index""".split():
    CASES[_name] = ("mask", 2, 3, 24, 24)
for _name in "eos_mask by_positions padding padded_causal left_padding modalities right_padding no_padding flamingo".split():
    CASES[_name] = ("mask", 2, 3, 12, 6 if _name == "flamingo" else 12)
CASES["from_batch"] = ("mask", 2, 1, 6, 6)
for _name in "tree grouped by_onehot sorted_causal topk_mask graph_mask graph_two".split():
    CASES[_name] = ("mask", 1, 2, 8, 8)
