# The mods of the kernel benchmarks, read by Flexlens as a user's would be. The caller puts
# LENGTHS (of documents) and WINDOW in front.
import torch

document_id = torch.repeat_interleave(torch.arange(len(LENGTHS)), torch.tensor(LENGTHS))


def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx


def window(b, h, q_idx, kv_idx):
    return (q_idx >= kv_idx) & (q_idx - kv_idx < WINDOW)


def documents(b, h, q_idx, kv_idx):
    return document_id[q_idx] == document_id[kv_idx]


def neighbourhood(b, h, q_idx, kv_idx):
    near_row = (q_idx // 56 - kv_idx // 56).abs() < 5
    near_column = (q_idx % 56 - kv_idx % 56).abs() < 5
    return near_row & near_column


def soft_cap(score, b, h, q_idx, kv_idx):
    return 20.0 * torch.tanh(score / 20.0)
