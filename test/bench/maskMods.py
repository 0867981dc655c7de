# The masks of the benchmark, read by Flexlens and run by PyTorch alike. The caller puts LENGTH, WIDTH, LENGTHS (of the
# documents) and IDS (random ids; may be empty) in front.
import torch

document_id = torch.repeat_interleave(torch.arange(len(LENGTHS)), torch.tensor(LENGTHS))
random_id = torch.tensor(IDS)


def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx


def sliding_window(b, h, q_idx, kv_idx):
    return (q_idx >= kv_idx) & (q_idx - kv_idx < 256)


def documents(b, h, q_idx, kv_idx):
    return (q_idx >= kv_idx) & (document_id[q_idx] == document_id[kv_idx])


def prefix_lm(b, h, q_idx, kv_idx):
    return (kv_idx < 1000) | (q_idx >= kv_idx)


def neighbourhood(b, h, q_idx, kv_idx):
    near_row = (q_idx // WIDTH - kv_idx // WIDTH).abs() <= 6
    near_column = (q_idx % WIDTH - kv_idx % WIDTH).abs() <= 6
    return near_row & near_column


def dilated(b, h, q_idx, kv_idx):
    return (q_idx >= kv_idx) & ((q_idx - kv_idx) % 3 == 0)


def random_ids(b, h, q_idx, kv_idx):
    return random_id[q_idx] == random_id[kv_idx]
