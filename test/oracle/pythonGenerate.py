"""The Python that `flexlens python` writes, run by PyTorch: the same bits as the gallery's own mods.

Every variant of the gallery is written out as a file that stands by itself, that file is run, and its mods are held
against the mods of the gallery's module: the masks element by element, the scores bit by bit for seeded scores in
float32. Stops at a difference. python.json then holds each text that ran, and a hash of its mask. Needs torch and
numpy, and a built command line (or its path in FLEXLENS_CLI):

    npm run build && python test/oracle/pythonGenerate.py
"""

import hashlib
import importlib.util
import json
import os
import subprocess
import tempfile

import torch
from torch._dynamo._trace_wrapped_higher_order_op import TransformGetItemToIndex
from torch.nn.attention.flex_attention import _vmap_for_bhqkv, create_mask

HERE = os.path.dirname(os.path.abspath(__file__))
CLI = os.environ.get("FLEXLENS_CLI", os.path.join(HERE, "../../dist/cli.js"))
GALLERY = os.path.join(HERE, "../../kernels/gallery")
MOST = 384  # queries and keys that are compared: the first ones

# file: variants, each with what gives its mods in the gallery's module (the mask's, the score's)
CASES = {
    "alibi.py": {
        "generate_alibi_bias": (None, "generate_alibi_bias(H)"),
        "causal": ("causal", None),
        "alibi_bias": (None, "alibi_bias"),
        "alibi_bias + causal": ("causal", "alibi_bias"),
    },
    "block_diffusion.py": {"block_diffusion": ("block_diffusion", None)},
    "causal.py": {"causal": ("causal", None)},
    "causal_sliding_window.py": {n: (n, None) for n in ("causal", "in_window", "causal_sliding_window")},
    "composition.py": {
        **{n: (n, None) for n in ("causal", "window", "sink", "same_document", "not_padding", "packed_window")},
        "softcap": (None, "softcap"),
        "softcap + packed_window": ("packed_window", "softcap"),
    },
    "dilated.py": {"dilated": ("dilated", None)},
    "document_packing.py": {
        "generate_document_mask": ("generate_document_mask(causal, offsets)", None),
        "causal": ("causal", None),
        "document_causal": ("document_causal", None),
    },
    "neighbourhood_2d.py": {"neighbourhood_2d": ("neighbourhood_2d", None)},
    "padding.py": {n: (n, None) for n in ("causal", "left_padding", "padded_causal")},
    "prefix_lm.py": {
        "causal": ("causal", None),
        "generate_prefix_lm_mask": ("generate_prefix_lm_mask(768)", None),
        "prefix_lm": ("prefix_lm", None),
    },
    "relative_bias.py": {"relative_bias": (None, "relative_bias")},
    "sink_tokens.py": {"generate_sink_mask": ("generate_sink_mask(256)", None), "sink_tokens": ("generate_sink_mask(256)", None)},
    "sliding_window.py": {"sliding_window": ("sliding_window", None)},
    "tanh_softcap.py": {
        "tanh_softcap": (None, "tanh_softcap"),
        "causal": ("causal", None),
        "tanh_softcap + causal": ("causal", "tanh_softcap"),
    },
    "tree.py": {"tree": ("tree", None)},
}


def module(path, name):
    spec = importlib.util.spec_from_file_location(name, path)
    it = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(it)
    return it


def scores(mod, b, h, q, kv):
    at = (torch.arange(b), torch.arange(h), torch.arange(q), torch.arange(kv))
    given = torch.randn(b, h, q, kv, generator=torch.Generator().manual_seed(0))
    with TransformGetItemToIndex():
        return _vmap_for_bhqkv(mod, prefix=(0,))(given, *at)


def run(file, name, mask, score, folder):
    out = os.path.join(folder, "out.py")
    subprocess.run(["node", CLI, "python", f"{os.path.join(GALLERY, file)}::{name}", "--out", out], check=True, capture_output=True)
    with open(out) as f:
        text = f.read()
    theirs = module(os.path.join(GALLERY, file), "theirs")
    os.chdir(folder)
    mine = module(out, "mine")
    mods = [getattr(mine, n) for n in text.split("def ")[1:] for n in [n.split("(")[0]] if n != "attend"]
    row = {"file": file, "variant": name, "text": text}
    taken = iter(mods)
    if mask is not None:
        mod, original = next(taken), eval(mask, vars(theirs))
        _, _, q, kv = mine.block_mask.shape
        heads = mine.block_mask.shape[1]
        size = (mine.block_mask.shape[0], heads, min(q, MOST), min(kv, MOST))
        bits = create_mask(lambda b, h, q, kv: mod(b, h, q, kv), *size, device="cpu")
        assert torch.equal(bits, create_mask(lambda b, h, q, kv: original(b, h, q, kv), *size, device="cpu")), (file, name, "mask")
        packed = bits.flatten().to(torch.uint8).numpy().tobytes()
        row["mask"] = {"shape": list(bits.shape), "sha256": hashlib.sha256(packed).hexdigest(), "allowed": int(bits.sum())}
    if score is not None:
        mod, original = next(taken), eval(score, vars(theirs))
        a, b = scores(mod, 2, 8, 48, 56), scores(original, 2, 8, 48, 56)
        assert a.dtype == b.dtype and torch.equal(a, b), (file, name, "score")
        row["scores"] = a.numel()
    return row


torch.set_num_threads(1)
with tempfile.TemporaryDirectory() as folder:
    rows = [run(file, name, *mods, folder) for file, variants in CASES.items() for name, mods in variants.items()]
with open(os.path.join(HERE, "python.json"), "w") as f:
    json.dump(rows, f, indent=1)
    f.write("\n")
print(len(rows), "ran")
