"""Tree attention for speculative decoding: drafted tokens see the prefix and their own ancestors (arXiv:2305.09781)."""
import torch
from torch.nn.attention.flex_attention import create_block_mask

PREFIX = 960
parents = torch.tensor([0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 5, 6, 7, 8, 9])
NODES = len(parents)


def ancestor_matrix(parents):
    """[node, other] -> does `other` lie on the path from the root to `node`?"""
    n = len(parents)
    ancestor = torch.zeros(n, n, dtype=torch.bool)
    for node in range(n):
        current = node
        while True:
            ancestor[node, current] = True
            if current == 0:
                break
            current = int(parents[current])
    return ancestor


ancestor = ancestor_matrix(parents)


def tree(b, h, q_idx, kv_idx):
    node = kv_idx - PREFIX
    in_tree = (node >= 0) & (node < NODES)
    safe_node = torch.clamp(node, 0, NODES - 1)  # both sides of & are evaluated: keep the index in range
    return (kv_idx < PREFIX) | (in_tree & ancestor[q_idx, safe_node])


block_mask = create_block_mask(tree, B=None, H=None, Q_LEN=NODES, KV_LEN=PREFIX + NODES)
