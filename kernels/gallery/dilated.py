"""Dilated window: every DILATION-th neighbour out to WINDOW (Longformer, arXiv:2004.05150, section 3.1)."""
from torch.nn.attention.flex_attention import create_block_mask

S = 2048
WINDOW = 512
DILATION = 4


def dilated(b, h, q_idx, kv_idx):
    distance = q_idx - kv_idx
    near = (distance >= -WINDOW) & (distance <= WINDOW)
    on_grid = distance % DILATION == 0  # floor-mod: right for negative distances too
    return near & on_grid


block_mask = create_block_mask(dilated, None, None, S, S)
