"""Images, videos, pages and blocks: neighbourhoods, tiles, tables of blocks, retrieval of chunks."""
import itertools
import math

import numpy as np
import torch
from torch.nn.attention.flex_attention import and_masks, or_masks

CASES = {}


def natten(height, width, kernel_h, kernel_w):
    def get_x_y(idx):
        return idx // width, idx % width

    def mask(b, h, q_idx, kv_idx):
        q_y, q_x = get_x_y(q_idx)
        kv_y, kv_x = get_x_y(kv_idx)
        center_y = q_y.clamp(kernel_h // 2, (height - 1) - kernel_h // 2)
        center_x = q_x.clamp(kernel_w // 2, (width - 1) - kernel_w // 2)
        return ((center_y - kv_y).abs() <= kernel_h // 2) & ((center_x - kv_x).abs() <= kernel_w // 2)

    mask.__name__ = f"natten_{height}x{width}_k{kernel_h:02d}"
    return mask


natten_4x6 = natten(4, 6, 3, 3)


def tiled_natten(height, width, kernel, tile):
    def xy(idx):
        t_id, t_off = idx // (tile * tile), idx % (tile * tile)
        tiles = width // tile
        return (t_id // tiles) * tile + t_off // tile, (t_id % tiles) * tile + t_off % tile

    def mask(b, h, q, k):
        (qy, qx), (ky, kx) = xy(q), xy(k)
        return (torch.maximum((qy - ky).abs(), (qx - kx).abs())) <= kernel

    return mask


tiled = tiled_natten(4, 6, 1, 2)


def morton(height, width):
    order = sorted(itertools.product(range(height), range(width)), key=lambda yx: sum((((yx[0] >> i) & 1) << (2 * i + 1)) | (((yx[1] >> i) & 1) << (2 * i)) for i in range(4)))
    ys, xs = torch.tensor([y for y, _ in order]), torch.tensor([x for _, x in order])

    def mask(b, h, q, k):
        return (ys[q] - ys[k]).abs() + (xs[q] - xs[k]).abs() <= 2

    return mask


morton_order = morton(4, 6)
swin_ids = (torch.arange(4)[:, None] // 2 * 3 + torch.arange(6)[None, :] // 2).flatten()
swin_windows = lambda b, h, q, k: swin_ids[q] == swin_ids[k]
rolled_ids = torch.roll(swin_ids.view(4, 6), shifts=(-1, -1), dims=(0, 1)).reshape(-1)
swin_shifted = lambda b, h, q, k: rolled_ids[q] == rolled_ids[k]
axial = lambda b, h, q, k: torch.where(h % 2 == 0, q // 6 == k // 6, q % 6 == k % 6)


def video(frames, height, width, window=(1, 1, 1)):
    def unravel(i):
        return i // (height * width), (i // width) % height, i % width

    def mask(b, h, q, k):
        inside = [(a - c).abs() <= w for a, c, w in zip(unravel(q), unravel(k), window)]
        result = inside[0]
        for part in inside[1:]:
            result = result & part
        return result

    return mask


video_window = video(3, 2, 4, window=(1, 0, 1))
frame_ids = torch.arange(24) // 8
temporal_causal = lambda b, h, q, k: frame_ids[q] >= frame_ids[k]


def sliding_tile(tile, grid, window):
    nt = math.prod(grid)
    coords = torch.tensor(list(np.ndindex(*grid))) if False else torch.tensor(list(itertools.product(*map(range, grid))))
    half = torch.tensor(window) // 2
    limits = torch.tensor(grid) - 1
    center = torch.minimum(torch.maximum(coords, half), limits - half)
    near = (center[:, None] - coords[None]).abs().le(half).all(-1)
    assert near.shape == (nt, nt)

    def mask(b, h, q, k):
        return near[q // tile, k // tile]

    return mask


sta = sliding_tile(4, (2, 3, 1), (1, 3, 1))


def paged(block_table, page, mod):
    logical = torch.full((block_table.max() + 1,), -1, dtype=torch.long)
    logical[block_table] = torch.arange(len(block_table))

    def mask(b, h, q_idx, physical_kv):
        block, offset = physical_kv // page, physical_kv % page
        logical_block = logical[block]
        kv = logical_block * page + offset
        return torch.where(logical_block >= 0, mod(b, h, q_idx, kv), False)

    return mask


paged_causal = paged(torch.tensor([3, 0, 5, 2]), 4, lambda b, h, q, k: q >= k)


def moba(scores, block, top):
    chosen = torch.zeros_like(scores, dtype=torch.bool)
    chosen.scatter_(-1, scores.topk(top, dim=-1)[1], True)

    def mask(b, h, q, k):
        own = q // block == k // block
        return (own | chosen[h, q // block, k // block]) & (q >= k)

    return mask


moba_scores = torch.arange(3 * 6 * 6, dtype=torch.float32).mul(0.7).cos().view(3, 6, 6)
moba_mask = moba(moba_scores, 4, 2)


def native_sparse(block, stride, window):
    compressed = lambda b, h, q, k: (k % stride == stride - 1) & (k < q)
    local = lambda b, h, q, k: (q - k < window) & (q >= k)
    first = lambda b, h, q, k: k // block == 0
    return and_masks(or_masks(compressed, local, first), lambda b, h, q, k: q >= k)


nsa = native_sparse(4, 3, 5)
bsr_rows = np.array([0, 1, 3, 4, 6, 7, 9])
bsr_columns = np.array([0, 0, 1, 2, 1, 3, 4, 0, 5])
layout = np.zeros((6, 6), dtype=bool)
for row in range(6):
    layout[row, bsr_columns[bsr_rows[row] : bsr_rows[row + 1]]] = True
layout_tensor = torch.from_numpy(layout)
block_sparse = lambda b, h, q, k: layout_tensor[q // 4, k // 4]
dense = torch.from_numpy(np.kron(layout.astype(np.uint8), np.ones((4, 4), dtype=np.uint8))).bool()
dense_sparse = lambda b, h, q, k: dense[q, k]
distances = np.abs(np.arange(24)[:, None] - np.arange(24)[None, :])
band = torch.from_numpy((distances <= 2) | (distances % 5 == 0))
banded = lambda b, h, q, k: band[q, k]
head_layouts = torch.stack([layout_tensor.roll(i, 0) for i in range(3)])
per_head_layout = lambda b, h, q, k: head_layouts[h, q // 4, k // 4]
chunk_lookup = torch.tensor([[0, 2], [1, 1], [0, 1], [2, 4], [3, 5], [1, 4]])
retrieved = lambda b, h, q, k: (chunk_lookup[q // 4] == k // 4).any()
retrieved_sum = lambda b, h, q, k: (chunk_lookup[q // 4] == k // 4).sum() > 0
iterated = lambda b, h, q, k: sum((c == k // 4) for c in chunk_lookup[q // 4]) > 0
isin = lambda b, h, q, k: torch.isin(k, torch.tensor([0, 3, 11, 20])) | (q == k)
rings = lambda b, h, q, k: ((q % 4) * 6 + q // 4) >= ((k % 4) * 6 + k // 4)
zigzag_order = torch.cat([torch.arange(r * 3, r * 3 + 3).tolist() + torch.arange(21 - r * 3, 24 - r * 3).tolist() if False else torch.cat([torch.arange(r * 3, r * 3 + 3), torch.arange(21 - r * 3, 24 - r * 3)]) for r in range(4)])
zigzag = lambda b, h, q, k: zigzag_order[q] >= zigzag_order[k]
toeplitz = torch.zeros(24, 24, dtype=torch.bool)
toeplitz.diagonal(-1).fill_(True)
toeplitz.diagonal(0).fill_(True)
toeplitz[5:7, ...] |= torch.ones(2, 24, dtype=torch.bool)
toeplitz_mask = lambda b, h, q, k: toeplitz[q, k]
einsum_table = torch.einsum("ia,ja->ij", torch.eye(6)[:, :4], torch.eye(6)[:, :4]) > 0
einsum_mask = lambda b, h, q, k: einsum_table[q // 4, k // 4]
tril_table = torch.ones(24, 24, dtype=torch.bool).tril(-2).logical_not_()
tril_mask = lambda b, h, q, k: tril_table[q, k]
unfolded = torch.arange(24).unfold(0, 4, 4).flip(1)
unfolded_ids = torch.zeros(24, dtype=torch.long)
unfolded_ids[unfolded.flatten()] = torch.arange(6).repeat_interleave(4)
unfolded_mask = lambda b, h, q, k: unfolded_ids[q] == unfolded_ids[k]
bad_length = lambda b, h, q, k: layout_tensor[q, k]
bad_slice = lambda b, h, q, k: band[q, :k].any()

for _name in """natten_4x6 tiled morton_order swin_windows swin_shifted axial video_window temporal_causal sta paged_causal moba_mask nsa
block_sparse dense_sparse banded per_head_layout retrieved retrieved_sum iterated isin rings zigzag toeplitz_mask einsum_mask tril_mask
unfolded_mask bad_slice""".split():
    CASES[_name] = ("mask", 2, 3, 24, 24)
