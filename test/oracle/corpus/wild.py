"""Shapes of code that libraries have: overlays, offsets, caches, managers, converters, training scripts."""
from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable
from functools import lru_cache, partial
from typing import ClassVar, Literal, Optional, Union

import torch
from torch import nn
from torch.nn.attention.flex_attention import BlockMask, and_masks, create_block_mask, create_mask, flex_attention, or_masks

logger = logging.getLogger(__name__)
CASES = {}
BLOCK = int(os.environ.get("CORPUS_BLOCK", "4"))
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
MaskMod = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
_DEFAULT_SPARSE_BLOCK_SIZE = 128


def exists(v):
    return v is not None


def default(v, d):
    return v if exists(v) else d


def causal_mask_function(batch_idx: int, head_idx: int, q_idx: int, kv_idx: int) -> bool:
    """Basic lower-diagonal causal mask."""
    return kv_idx <= q_idx


def bidirectional_mask_function(batch_idx: int, head_idx: int, q_idx: int, kv_idx: int) -> bool:
    return q_idx >= 0


def all_of(*mask_functions: MaskMod) -> MaskMod:
    if not all(callable(arg) for arg in mask_functions):
        raise RuntimeError(f"All inputs should be callable mask_functions: {mask_functions}")

    def and_mask(batch_idx, head_idx, q_idx, kv_idx):
        result = q_idx.new_ones((), dtype=torch.bool)
        for mask in mask_functions:
            result = result & mask(batch_idx, head_idx, q_idx, kv_idx).to(result.device)
        return result

    return and_mask


def sliding_window_overlay(sliding_window: int) -> MaskMod:
    def inner_mask(batch_idx: int, head_idx: int, q_idx: int, kv_idx: int) -> bool:
        return kv_idx > q_idx - sliding_window

    return inner_mask


def chunked_overlay(chunk_size: int, left_padding: torch.Tensor) -> MaskMod:
    def inner_mask(batch_idx, head_idx, q_idx, kv_idx):
        return (kv_idx - left_padding[batch_idx]) // chunk_size == (q_idx - left_padding[batch_idx]) // chunk_size

    return inner_mask


def packed_sequence_mask_function(packed_sequence_mask: torch.Tensor) -> MaskMod:
    def inner_mask(batch_idx, head_idx, q_idx, kv_idx):
        return packed_sequence_mask[batch_idx, q_idx] == packed_sequence_mask[batch_idx, kv_idx]

    return inner_mask


def padding_mask_function(padding_mask: torch.Tensor) -> MaskMod:
    def inner_mask(batch_idx, head_idx, q_idx, kv_idx):
        return padding_mask[batch_idx, kv_idx]

    return inner_mask


def add_offsets_to_mask_function(mask_function: MaskMod, q_offset: int, kv_offset: int) -> MaskMod:
    def inner_mask(batch_idx, head_idx, q_idx, kv_idx):
        return mask_function(batch_idx, head_idx, q_idx + q_offset, kv_idx + kv_offset)

    return inner_mask


hf_sliding = all_of(sliding_window_overlay(5), causal_mask_function)
hf_chunked = all_of(chunked_overlay(4, torch.tensor([0, 3])), causal_mask_function)
hf_padding = all_of(causal_mask_function, padding_mask_function(torch.tensor([[True] * 16, [False] * 4 + [True] * 12])))
hf_offset = add_offsets_to_mask_function(all_of(causal_mask_function, sliding_window_overlay(6)), 3, -1)


def find_packed_sequence_indices(position_ids: torch.Tensor) -> Optional[torch.Tensor]:
    first_dummy_value = position_ids[:, :1] - 1
    position_diff = torch.diff(position_ids, prepend=first_dummy_value, dim=-1)
    packed_sequence_mask = (position_diff != 1).cumsum(-1)
    if (packed_sequence_mask[:, -1] == 0).all():
        return None
    return packed_sequence_mask


position_ids = torch.tensor([[0, 1, 2, 3, 0, 1, 2, 0, 1, 2, 3, 4, 5, 0, 1, 2], list(range(16))])
hf_packed = all_of(causal_mask_function, packed_sequence_mask_function(find_packed_sequence_indices(position_ids)))
unpacked = find_packed_sequence_indices(torch.arange(16)[None].expand(2, -1))
hf_maybe = causal_mask_function if unpacked is None else packed_sequence_mask_function(unpacked)


