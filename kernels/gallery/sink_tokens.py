"""Attention sinks: the first tokens stay visible beside a sliding window (StreamingLLM, arXiv:2309.17453)."""
from torch.nn.attention.flex_attention import create_block_mask

S = 2048


def generate_sink_mask(window: int, sinks: int = 4):
    def sink_tokens(b, h, q_idx, kv_idx):
        causal = q_idx >= kv_idx
        recent = q_idx - kv_idx < window
        sink = kv_idx < sinks
        return causal & (recent | sink)

    return sink_tokens


block_mask = create_block_mask(generate_sink_mask(window=256), None, None, S, S)
