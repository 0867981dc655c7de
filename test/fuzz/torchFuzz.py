"""Evaluates mods with PyTorch, one JSON line in, one out, for torch.ts.

In:  {"text": module with a function `mod`, "kind": "mask_mod" | "score_mod", "dtype": "float32" | "float64",
      "sizes": [B, H, Q, KV], "scores": [...]}
Out: {"dtype": ..., "data": base64 of float64 or int64 values, [B, H, Q, KV] row-major} or {"error": "Type: message"}

The mod runs as create_block_mask and flex_attention run it: under four vmaps, indices int64, score batched over all.
"""

import base64
import json
import sys
import warnings

try:
    import torch
    from torch._dynamo._trace_wrapped_higher_order_op import TransformGetItemToIndex
    from torch.nn.attention.flex_attention import _vmap_for_bhqkv
except ImportError as error:
    print(json.dumps({"unavailable": str(error)}), flush=True)
    sys.exit(3)

torch.set_num_threads(1)
warnings.simplefilter("ignore")


def evaluate(case):
    names = {}
    exec(compile(case["text"], "<mod>", "exec"), names)
    indices = [torch.arange(n) for n in case["sizes"]]
    with TransformGetItemToIndex():
        if case["kind"] == "mask_mod":
            out = _vmap_for_bhqkv(names["mod"], prefix=())(*indices)
        else:
            score = torch.tensor(case["scores"], dtype=torch.float64).reshape(case["sizes"])
            out = _vmap_for_bhqkv(names["mod"], prefix=(0,))(score.to(getattr(torch, case["dtype"])), *indices)
    out = out.expand(case["sizes"])
    wide = torch.float64 if out.dtype.is_floating_point else torch.int64
    return {"dtype": str(out.dtype).split(".")[1], "data": base64.b64encode(out.to(wide).contiguous().numpy().tobytes()).decode()}


def main():
    print(json.dumps({"version": torch.__version__}), flush=True)
    for line in sys.stdin:
        try:
            result = evaluate(json.loads(line))
        except Exception as error:  # noqa: BLE001  whatever PyTorch raises is the answer
            result = {"error": f"{type(error).__name__}: {error}"[:300]}
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
