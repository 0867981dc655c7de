"""Mods made with the rest of Python: classes, closures with state, decorators, generators, registries, contexts."""
import collections
import contextlib
import copy
import dataclasses
import enum
import functools
import itertools
import operator
import types
import typing
from abc import ABC, abstractmethod

import torch
from torch.nn.attention.flex_attention import and_masks, or_masks

CASES = {}
REGISTRY: typing.Dict[str, typing.Callable] = {}


def register(name=None):
    def wrap(fn):
        REGISTRY[name or fn.__name__] = fn
        return fn

    return wrap


@register()
def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx


@register("window")
def make_window(size=4, **_):
    @functools.wraps(causal)
    def inner(b, h, q_idx, kv_idx):
        return q_idx - kv_idx < size

    return inner


registered = and_masks(REGISTRY["causal"], REGISTRY["window"](size=5, unused=True))


class MaskBase(ABC):
    @abstractmethod
    def mask(self, b, h, q, k): ...

    def __call__(self, b, h, q, k):
        return self.mask(b, h, q, k)

    def __and__(self, other):
        return And(self, other)

    def __or__(self, other):
        return Or(self, other)

    def __invert__(self):
        return Not(self)


class And(MaskBase):
    def __init__(self, *parts):
        self.parts = parts

    def mask(self, b, h, q, k):
        result = self.parts[0](b, h, q, k)
        for part in self.parts[1:]:
            result = result & part(b, h, q, k)
        return result


class Or(And):
    def mask(self, *idx):
        return functools.reduce(operator.or_, (p(*idx) for p in self.parts))


class Not(MaskBase):
    def __init__(self, part):
        super().__init__()
        self.part = part

    def mask(self, b, h, q, k):
        return ~self.part(b, h, q, k)


class Causal(MaskBase):
    def mask(self, b, h, q, k):
        return q >= k


class Near(MaskBase):
    __slots__ = ("size",)

    def __init__(self, size):
        self.size = size

    @property
    def doubled(self):
        return self.size * 2

    def mask(self, b, h, q, k):
        return (q - k).abs() < self.doubled


algebra = (Causal() & Near(3)) | ~Near(8)
algebra_call = lambda b, h, q, k: algebra(b, h, q, k)


class Mode(enum.Enum):
    CAUSAL = "causal"
    FULL = "full"
    PREFIX = ("prefix", 5)

    @property
    def size(self):
        return self.value[1] if isinstance(self.value, tuple) else None

    def build(self):
        match self:
            case Mode.CAUSAL:
                return causal
            case Mode.FULL:
                return lambda b, h, q, k: q == q
            case Mode.PREFIX:
                n = self.size
                return lambda b, h, q, k: (k < n) | (q >= k)


enum_causal, enum_full, enum_prefix = (m.build() for m in Mode)


class Flags(enum.IntFlag):
    CAUSAL = 1
    LOCAL = 2
    SINK = enum.auto()


def from_flags(flags):
    parts = []
    if flags & Flags.CAUSAL:
        parts.append(lambda b, h, q, k: q >= k)
    if Flags.LOCAL in flags:
        parts.append(lambda b, h, q, k: q - k < 4)
    if flags & Flags.SINK:
        parts.append(lambda b, h, q, k: k != 1)
    return and_masks(*parts)


flagged = from_flags(Flags.CAUSAL | Flags.SINK)
flagged_all = from_flags(Flags(3))


@dataclasses.dataclass(frozen=True)
class Config:
    window: int = 4
    heads: typing.Tuple[int, ...] = (1, 2, 3)
    sinks: int = 1
    extra: dict = dataclasses.field(default_factory=lambda: {"drop": [2, 9]})

    def __post_init__(self):
        object.__setattr__(self, "total", self.window + self.sinks)

    def replace(self, **kw):
        return dataclasses.replace(self, **kw)


def from_config(cfg: Config):
    heads = torch.tensor(cfg.heads)
    drop = cfg.extra["drop"]

    def mask(b, h, q, k):
        keep = (q - k < cfg.total * heads[h]) & (q >= k)
        for d in drop:
            keep = keep & (k != d)
        return keep | (k < cfg.sinks)

    return mask


configured = from_config(Config())
reconfigured = from_config(Config().replace(window=1, heads=(2, 2, 2)))


def counter():
    made = []

    def make(n):
        nonlocal made
        made = made + [n]
        index = len(made)
        return lambda b, h, q, k: q - k < n + index

    make.count = lambda: len(made)
    return make


make_counted = counter()
counted = [make_counted(n) for n in (1, 2, 3)]
counted_last = counted[-1]
counted_total = lambda b, h, q, k, n=make_counted.count(): (q >= k) & (k % n == 0)


def spans(text):
    start = 0
    for kind, group in itertools.groupby(text):
        length = len(list(group))
        yield kind, start, start + length
        start += length


def from_spans(text):
    ids = torch.zeros(len(text), dtype=torch.long)
    for number, (kind, lo, hi) in enumerate(spans(text)):
        ids[lo:hi] = number if kind != "." else -1
    return lambda b, h, q, k: (ids[q] == ids[k]) & (ids[q] >= 0)


grouped = from_spans("aaaabbb..cccccddaaaa..bb")


