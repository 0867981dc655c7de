"""Every mask variant of variants.py at 4,096 tokens, as PyTorch builds it: longMasks.json.   usage: python longMasks.py [OUT]

For each variant, by its own builder: SHA-256 of the cells (one byte each, [B, H, Q, KV]) and how many are allowed; for
each block size SHA-256 of BlockMask's eight lists (int32, little-endian, one after another), and the sparsity."""
import hashlib, json, os, sys
import torch
from torch.nn.attention.flex_attention import create_block_mask, create_mask
torch.set_num_threads(1)
HERE = os.path.dirname(os.path.abspath(__file__)); sys.path.insert(0, HERE)
import variants as V

S = 4096
CFG = V.Cfg(1, 2, 2, S, S, 8, 128)
BLOCK_SIZES = (16, 64, 128, 48, 100, (64, 32))
LISTS = ("kv_num_blocks", "kv_indices", "full_kv_num_blocks", "full_kv_indices", "q_num_blocks", "q_indices", "full_q_num_blocks", "full_q_indices")

def main():
    out = {}
    for name, (_, build) in V.VARIANTS.items():
        e = build(CFG)["mask"] if name not in ("full_bias", "bucket_lookup") else None   # their scores are [S, S]; full_bias masks as causal does
        if e is None: continue
        fn = V.resolve(e)
        mask = create_mask(fn, CFG.B, CFG.Hq, S, S, device="cpu")
        r = dict(mask=e.get("call", e.get("name")), cells=hashlib.sha256(mask.numpy().tobytes()).hexdigest(), allowed=int(mask.sum()), blocks={})
        for size in BLOCK_SIZES:
            # The cells are known: a mod that looks them up is built from the same ones, and faster.
            bm = create_block_mask(lambda b, h, q, k: mask[b, h, q, k], CFG.B, CFG.Hq, S, S, device="cpu", BLOCK_SIZE=size)
            digest = hashlib.sha256()
            for f in LISTS: digest.update(getattr(bm, f).contiguous().numpy().astype("<i4").tobytes())
            r["blocks"][",".join(map(str, bm.BLOCK_SIZE))] = dict(lists=digest.hexdigest(), sparsity=bm.sparsity())
        out[name] = r
        print(name, r["allowed"], flush=True)
    path = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "longMasks.json")
    with open(path, "w") as f: json.dump(dict(torch=torch.__version__, batch=CFG.B, heads=CFG.Hq, length=S, variants=out), f, indent=1)
if __name__ == "__main__": main()
