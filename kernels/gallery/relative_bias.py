"""T5's relative position bias: a learned table over logarithmic buckets of the distance (arXiv:1910.10683)."""
import torch
from torch.nn.attention.flex_attention import flex_attention

H, S = 8, 1024
NUM_BUCKETS = 32
MAX_DISTANCE = 128

# A stand-in for the learned table [NUM_BUCKETS, H]; train it as an nn.Parameter.
bias_table = torch.linspace(1.0, -1.0, NUM_BUCKETS * H).view(NUM_BUCKETS, H)


def bucket_of(distance):
    """One side of T5's bidirectional buckets: exact near, logarithmic far."""
    half = NUM_BUCKETS // 2
    max_exact = half // 2
    magnitude = torch.abs(distance)
    far = max_exact + (
        torch.log(torch.clamp(magnitude, min=1) / max_exact) / torch.log(torch.tensor(MAX_DISTANCE / max_exact)) * (half - max_exact)
    ).to(torch.int64)
    bucket = torch.where(magnitude < max_exact, magnitude, torch.clamp(far, max=half - 1))
    return torch.where(distance > 0, bucket + half, bucket)


def relative_bias(score, b, h, q_idx, kv_idx):
    return score + bias_table[bucket_of(kv_idx - q_idx), h]


def attend(q, k, v):
    return flex_attention(q, k, v, score_mod=relative_bias)
