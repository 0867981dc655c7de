"""A composition of four: causal, in a window or a sink, within a document, and not padding."""
import torch
from torch.nn.attention.flex_attention import and_masks, create_block_mask, flex_attention, or_masks

B, H, S = 2, 8, 1024
WINDOW = 192
SINKS = 4

document_id = torch.repeat_interleave(torch.arange(3), torch.tensor([300, 340, 384]))
lengths = torch.tensor([1024, 900])


def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx


def window(b, h, q_idx, kv_idx):
    return q_idx - kv_idx < WINDOW


def sink(b, h, q_idx, kv_idx):
    return kv_idx < SINKS


def same_document(b, h, q_idx, kv_idx):
    return document_id[q_idx] == document_id[kv_idx]


def not_padding(b, h, q_idx, kv_idx):
    return (q_idx < lengths[b]) & (kv_idx < lengths[b])


packed_window = and_masks(causal, or_masks(window, sink), same_document, not_padding)


def softcap(score, b, h, q_idx, kv_idx):
    return 30.0 * torch.tanh(score / 30.0)


def attend(q, k, v):
    block_mask = create_block_mask(packed_window, B, None, S, S)
    return flex_attention(q, k, v, score_mod=softcap, block_mask=block_mask)
