"""Symmetric sliding window: a token sees WINDOW neighbours on either side (Longformer, arXiv:2004.05150)."""
import torch
from torch.nn.attention.flex_attention import create_block_mask

S = 2048
WINDOW = 128


def sliding_window(b, h, q_idx, kv_idx):
    return torch.abs(q_idx - kv_idx) <= WINDOW


block_mask = create_block_mask(sliding_window, None, None, S, S)
