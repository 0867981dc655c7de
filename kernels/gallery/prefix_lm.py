"""Prefix-LM: the prompt sees itself in both directions, the answer is causal (T5, arXiv:1910.10683)."""
from torch.nn.attention.flex_attention import create_block_mask, or_masks

S = 2048


def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx


def generate_prefix_lm_mask(prefix_length: int):
    def prefix(b, h, q_idx, kv_idx):
        return kv_idx < prefix_length

    return or_masks(prefix, causal)


prefix_lm = generate_prefix_lm_mask(prefix_length=768)

block_mask = create_block_mask(prefix_lm, None, None, S, S)
