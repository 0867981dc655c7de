"""Training scripts of small language models: packed documents, window schedules in blocks, warm-up of windows, value mixing."""

import math
import os
from collections import namedtuple
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from functools import cache, cached_property, lru_cache, partial
from itertools import accumulate, chain, pairwise, repeat

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.attention.flex_attention import BlockMask, and_masks, create_block_mask, flex_attention, or_masks

CASES = {}


def case(name, kind, *sizes):
    CASES[name] = (kind, *sizes)


# ---------------------------------------------------------------- windows that grow with training, counted in blocks
@dataclass(frozen=True)
class Hyper:
    seq_len: int = 32
    block_size: int = 4
    num_iterations: int = 1770
    cooldown_frac: float = 0.4
    eos_id: int = 50256
    ws_schedule: tuple[int, ...] = (3, 7, 11)
    ws_long: int | None = None

    @property
    def blocks(self) -> int:
        assert self.seq_len % self.block_size == 0
        return self.seq_len // self.block_size


args = Hyper()


def next_multiple_of_n(v: float | int, *, n: int):
    return next(x for x in range(n, int(v) + 1 + n, n) if x >= v)


@lru_cache(1)
def get_window_size_blocks_helper(window_size: int):
    return torch.tensor(window_size // args.block_size, dtype=torch.int32)


def get_window_size_blocks(step: int):
    x = step / args.num_iterations
    assert 0 <= x <= 1
    window_size = next_multiple_of_n(24 * x, n=args.block_size)
    return get_window_size_blocks_helper(window_size)


def get_ws(step: int):
    x = step / (1 + args.num_iterations)
    return args.ws_schedule[min(int(len(args.ws_schedule) * x), len(args.ws_schedule) - 1)]


torch.manual_seed(0)
input_seq = torch.tensor([5, 6, 50256, 7, 8, 9, 10, 11, 12, 50256, 13, 14, 50256, 50256, 15, 16] * 2)
docs = (input_seq == args.eos_id).cumsum(0)


def document_causal(b, h, q_idx, kv_idx):
    causal_mask = q_idx >= kv_idx
    document_mask = docs[q_idx] == docs[kv_idx]
    return causal_mask & document_mask


case("document_causal", "mask", 1, 1, 32, 32)


def dense_to_ordered(dense_blockmask: Tensor):
    num_blocks = dense_blockmask.sum(dim=-1, dtype=torch.int32)
    indices = dense_blockmask.argsort(dim=-1, descending=False, stable=True).flip(-1).to(torch.int32)
    return num_blocks[None, None].contiguous(), indices[None, None].contiguous()


block_idx = torch.arange(args.blocks, dtype=torch.int32)
causal_blockmask_any = block_idx[:, None] >= block_idx
causal_blockmask_all = block_idx[:, None] > block_idx
docs_low = docs.view(-1, args.block_size)[:, 0].contiguous()
docs_high = docs.view(-1, args.block_size)[:, -1].contiguous()
document_blockmask_any = (docs_low[:, None] <= docs_high) & (docs_high[:, None] >= docs_low)
document_blockmask_all = (docs_low[:, None] == docs_high) & (docs_high[:, None] == docs_low)
blockmask_any = causal_blockmask_any & document_blockmask_any
blockmask_all = causal_blockmask_all & document_blockmask_all
partial_kv_num_blocks, partial_kv_indices = dense_to_ordered(blockmask_any & ~blockmask_all)
full_kv_num_blocks, full_kv_indices = dense_to_ordered(blockmask_all)


def build_bm(window_size_blocks: Tensor) -> BlockMask:
    return BlockMask.from_kv_blocks(
        torch.clamp_max(partial_kv_num_blocks, torch.clamp_min(window_size_blocks - full_kv_num_blocks, 1)),
        partial_kv_indices,
        torch.clamp_max(full_kv_num_blocks, window_size_blocks - 1),
        full_kv_indices,
        BLOCK_SIZE=args.block_size,
        mask_mod=document_causal,
    )


long_bm, short_bm = build_bm(get_window_size_blocks(885)), build_bm(get_window_size_blocks(885) // 2)


def in_partial_blocks(b, h, q_idx, kv_idx):
    listed = partial_kv_indices[0, 0, q_idx // args.block_size]
    count = partial_kv_num_blocks[0, 0, q_idx // args.block_size]
    return ((listed == kv_idx // args.block_size) & (torch.arange(args.blocks) < count)).any()


case("in_partial_blocks", "mask", 1, 1, 32, 32)


# ------------------------------------------------------------------------- windows of layers: long, short, skipped
class Layer(nn.Module):
    def __init__(self, layer_idx: int, n_head: int, window: int | float):
        super().__init__()
        self.layer_idx, self.n_head = layer_idx, n_head
        self.window = window if not math.isinf(window) else 2**30
        self.lambdas = nn.Parameter(torch.tensor([0.5, 0.25]))
        self.scale = 0.12
        self.register_buffer("head_windows", torch.tensor([int(min(self.window, 2 ** (i + 1))) for i in range(n_head)]), persistent=False)

    def mask(self, b, h, q_idx, kv_idx):
        return (q_idx >= kv_idx) & (q_idx - kv_idx < self.head_windows[h])

    def score(self, score, b, h, q_idx, kv_idx):
        return self.lambdas[0] * score + self.lambdas[1] * self.scale * (kv_idx - q_idx)


pattern = "SSLSL"
layers = nn.ModuleList(Layer(i, 4, math.inf if c == "L" else 3 + i) for i, c in enumerate(pattern))
short_score = layers[3].score
long_mask, local_mask = (lambda b, h, q, k, layer=layers[i]: layer.mask(b, h, q, k) for i in (2, 3))
case("long_mask", "mask", 1, 4, 12, 12)
case("local_mask", "mask", 1, 4, 12, 12)
case("short_score", "score", 1, 4, 6, 6)


# -------------------------------------------------------------------- a batch from a loader of variable lengths
Batch = namedtuple("Batch", "tokens cu_seqlens max_seqlen")


def collate(docs: list[list[int]], pad_to: int) -> Batch:
    tokens = list(chain.from_iterable(docs))
    cu = [0, *accumulate(map(len, docs))]
    if (missing := pad_to - len(tokens)) > 0:
        tokens.extend(repeat(-1, missing))
        cu.append(pad_to)
    return Batch(torch.tensor(tokens), torch.tensor(cu, dtype=torch.int32), max(b - a for a, b in pairwise(cu)))


batch = collate([[1, 2, 3], [4, 5, 6, 7, 8], [9], [10, 11, 12, 13]], 16)


@torch.no_grad()
def varlen_mask(cu_seqlens: Tensor, total: int, window: int | None = None):
    doc = torch.repeat_interleave(torch.arange(cu_seqlens.numel() - 1), cu_seqlens.diff().long())
    local = torch.arange(total) - cu_seqlens[doc].long()
    is_pad = batch.tokens < 0

    def mask_mod(b, h, q_idx, kv_idx):
        keep = (doc[q_idx] == doc[kv_idx]) & (local[q_idx] >= local[kv_idx]) & ~is_pad[kv_idx]
        return keep if window is None else keep & (local[q_idx] - local[kv_idx] < window)

    mask_mod.__name__ = f"varlen_{'full' if window is None else window}"
    return mask_mod


varlen_full = varlen_mask(batch.cu_seqlens, 16)
varlen_local = varlen_mask(batch.cu_seqlens, 16, window=max(1, batch.max_seqlen // 2))
case("varlen_full", "mask", 1, 1, 16, 16)
case("varlen_local", "mask", 1, 1, 16, 16)


# ----------------------------------------------------------------------- a schedule of windows as a generator
def halving(start: int, stop: int):
    w = start
    while w > stop:
        yield w
        w //= 2
    yield stop


schedule = list(halving(16, 2))
per_layer = dict(zip(range(8), chain(schedule, repeat(schedule[-1]))))
windows_by_layer = torch.tensor([per_layer[i] for i in sorted(per_layer)])


def layered(layer: int):
    window = windows_by_layer[layer]

    def windowed(b, h, q, kv):
        return (q >= kv) & (q < kv + window)

    return windowed


layer_0, layer_3, layer_7 = (layered(i) for i in (0, 3, 7))
case("layer_0", "mask", 1, 1, 20, 20)
case("layer_3", "mask", 1, 1, 20, 20)
case("layer_7", "mask", 1, 1, 20, 20)


# --------------------------------------------------------------- a config that is refined, and a mask that caches
@dataclass
class AttnConfig:
    n_head: int = 4
    window: int = 6
    sinks: int = 2
    extras: dict[str, float] = field(default_factory=lambda: {"softcap": 15.0, "temperature": 0.7})
    dtype: torch.dtype = torch.float32

    def with_overrides(self, **kw) -> "AttnConfig":
        known = {k: v for k, v in kw.items() if k in self.__dataclass_fields__}
        return replace(self, **known)


cfg = AttnConfig().with_overrides(window=4, unknown=3)


class SinkWindow:
    def __init__(self, cfg: AttnConfig):
        self.cfg = cfg

    @cached_property
    def parts(self):
        c = self.cfg
        return [
            lambda b, h, q, k: k < c.sinks,
            lambda b, h, q, k: q - k < c.window,
        ]

    def __call__(self, b, h, q, k):
        return (q >= k) & or_masks(*self.parts)(b, h, q, k)


sink_window = SinkWindow(cfg)
case("sink_window", "mask", 1, 1, 14, 14)

softcap_settings = asdict(cfg)["extras"]


def capped(score, b, h, q_idx, kv_idx, *, softcap: float, temperature: float = 1.0):
    return softcap * torch.tanh(score / (softcap * temperature))


soft_capped = partial(capped, **softcap_settings)
case("soft_capped", "score", 1, 1, 5, 5)

# ------------------------------------------------------------------------- evaluation at another length
for attempt in range(3):
    try:
        if attempt < 2:
            raise RuntimeError(f"attempt {attempt}")
        chosen = attempt
    except RuntimeError as e:
        last_error = str(e)
    else:
        break

amp = torch.autocast("cpu", dtype=torch.bfloat16) if os.environ.get("CORPUS_AMP") else nullcontext()
with amp:
    positions = torch.arange(24).reshape(2, 12) % 7


def by_position(b, h, q, kv):
    return (positions[b, q] >= positions[b, kv]) & (q + chosen >= kv)


case("by_position", "mask", 2, 1, 12, 12)


# --------------------------------------------------------------- multi-token prediction: each head looks ahead less
def mtp_mask(depth: int, stride: int = 1):
    shifts = torch.arange(depth).mul(stride).neg()

    def inner(b: int, h: int, q_idx: int, kv_idx: int) -> bool:
        shift = shifts.index_select(0, (h % depth).view(1))[0]
        return kv_idx <= q_idx + shift

    return inner


mtp = mtp_mask(3)
case("mtp", "mask", 1, 4, 9, 9)


# ---------------------------------------------------------------- attention with per-head temperature, learned
class PerHead(nn.Module):
    def __init__(self, heads):
        super().__init__()
        self.log_scale = nn.Parameter(torch.linspace(-1, 1, heads))
        self.gain = nn.Parameter(torch.ones(heads, 1))
        nn.init.constant_(self.gain, 1.5)

    @torch.compile(disable=True)
    def forward(self, score, b, h, q_idx, kv_idx):
        return score * self.log_scale.exp()[h] * self.gain[h, 0]


per_head = PerHead(4)


def per_head_score(score, b, h, q, k):
    return per_head(score, b, h, q, k)


case("per_head_score", "score", 1, 4, 3, 3)
