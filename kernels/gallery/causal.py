"""Causal attention: a token sees itself and everything before it."""
import torch
from torch.nn.attention.flex_attention import create_block_mask, flex_attention

B, H, S, D = 1, 8, 1024, 64


def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx


def attend(q, k, v):
    block_mask = create_block_mask(causal, B=None, H=None, Q_LEN=S, KV_LEN=S, device="cuda")
    return flex_attention(q, k, v, block_mask=block_mask)


if __name__ == "__main__":
    q, k, v = (torch.randn(B, H, S, D, device="cuda") for _ in range(3))
    print(attend(q, k, v).shape)
