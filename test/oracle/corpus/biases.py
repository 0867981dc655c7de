"""Score mods: ALiBi, relative biases, soft caps, gates, temperatures, learned tables."""
import math
from enum import Enum, IntEnum, auto

import torch
import torch.nn as nn
import torch.nn.functional as F

CASES = {}


def noop(score, b, h, q_idx, kv_idx):
    return score


def generate_alibi(H: int):
    def alibi(score, b, h, q_idx, kv_idx):
        scale = torch.exp2(-((h + 1) * 8.0 / H))
        bias = (kv_idx - q_idx) * scale
        return score + bias

    return alibi


alibi4 = generate_alibi(4)


def get_slopes(n):
    def powers(n):
        start = 2 ** (-(2 ** -(math.log2(n) - 3)))
        return [start * start**i for i in range(n)]

    if math.log2(n).is_integer():
        return powers(n)
    closest = 2 ** math.floor(math.log2(n))
    return powers(closest) + get_slopes(2 * closest)[0::2][: n - closest]


slopes = torch.tensor(get_slopes(3))
alibi_slopes = lambda score, b, h, q, k: score - slopes[h] * (q - k).abs()
half_slopes = slopes.half()
alibi_half = lambda score, b, h, q, k: score + half_slopes[h] * (k - q)
geometric = torch.pow(2.0, -8.0 * torch.arange(1, 4) / 3)
alibi_geometric = lambda score, b, h, q, k: score + geometric[h] * (k - q)


def soft_cap(cap):
    def mod(score, b, h, q_idx, kv_idx):
        score = score / cap
        score = torch.tanh(score)
        return score * cap

    return mod


softcap20 = soft_cap(20)
softcap_float = soft_cap(cap=7.5)


