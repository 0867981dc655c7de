"""2-D neighbourhood attention over a 56 x 56 image (the first stage of a hierarchical ViT; NATTEN, arXiv:2204.07143).

`|row - row'| < 5 and |column - column'| < 5` is often called a 5 x 5 window. It is 9 x 9: four to each side and the
token itself. The mask shows it.
"""
import torch
from torch.nn.attention.flex_attention import create_block_mask

HEIGHT, WIDTH = 56, 56
RADIUS = 5
S = HEIGHT * WIDTH


def row_and_column(idx):
    return idx // WIDTH, idx % WIDTH


def neighbourhood_2d(b, h, q_idx, kv_idx):
    q_row, q_column = row_and_column(q_idx)
    kv_row, kv_column = row_and_column(kv_idx)
    near_rows = torch.abs(q_row - kv_row) < RADIUS
    near_columns = torch.abs(q_column - kv_column) < RADIUS
    return near_rows & near_columns


block_mask = create_block_mask(neighbourhood_2d, B=None, H=None, Q_LEN=S, KV_LEN=S)
