"""Left padding: prompts of different lengths, aligned at their ends, as generation batches them."""
import torch
from torch.nn.attention.flex_attention import and_masks, create_block_mask

B, S = 4, 512
prompt_lengths = torch.tensor([512, 400, 250, 97])
first_token = S - prompt_lengths


def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx


def left_padding(b, h, q_idx, kv_idx):
    return kv_idx >= first_token[b]


padded_causal = and_masks(left_padding, causal)

block_mask = create_block_mask(padded_causal, B, None, S, S, BLOCK_SIZE=64)
