"""What PyTorch gives for rows of low, infinite and masked scores: out, lse and the rows' largest scores.

    OMP_NUM_THREADS=1 python extremesGenerate.py    (PyTorch 2.13, CPU) writes extremes.json beside it

The largest scores are not to be had on the CPU by the public call, which refuses them; the function that computes all
three (`math_attention`) returns them in units of log2, as it does lse, and the public call takes both to base e.
"""

import json
import math
import pathlib

import torch
import torch.nn.attention.flex_attention as flex
from torch._higher_order_ops.flex_attention import math_attention

torch.set_num_threads(1)

TEXT = '''import torch

LOWEST = torch.finfo(torch.float32).min


def lowest_rows(score, b, h, q_idx, kv_idx):
    return torch.where(q_idx < 2, LOWEST, score)


def lowest_added(score, b, h, q_idx, kv_idx):
    return score + LOWEST * (kv_idx > q_idx)


def lowest_added_to_rows(score, b, h, q_idx, kv_idx):
    return score + LOWEST * (q_idx < 2)


def lowest_twice(score, b, h, q_idx, kv_idx):
    return score + LOWEST * (q_idx < 2) + LOWEST * (q_idx < 1)


def minus_1e30(score, b, h, q_idx, kv_idx):
    return torch.where(kv_idx > q_idx - 1, -1e30, score)


def minus_1e9(score, b, h, q_idx, kv_idx):
    return torch.where(kv_idx > q_idx - 1, -1e9, score)


def two_levels(score, b, h, q_idx, kv_idx):
    return torch.where(q_idx < 2, torch.where(kv_idx == 3, -1e31, -1e33), score)


def minus_infinity(score, b, h, q_idx, kv_idx):
    return torch.where(kv_idx > q_idx - 1, -float("inf"), score)


def low_and_infinite(score, b, h, q_idx, kv_idx):
    return torch.where(q_idx == 0, LOWEST, torch.where(q_idx == 1, -float("inf"), torch.where(kv_idx > q_idx, -float("inf"), score)))


def plus_infinity(score, b, h, q_idx, kv_idx):
    return torch.where((q_idx == 1) & (kv_idx == 2), float("inf"), score)


def nan_row(score, b, h, q_idx, kv_idx):
    return torch.where((q_idx == 1) & (kv_idx == 2), float("nan"), score)


def plain(score, b, h, q_idx, kv_idx):
    return score


def every(b, h, q_idx, kv_idx):
    return q_idx >= 0


def some(b, h, q_idx, kv_idx):
    return (kv_idx != 3) & (q_idx != 2)
'''

names = {}
exec(TEXT, names)
SCORES = [
    "plain",
    "lowest_rows",
    "lowest_added",
    "lowest_added_to_rows",
    "lowest_twice",
    "minus_1e30",
    "minus_1e9",
    "two_levels",
    "minus_infinity",
    "low_and_infinite",
    "plus_infinity",
    "nan_row",
]
Q_LEN, KV_LEN, D, DV = 5, 6, 4, 4
torch.manual_seed(0)
q, k, v = torch.randn(1, 1, Q_LEN, D), torch.randn(1, 1, KV_LEN, D), torch.randn(1, 1, KV_LEN, DV)


def number(x):
    return x if math.isfinite(x) else "nan" if math.isnan(x) else "inf" if x > 0 else "-inf"


def flat(x):
    return [number(y) for y in x.double().flatten().tolist()]


cases = []
for score in SCORES:
    for mask in ["every", "some"]:
        block_mask = flex.create_block_mask(names[mask], None, None, Q_LEN, KV_LEN, device="cpu")
        out, aux = flex.flex_attention(
            q, k, v, score_mod=names[score], block_mask=block_mask, return_aux=flex.AuxRequest(lse=True)
        )
        again, lse, largest = math_attention(q, k, v, names[score], block_mask.as_tuple(), 1 / math.sqrt(D), {})
        assert torch.equal(out.nan_to_num(), again.nan_to_num())
        assert torch.equal(aux.lse.nan_to_num(), (lse * math.log(2)).nan_to_num())
        cases.append(
            {
                "score": score,
                "mask": mask,
                "out": flat(out),
                "lse": flat(aux.lse),
                "maxScores": flat(largest * math.log(2)),
                "negativeZeros": bool(((out == 0) & torch.signbit(out)).any()),
            }
        )

tensors = {"q": flat(q), "k": flat(k), "v": flat(v)}
sizes = {"qLen": Q_LEN, "kvLen": KV_LEN, "qkHeadDim": D, "vHeadDim": DV}
path = pathlib.Path(__file__).with_name("extremes.json")
path.write_text(json.dumps({"text": TEXT, "sizes": sizes, **tensors, "cases": cases}, indent=None) + "\n")
print(len(cases), "cases,", path.stat().st_size, "bytes")
