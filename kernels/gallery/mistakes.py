"""Common mistakes, one a function. Flexlens underlines each and offers the rewrite."""
import torch
from torch.nn.attention.flex_attention import create_block_mask

WINDOW = 128


def chained_comparison(b, h, q_idx, kv_idx):
    return 0 <= q_idx - kv_idx < WINDOW


def python_and(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx and q_idx - kv_idx < WINDOW


def python_not(b, h, q_idx, kv_idx):
    return not q_idx < kv_idx


def branch_on_index(b, h, q_idx, kv_idx):
    if q_idx >= kv_idx:
        return kv_idx < WINDOW
    return q_idx < WINDOW


def ternary_on_index(score, b, h, q_idx, kv_idx):
    return score if q_idx >= kv_idx else -float("inf")


def python_bool(b, h, q_idx, kv_idx):
    return True


def number_as_mask(b, h, q_idx, kv_idx):
    return (q_idx - kv_idx) * 1


def mask_as_score(score, b, h, q_idx, kv_idx):
    return q_idx >= kv_idx


def item_of_index(b, h, q_idx, kv_idx):
    return kv_idx < q_idx.item() + 1


def unknown_name(b, h, q_idx, kv_idx):
    return q_idx - kv_idx < WINDWO


def inf_like(score, b, h, q_idx, kv_idx):
    return torch.where(q_idx >= kv_idx, score, -torch.inf_like(score))


def right(b, h, q_idx, kv_idx):
    return (q_idx >= kv_idx) & (q_idx - kv_idx < WINDOW)


block_mask = create_block_mask(right, None, None, 1024, 1024)
