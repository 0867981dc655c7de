"""Document packing: several documents in one sequence, each causal within itself and blind to the others."""
import torch
from torch.nn.attention.flex_attention import create_block_mask

S = 4096
offsets = torch.tensor([0, 700, 1024, 2300, 2950, 4096])


def offsets_to_document_ids(offsets):
    counts = offsets[1:] - offsets[:-1]
    return torch.repeat_interleave(torch.arange(len(counts)), counts)


def generate_document_mask(inner_mask_mod, offsets):
    """Runs `inner_mask_mod` on positions that restart in every document."""
    document_id = offsets_to_document_ids(offsets)

    def document_mask(b, h, q_idx, kv_idx):
        same_document = document_id[q_idx] == document_id[kv_idx]
        q_logical = q_idx - offsets[document_id[q_idx]]
        kv_logical = kv_idx - offsets[document_id[kv_idx]]
        return same_document & inner_mask_mod(b, h, q_logical, kv_logical)

    return document_mask


def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx


document_causal = generate_document_mask(causal, offsets)

block_mask = create_block_mask(document_causal, None, None, S, S)
