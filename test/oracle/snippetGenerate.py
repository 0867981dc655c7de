"""Capture snippets run in real programs: what they save, and the masks that those programs compute.

For each case a program is written, `flexlens captures FILE::NAME --snippet` gives the lines that save the mod's tensors
(the mods here have no values in the text, so Flexlens knows none of them), and the program runs with these lines at
its end. snippet.json holds the lines, the file that they wrote, and the mask of `create_mask`. Needs torch and numpy,
and a built command line:

    npm run build && python test/oracle/snippetGenerate.py
"""

import base64
import json
import os
import re
import subprocess
import tempfile

import torch
from torch.nn.attention.flex_attention import create_mask

HERE = os.path.dirname(os.path.abspath(__file__))
CLI = os.path.join(HERE, "../../dist/cli.js")
HEAD = "import torch\nfrom torch.nn.attention.flex_attention import and_masks\n\n\n"

# name: (the text that Flexlens reads, the variant, what the program does besides, its mod, B, H, Q_LEN, KV_LEN)
CASES = {
    "a factory's argument": (
        """def make(document_id):
    def mask(b, h, q_idx, kv_idx):
        return (document_id[q_idx] == document_id[kv_idx]) & (q_idx >= kv_idx)
    return mask
""", "make", "", "make(torch.arange(48) // 7)", 1, 1, 48, 48),
    "what a factory computes from its argument": (
        """def make(offsets):
    lengths = offsets[1:] - offsets[:-1]
    doc = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
    def mask(b, h, q_idx, kv_idx):
        return doc[q_idx] == doc[kv_idx]
    return mask
""", "make", "", "make(torch.tensor([0, 10, 11, 40, 48]))", 1, 1, 48, 48),
    "a helper inside the factory": (
        """def make(ids, limit):
    wide = ids.to(torch.int32)
    def same(i, j):
        return wide[i] == wide[j]
    def mask(b, h, q_idx, kv_idx):
        return same(q_idx, kv_idx) | (kv_idx < limit[b])
    return mask
""", "make", "", "make(torch.arange(32) // 5, torch.tensor([3, 9]))", 2, 1, 32, 32),
    "a number among the arguments": (
        """def make(keep, reach):
    def mask(b, h, q_idx, kv_idx):
        return keep[b, kv_idx] & ((q_idx - kv_idx).abs() < reach)
    return mask
""", "make", "", "make(torch.rand(2, 40) > 0.3, 13)", 2, 1, 40, 40),
    "globals of the module": (
        """from collect import document_id, allowed

def mask(b, h, q_idx, kv_idx):
    return (document_id[q_idx] == document_id[kv_idx]) & allowed[h, kv_idx]
""", "mask", "collect.document_id = torch.arange(40) // 9\ncollect.allowed = torch.rand(3, 40) > 0.5\n", "mask", 1, 3, 40, 40),
    "attributes of an object": (
        """class Attention:
    def __init__(self, table, config):
        self.table = table
        self.config = config

    def mask(self, b, h, q_idx, kv_idx):
        return self.table[q_idx, kv_idx] & (q_idx - kv_idx < self.config.window_size)
""", "Attention.mask", "import types\n", "Attention(torch.rand(24, 24) > 0.4, types.SimpleNamespace(window_size=7)).mask", 1, 1, 24, 24),
    "an object that is called": (
        """class Mask:
    def __init__(self, segments):
        self.segments = segments

    def __call__(self, b, h, q_idx, kv_idx):
        return self.segments[b, q_idx] == self.segments[b, kv_idx]
""", "Mask.__call__", "", "Mask(torch.tensor([[0, 0, 1, 1, 1, 2], [5, 5, 5, 5, 6, 6]]))", 2, 1, 6, 6),
    "a table in bfloat16": (
        """def make(bias):
    def mask(b, h, q_idx, kv_idx):
        return bias[h, q_idx] >= bias[h, kv_idx]
    return mask
""", "make", "torch.manual_seed(0)\n", "make(torch.randn(2, 20).bfloat16())", 1, 2, 20, 20),
    "masks put together": (
        """def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx

def make(document_id):
    def same(b, h, q_idx, kv_idx):
        return document_id[b, q_idx] == document_id[b, kv_idx]
    return and_masks(causal, same)
""", "make", "", "make(torch.arange(60).reshape(2, 30) // 8)", 2, 1, 30, 30),
    "an argument that the factory converts": (
        """def make(ids):
    ids = ids.to(torch.int32).contiguous()
    def mask(b, h, q_idx, kv_idx):
        return ids[q_idx] >= ids[kv_idx]
    return mask
""", "make", "", "make(torch.arange(30) % 11)", 1, 1, 30, 30),
    "an argument that the factory changes": (
        """def make(lengths):
    lengths = lengths.cumsum(0)
    def mask(b, h, q_idx, kv_idx):
        return (q_idx < lengths[b]) & (kv_idx < lengths[b])
    return mask
""", "make", "lengths = torch.tensor([5, 6, 7])\n", "make(lengths)", 3, 1, 20, 20),
}


def run(name, text, variant, setup, mod, sizes, folder):
    source = HEAD + text
    path = os.path.join(folder, "mods.py")
    with open(path, "w") as f:
        f.write(source)
    made = json.loads(subprocess.run(["node", CLI, "captures", f"{path}::{variant}", "--snippet", "--json"], capture_output=True, text=True, check=True).stdout)
    lines = re.sub(r"^mod = \.\.\..*$", lambda _: f"mod = {mod}", made["python"], flags=re.M)
    if "from collect" in source:
        # A module of the user's own that Flexlens does not have.
        program = "import sys, types, torch\ncollect = types.ModuleType('collect')\nsys.modules['collect'] = collect\n" + setup + source
    else:
        program = source + setup
    names = {"__name__": "program"}
    os.chdir(folder)
    exec(compile(program + "\n" + lines, path, "exec"), names)
    with open(os.path.join(folder, made["file"]), "rb") as f:
        saved = f.read()
    mask = create_mask(wrapped(names["mod"]), *sizes, device="cpu")
    return {
        "name": name,
        "source": source,
        "variant": variant,
        "sizes": sizes,
        "python": made["python"],
        "directive": made["directive"],
        "file": made["file"],
        "npz": base64.b64encode(saved).decode(),
        "mask": "".join("1" if x else "0" for x in mask.flatten().tolist()),
    }


def wrapped(mod):
    return lambda b, h, q, kv: mod(b, h, q, kv)


torch.manual_seed(0)
with tempfile.TemporaryDirectory() as folder:
    rows = [run(name, text, variant, setup, mod, sizes, folder) for name, (text, variant, setup, mod, *sizes) in CASES.items()]
with open(os.path.join(HERE, "snippet.json"), "w") as f:
    json.dump(rows, f, indent=1)
    f.write("\n")