class FlexMask(nn.Module):
    mask_types: ClassVar[set[str]] = {"causal", "block_causal", "document"}
    used_attn_mask_types: ClassVar[dict[tuple[str, int | None], Callable]] = {}

    def __init__(self, attn_mask_type: Literal["causal", "block_causal", "document"], fixed_block_size: int | None = None) -> None:
        super().__init__()
        if attn_mask_type not in self.mask_types:
            raise ValueError(f"Unrecognized attn_mask_type {attn_mask_type}.")
        self.attn_mask_type, self.fixed_block_size = attn_mask_type, fixed_block_size
        FlexMask.used_attn_mask_types[self.key] = self.build()

    @property
    def key(self):
        return self.attn_mask_type, self.fixed_block_size

    @staticmethod
    def _causal() -> MaskMod:
        def causal_mask(b, h, q_idx, kv_idx):
            return q_idx >= kv_idx

        return causal_mask

    @staticmethod
    def _fixed_block(mask_mod: MaskMod, fixed_block_size: int) -> MaskMod:
        def blocked_mask_mod(b, h, q_idx, kv_idx):
            q_block, kv_block = q_idx // fixed_block_size, kv_idx // fixed_block_size
            q_inner, kv_inner = q_idx % fixed_block_size, kv_idx % fixed_block_size
            blocked = mask_mod(b, h, q_inner, kv_inner)
            return torch.where(q_block == kv_block, blocked, False)

        blocked_mask_mod.__name__ = f"blocked_mask_mod_{mask_mod.__name__}_fixed_block_size_{fixed_block_size}"
        return blocked_mask_mod

    @staticmethod
    def document(batch: torch.Tensor, eos_id: int) -> MaskMod:
        mask = batch == eos_id
        mask[:, -1] = True
        acc_mask = torch.cumsum(torch.where(mask, 1, 0), dim=1)
        seq_idx = torch.zeros_like(acc_mask, dtype=torch.int32)
        seq_idx[:, 1:] = acc_mask[:, :-1]

        def block_causal_mask(b, h, q_idx, kv_idx):
            return (seq_idx[b, q_idx] == seq_idx[b, kv_idx]) & (q_idx >= kv_idx)

        return block_causal_mask

    def build(self):
        mod = self._causal()
        if self.fixed_block_size is not None and self.fixed_block_size > 0:
            mod = self._fixed_block(mod, self.fixed_block_size)
        return mod


titan_causal = FlexMask("causal")
titan_blocked = FlexMask("block_causal", fixed_block_size=6)
titan_mod = FlexMask.used_attn_mask_types[("block_causal", 6)]
titan_plain = FlexMask.used_attn_mask_types["causal", None]
stream = (torch.arange(32).view(2, 16) * 7) % 5
titan_document = FlexMask.document(stream, eos_id=2)


def create_block_causal_mask(seq_lens: list[torch.Tensor]) -> torch.Tensor:
    batch_block_attn_masks = []
    for sample_idx in range(len(seq_lens)):
        block_attn_masks = [
            torch.tril(torch.ones(seq_len, seq_len, dtype=torch.bool)) for i, seq_len in enumerate(seq_lens[sample_idx])
        ]
        batch_block_attn_masks.append(torch.block_diag(*block_attn_masks))
    return torch.stack(batch_block_attn_masks)


tune_dense = create_block_causal_mask([torch.tensor([5, 11]), torch.tensor([7, 3, 6])])
tune_ids = torch.stack([torch.cat([torch.full((int(n),), i, dtype=torch.long) for i, n in enumerate(lens)]) for lens in (torch.tensor([5, 11]), torch.tensor([7, 3, 6]))])
tune_mask = lambda b, h, q, k: tune_dense[b, q, k]


def tune_packed(b, h, q_idx, kv_idx):
    causal_mask = q_idx >= kv_idx
    document_mask = tune_ids[b, q_idx] == tune_ids[b, kv_idx]
    return causal_mask & document_mask


def speedrun(docs: torch.Tensor, window_blocks: int):
    docs = (docs == 2).cumsum(0)
    docs_low = docs.view(-1, BLOCK)[:, 0].contiguous()
    docs_high = docs.view(-1, BLOCK)[:, -1].contiguous()

    def document_causal(b, h, q_idx, kv_idx):
        causal_mask = q_idx >= kv_idx
        document_mask = docs[q_idx] == docs[kv_idx]
        window_mask = q_idx // BLOCK - kv_idx // BLOCK < window_blocks
        return causal_mask & document_mask & window_mask

    def blockwise(b, h, q_idx, kv_idx):
        q, k = q_idx // BLOCK, kv_idx // BLOCK
        return (docs_low[q] <= docs_high[k]) & (docs_low[k] <= docs_high[q]) & (q >= k)

    return document_causal, blockwise


speedrun_dense, speedrun_blocks = speedrun(stream[0], 3)


class KVCache:
    def __init__(self, max_len):
        self.length = torch.zeros((), dtype=torch.long)
        self.max_len = max_len

    def advance(self, n):
        self.length += n
        return self

    def mask_mod(self):
        offset = self.length.clone()

        def mod(b, h, q, kv):
            return q + offset >= kv

        return mod


cache = KVCache(16)
cached_decode = cache.advance(5).mask_mod()
cached_later = cache.advance(4).mask_mod()


def get_mask_mod(mask_mod: MaskMod, offset: int | torch.Tensor):
    def _mask_mod(b, h, q, kv):
        return mask_mod(b, h, q + offset, kv)

    return _mask_mod


gpt_fast = get_mask_mod(causal_mask_function, torch.tensor([7])[0])


