"""What PyTorch makes of float16 q, k and v: `python halfGenerate.py > half.json` (PyTorch 2.13 on a CPU).

Inputs are those of kernels/flash/inputs.ts, rounded to half. Each case has the output of `flex_attention` itself and of
`torch.compile(flex_attention)`, as the numbers that the halves stand for, the log-sum-exp, and the dtypes that came out;
`seen` is the dtype of the score that a score_mod gets at run time.
"""
import json
import sys

import numpy as np
import torch
from torch._higher_order_ops.flex_attention import math_attention
from torch.nn.attention.flex_attention import create_block_mask, flex_attention

torch.set_num_threads(1)

B, H, HKV, Q_LEN, KV_LEN, D, DV = 1, 4, 2, 24, 40, 16, 8


def uniform(n, seed, scale):
    i = np.arange(n, dtype=np.uint32)
    x = (i + np.uint32(1)) * np.uint32(0x9E3779B1) + np.uint32((seed * 0x85EBCA6B) & 0xFFFFFFFF)
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    x = (x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    x = x ^ (x >> np.uint32(16))
    return torch.from_numpy((((x >> np.uint32(8)).astype(np.float64) - 2**23) / 2**23 * scale).astype(np.float32))


q = uniform(B * H * Q_LEN * D, 101, 1.5).reshape(B, H, Q_LEN, D).half()
k = uniform(B * HKV * KV_LEN * D, 102, 1.5).reshape(B, HKV, KV_LEN, D).half()
v = uniform(B * HKV * KV_LEN * DV, 103, 1.0).reshape(B, HKV, KV_LEN, DV).half()


def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx


def late(b, h, q_idx, kv_idx):
    return (q_idx >= kv_idx) & (q_idx > 2)


def alibi(score, b, h, q_idx, kv_idx):
    return score + 0.5 ** (h + 1) * (kv_idx - q_idx)


def softcap(score, b, h, q_idx, kv_idx):
    return 2.0 * torch.tanh(score / 2.0)


seen = []


def named(dtype):
    return str(dtype).removeprefix("torch.")


def looking(score, b, h, q_idx, kv_idx):
    seen.append(named(score.dtype))
    return score


def case(name, score, mask):
    block_mask = None if mask is None else create_block_mask(mask, None, None, Q_LEN, KV_LEN, device="cpu")
    result = {"name": name, "score": score and score.__name__, "mask": mask and mask.__name__}
    arguments = {"score_mod": score, "block_mask": block_mask, "enable_gqa": True}
    out, lse = flex_attention(q, k, v, **arguments, return_lse=True)
    compiled = torch.compile(flex_attention)(q, k, v, **arguments) if score or not mask else None  # which has no lse on a CPU
    result["dtypes"] = {"out": named(out.dtype), "lse": named(lse.dtype), "compiled": None if compiled is None else named(compiled.dtype)}
    result["out"] = [float(x) for x in out.flatten()]
    result["compiled"] = None if compiled is None else [float(x) for x in compiled.flatten()]
    result["lse"] = [float(x) if torch.isfinite(x) else str(float(x)) for x in lse.flatten()]
    return result


cases = [
    case("plain", None, None),
    case("causal", None, causal),
    case("rows without keys", None, late),
    case("ALiBi", alibi, causal),
    case("a soft cap", softcap, None),
]

masks = create_block_mask(causal, None, None, Q_LEN, KV_LEN, device="cpu").as_tuple()
math_attention(q, k.repeat_interleave(2, 1), v.repeat_interleave(2, 1), looking, masks, D**-0.5, {})
sizes = {"batch": B, "qHeads": H, "kvHeads": HKV, "qLen": Q_LEN, "kvLen": KV_LEN, "qkHeadDim": D, "vHeadDim": DV}
json.dump({"torch": torch.__version__, "sizes": sizes, "seen": sorted(set(seen)), "cases": cases}, sys.stdout)
print()
