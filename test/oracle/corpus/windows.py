"""Windows, dilation, sinks and their compositions, written the ways people write them."""
import functools
import math
from functools import partial

import torch
from torch.nn.attention.flex_attention import and_masks, noop_mask, or_masks

CASES = {}


def case(name, kind="mask", B=2, H=3, Q=24, KV=24):
    CASES[name] = (kind, B, H, Q, KV)


def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx


def bidirectional_window(window):
    def mask(b, h, q, kv):
        return (q - kv).abs() <= window

    mask.__name__ = f"bidirectional_{window}"
    return mask


def causal_window(window_size: int):
    """Causal, and no further back than the window."""

    def sliding_window(b, h, q_idx, kv_idx):
        return q_idx - kv_idx <= window_size

    both = and_masks(sliding_window, causal)
    both.__name__ = f"sliding_window_{window_size}"
    return both


window5 = bidirectional_window(5)
causal_window4 = causal_window(4)


def make_dilated(window, dilation):
    def dilated(b, h, q_idx, kv_idx):
        diff = torch.abs(q_idx - kv_idx)
        in_window = diff <= window * dilation
        on_grid = (diff % dilation) == 0
        return in_window & on_grid

    return dilated


dilated3 = make_dilated(window=2, dilation=3)


def per_head_windows(windows):
    table = torch.tensor(windows)

    def mask(b, h, q_idx, kv_idx):
        return (q_idx - kv_idx < table[h]) & (q_idx >= kv_idx)

    return mask


heads_window = per_head_windows([2, 5, 9])


def sinks(num_sinks, window):
    def sink(b, h, q_idx, kv_idx):
        return kv_idx < num_sinks

    def local(b, h, q_idx, kv_idx):
        return q_idx - kv_idx < window

    return and_masks(causal, or_masks(sink, local))


streaming = sinks(2, 6)


def prefix_lm(prefix_length):
    def prefix(b, h, q, k):
        return k < prefix_length

    return or_masks(prefix, causal)


prefix_lm7 = prefix_lm(7)
prefix_per_batch = (lambda lengths: or_masks(lambda b, h, q, k: k < lengths[b], causal))(torch.tensor([3, 11]))


def shift(mod, offset):
    return lambda b, h, q, kv: mod(b, h, q + offset, kv)


decoding = shift(causal, 5)
decoding_window = shift(causal_window(3), torch.tensor(5))


def block_causal(b, h, q_idx, kv_idx, block: int = 4):
    return q_idx // block >= kv_idx // block


block_causal8 = partial(block_causal, block=8)
strided = lambda b, h, q_idx, kv_idx: (q_idx >= kv_idx) & ((kv_idx % 4 == 3) | (q_idx // 4 == kv_idx // 4))


class Window:
    def __init__(self, left, right=0, *, causal_only=False):
        self.left, self.right = left, right
        self.causal_only = causal_only

    def __call__(self, b, h, q_idx, kv_idx):
        mask = (q_idx - kv_idx <= self.left) & (kv_idx - q_idx <= self.right)
        if self.causal_only:
            mask = mask & (q_idx >= kv_idx)
        return mask

    @classmethod
    def symmetric(cls, size):
        return cls(size, size)

    @staticmethod
    def global_rows(b, h, q_idx, kv_idx):
        return (q_idx == 0) | (kv_idx == 0)


window_object = Window(4, 2)
window_symmetric = Window.symmetric(3)
window_causal = Window(6, 6, causal_only=True)
global_rows = Window.global_rows
longformer = or_masks(Window.symmetric(2), Window.global_rows)


def layered(kind: str, size: int = 4):
    match kind:
        case "full":
            return noop_mask
        case "sliding" | "local":
            return causal_window(size)
        case "chunked":

            def chunked(b, h, q_idx, kv_idx):
                return (q_idx // size == kv_idx // size) & (q_idx >= kv_idx)

            return chunked
        case other:
            raise ValueError(f"unknown kind {other}")


layers = {name: layered(name, size=3) for name in ("full", "sliding", "chunked")}
layer_full, layer_sliding, layer_chunked = layers["full"], layers["sliding"], layers.get("chunked")


@functools.lru_cache(maxsize=None)
def cached_window(n):
    return lambda b, h, q, k: (q >= k) & (q < k + n)


cached = cached_window(5)


def reduce_masks(*mods):
    def combined(b, h, q, k):
        return functools.reduce(lambda a, m: a & m, [m(b, h, q, k) for m in mods])

    return combined


reduced = reduce_masks(causal, bidirectional_window(6), lambda b, h, q, k: k != 3)


def fold_or(mods):
    def combined(b, h, q_idx, kv_idx):
        result = b.new_zeros((), dtype=torch.bool)
        for mod in mods:
            result = result | mod(b, h, q_idx, kv_idx)
        return result

    return combined


folded = fold_or([causal_window(2), global_rows])


def random_blocks(seed, rows, per_row, block=4):
    generator = [((seed * 7 + r * 5 + i * 3) % rows) for r in range(rows) for i in range(per_row)]
    table = torch.zeros(rows, rows, dtype=torch.bool)
    for n, column in enumerate(generator):
        table[n // per_row, column] = True

    def bigbird(b, h, q_idx, kv_idx):
        return table[q_idx // block, kv_idx // block] | (q_idx // block == kv_idx // block) | (kv_idx < block)

    return bigbird


bigbird = random_blocks(3, 6, 2)
power_of_two = lambda b, h, q, k: ((q - k) & (q - k - 1)) == 0
logsparse_table = torch.tensor([[any(i - j == 2**p for p in range(5)) or i == j for j in range(24)] for i in range(24)])


def log_sparse(b, h, q_idx, kv_idx):
    return logsparse_table[q_idx, kv_idx]


def hymba(num_meta, window):
    def meta(b, h, q, k):
        return k < num_meta

    return or_masks(meta, and_masks(causal, lambda b, h, q, k: q - k < window))


hymba_mask = hymba(num_meta=2, window=4)


def head_dependent(b, h, q_idx, kv_idx):
    local = (q_idx - kv_idx < 4) & (q_idx >= kv_idx)
    full = q_idx >= kv_idx
    return torch.where(h % 2 == 0, local, full)


def triangular(b, h, q, k):
    upper = q < k
    return ~upper & (k >= 0)


def with_defaults(b, h, q_idx, kv_idx, *, keep=6, drop=None):
    mask = q_idx - kv_idx < keep
    if drop is not None:
        mask &= kv_idx != drop
    mask &= q_idx >= kv_idx
    return mask


with_keywords = partial(with_defaults, keep=3, drop=2)
from_kwargs = (lambda **kw: partial(with_defaults, **kw))(keep=math.ceil(4.2), drop=7 // 2)


def chained_not(b, h, q, k):
    return 0 <= q - k < 4


def python_and(b, h, q, k):
    return q >= k and k > 2


def python_if(b, h, q, k):
    if q >= k:
        return q - k < 3
    return k < 2


def python_not(b, h, q, k):
    return not (q < k)


def returns_true(b, h, q, k):
    return True


def returns_int(b, h, q, k):
    return (q >= k).int() * 2


for _name in """causal window5 causal_window4 dilated3 heads_window streaming prefix_lm7 prefix_per_batch decoding decoding_window
block_causal block_causal8 strided window_object window_symmetric window_causal global_rows longformer layer_full layer_sliding
layer_chunked cached reduced folded bigbird power_of_two log_sparse hymba_mask head_dependent triangular with_keywords from_kwargs
chained_not python_and python_if python_not returns_true""".split():
    case(_name)
