"""Logit soft-capping: scores bent smoothly into (-SOFTCAP, SOFTCAP) (Gemma 2, arXiv:2408.00118)."""
import torch
from torch.nn.attention.flex_attention import create_block_mask, flex_attention

S = 1024
SOFTCAP = 50.0


def tanh_softcap(score, b, h, q_idx, kv_idx):
    return SOFTCAP * torch.tanh(score / SOFTCAP)


def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx


def attend(q, k, v):
    block_mask = create_block_mask(causal, None, None, S, S)
    return flex_attention(q, k, v, score_mod=tanh_softcap, block_mask=block_mask)
