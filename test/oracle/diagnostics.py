"""What PyTorch says of the texts that the diagnostics' cases are made of, before and after their fix.

    node test/run/script.mjs test/oracle/diagnosticTexts.ts > texts.json
    python test/oracle/diagnostics.py texts.json > test/oracle/golden/_diagnostics.json

Each text is a module with a mod called `mod`, or that of its `block_mask`. Recorded: whether create_block_mask and flex_attention take it ("ok", or
the exception), its values on a small problem, and the values that Python itself gives for plain numbers, where the text
makes sense for those: what the author of a refused mod had in mind.
"""

import contextlib
import inspect
import json
import logging
import math
import os
import sys
import tempfile
import types
import warnings

import torch
import torch._dynamo
from torch.nn.attention.flex_attention import create_block_mask, create_mask, flex_attention

B, H, Q, KV = 2, 2, 8, 8

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
torch.set_num_threads(1)


def scores():
    n = torch.arange(B * H * Q * KV).reshape(B, H, Q, KV)
    return ((n * 7 + 3) % 11 - 5).to(torch.float32) / 4


def brief(error):
    text = str(error).strip().split("\n")[0]
    return f"{type(error).__name__}: {text[:120]}"


def number(x):
    x = float(x)
    if math.isnan(x):
        return "nan"
    if math.isinf(x):
        return "inf" if x > 0 else "-inf"
    return int(x) if x.is_integer() else x


def vmapped(mod):
    f = mod
    for dims in [(0, None, None, None, 0), (0, None, None, 0, None), (0, None, 0, None, None), (0, 0, None, None, None)]:
        f = torch.vmap(f, in_dims=dims)
    return f(scores(), torch.arange(B), torch.arange(H), torch.arange(Q), torch.arange(KV))


def mask_verdict(mod):
    out = {"create_block_mask": "ok", "flex_attention": "ok", "values": None}
    dense = None
    try:
        create_block_mask(mod, B, H, Q, KV, device="cpu")
        dense = create_mask(mod, B, H, Q, KV, device="cpu")
        out["values"] = [number(x) for x in dense.flatten()]
    except Exception as error:
        out["create_block_mask"] = brief(error)
    try:
        # Queries and keys of 0 and the identity as values: a row of the output shows which keys it allows.
        zeros = torch.zeros(B, H, Q, KV)
        identity = torch.eye(KV).expand(B, H, KV, KV)
        carrier = create_block_mask(lambda b, h, q, k: q >= 0, B, H, Q, KV, device="cpu")
        carrier.mask_mod = mod
        seen = flex_attention(zeros, zeros, identity, block_mask=carrier) > 0
        if dense is None:
            out["values"] = [number(x) for x in seen.flatten()]
        elif not torch.equal(seen, dense):
            out["flex_attention"] = "other values than create_block_mask"
    except Exception as error:
        out["flex_attention"] = brief(error)
    return out


def score_verdict(mod):
    out = {"create_block_mask": "ok", "flex_attention": "ok", "values": None}
    try:
        out["values"] = [number(x) for x in vmapped(mod).flatten()]
    except Exception as error:
        out["create_block_mask"] = brief(error)
    try:
        zeros = torch.zeros(B, H, Q, KV)
        flex_attention(zeros, zeros, zeros, score_mod=mod)
    except Exception as error:
        out["flex_attention"] = brief(error)
    return out


def plain(mod, is_score):
    flat = [float(x) for x in scores().flatten()]
    places = [(b, h, q, k) for b in range(B) for h in range(H) for q in range(Q) for k in range(KV)]
    try:
        values = [mod(flat[i], *at) if is_score else bool(mod(*at)) for i, at in enumerate(places)]
        return [number(x) for x in values]
    except Exception:
        return None


def verdict(head, text, index):
    torch._dynamo.reset()
    module = types.ModuleType(f"case{index}")
    sys.modules[module.__name__] = module
    filename = os.path.join(tempfile.gettempdir(), f"flexlens_case_{index}.py")
    with open(filename, "w") as file:
        file.write(head + text)
    try:
        exec(compile(head + text, filename, "exec"), module.__dict__)
    except Exception as error:
        return {"create_block_mask": brief(error), "flex_attention": brief(error), "values": None, "plain": None}
    mod = module.__dict__["mod"] if "mod" in module.__dict__ else module.block_mask.mask_mod
    is_score = len(inspect.signature(mod).parameters) == 5
    result = score_verdict(mod) if is_score else mask_verdict(mod)
    return {**result, "plain": plain(mod, is_score)}


def main():
    with open(sys.argv[1]) as file:
        cases = json.load(file)
    verdicts = {}
    for i, text in enumerate(cases["texts"]):
        # What a case prints is no part of the answer.
        with contextlib.redirect_stdout(sys.stderr):
            verdicts[text] = verdict(cases["head"], text, i)
        print(i, file=sys.stderr, end=" ", flush=True)
    rows = ",\n".join(f"{json.dumps(text)}: {json.dumps(v)}" for text, v in verdicts.items())
    print(f'{{"torch": {json.dumps(torch.__version__)}, "shape": [{B}, {H}, {Q}, {KV}], "verdicts": {{\n{rows}\n}}}}')


if __name__ == "__main__":
    main()
