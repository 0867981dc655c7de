"""Score mods by position: slopes, decays, buckets, caps, gates, sinks, length scaling, learned and periodic biases."""

from __future__ import annotations

import dataclasses
import math
import typing as t
from functools import partial, reduce, singledispatch, wraps

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention.flex_attention import flex_attention

CASES: dict[str, tuple] = {}
ScoreMod = t.Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], Tensor]


def on(kind: str, *sizes: int):
    def keep(f):
        CASES[f.__name__] = (kind, *sizes)

        @wraps(f)
        def inner(*a, **k):
            return f(*a, **k)

        return f

    return keep


# ----------------------------------------------------------------------------------------------------- ALiBi, written thrice
def get_slopes(n: int) -> list[float]:
    def power_of_2(n):
        start = 2 ** (-(2 ** -(math.log2(n) - 3)))
        return [start * start**i for i in range(n)]

    if math.log2(n).is_integer():
        return power_of_2(n)
    closest = 2 ** math.floor(math.log2(n))
    return power_of_2(closest) + get_slopes(2 * closest)[0::2][: n - closest]


slopes6 = torch.tensor(get_slopes(6))


@on("score", 1, 6, 8, 8)
def alibi_six(score, b, h, q_idx, kv_idx):
    return score + slopes6[h] * -torch.abs(q_idx - kv_idx)


@on("score", 1, 8, 6, 6)
def alibi_inline(score, b, h, q_idx, kv_idx):
    return score + (kv_idx - q_idx) * torch.exp2(-((h + 1) * 8.0 / 8))


slopes_np = np.asarray([2.0 ** (-8 * (i + 1) / 4) for i in range(4)], dtype=np.float32)
alibi_np_slopes = torch.from_numpy(slopes_np).to(torch.float16)


@on("score", 1, 4, 6, 6)
def alibi_half_slopes(score, b, h, q_idx, kv_idx):
    return score + alibi_np_slopes[h] * (kv_idx - q_idx)


# --------------------------------------------------------------------------------------------- T5's buckets, both ways
def t5_bucket(relative_position: Tensor, bidirectional=True, num_buckets=32, max_distance=128) -> Tensor:
    relative_buckets = 0
    if bidirectional:
        num_buckets //= 2
        relative_buckets += (relative_position > 0).to(torch.long) * num_buckets
        relative_position = torch.abs(relative_position)
    else:
        relative_position = -torch.min(relative_position, torch.zeros_like(relative_position))
    max_exact = num_buckets // 2
    is_small = relative_position < max_exact
    large = max_exact + (
        torch.log(relative_position.float() / max_exact) / math.log(max_distance / max_exact) * (num_buckets - max_exact)
    ).to(torch.long)
    large = torch.min(large, torch.full_like(large, num_buckets - 1))
    return relative_buckets + torch.where(is_small, relative_position, large)


weights = torch.arange(32 * 2).view(32, 2).float() / 16 - 2


@on("score", 1, 2, 20, 20)
def t5_in_mod(score, b, h, q_idx, kv_idx):
    return score + weights[t5_bucket(kv_idx - q_idx, max_distance=40), h]


t5_table = t5_bucket(torch.arange(-19, 20), bidirectional=False, num_buckets=8, max_distance=16)


@on("score", 1, 2, 20, 20)
def t5_table_mod(score, b, h, q_idx, kv_idx):
    return score + weights[t5_table[kv_idx - q_idx + 19], h]


# ------------------------------------------------------------------------------------------------- KERPLE, FIRE, sandwich
class Kerple(nn.Module):
    def __init__(self, heads: int, kind: t.Literal["log", "power"] = "log"):
        super().__init__()
        self.kind = kind
        self.r1 = nn.Parameter(torch.linspace(0.1, 1.0, heads))
        self.r2 = nn.Parameter(torch.full((heads,), 0.5))

    def forward(self, score, b, h, q_idx, kv_idx):
        d = (q_idx - kv_idx).abs()
        a, c = self.r1[h].clamp(min=1e-2), self.r2[h]
        bias = -a * torch.log1p(c * d) if self.kind == "log" else -a * d.float().pow(c)
        return score + bias


