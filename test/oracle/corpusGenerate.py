"""What PyTorch gives for the mods of corpus/*.py.   usage: python corpusGenerate.py

Each module's CASES names its mods: (kind, B, H, Q_LEN, KV_LEN). Writes corpus/NAME.json: mask bits (least significant
first, in base64), score grids for float32 and float64 scores, or the error with which PyTorch refuses."""
import base64, glob, importlib.util, json, os, sys, warnings

warnings.filterwarnings("ignore")
import torch
from torch._dynamo._trace_wrapped_higher_order_op import TransformGetItemToIndex
from torch.nn.attention.flex_attention import _vmap_for_bhqkv, create_mask

torch.set_num_threads(1)
HERE = os.path.dirname(os.path.abspath(__file__))


def scores(shape, dtype):
    n = 1
    for s in shape:
        n *= s
    return ((torch.arange(n, dtype=torch.float64) * 37 % 101 - 50) / 16).view(shape).to(dtype)


def run(mod, kind, B, H, Q, KV):
    if kind == "mask":
        mask = create_mask(mod, B, H, Q, KV, device="cpu")
        if mask.dtype != torch.bool:
            raise AssertionError(f"mask.dtype must be torch.bool, not {mask.dtype}")
        bits = mask.contiguous().view(-1).to(torch.uint8)
        bits = torch.cat([bits, torch.zeros((-bits.numel()) % 8, dtype=torch.uint8)]).view(-1, 8)
        packed = (bits * torch.tensor([1, 2, 4, 8, 16, 32, 64, 128], dtype=torch.uint8)).sum(1).to(torch.uint8)
        return {"bits": base64.b64encode(packed.numpy().tobytes()).decode()}
    out = {}
    for dtype in (torch.float32, torch.float64):
        with TransformGetItemToIndex():
            args = (torch.arange(B), torch.arange(H), torch.arange(Q), torch.arange(KV))
            grid = _vmap_for_bhqkv(mod, prefix=(0,))(scores((B, H, Q, KV), dtype), *args)
        name = str(dtype)[6:]
        data = grid.detach().contiguous()
        out[name] = {"dtype": str(grid.dtype)[6:], "data": base64.b64encode(data.to(torch.float64 if grid.dtype == torch.float64 else torch.float32).numpy().tobytes()).decode()}
    return out


def main():
    total = refused = 0
    for path in sorted(glob.glob(os.path.join(HERE, "corpus", "*.py"))):
        name = os.path.basename(path)[:-3]
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        rows = {}
        for mod, (kind, *sizes) in module.CASES.items():
            try:
                result = run(getattr(module, mod), kind, *sizes)
            except Exception as e:
                result = {"error": type(e).__name__ + ": " + str(e).split("\n")[0][:120]}
                refused += 1
                print(name, mod, result["error"])
            rows[mod] = {"kind": kind, "sizes": sizes, **result}
            total += 1
        with open(path[:-3] + ".json", "w") as f:
            f.write("{\n" + ",\n".join(f"{json.dumps(k)}:{json.dumps(v, separators=(',', ':'))}" for k, v in rows.items()) + "\n}\n")
    print(total, "mods;", refused, "refused; torch", torch.__version__)


main()
