"""Images and video beside text: windows in two and three dimensions, relative bias tables, packed images, registers, tiles."""

import itertools
import math
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache, partial
from operator import itemgetter, mul
from typing import Final, Iterable, NamedTuple

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.attention.flex_attention import and_masks, create_block_mask, or_masks

CASES = {}


# ------------------------------------------------------------------------------------- Swin's table of relative bias
class WindowBias(nn.Module):
    def __init__(self, window: tuple[int, int], heads: int):
        super().__init__()
        self.window, self.heads = window, heads
        table = torch.arange((2 * window[0] - 1) * (2 * window[1] - 1) * heads).float().sub_(20).mul_(0.05)
        self.relative_position_bias_table = nn.Parameter(table.view(-1, heads))
        coords = torch.stack(torch.meshgrid([torch.arange(window[0]), torch.arange(window[1])], indexing="ij"))
        flat = torch.flatten(coords, 1)
        relative = (flat[:, :, None] - flat[:, None, :]).permute(1, 2, 0).contiguous()
        relative[:, :, 0] += window[0] - 1
        relative[:, :, 1] += window[1] - 1
        relative[:, :, 0] *= 2 * window[1] - 1
        self.register_buffer("relative_position_index", relative.sum(-1))

    def bias(self) -> torch.Tensor:
        n = math.prod(self.window)
        picked = self.relative_position_bias_table[self.relative_position_index.view(-1)]
        return picked.view(n, n, -1).permute(2, 0, 1).contiguous()

    def score_mod(self):
        bias = self.bias()

        def add(score, b, h, q_idx, kv_idx):
            return score + bias[h, q_idx, kv_idx]

        return add


swin = WindowBias((2, 3), heads=2)
swin_bias = swin.score_mod()
swin_table = swin.relative_position_bias_table
swin_index = swin.relative_position_index


def swin_late(score, b, h, q_idx, kv_idx):
    return score + swin_table[swin_index[q_idx, kv_idx], h]


CASES["swin_bias"] = ("score", 1, 2, 6, 6)
CASES["swin_late"] = ("score", 1, 2, 6, 6)


