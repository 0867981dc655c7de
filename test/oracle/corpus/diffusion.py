"""Diffusion language models: full, block-causal and semi-autoregressive masks over noisy and clean copies of a sequence."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from functools import partial, reduce
from typing import Callable, NamedTuple, Protocol, Sequence

import torch
from torch import Tensor
from torch.nn.attention.flex_attention import and_masks, create_block_mask, noop_mask, or_masks

CASES: dict[str, tuple] = {}
MaskMod = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


# ------------------------------------------------------------------------------ prompt and response, bidirectional
prompt_lengths = torch.tensor([3, 6])
total_lengths = torch.tensor([12, 9])


def llada_mask(b, h, q_idx, kv_idx):
    """All real tokens see each other; padding sees nothing but itself."""
    valid = (q_idx < total_lengths[b]) & (kv_idx < total_lengths[b])
    return valid | (q_idx == kv_idx)


CASES["llada_mask"] = ("mask", 2, 1, 12, 12)


def llada_semi_ar(block_length: int) -> MaskMod:
    def mask(b, h, q_idx, kv_idx):
        q_rel, k_rel = q_idx - prompt_lengths[b], kv_idx - prompt_lengths[b]
        q_block = torch.where(q_rel < 0, -1, q_rel // block_length)
        k_block = torch.where(k_rel < 0, -1, k_rel // block_length)
        return (k_block <= q_block) & (kv_idx < total_lengths[b])

    return mask


semi_ar = llada_semi_ar(4)
CASES["semi_ar"] = ("mask", 2, 1, 12, 12)


# -------------------------------------------------------------------------- [x_t | x_0] with three kinds of blocks
def block_diff_mask(b, h, q_idx, kv_idx, block_size=None, n=None):
    x0_flag_q, x0_flag_kv = q_idx >= n, kv_idx >= n
    block_q = torch.where(x0_flag_q == 1, (q_idx - n) // block_size, q_idx // block_size)
    block_kv = torch.where(x0_flag_kv == 1, (kv_idx - n) // block_size, kv_idx // block_size)
    block_diagonal = (block_q == block_kv) & (x0_flag_q == x0_flag_kv)
    offset_block_causal = (block_q > block_kv) & (x0_flag_kv == 1) & (x0_flag_q == 0)
    block_causal = (block_q >= block_kv) & (x0_flag_kv == 1) & (x0_flag_q == 1)
    return block_diagonal | offset_block_causal | block_causal


bd3lm = partial(block_diff_mask, block_size=4, n=12)
bd3lm_one = partial(block_diff_mask, n=12, block_size=1)
CASES["bd3lm"] = ("mask", 1, 1, 24, 24)
CASES["bd3lm_one"] = ("mask", 1, 1, 24, 24)


class Half(enum.IntEnum):
    NOISY = 0
    CLEAN = 1


class Layout(NamedTuple):
    half: Tensor
    block: Tensor
    doc: Tensor

    @classmethod
    def packed(cls, doc_lengths: Sequence[int], block: int) -> Layout:
        n = sum(doc_lengths)
        doc = torch.cat([torch.full((length,), i, dtype=torch.long) for i, length in enumerate(doc_lengths)])
        local = torch.cat([torch.arange(length) for length in doc_lengths])
        return cls(torch.tensor([Half.NOISY] * n + [Half.CLEAN] * n), (local // block).repeat(2), doc.repeat(2))

    def mask(self) -> MaskMod:
        half, block, doc = self

        def same_doc(b, h, q, k):
            return doc[q] == doc[k]

        def noisy_block(b, h, q, k):
            return (half[q] == Half.NOISY) & (half[k] == Half.NOISY) & (block[q] == block[k])

        def look_back(b, h, q, k):
            return (half[q] == Half.NOISY) & (half[k] == Half.CLEAN) & (block[q] > block[k])

        def clean(b, h, q, k):
            return (half[q] == Half.CLEAN) & (half[k] == Half.CLEAN) & (block[q] >= block[k])

        return and_masks(same_doc, or_masks(noisy_block, look_back, clean))


packed_diffusion = Layout.packed([5, 7, 4], block=3).mask()
CASES["packed_diffusion"] = ("mask", 1, 1, 32, 32)


# ------------------------------------------------------------ variable block sizes, drawn per document, by searchsorted
block_edges = torch.tensor([0, 2, 3, 7, 12, 16])


def variable_block(b, h, q_idx, kv_idx):
    q_block = torch.searchsorted(block_edges, q_idx, right=True)
    k_block = torch.searchsorted(block_edges, kv_idx, right=True)
    return q_block >= k_block


CASES["variable_block"] = ("mask", 1, 1, 16, 16)

edges_list = block_edges.tolist()
block_of = [sum(edge <= i for edge in edges_list) - 1 for i in range(16)]
block_of_t = torch.as_tensor(block_of)


def variable_block_table(b, h, q_idx, kv_idx):
    return block_of_t[q_idx] >= block_of_t[kv_idx]


CASES["variable_block_table"] = ("mask", 1, 1, 16, 16)


# --------------------------------------------------------------------------- caches: a suffix of the prompt is dropped
@dataclass(slots=True, kw_only=True)
class DualCache:
    prompt: int
    block: int
    step: int
    keep_suffix: bool = True

    def span(self) -> tuple[int, int]:
        start = self.prompt + self.step * self.block
        return start, start + self.block

    def mask_mod(self, b, h, q_idx, kv_idx):
        lo, hi = self.span()
        in_block = (kv_idx >= lo) & (kv_idx < hi)
        prefix = kv_idx < lo
        suffix = kv_idx >= hi
        visible = prefix | in_block
        if self.keep_suffix:
            visible = visible | suffix
        return visible & (q_idx + lo >= 0)


dual = DualCache(prompt=5, block=4, step=1)
dual_cache = lambda b, h, q_idx, kv_idx: dual.mask_mod(b, h, q_idx, kv_idx)  # noqa: E731
no_suffix = DualCache(prompt=5, block=4, step=2, keep_suffix=False)


def prefix_cache(b, h, q_idx, kv_idx):
    return no_suffix.mask_mod(b, h, q_idx, kv_idx)


CASES["dual_cache"] = ("mask", 1, 1, 4, 20)
CASES["prefix_cache"] = ("mask", 1, 1, 4, 20)


# -------------------------------------------------------------------------------- any order: a permutation decides
order = torch.tensor([[3, 0, 5, 1, 4, 2], [0, 1, 2, 3, 4, 5]])
rank = torch.empty_like(order).scatter_(1, order, torch.arange(6).expand(2, -1))


def any_order(b, h, q_idx, kv_idx):
    return rank[b][kv_idx] < rank[b][q_idx]


def any_order_or_self(b, h, q_idx, kv_idx):
    return any_order(b, h, q_idx, kv_idx) | torch.eq(q_idx, kv_idx)


CASES["any_order"] = ("mask", 2, 1, 6, 6)
CASES["any_order_or_self"] = ("mask", 2, 1, 6, 6)


# ------------------------------------------------------------------ masked tokens do not see masked tokens of later blocks
noise = torch.tensor([[1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 0, 1]], dtype=torch.bool)


class TokenRule(Protocol):
    def __call__(self, b, h, q, k) -> Tensor: ...


def rule_from(name: str) -> TokenRule:
    match name.split(":"):
        case ["clean"]:
            return lambda b, h, q, k: ~noise[b, k]
        case ["noisy"]:
            return lambda b, h, q, k: noise[b, k]
        case ["block", size] if size.isdigit():
            step = int(size)
            return lambda b, h, q, k: q // step == k // step
        case ["causal", *rest]:
            slack = int(rest[0]) if rest else 0
            return lambda b, h, q, k: q + slack >= k
        case _:
            raise ValueError(name)


def compile_rules(spec: str) -> MaskMod:
    return reduce(or_masks, [reduce(and_masks, map(rule_from, term.split("&"))) for term in spec.split("|")])


ruled = compile_rules("clean&causal:2|noisy&block:3")
CASES["ruled"] = ("mask", 1, 1, 12, 12)


# --------------------------------------------------------------------------- confidence as a bias on the scores
confidence = torch.linspace(0.05, 0.95, 12).to(torch.bfloat16)
MASK_PENALTY = -math.log(50257)


def confidence_bias(score, b, h, q_idx, kv_idx):
    penalty = torch.where(noise[b, kv_idx], MASK_PENALTY * (1 - confidence[kv_idx]), 0.0)
    return score + penalty


CASES["confidence_bias"] = ("score", 1, 1, 12, 12)


# ------------------------------------------------------------------- guidance: two copies that share the prompt only
def guidance(prompt: int, n: int):
    def mod(b, h, q, k):
        q_copy, k_copy = q // n, k // n
        return (q_copy == k_copy) | ((k_copy == 0) & (k < prompt))

    return mod


cfg_pair = guidance(prompt=2, n=6)
CASES["cfg_pair"] = ("mask", 1, 1, 12, 12)
