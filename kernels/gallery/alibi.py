"""ALiBi: a linear penalty on distance, steeper for each head, under a causal mask (arXiv:2108.12409)."""
import torch
from torch.nn.attention.flex_attention import create_block_mask, flex_attention

B, H, S, D = 1, 8, 1024, 64


def generate_alibi_bias(num_heads: int):
    def alibi(score, b, h, q_idx, kv_idx):
        slope = torch.exp2(-((h + 1) * 8.0 / num_heads))
        return score + (kv_idx - q_idx) * slope

    return alibi


def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx


alibi_bias = generate_alibi_bias(H)


def attend(q, k, v):
    block_mask = create_block_mask(causal, None, None, S, S)
    return flex_attention(q, k, v, score_mod=alibi_bias, block_mask=block_mask)