def batchify(mod: MaskMod, sizes, fill=-1):
    starts = [0]
    for s in sizes:
        starts.append(starts[-1] + s)
    owner = torch.full((16,), fill)
    local = torch.full_like(owner, 0)
    for i, (lo, hi) in enumerate(zip(starts, starts[1:])):
        owner[lo:hi], local[lo:hi] = i, torch.arange(hi - lo)
    return lambda b, h, q, k: (owner[q] == owner[k]) & (owner[q] != fill) & mod(owner[q], h, local[q], local[k])


ragged = batchify(sliding_window_overlay(3), (4, 7, 3))


def transfusion_attn_mask(modalities):
    modalities = modalities.long()

    def mask_mod(b, h, q_idx, kv_idx):
        mask = q_idx >= kv_idx
        modality_batch = modalities[b]
        modality_batch = modality_batch.unbind(0) if modality_batch.ndim == 2 else [modality_batch]
        for type_offset_length in modality_batch:
            offset, length = type_offset_length[1], type_offset_length[2]
            is_instance = (q_idx >= offset) & (q_idx < (offset + length)) & (kv_idx >= offset) & (kv_idx < (offset + length))
            mask = mask | is_instance
        return mask

    return mask_mod


transfusion = transfusion_attn_mask(torch.tensor([[[0, 2, 4], [1, 9, 5]], [[0, 0, 3], [0, 12, 4]]]))


def neural_memory(persist: int, window: int, segment: int | None = None):
    segment = default(segment, window * 2)

    def mask_mod(_, __, q_idx, kv_idx):
        is_persist = kv_idx < persist
        kv = kv_idx - persist
        causal = q_idx >= kv
        same = (q_idx // segment) == torch.div(kv, segment, rounding_mode="floor")
        return is_persist | (~is_persist & causal & same & (q_idx - kv <= window))

    return mask_mod


memory = neural_memory(2, 3)


def make_score(slopes=None, cap: Optional[float] = None, window=math.inf):
    mods = []
    if slopes is not None:
        table = torch.as_tensor(slopes, dtype=torch.float32, device=DEVICE)
        mods.append(lambda s, b, h, q, k: s + table[h] * (k - q))
    if cap:
        mods.append(lambda s, b, h, q, k: cap * torch.tanh(s / cap))
    if window < math.inf:
        mods.append(lambda s, b, h, q, k: torch.where(q - k < window, s, float("-inf")))

    def score_mod(score, b, h, q_idx, kv_idx):
        for mod in mods:
            score = mod(score, b, h, q_idx, kv_idx)
        return score

    return score_mod if mods else None


full_score = make_score([0.5, 0.25], cap=30.0, window=5)
capped = make_score(cap=10)
assert make_score() is None


@lru_cache
def create_block_mask_cached(score_mod, B, H, M, N):
    return create_block_mask(score_mod, B, H, M, N, device=DEVICE)


class Attention(nn.Module):
    def __init__(self, dim, heads, softcap=None, *, layer_idx=0, pattern="SSL"):
        super().__init__()
        self.heads, self.scale = heads, dim**-0.5
        self.kind = pattern[layer_idx % len(pattern)]
        self.bias = nn.Parameter(torch.linspace(-1, 1, 31)[None].repeat(heads, 1))
        self.softcap = softcap

    def score_mod(self, score, b, h, q_idx, kv_idx):
        score = score + self.bias[h, q_idx - kv_idx + 15]
        return self.softcap * torch.tanh(score / self.softcap) if self.softcap else score

    def mask_for(self):
        window = {"S": 3, "L": 9}[self.kind]
        return partial(_window_mask, window=window)

    def forward(self, x, block_mask: Union[BlockMask, None] = None):
        q, k, v = (t.transpose(1, 2) for t in x.chunk(3, dim=-1))
        return flex_attention(q, k, v, score_mod=self.score_mod, block_mask=block_mask, scale=self.scale)


def _window_mask(b, h, q_idx, kv_idx, window):
    return (q_idx - kv_idx < window) & (q_idx >= kv_idx)


attention = Attention(8, 2, softcap=5.0)
attention_score = lambda *a: attention.score_mod(*a)
attention_bias = lambda s, b, h, q, k: Attention.score_mod(attention, s, b, h, q, k)
layer_masks = [Attention(8, 2, layer_idx=i).mask_for() for i in range(3)]
layer0, layer2 = layer_masks[0], layer_masks[2]
chain_mask = lambda b, h, q_idx, kv_idx: kv_idx in [1, 2, 3]
segment_chain = lambda b, h, q, k: stream[b, q] == stream[b, k] == 0
prints_type = lambda b, h, q, k: (q >= k) if isinstance(q, torch.Tensor) else None

for _name in """hf_sliding hf_chunked hf_padding hf_offset hf_packed hf_maybe titan_mod titan_plain titan_document tune_mask tune_packed
speedrun_dense speedrun_blocks cached_decode cached_later gpt_fast ragged transfusion memory layer0 layer2 segment_chain
prints_type bidirectional_mask_function""".split():
    CASES[_name] = ("mask", 2, 2, 16, 16)
for _name in "full_score capped attention_bias".split():
    CASES[_name] = ("score", 1, 2, 16, 16)
CASES["hf_offset"] = ("mask", 1, 1, 12, 12)
