"""What PyTorch makes of the mods below: dtypes, values, refusals. Writes meaning.json, which meaning.test.ts reads.

    python test/oracle/meaning.py > test/oracle/meaning.json

Each line is the expression that a score_mod returns (with float32 scores; with float64 ones where it says f64), or after
`mask:` a mask_mod, over the tensors of HEAD. What comes out stands there with it: 24 values or the exception.
"""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fuzz"))
from torchFuzz import evaluate  # noqa: E402

HEAD = """import math
import torch
import torch.nn.functional as F

flag = torch.tensor([True, False, True, False])
byte = torch.tensor([0, 2, 200, 255], dtype=torch.uint8)
i8 = torch.tensor([-128, -1, 3, 127], dtype=torch.int8)
i16 = torch.tensor([-32768, -300, 7, 32767], dtype=torch.int16)
i32 = torch.tensor([-2147483648, -7, 5, 2147483647], dtype=torch.int32)
i64 = torch.tensor([-9007199254740991, -7, 5, 16777217], dtype=torch.int64)
f16 = torch.tensor([0.1, -3.7, 1000.1, 65504.0], dtype=torch.float16)
bf16 = torch.tensor([0.1, -3.7, 1000.1, 3e38], dtype=torch.bfloat16)
f32 = torch.tensor([0.1, -3.7, 1e-3, 1000.1])
f64 = torch.tensor([0.1, -3.7, 1e-3, 1000.1], dtype=torch.float64)
odd = torch.tensor([float("nan"), float("inf"), -float("inf"), 2.5])
matrix = torch.tensor([[0.1, -3.7, 1e-3, 1000.1], [2.5, 3.3, -0.9, 7.7], [0.0, 1.0, float("nan"), -2.0]])
table = torch.tensor([[0, 1, -2, 5], [5, 3, -4, 0], [1, -2, 5, 3]])
bytes2 = torch.tensor([[0, 2, 200, 255], [1, 254, 3, 4]], dtype=torch.uint8)
half0 = torch.tensor(0.1, dtype=torch.float16)
double0 = torch.tensor(0.1, dtype=torch.float64)
int0 = torch.tensor(300)
long_row = (torch.arange(40) * 0.37).sin().float()
bounds = torch.tensor([-3, 0, 2, 5])
"""