kerple_log_module, kerple_power_module = Kerple(2), Kerple(2, "power")


@on("score", 1, 2, 6, 6)
def kerple_log(score, b, h, q_idx, kv_idx):
    return kerple_log_module(score, b, h, q_idx, kv_idx)


@on("score", 1, 2, 6, 6)
def kerple_power(score, b, h, q_idx, kv_idx):
    return kerple_power_module(score, b, h, q_idx, kv_idx)


W1, B1 = torch.tensor([0.5, -1.0, 2.0]), torch.tensor([0.1, 0.2, -0.3])
W2 = torch.tensor([[1.0, -0.5, 0.25], [0.5, 0.5, -1.0]])


@on("score", 1, 2, 6, 6)
def fire(score, b, h, q_idx, kv_idx, c: float = 0.1, threshold: int = 4):
    distance = (q_idx - kv_idx).float()
    length = torch.maximum(q_idx.float(), torch.tensor(float(threshold)))
    x = torch.log(c * distance.abs() + 1) / torch.log(c * length + 1)
    hidden = F.relu(W1 * x + B1)
    return score + (hidden * W2[h]).sum()


periods = torch.pow(10000, -torch.arange(0, 4, dtype=torch.float32) / 4)


@on("score", 1, 1, 6, 6)
def sandwich(score, b, h, q_idx, kv_idx):
    return score + torch.cos((q_idx - kv_idx) * periods).sum() - 2.0


# ------------------------------------------------------------------------------------------- gates that forget
log_f = torch.log(torch.sigmoid(torch.arange(2 * 2 * 8).view(2, 2, 8).float() / 8 - 1))
cumulative = log_f.cumsum(-1)


@on("score", 2, 2, 8, 8)
def forgetting(score, b, h, q_idx, kv_idx):
    decay = cumulative[b, h, q_idx] - cumulative[b, h, kv_idx]
    return torch.where(q_idx >= kv_idx, score + decay, -float("inf"))


gammas = 1 - torch.exp2(-5 - torch.arange(3, dtype=torch.float64))


@on("score", 1, 3, 6, 6)
def retention(score, b, h, q_idx, kv_idx):
    return score * torch.where(q_idx >= kv_idx, gammas[h] ** (q_idx - kv_idx), 0.0)


# ------------------------------------------------------------------------------ caps, sinks, scales that grow with length
@dataclasses.dataclass
class ScoreConfig:
    softcap: float | None = None
    logn: int | None = None
    sink: float = 0.0
    temperature: float = 1.0
    order: tuple[str, ...] = ("temperature", "softcap", "logn", "sink")


def build(cfg: ScoreConfig) -> ScoreMod:
    steps: list[ScoreMod] = []
    for name in cfg.order:
        match name, getattr(cfg, name):
            case ("softcap", float(cap)):
                steps.append(lambda s, b, h, q, k, cap=cap: cap * torch.tanh(s / cap))
            case ("logn", int(train)):
                scale_of = lambda q: torch.clamp(torch.log(q + 1.0) / math.log(train), min=1.0)
                steps.append(lambda s, b, h, q, k: s * scale_of(q))
            case ("sink", amount) if amount:
                steps.append(lambda s, b, h, q, k, amount=amount: torch.where(k == 0, s + amount, s))
            case ("temperature", value) if value != 1.0:
                steps.append(lambda s, *_, value=value: s / value)
            case _:
                pass
    return lambda s, b, h, q, k: reduce(lambda acc, f: f(acc, b, h, q, k), steps, s)


all_steps = build(ScoreConfig(softcap=20.0, logn=4, sink=1.5, temperature=0.8))
no_steps = build(ScoreConfig())
CASES["all_steps"] = ("score", 1, 1, 8, 8)
CASES["no_steps"] = ("score", 1, 1, 3, 3)


# ---------------------------------------------------------------------------- specs of biases, dispatched by class
@dataclasses.dataclass
class Linear:
    slope: float


@dataclasses.dataclass
class Clipped(Linear):
    most: int = 3


@singledispatch
def bias_of(spec, q, k):
    raise TypeError(f"no bias for {type(spec).__name__}")


