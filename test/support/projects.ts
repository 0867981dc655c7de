/**
 * Small Python projects and installed libraries, as a person's disk has them: files by path, in the ways that real
 * packages lay out, re-export and guard their modules. `.venv/…` is the project's environment.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export type Files = Readonly<Record<string, string>>;

/** Where the environments below keep what is installed. */
export const SITE = ".venv/lib/python3.12/site-packages";

export function writeFiles(folder: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

const SLIDING = `"""Sliding windows."""
from __future__ import annotations

import functools
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Optional

import torch
from torch import Tensor
from torch.nn.attention.flex_attention import _mask_mod_signature, and_masks

from ..core.naming import named
from ..core.checks import check_positive
from .causal import causal_mask

if TYPE_CHECKING:
    from torch.nn.attention.flex_attention import BlockMask

__all__ = ["WindowConfig", "generate_sliding_window"]
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class WindowConfig:
    size: int = 128
    sinks: int = 0
    extra: list = field(default_factory=list)


@functools.lru_cache(maxsize=None)
def _log_once(message: str) -> None:
    logger.warning(message)


def generate_sliding_window(window_size: int, sinks: int = 0, *, config: Optional[WindowConfig] = None) -> _mask_mod_signature:
    """A causal window of window_size keys, after sinks keys that all see."""
    if config is not None:
        window_size, sinks = config.size, config.sinks
    check_positive(window_size, "window_size")
    if window_size > 1_000_000:
        _log_once(f"a window of {window_size} is hardly one")

    def window(b: Tensor, h: Tensor, q_idx: Tensor, kv_idx: Tensor) -> Tensor:
        near = q_idx - kv_idx < window_size
        return near | (kv_idx < sinks)

    return named(and_masks(causal_mask, window), f"sliding_window_{window_size}")
`;

/** A library of masks: sub-packages, \`__all__\`, relative imports, logging, dataclasses, decorators, a version read at run time. */
const LIBRARY: Files = {
  "maskery/__init__.py": `"""Masks for attention."""
from importlib import metadata

try:
    __version__ = metadata.version("maskery")
except metadata.PackageNotFoundError:
    __version__ = "0"

from . import masks
from .masks import *
from .core.checks import MaskError

__all__ = [*masks.__all__, "masks", "MaskError"]
`,
  "maskery/core/__init__.py": "",
  "maskery/core/naming.py": `from typing import Callable, TypeVar

F = TypeVar("F", bound=Callable)


def named(f: F, name: str) -> F:
    f.__name__ = name
    return f
`,
  "maskery/core/checks.py": `import os
import warnings

STRICT = os.environ.get("MASKERY_STRICT", "0") == "1"


class MaskError(ValueError):
    """An argument that no mask has."""


def check_positive(value, name):
    if isinstance(value, bool) or value <= 0:
        raise MaskError(f"{name} must be positive, not {value}")
`,
  "maskery/masks/__init__.py": `from .causal import causal_mask
from .documents import generate_doc_mask as document_mask
from .sliding import *
from .sliding import __all__ as _sliding

__all__ = ["causal_mask", "document_mask"] + list(_sliding)
`,
  "maskery/masks/causal.py": `def causal_mask(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx
`,
  "maskery/masks/documents.py": `import torch
from torch import Tensor


def _offsets_to_doc_ids(offsets: Tensor) -> Tensor:
    counts = offsets[1:] - offsets[:-1]
    return torch.repeat_interleave(torch.arange(len(counts), device=offsets.device, dtype=torch.int32), counts)


def generate_doc_mask(mask_mod, offsets: Tensor):
    ids = _offsets_to_doc_ids(offsets)

    def documents(b, h, q_idx, kv_idx):
        same = ids[q_idx] == ids[kv_idx]
        start = offsets[ids[q_idx]]
        return same & mask_mod(b, h, q_idx - start, kv_idx - start)

    return documents
`,
  "maskery/masks/sliding.py": SLIDING,
};

const installed = (files: Files): Files => Object.fromEntries(Object.entries(files).map(([path, text]) => [`${SITE}/${path}`, text]));

/** `maskery` in a project's environment. */
export const INSTALLED: Files = installed(LIBRARY);

/** A package that hands out its names by code, and lists them under TYPE_CHECKING for readers. */
export const LAZY: Files = installed({
  "lazily/__init__.py": `from typing import TYPE_CHECKING

_NAMES = {"ring": "shapes", "band": "shapes"}

if TYPE_CHECKING:
    from .shapes import band, ring
else:
    import sys

    sys.modules[__name__] = _make_lazy_module(__name__, globals()["__file__"], _NAMES)
`,
  "lazily/shapes.py": `def band(width):
    def mod(b, h, q_idx, kv_idx):
        return (q_idx - kv_idx).abs() <= width
    return mod

ring = band(1)
`,
  "getter/__init__.py": `import importlib

_WHERE = {"band": ".shapes"}


def __getattr__(name):
    if name in _WHERE:
        module = importlib.import_module(_WHERE[name], __name__)
        return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
`,
  "getter/shapes.py": `def band(width):
    return lambda b, h, q_idx, kv_idx: (q_idx - kv_idx).abs() <= width
`,
});

/** `count` modules of many lines each, all imported by the first, of which a mask needs one function. */
export function hugeLibrary(count: number, lines: number): Files {
  const filler = Array.from(
    { length: lines / 5 },
    (_, i) =>
      `class Config${i}(Base):\n    size = ${i}\n    def build(self, x, y=${i}):\n        return [x + j for j in range(y)]\nREGISTRY["c${i}"] = Config${i}\n`,
  ).join("");
  const module = (i: number): string =>
    `from .m${(i + 1) % count} import Config0 as Next, helper${(i + 1) % count}\nfrom .base import Base, REGISTRY\n${filler}\ndef helper${i}(x):\n    return x + ${i}\n`;
  return installed({
    "huge/__init__.py": Array.from({ length: count }, (_, i) => `from .m${i} import helper${i}\n`).join(""),
    "huge/base.py": "REGISTRY = {}\nclass Base:\n    pass\n",
    ...Object.fromEntries(Array.from({ length: count }, (_, i) => [`huge/m${i}.py`, module(i)])),
  });
}