# ------------------------------------------------------------------------------------------- shifted windows, as ids
def shifted_regions(H: int, W: int, window: int, shift: int) -> torch.Tensor:
    img_mask = torch.zeros((1, H, W, 1))
    slices = (slice(0, -window), slice(-window, -shift), slice(-shift, None))
    cnt = 0
    for hs, ws in itertools.product(slices, slices):
        img_mask[:, hs, ws, :] = cnt
        cnt += 1
    x = img_mask.view(1, H // window, window, W // window, window, 1)
    return x.permute(0, 1, 3, 2, 4, 5).contiguous().view(-1, window * window)


regions = shifted_regions(8, 8, window=4, shift=2)


def shifted(b, h, q_idx, kv_idx):
    return regions[b, q_idx] == regions[b, kv_idx]


CASES["shifted"] = ("mask", 4, 1, 16, 16)


# -------------------------------------------------------------------------------------------- tiles of a video
@dataclass(frozen=True)
class Video:
    t: int
    h: int
    w: int
    tile: tuple[int, int, int] = (2, 2, 2)
    window: tuple[int, int, int] = (3, 3, 1)
    text: int = 3

    @property
    def tokens(self):
        return self.t * self.h * self.w

    @property
    def canvas(self):
        return tuple(size // tile for size, tile in zip((self.t, self.h, self.w), self.tile))


def generate_sta_mask(v: Video):
    ct, ch, cw = v.canvas
    kt, kh, kw = v.window
    per_tile = math.prod(v.tile)

    def tile_coords(idx):
        tile_id = idx // per_tile
        t = tile_id // (ch * cw)
        h = tile_id % (ch * cw) // cw
        return t, h, tile_id % cw

    def sta_mask(b, h, q_idx, kv_idx):
        qt, qh, qw = tile_coords(q_idx)
        kvt, kvh, kvw = tile_coords(kv_idx)
        ctr_t = qt.clamp(kt // 2, (ct - 1) - kt // 2)
        ctr_h = qh.clamp(kh // 2, (ch - 1) - kh // 2)
        ctr_w = qw.clamp(kw // 2, (cw - 1) - kw // 2)
        video_mask = (
            ((ctr_t - kvt).abs() <= kt // 2) & ((ctr_h - kvh).abs() <= kh // 2) & ((ctr_w - kvw).abs() <= kw // 2)
        )
        is_image = (q_idx < v.tokens) & (kv_idx < v.tokens)
        image_to_text = (q_idx < v.tokens) & (kv_idx >= v.tokens) & (kv_idx < v.tokens + v.text)
        from_text = (q_idx >= v.tokens) & (kv_idx < v.tokens + v.text)
        return (is_image & video_mask) | image_to_text | from_text

    sta_mask.__name__ = f"sta_{'x'.join(map(str, v.window))}"
    return sta_mask


sta = generate_sta_mask(Video(6, 6, 4))
CASES["sta"] = ("mask", 1, 1, 148, 148)


def temporal_causal(frame: int, *, frames_back: int | None = None, anchors: Iterable[int] = (0,)):
    anchors = torch.tensor(sorted(set(anchors)))

    def mod(b, h, q_idx, kv_idx):
        qf, kf = q_idx // frame, kv_idx // frame
        ok = qf >= kf
        if frames_back is not None:
            ok = ok & ((qf - kf <= frames_back) | torch.isin(kf, anchors))
        return ok

    return mod


streaming_video = temporal_causal(4, frames_back=1, anchors=(0, 3))
CASES["streaming_video"] = ("mask", 1, 1, 24, 24)


# ------------------------------------------------------------------------------- axial and neighbourhood, any rank
def neighbourhood(shape: tuple[int, ...], kernel: tuple[int, ...], dilation: tuple[int, ...] = ()):
    dilation = dilation or (1,) * len(shape)
    strides = list(itertools.accumulate(reversed(shape[1:]), mul, initial=1))[::-1]

    def unravel(i):
        return [i // s % n for s, n in zip(strides, shape)]

    def mod(b, h, q, k):
        keep = q == q
        for qc, kc, n, size, d in zip(unravel(q), unravel(k), shape, kernel, dilation, strict=True):
            same_group = (qc % d) == (kc % d)
            centre = (qc // d).clamp(size // 2, (n + d - 1) // d - 1 - size // 2)
            keep = keep & same_group & ((centre - kc // d).abs() <= size // 2)
        return keep

    return mod


natten_1d = neighbourhood((12,), (3,))
natten_dilated = neighbourhood((6, 6), (3, 3), (2, 1))
natten_3d = neighbourhood((3, 4, 4), (3, 3, 3))
CASES["natten_1d"] = ("mask", 1, 1, 12, 12)
CASES["natten_dilated"] = ("mask", 1, 1, 36, 36)
CASES["natten_3d"] = ("mask", 1, 1, 48, 48)

axial = or_masks(lambda b, h, q, k: q // 5 == k // 5, lambda b, h, q, k: q % 5 == k % 5)
CASES["axial"] = ("mask", 1, 1, 25, 25)


# ------------------------------------------------------------------ images of many sizes in one row, with registers
class Patch(NamedTuple):
    image: int
    row: int
    col: int


sizes = [(2, 3), (3, 1), (2, 2)]
patches = [Patch(i, r, c) for i, (rows, cols) in enumerate(sizes) for r in range(rows) for c in range(cols)]
columns = torch.tensor(patches)
image_ids, row_ids, col_ids = columns.unbind(-1)
REGISTERS: Final = 2


def navit(b, h, q_idx, kv_idx):
    q, k = q_idx - REGISTERS, kv_idx - REGISTERS
    is_register = (q < 0) | (k < 0)
    n = len(patches)
    same = image_ids[q.clamp(0, n - 1)] == image_ids[k.clamp(0, n - 1)]
    return is_register | same


CASES["navit"] = ("mask", 1, 1, len(patches) + REGISTERS, len(patches) + REGISTERS)


def alibi_2d(score, b, h, q_idx, kv_idx):
    dr = (row_ids[q_idx] - row_ids[kv_idx]).float()
    dc = (col_ids[q_idx] - col_ids[kv_idx]).float()
    slope = torch.exp2(-(h + 1).float())
    return score - slope * torch.sqrt(dr * dr + dc * dc)


CASES["alibi_2d"] = ("score", 1, 4, 13, 13)


# -------------------------------------------------------------------------------------- text and images in turns
class Modality(Enum):
    TEXT = auto()
    IMAGE = auto()
    AUDIO = auto()


segments = [(Modality.TEXT, 3), (Modality.IMAGE, 4), (Modality.TEXT, 2), (Modality.AUDIO, 3), (Modality.IMAGE, 4)]
lengths = torch.tensor([n for _, n in segments])
segment_of = torch.repeat_interleave(torch.arange(len(segments)), lengths)
bidirectional = torch.tensor([kind in {Modality.IMAGE} for kind, _ in segments])[segment_of]
starts = F.pad(lengths.cumsum(0), (1, 0))[:-1][segment_of]


def interleaved(b, h, q_idx, kv_idx):
    causal = q_idx >= kv_idx
    same_image = (segment_of[q_idx] == segment_of[kv_idx]) & bidirectional[q_idx] & bidirectional[kv_idx]
    return causal | same_image


def interleaved_no_audio_back(b, h, q_idx, kv_idx):
    audio = torch.tensor([kind is Modality.AUDIO for kind, _ in segments])[segment_of]
    return interleaved(b, h, q_idx, kv_idx) & (~audio[kv_idx] | audio[q_idx])


def local_position_bias(score, b, h, q_idx, kv_idx):
    return torch.where(bidirectional[kv_idx], score, score - 0.125 * (q_idx - starts[kv_idx]))


CASES["interleaved"] = ("mask", 1, 1, 16, 16)
CASES["interleaved_no_audio_back"] = ("mask", 1, 1, 16, 16)
CASES["local_position_bias"] = ("score", 1, 1, 16, 16)


# ------------------------------------------------------------------------ cross attention: text reads frames in time
@lru_cache(maxsize=None)
def frame_times(fps: float, frames: int) -> torch.Tensor:
    return torch.arange(frames, dtype=torch.float64) / fps


word_times = torch.tensor([0.0, 0.3, 0.35, 0.9, 1.2], dtype=torch.float64)


def speech_to_frames(b, h, q_idx, kv_idx):
    return (word_times[q_idx] - frame_times(8.0, 12)[kv_idx]).abs() <= 0.25


CASES["speech_to_frames"] = ("mask", 1, 1, 5, 12)


# ------------------------------------------------------------------ a pyramid: each level sees itself and coarser ones
levels = [16, 4, 1]
edges = list(itertools.accumulate(levels, initial=0))
level_of = torch.cat([torch.full((n,), i) for i, n in enumerate(levels)])
offset_of = torch.tensor(edges)[level_of]


def pyramid(b, h, q_idx, kv_idx):
    ql, kl = level_of[q_idx], level_of[kv_idx]
    qp, kp = q_idx - offset_of[q_idx], kv_idx - offset_of[kv_idx]
    parent = torch.where(kl >= ql, qp >> (2 * (kl - ql)).clamp(min=0), -1)
    return (kl >= ql) & (parent == kp) | (ql == kl)


CASES["pyramid"] = ("mask", 1, 1, 21, 21)


# ----------------------------------------------------------------------------- Morton order: near in the plane, near in line
def part(x, bits: int = 4):
    out = x & 0
    for i in range(bits):
        out = out | ((x >> (2 * i) & 1) << i)
    return out


def morton_window(b, h, q_idx, kv_idx, radius=1):
    dx = part(q_idx) - part(kv_idx)
    dy = part(q_idx >> 1) - part(kv_idx >> 1)
    return torch.maximum(dx.abs(), dy.abs()) <= radius


CASES["morton_window"] = ("mask", 1, 1, 64, 64)