class TanhApprox(torch.autograd.Function):
    @staticmethod
    def forward(x):
        return torch.tanh(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        pass

    @staticmethod
    def backward(ctx, grad):
        return grad


def relative_positional(score, b, h, q_idx, kv_idx):
    return score + (q_idx - kv_idx)


def checkerboard(score, b, h, q_idx, kv_idx):
    score = torch.where(torch.abs(kv_idx - q_idx) % 2 == 1, score * 0.5, score)
    return torch.where(torch.abs(kv_idx - q_idx) % 2 == 0, score * 2.0, score)


def causal_bias(score, b, h, q_idx, kv_idx):
    return torch.where(q_idx >= kv_idx, score, -float("inf"))


def causal_finfo(score, b, h, q_idx, kv_idx):
    return torch.where(q_idx >= kv_idx, score, torch.finfo(torch.float32).min)


bias_table = torch.linspace(-1, 1, 2 * 12 - 1)
relative = lambda score, b, h, q, k: score + bias_table[q - k + 11]
head_bias = torch.arange(3 * 12 * 12, dtype=torch.float32).view(3, 12, 12).sin()
learned = lambda score, b, h, q, k: score + head_bias[h, q, k]
chained = lambda score, b, h, q, k: score + head_bias[h][q][k]
head_gate = torch.tensor([0.5, 1.0, 2.0])
gated = lambda score, b, h, q, k: score * head_gate[h]


def t5_bucket(relative_position, num_buckets=8, max_distance=16, bidirectional=True):
    buckets = torch.zeros_like(relative_position)
    if bidirectional:
        num_buckets //= 2
        buckets = buckets + (relative_position > 0).long() * num_buckets
        relative_position = torch.abs(relative_position)
    else:
        relative_position = -torch.min(relative_position, torch.zeros_like(relative_position))
    max_exact = num_buckets // 2
    is_small = relative_position < max_exact
    large = max_exact + (
        torch.log(relative_position.float() / max_exact) / math.log(max_distance / max_exact) * (num_buckets - max_exact)
    ).to(torch.long)
    large = torch.min(large, torch.full_like(large, num_buckets - 1))
    return buckets + torch.where(is_small, relative_position, large)


t5_weight = torch.arange(8 * 3, dtype=torch.float32).view(8, 3).cos()
t5_buckets = t5_bucket(torch.arange(12)[None, :] - torch.arange(12)[:, None])
t5_dense = t5_weight[t5_buckets].permute(2, 0, 1)
t5_precomputed = lambda score, b, h, q, k: score + t5_dense[h, q, k]
t5_gathered = lambda score, b, h, q, k: score + t5_weight[t5_buckets[q, k], h]


def swin_index(height, width):
    coords = torch.stack(torch.meshgrid([torch.arange(height), torch.arange(width)], indexing="ij"))
    flat = torch.flatten(coords, 1)
    relative = flat[:, :, None] - flat[:, None, :]
    relative = relative.permute(1, 2, 0).contiguous()
    relative[:, :, 0] += height - 1
    relative[:, :, 1] += width - 1
    relative[:, :, 0] *= 2 * width - 1
    return relative.sum(-1)


swin_table = torch.arange((2 * 3 - 1) * (2 * 4 - 1) * 3, dtype=torch.float32).view(-1, 3).sin()
swin_idx = swin_index(3, 4)
swin = lambda score, b, h, q, k: score + swin_table[swin_idx[q, k], h]


class BiasKind(Enum):
    NONE = auto()
    LINEAR = auto()
    LOG = "log"


def make_bias(kind: BiasKind, strength=0.5):
    if kind is BiasKind.NONE:
        return noop
    if kind == BiasKind.LINEAR:
        return lambda score, b, h, q, k: score - strength * (q - k).abs()
    return lambda score, b, h, q, k: score - strength * torch.log1p((q - k).abs().float())


bias_none, bias_linear, bias_log = (make_bias(kind) for kind in BiasKind)


class Level(IntEnum):
    LOW = 1
    HIGH = 4


leveled = lambda score, b, h, q, k: score * Level.HIGH + Level["LOW"]


class RelativeBias(nn.Module):
    def __init__(self, heads, size):
        super().__init__()
        self.heads = heads
        self.register_buffer("table", torch.arange(heads * size, dtype=torch.float32).view(heads, size) / 10)
        for i in range(2):
            setattr(self, f"w_{i}", nn.Parameter(torch.full((heads,), 0.5 + i)))

    def mod(self):
        table = self.table

        def bias(score, b, h, q_idx, kv_idx):
            return score + table[h, (q_idx - kv_idx).clamp(0, 11)]

        return bias

    def weighted(self, n):
        weight = getattr(self, f"w_{n}")
        return lambda score, b, h, q, k: score * weight[h]


module = RelativeBias(3, 12)
module_bias = module.mod()
module_weighted = module.weighted(1)

temperature = 0.7
tempered = lambda score, b, h, q, k: score / temperature
log_scaled = lambda score, b, h, q, k: score * torch.log(q + 2.0) / math.log(12)
position_log = torch.log(torch.arange(2, 14).double())
log_table = lambda score, b, h, q, k: score * position_log[q]


def sum_of_mods(*mods):
    def mod(score, b, h, q_idx, kv_idx):
        for m in mods:
            score = m(score, b, h, q_idx, kv_idx)
        return score

    return mod


composed = sum_of_mods(alibi4, soft_cap(5), causal_bias)


def distance_kernel(score, b, h, q_idx, kv_idx):
    distance = (q_idx - kv_idx).float()
    return score + torch.exp(-distance.pow(2) / (2 * 3.0**2))


rotary = torch.outer(torch.arange(12).float(), 1.0 / (10000 ** (torch.arange(0, 4, 2).float() / 4)))
cosines = rotary.cos()
rotary_bias = lambda score, b, h, q, k: score + (cosines[q] * cosines[k]).sum()
points = torch.arange(24, dtype=torch.float32).view(12, 2).sin()


def euclidean(score, b, h, q_idx, kv_idx):
    difference = points[q_idx] - points[kv_idx]
    return score - difference.square().sum().sqrt()


dotted = lambda score, b, h, q, k: score + torch.dot(points[q], points[k])
matmul_at = lambda score, b, h, q, k: score + points[q] @ points[k]
pairwise = torch.cdist(points, points)
precomputed_distance = lambda score, b, h, q, k: score - pairwise[q, k]
seg_emb = torch.tensor([[0.0, 0.5], [-0.5, 1.0]])
seg_ids = torch.tensor([[0] * 5 + [1] * 7, [0] * 9 + [1] * 3])
segment_bias = lambda score, b, h, q, k: score + seg_emb[seg_ids[b, q], seg_ids[b, k]]
sigmoid_gate = lambda score, b, h, q, k: score * torch.sigmoid(head_gate[h])
relu_gate = lambda score, b, h, q, k: F.relu(score) + 0.1 * F.gelu(score)
clamped = lambda score, b, h, q, k: score.clamp(-1.0, 1.0)
rounded = lambda score, b, h, q, k: torch.round(score * 4) / 4
inverse_distance = lambda score, b, h, q, k: score / (1 + (q - k).abs())
buffers = {f"layer_{i}": torch.full((3,), float(i)) for i in range(2)}
from_buffers = lambda score, b, h, q, k: score + buffers[f"layer_{1:d}"][h]
scalar_tensor = torch.tensor(0.25)
with_scalar = lambda score, b, h, q, k: score * scalar_tensor + torch.tensor(2)
nan_guard = lambda score, b, h, q, k: torch.nan_to_num(score / 0 * 0, nan=-1.0)
walrus = lambda score, b, h, q, k: score + (d := (q - k)) * 0.01 + d % 2
log_decay = torch.cumsum(torch.log(torch.linspace(0.9, 0.99, 12)), dim=0)
decay = lambda score, b, h, q, k: torch.where(q >= k, score + log_decay[q] - log_decay[k], float("-inf"))
scaled_by_sqrt = lambda score, b, h, q, k: score * (head_bias.shape[-1] ** -0.5)
int_score = lambda score, b, h, q, k: q - k
bool_score = lambda score, b, h, q, k: q >= k
python_float = lambda score, b, h, q, k: 1.0
python_max = lambda score, b, h, q, k: score + float(q)
math_inside = lambda score, b, h, q, k: score * math.exp(-q)
ternary = lambda score, b, h, q, k: score if q >= k else 0.0

for _name in """noop alibi4 alibi_slopes alibi_half alibi_geometric softcap20 softcap_float relative_positional checkerboard causal_bias
causal_finfo relative learned chained gated t5_precomputed t5_gathered swin bias_none bias_linear bias_log leveled module_bias
module_weighted tempered log_scaled log_table composed distance_kernel rotary_bias euclidean dotted matmul_at precomputed_distance
segment_bias sigmoid_gate relu_gate clamped rounded inverse_distance from_buffers with_scalar nan_guard walrus decay scaled_by_sqrt
int_score bool_score python_float python_max math_inside ternary""".split():
    CASES[_name] = ("score", 2, 3, 12, 12)


@torch.library.custom_op("corpus_approx::tanh", mutates_args=())
def _tanh_op(inp: torch.Tensor) -> torch.Tensor:
    return torch.tanh(inp)


@_tanh_op.register_fake
def _(inp):
    return torch.tanh(inp)


class _TanhApprox(torch.autograd.Function):
    @staticmethod
    def forward(x):
        return torch.ops.corpus_approx.tanh(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx, grad_output):
        (result,) = ctx.saved_tensors
        return grad_output * (1 - result * result)

    @staticmethod
    def vmap(info, in_dims, x):
        return torch.tanh(x), 0


_tanh_approx = _TanhApprox.apply


def generate_tanh_softcap(soft_cap: int, approx: bool = False):
    tanh = _tanh_approx if approx else torch.tanh

    def tanh_softcap(score, b, h, q_idx, kv_idx):
        return soft_cap * tanh(score / soft_cap)

    prefix = "tanh_softcap_approx" if approx else "tanh_softcap"
    tanh_softcap.__name__ = f"{prefix}_{soft_cap}"
    return tanh_softcap


tanh_exact = generate_tanh_softcap(30)
tanh_approx = generate_tanh_softcap(30, approx=True)
for _name in "tanh_exact tanh_approx".split():
    CASES[_name] = ("score", 1, 2, 8, 8)