@contextlib.contextmanager
def scaled(config, factor):
    old = dict(config)
    config.update({k: v * factor for k, v in config.items()})
    yield config
    config.update(old)


settings = {"window": 2}
with scaled(settings, 3) as current:
    inside_context = make_window(current["window"])


def try_options(**options):
    try:
        size = options["size"]
    except KeyError:
        size = 7
    else:
        size += 1
    finally:
        options.clear()
    return make_window(size)


with_default = try_options()
with_option = try_options(size=2)


class Lazy:
    def __init__(self):
        self._cache = {}

    def __getitem__(self, n):
        if n not in self._cache:
            self._cache[n] = make_window(n)
        return self._cache[n]

    def __getattr__(self, name):
        if name.startswith("w"):
            return self[int(name[1:])]
        raise AttributeError(name)


lazy = Lazy()
lazy_item, lazy_attribute = lazy[3], lazy.w6


class Holder(torch.nn.Module):
    def __init__(self, sizes, *, base=1):
        super().__init__()
        self.sizes = sizes
        for i, s in enumerate(sizes):
            self.register_buffer(f"table_{i}", torch.arange(24) // (s + base))

    def get_mask(self, i):
        table = getattr(self, f"table_{i}")
        if not hasattr(self, f"table_{i + 1}"):
            return lambda b, h, q, k: table[q] == table[k]
        following = getattr(self, f"table_{i + 1}", None)

        def mask(b, h, q_idx, kv_idx):
            return (table[q_idx] == table[kv_idx]) | (following[q_idx] == following[kv_idx])

        return mask


holder = Holder([2, 5])
held_first, held_last = holder.get_mask(0), holder.get_mask(1)
Point = collections.namedtuple("Point", ["row", "column"], defaults=[3])
point = Point(2)
at_point = lambda b, h, q, k: (q % point.column == point.row) | (k // point[1] <= point.row)
groups = collections.defaultdict(list)
for i in range(24):
    groups[i % 5].append(i)
group_of = torch.empty(24, dtype=torch.long)
for key, members in sorted(groups.items()):
    group_of[torch.tensor(members)] = key
by_groups = lambda b, h, q, k: group_of[q] == group_of[k]
namespace = types.SimpleNamespace(window=3, inner=types.SimpleNamespace(offset=torch.tensor(1)))
from_namespace = lambda b, h, q, k: q + namespace.inner.offset - k < namespace.window
nested = copy.deepcopy({"a": {"b": [torch.arange(24) % 3]}})
from_nested = lambda b, h, q, k: nested["a"]["b"][0][q] == nested["a"]["b"][0][k]
compose = lambda *fs: functools.reduce(lambda f, g: lambda *a: g(f(*a)), fs)
negated = compose(causal, torch.logical_not)
star = lambda *args: causal(*args[:2], *args[2:])
star_mask = lambda b, h, q, k: star(b, h, q, k)
unpacked = [(a, c) for a, *_, c in [(1, 0, 4), (2, 0, 0, 9)]]
from_unpacked = lambda b, h, q, k: or_masks(*[functools.partial(lambda lo, hi, b, h, q, k: (k >= lo) & (k < hi), lo, hi) for lo, hi in unpacked])(b, h, q, k)
if (limit := 6) > 3:
    walrus_limit = lambda b, h, q, k: q - k < limit
last = None
for last in range(3):
    continue
else:
    looped = (lambda n: lambda b, h, q, k: q % n == k % n)(last + 1)
deleted = torch.ones(24, dtype=torch.bool)
del deleted
uses_deleted = lambda b, h, q, k: deleted[q]
closure_in_dict = {"f": lambda b, h, q, k: q in {1, 2}}["f"]
raising = lambda b, h, q, k: undefined_helper(q) >= k


def asserts(b, h, q_idx, kv_idx):
    assert q_idx >= 0
    return q_idx >= kv_idx


def loops(b, h, q_idx, kv_idx):
    n = 0
    while q_idx > n:
        n += 1
    return kv_idx < n


class Stateful:
    def __init__(self):
        self.calls = 0

    def __call__(self, b, h, q, k):
        self.calls += 1
        return q - k < self.calls + 3


stateful = Stateful()


def local_class(b, h, q, k):
    class Pair:
        def __init__(self, a, c):
            self.a, self.c = a, c

        def diff(self):
            return self.a - self.c

    return Pair(q, k).diff() >= 0


def with_try(b, h, q, k):
    try:
        table = {"a": 3}["b"]
    except KeyError as e:
        table = 5 if "b" in str(e) else 2
    return q - k < table


def with_generator(b, h, q, k):
    def parts():
        yield q >= k
        yield from (q - k != d for d in (2, 5))

    return functools.reduce(torch.logical_and, parts())


def with_format(b, h, q, k, names={"w_03": 6}):
    return q - k < names[f"w_{3:02d}"]


for _name in """registered algebra_call enum_causal enum_full enum_prefix flagged flagged_all configured reconfigured counted_last
counted_total grouped inside_context with_default with_option lazy_item lazy_attribute held_first held_last at_point by_groups
from_namespace from_nested negated star_mask from_unpacked walrus_limit looped uses_deleted raising asserts loops
local_class with_try with_generator with_format""".split():
    CASES[_name] = ("mask", 2, 3, 24, 24)
