"""Causal sliding window: the last WINDOW tokens and no others (Mistral 7B, arXiv:2310.06825)."""
from torch.nn.attention.flex_attention import and_masks, create_block_mask

S = 1024
WINDOW = 256


def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx


def in_window(b, h, q_idx, kv_idx):
    return q_idx - kv_idx < WINDOW


causal_sliding_window = and_masks(causal, in_window)

block_mask = create_block_mask(causal_sliding_window, B=None, H=None, Q_LEN=S, KV_LEN=S)