@bias_of.register
def _(spec: Linear, q, k):
    return spec.slope * (k - q)


@bias_of.register
def _(spec: Clipped, q, k):
    return spec.slope * (k - q).clamp(-spec.most, spec.most)


@bias_of.register(list)
def _(spec, q, k):
    return sum(bias_of(one, q, k) for one in spec)


spec: list[Linear] = [Linear(0.5), Clipped(-0.25, most=2)]


@on("score", 1, 1, 6, 6)
def dispatched(score, b, h, q_idx, kv_idx):
    return score + bias_of(spec, q_idx, kv_idx)


# ------------------------------------------------------------------- learned tables: clipped, per layer, quantised
embedding = nn.Embedding(9, 2)
with torch.no_grad():
    embedding.weight.copy_(torch.arange(18.0).view(9, 2) / 10)
MAX_REL = 4


@on("score", 1, 2, 10, 10)
def shaw(score, b, h, q_idx, kv_idx):
    rel = torch.clamp(kv_idx - q_idx, -MAX_REL, MAX_REL) + MAX_REL
    return score + embedding.weight[rel, h]


scale, zero_point = torch.tensor(0.05), 7
quantised = torch.tensor([[0, 3, 7, 15], [7, 7, 8, 1]], dtype=torch.uint8)


@on("score", 1, 2, 4, 4)
def dequantised(score, b, h, q_idx, kv_idx):
    return score + (quantised[h, (q_idx - kv_idx).abs() % 4].to(torch.float32) - zero_point) * scale


# ------------------------------------------------------------------------------------- gated by what tokens are
token_type = torch.tensor([0, 1, 1, 2, 0, 2])
type_bias = {(0, 1): 0.5, (1, 0): -0.5, (2, 2): 1.0}
type_table = torch.zeros(3, 3)
for (i, j), value in type_bias.items():
    type_table[i, j] = value


@on("score", 1, 1, 6, 6)
def by_type(score, b, h, q_idx, kv_idx):
    return score + type_table[token_type[q_idx], token_type[kv_idx]]


@on("score", 1, 1, 6, 6)
def by_type_list(score, b, h, q_idx, kv_idx):
    index = [token_type[q_idx], token_type[kv_idx]]
    return score + type_table[tuple(index)] * 2


# ------------------------------------------------------------------------------------------------ differential heads
lambda_q, lambda_k = torch.tensor([0.1, 0.2]), torch.tensor([0.3, -0.1])
lambda_init = 0.8 - 0.6 * math.exp(-0.3 * 2)
lambda_full = torch.exp(torch.sum(lambda_q * lambda_k)) - 1 + lambda_init


@on("score", 1, 4, 3, 3)
def differential(score, b, h, q_idx, kv_idx):
    return torch.where(h % 2 == 0, score, score * lambda_full)


# -------------------------------------------------------------------------------- positions that are not indices
position_ids = torch.tensor([[0, 1, 2, 0, 1, 5], [3, 4, 5, 6, 7, 8]])


@on("score", 2, 1, 6, 6)
def by_position_ids(score, b, h, q_idx, kv_idx):
    distance = position_ids[b, q_idx] - position_ids[b, kv_idx]
    return score - 0.1 * distance.abs().clamp_max(4)


@on("score", 1, 2, 6, 6)
def rotary_like(score, b, h, q_idx, kv_idx, base: float = 10000.0, dim: int = 4):
    total = score
    for i in range(0, dim, 2):
        theta = base ** (-i / dim)
        total = total + 0.1 * torch.cos((q_idx - kv_idx) * theta + h * math.pi / 4)
    return total


@on("score", 1, 1, 6, 6)
def gaussian(score, b, h, q_idx, kv_idx, sigma=2.0):
    z = (q_idx - kv_idx) / sigma
    return score + torch.log(torch.exp(-0.5 * z**2) + 1e-6)


stick = partial(lambda score, b, h, q, k, *, floor: torch.maximum(score, score.new_tensor(floor)) - F.softplus(score), floor=-2.0)
CASES["stick"] = ("score", 1, 1, 5, 5)