CASES = """
# Python numbers and dtypes
q_idx / 2
q_idx * 0.1
score + 0.1 * (kv_idx - q_idx)
f64: score + 0.1 * (kv_idx - q_idx)
f64: score + torch.exp(q_idx)
2.0 ** (-8 * (h + 1) / 4)
2 ** (q_idx - 2)
q_idx ** -1
q_idx ** 2
i8[kv_idx] ** 300
i8[kv_idx] + 300
byte[kv_idx] - 5
byte[kv_idx] + 2 ** 40
score + 2 ** 70
flag[kv_idx] - 5
5 - flag[kv_idx]
flag[kv_idx] * 0.5
flag[kv_idx] // 1
flag[kv_idx] << 1
flag[kv_idx] + flag[q_idx]
flag[kv_idx] * flag[q_idx]
flag[kv_idx] - flag[q_idx]
kv_idx - flag[q_idx]
q_idx - (q_idx >= kv_idx)
-flag[kv_idx]
mask: 1 & (q_idx >= kv_idx)
mask: byte[kv_idx] < -1
mask: byte[kv_idx] == 256
mask: i64[kv_idx] == 16777216.0
mask: f32[kv_idx] == double0
# promotion of 0-d and batched tensors
score + double0
score * f64[kv_idx]
score + half0
half0 + q_idx
f32[kv_idx] * half0
torch.where(q_idx >= kv_idx, score, double0)
torch.where(q_idx >= kv_idx, score, f64[q_idx])
torch.where(q_idx >= kv_idx, byte[kv_idx], int0)
torch.where(q_idx >= kv_idx, half0, double0)
torch.clamp(score, min=double0)
torch.clamp_min(score, double0)
torch.clamp(byte[kv_idx], max=int0)
torch.maximum(byte[kv_idx], int0)
(bytes2[h] < i64[kv_idx]).sum()
(bytes2[h] + i64[kv_idx]).sum()
torch.addcmul(score, double0, f32[kv_idx])
torch.add(f16[kv_idx], q_idx, alpha=0.5)
torch.sub(score, q_idx, alpha=2)
torch.add(q_idx, kv_idx, alpha=0.5)
torch.heaviside(f16[q_idx], score)
torch.heaviside(score, f64[kv_idx])
byte[kv_idx] / -1
i8[kv_idx] / 300
torch.copysign(byte[kv_idx], -1)
(bytes2[h] / -1).sum()
# half precision
(kv_idx - q_idx) * f16[3]
(kv_idx - q_idx) * f16[h]
score + (kv_idx - q_idx) * f16[kv_idx]
score + (kv_idx * 100 - q_idx) * bf16[h]
torch.deg2rad(f16[q_idx % 4])
torch.deg2rad(bf16[q_idx % 4])
torch.rad2deg(f16[q_idx % 2])
f16[q_idx % 4] * 0.017453292519943295
f16[kv_idx] / 1e-3
f16[kv_idx] * (1 / 3)
bf16[kv_idx] + 0.1
1 / f16[kv_idx]
3.7 / bf16[kv_idx]
f16[kv_idx] // 0.3
bf16[kv_idx] % 0.3
f16[kv_idx] ** 0.5
f16[kv_idx] ** 3
(f16[0] + kv_idx + 1.2) ** 3
(f16[0] + kv_idx + 1.2) ** -2
(bf16[0] + kv_idx + 1.2) ** 3
(bf16[0] + kv_idx + 1.2) ** -2
(bf16[1] + kv_idx + 5) ** 3 + score
torch.pow(bf16[1] + kv_idx * 0.3, -2) + score
(matrix[q_idx % 3].half() * math.pi).sum()
matrix[q_idx % 3].bfloat16().sum()
F.leaky_relu(f16[kv_idx])
F.gelu(bf16[kv_idx])
torch.round(f16[kv_idx], decimals=2)
torch.full_like(f16[kv_idx], 1e6)
torch.full((), 1e6, dtype=torch.float16) + score
f16[kv_idx].clamp(max=1e5)
torch.where(q_idx >= kv_idx, f16[kv_idx], 1e6)
0.3 // bf16[0]
1e6 // torch.rsqrt(torch.zeros((), dtype=torch.float16))
0.3 // torch.full((), 0.1, dtype=torch.bfloat16) + score
0.3 * bf16[0]
# floor, remainder, rounding
i64[kv_idx] // -3
i64[kv_idx] % -3
i32[kv_idx] // 7
torch.fmod(i64[kv_idx], -3)
torch.div(i64[kv_idx], -3, rounding_mode="trunc")
odd[kv_idx] // score
score // odd[kv_idx]
score // 0.0
score % 0.0
score % odd[kv_idx]
odd[kv_idx] % 3
q_idx // 0
q_idx // h
q_idx % (kv_idx - 2)
torch.div(score, odd[kv_idx], rounding_mode="floor")
torch.div(score, 0.3, rounding_mode="trunc")
torch.round(score)
torch.round(score * 10, decimals=1)
torch.round(q_idx * 100, decimals=-2)
torch.floor(q_idx)
# conversions
odd[kv_idx].int()
odd[kv_idx].long()
odd[kv_idx].to(torch.uint8)
odd[kv_idx].bool()
(f32[kv_idx] * 1e10).int()
(f32[kv_idx] * 1e10).to(torch.int16)
(f64[kv_idx] * 1e10 + 7).to(torch.uint8)
(f64[kv_idx] * 1e10 + 7).to(torch.int8)
(f32[kv_idx] * 300).to(torch.int8)
(f32[kv_idx] * 300).to(torch.uint8)
i64[kv_idx].int()
i64[kv_idx].float()
i64[kv_idx].half()
i32[kv_idx].to(torch.int8)
(q_idx - 3).to(torch.uint8)
(q_idx + 2147483647).to(torch.int32)
q_idx + 2147483647
# 64 bits
i64[kv_idx] * i64[q_idx]
i64[kv_idx] * 6364136223846793005 + 1442695040888963407
((q_idx * 73856093) ^ (kv_idx * 19349663)) % 1024
((q_idx * 6364136223846793005 + kv_idx) >> 33) & 7
mask: ((q_idx * 0x9E3779B97F4A7C15 - kv_idx) >> 60) == 3
mask: ((q_idx * 0x1E3779B97F4A7C15 - kv_idx) >> 58) >= 3
mask: (((q_idx << 40) + kv_idx) * 1000003) % 7 == 2
(i64[kv_idx] ** 3) % 1000
i64[kv_idx] * i64[0] // 12345
mask: i64[kv_idx] * i64[q_idx] > 0
(i64[kv_idx] * i64[q_idx]).float()
(table[q_idx % 3] * i64[kv_idx] * 1000003).prod()
torch.minimum(i64[kv_idx] * i64[q_idx], q_idx)
i64[kv_idx] << 60
i64[kv_idx] >> 70
q_idx << 64
1 << (kv_idx - 2)
kv_idx >> (q_idx - 2)
i8[kv_idx] << 7
byte[kv_idx] >> 9
i32[kv_idx].abs()
-i8[kv_idx]
~byte[kv_idx]
i16[kv_idx] * i16[q_idx]
# nan, infinities, extremes
torch.sign(odd[kv_idx])
torch.maximum(odd[kv_idx], score)
torch.fmax(odd[kv_idx], score)
torch.minimum(score, odd[kv_idx])
torch.clamp(odd[kv_idx], -1, 1)
torch.clamp(score, 1, -1)
q_idx.clamp(3, 1)
q_idx.clamp(0.5)
i8[kv_idx].clamp(max=300)
i8[kv_idx].masked_fill(q_idx > 1, 300)
byte[kv_idx].masked_fill(q_idx > 1, -1)
torch.where(q_idx > 1, i8[kv_idx], 300)
torch.full_like(i8[kv_idx], 300)
torch.clamp(score, 0, f32[kv_idx])
torch.maximum(score, 0)
torch.where(q_idx, score, 0)
1 ** odd[kv_idx]
(-1.0) ** odd[kv_idx]
odd[kv_idx] ** 0
0 * odd[kv_idx]
odd[kv_idx] - odd[kv_idx]
mask: odd[kv_idx] == odd[kv_idx]
torch.nan_to_num(odd[kv_idx])
torch.nan_to_num(odd[kv_idx], nan=3.0, posinf=1.0)
torch.copysign(score, q_idx - 2)
torch.logaddexp(odd[kv_idx], odd[kv_idx])
torch.hypot(score, f32[kv_idx])
torch.lerp(score, f32[kv_idx], 0.1)
torch.lerp(score, f32[kv_idx], -2.5)
torch.lerp(score, f64[kv_idx], 0.1)
torch.addcmul(score, f32[kv_idx], f32[q_idx], value=0.3)
torch.isfinite(q_idx)
# reductions
matrix[q_idx % 3].sum()
long_row[: 4].sum() + (long_row * score).sum()
(long_row + f32[kv_idx]).mean()
matrix[q_idx % 3].argmin()
matrix[q_idx % 3].argmax()
matrix[q_idx % 3].max()
matrix[q_idx % 3].amin()
(table[q_idx % 3] > kv_idx).sum()
(table[q_idx % 3] == kv_idx).any()
table[q_idx % 3].prod()
table[q_idx % 3] @ table[kv_idx % 3]
torch.dot(matrix[0], matrix[1]) + score
flag.sum() * q_idx
bytes2[h].sum() + q_idx
byte.cumsum(0)[kv_idx]
torch.bucketize(q_idx, bounds, right=True)
torch.searchsorted(bounds, kv_idx - 1)
mask: torch.isin(kv_idx, bounds)
# indices
f32[kv_idx - 4]
f32[kv_idx - q_idx]
f32[[0]]
matrix[[0, 1]] + score
matrix[q_idx % 3][kv_idx]
matrix[q_idx % 3, kv_idx]
matrix[:, kv_idx].sum()
table[table[q_idx % 3, 1] % 3, kv_idx]
f32[kv_idx.int()]
f32[byte[kv_idx]]
f32[q_idx > 1]
f32[q_idx / 2]
f32[-5] + score
f32[int0 - 301] + score
torch.gather(f32, 0, kv_idx.unsqueeze(0))[0]
f32.index_select(0, kv_idx.unsqueeze(0))[0]
f32.index_select(0, kv_idx)
torch.take(f32, kv_idx)
f32[[q_idx]]
f32[[q_idx]] + score
f32[[q_idx]][0]
f32[[q_idx]].sum()
f32[[q_idx]].squeeze(0)
f32[[q_idx, kv_idx]]
f32[[q_idx, 0]]
f32[(q_idx,)]
f32[[[q_idx]]]
matrix[[q_idx % 3], [kv_idx]]
matrix[[q_idx % 3, kv_idx]]
matrix[(q_idx % 3, kv_idx)]
matrix[[q_idx % 3], 0]
matrix[[q_idx % 3], kv_idx]
matrix[[q_idx % 3], [kv_idx, 0]].sum()
matrix[[q_idx % 3]].sum()
matrix[q_idx % 3, [0, 1]].sum()
matrix[[0, 1], kv_idx].sum()
matrix[[q_idx % 3, 0]].sum()
matrix[0, [kv_idx]]
matrix[0][[kv_idx]].shape[0] * score
matrix[[torch.tensor(0)]].sum() + score
matrix[[torch.tensor(0), torch.tensor(1)]].sum() + score
matrix[[torch.tensor([0, 2]), torch.tensor([1, 3])]].sum() + score
matrix[torch.tensor(1), [0, 1]].sum() + score
f32[[int0 - 300]].sum() + score
f32[[True]].sum() + score
f32[[False, True, False, True]].sum() + score
# captured numbers
score * int(f32[3])
score * int(f32.sum() / 7)
score * int((f32 * 0.35).max())
score * int(torch.tensor(7.9))
score * int(torch.sqrt(torch.tensor(50.0)))
score * float(half0)
score * float(torch.exp(torch.tensor(1.0)))
score * round(float(f32.mean()))
score * math.ceil(f32.mean() / 3)
score * int(torch.tensor([7.9]))
score * int(f32)
score * bool(f32[1])
score * f32[1].item()
score * f32.max().int().item()
score * int(torch.log2(torch.tensor(1000.0)))
score + int(torch.exp(torch.tensor(3.0)) * 1000)
score * int(score)
score * float(q_idx)
score + int(f32[3] * 10)
score + int(int0 * 2)
score + int(double0 * 50)
score + float(half0 * 3)
score + int(torch.sqrt(double0 * 1000))
score + (half0 * 3).item()
score + (f32[1:2] * 2).item()
score + math.ceil(f32[3] / 7)
score.clamp(max=(double0 * 20).item())
score + torch.full((), int(f32[3] / 100))
score if double0 * 20 > 1 else score * 2
score + int(q_idx * 0)
score + (score * 0).item()
score * int(odd[3])
score * int(odd[0])
score * int(odd[1])
score.to(score.dtype) + torch.ones((), dtype=score.dtype)
f64: score.to(score.dtype) + torch.ones((), dtype=score.dtype)
f16[kv_idx].to(score.dtype) * 1.1
score.type_as(f16[kv_idx]) * 1.1
score.new_tensor(0.1) + q_idx
score.new_full((), 0.1) * q_idx
""".strip().split("\n")


def main():
    cases = []
    for line in CASES:
        if line.startswith("#"):
            continue
        expression = line.removeprefix("mask: ").removeprefix("f64: ")
        kind = "mask_mod" if line.startswith("mask: ") else "score_mod"
        parameters = "b, h, q_idx, kv_idx" if kind == "mask_mod" else "score, b, h, q_idx, kv_idx"
        case = {
            "text": f"{HEAD}\ndef mod({parameters}):\n    return {expression}\n",
            "kind": kind,
            "dtype": "float64" if line.startswith("f64: ") else "float32",
            "sizes": [1, 2, 4, 4],
            "scores": SCORES,
        }
        try:
            answer = evaluate(case)
        except Exception as error:  # noqa: BLE001  whatever PyTorch raises is the answer
            answer = {"error": f"{type(error).__name__}: {error}".split("\n")[0][:160]}
        cases.append({"line": line, **answer})
    json.dump({"head": HEAD, "sizes": [1, 2, 4, 4], "cases": cases}, sys.stdout, indent=1)
    print()


# The scores of test/fuzz/torch.ts.
SCORES = [((i * 2654435761) % 4093 - 2046) / 256 for i in range(32)]

if __name__ == "__main__":
    main()
