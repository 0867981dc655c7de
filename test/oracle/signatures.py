"""Which callables PyTorch takes as mods, and what they may return: writes signatures.json, which signatures.test.ts reads.

    python test/oracle/signatures.py > test/oracle/signatures.json

Each text binds `mod`. create_block_mask tells mask_mods from score_mods by counting positional parameters.
"""

import json
import logging
import sys
import warnings

import torch
from torch.nn.attention.flex_attention import create_block_mask, create_mask

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

HEAD = """import functools
import torch
from torch.nn.attention.flex_attention import and_masks, or_masks, noop_mask
"""

TEXTS = [
    "def mod(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx",
    "mod = lambda b, h, q, k: q >= k",
    "def mod(b, h, q_idx, kv_idx, *, window=3):\n    return q_idx - kv_idx < window",
    "def mod(b, h, q_idx, kv_idx, window=3):\n    return q_idx - kv_idx < window",
    "def mod(*args):\n    return args[2] >= args[3]",
    "def mod(b, h, q_idx):\n    return q_idx >= 2",
    "def mod(b, h, q_idx, kv_idx, x, y):\n    return q_idx >= kv_idx",
    "def mod(b, h, q_idx, kv_idx, **more):\n    return q_idx >= kv_idx",
    "class Window:\n    @staticmethod\n    def mask(b, h, q, k):\n        return q >= k\nmod = Window.mask",
    "class Window:\n    @staticmethod\n    def mask(b, h, q, k):\n        return q >= k\nmod = Window().mask",
    "class Window:\n    def mask(self, b, h, q, k):\n        return q >= k\nmod = Window().mask",
    "class Window:\n    @classmethod\n    def mask(cls, b, h, q, k):\n        return q >= k\nmod = Window.mask",
    "class Window:\n    def __init__(self, n):\n        self.n = n\n    def __call__(self, b, h, q, k):\n        return q - k < self.n\nmod = Window(3)",
    "def window(n, m, b, h, q, k):\n    return q - k < n * m\nmod = functools.partial(window, 3, 1)",
    "def window(b, h, q, k, n):\n    return q - k < n\nmod = functools.partial(window, n=3)",
    "mod = and_masks()",
    "mod = or_masks()",
    "mod = and_masks(lambda b, h, q, k: q >= k, lambda b, h, q, k: q - k < 3)",
    "mod = or_masks(lambda b, h, q, k: q < 2, lambda b, h, q, k: q - k == 3)",
    "mod = noop_mask",
    "limit = torch.tensor(0.75)\ndef mod(b, h, q_idx, kv_idx):\n    if limit > 0.5:\n        return q_idx >= kv_idx\n    return q_idx < kv_idx",
    "limit = torch.tensor(0.75)\ndef mod(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx if limit * 2 < 1 else q_idx < kv_idx",
    "def mod(b, h, q_idx, kv_idx):\n    return True",
    "def mod(b, h, q_idx, kv_idx):\n    return 1",
    "def mod(b, h, q_idx, kv_idx):\n    return None",
    "def mod(b, h, q_idx, kv_idx):\n    q_idx >= kv_idx",
    "def mod(b, h, q_idx, kv_idx):\n    return q_idx - kv_idx",
    "def mod(b, h, q_idx, kv_idx):\n    return (q_idx >= kv_idx) * 1.0",
    "def mod(b, h, q_idx, kv_idx):\n    return torch.tensor(True)",
    "def mod(b, h, q_idx, kv_idx):\n    return (q_idx >= kv_idx).unsqueeze(0)",
    "def mod(b, h, q_idx, kv_idx):\n    return (q_idx >= kv_idx, q_idx)",
]


def main():
    cases = []
    for text in TEXTS:
        names = {}
        try:
            exec(HEAD + text, names)
            create_block_mask(names["mod"], 1, 1, 8, 8, device="cpu")
            bits = create_mask(names["mod"], 1, 1, 8, 8, device="cpu")
            cases.append({"text": text, "create_block_mask": "ok", "bits": "".join(str(int(x)) for x in bits.flatten())})
        except Exception as error:  # noqa: BLE001  whatever PyTorch raises is the answer
            cases.append({"text": text, "create_block_mask": f"{type(error).__name__}: {error}".split("\n")[0][:100]})
    json.dump({"head": HEAD, "cases": cases}, sys.stdout, indent=1)
    print()


main()
