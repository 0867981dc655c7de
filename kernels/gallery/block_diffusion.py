"""Block diffusion's training mask over [noisy tokens | clean tokens] (BD3-LM, arXiv:2503.09573)."""
import torch
from torch.nn.attention.flex_attention import create_block_mask

N = 1024  # tokens of one copy; the sequence holds the noisy copy, then the clean one
BLOCK = 64


def block_diffusion(b, h, q_idx, kv_idx):
    q_clean = q_idx >= N
    kv_clean = kv_idx >= N
    q_block = torch.where(q_clean, (q_idx - N) // BLOCK, q_idx // BLOCK)
    kv_block = torch.where(kv_clean, (kv_idx - N) // BLOCK, kv_idx // BLOCK)

    block_diagonal = (q_block == kv_block) & (q_clean == kv_clean)
    offset_block_causal = (q_block > kv_block) & kv_clean & ~q_clean
    block_causal = (q_block >= kv_block) & kv_clean & q_clean
    return block_diagonal | offset_block_causal | block_causal


block_mask = create_block_mask(block_diffusion, None, None, 2 * N, 2 * N)
