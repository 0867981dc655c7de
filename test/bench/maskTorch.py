# PyTorch's side of the mask benchmark. Reads one JSON object from standard input: `text` (the mods' source), `names`,
# `length`, `block`. Answers one JSON line a mask: seconds of create_block_mask (one call to warm up, then three), and a
# digest of the eight lists it made.
import hashlib
import json
import sys
import time

try:
    import torch
    from torch.nn.attention.flex_attention import create_block_mask
except ImportError as error:
    print(json.dumps({"unavailable": str(error)}))
    sys.exit(0)

FIELDS = [
    "kv_num_blocks", "kv_indices", "full_kv_num_blocks", "full_kv_indices",
    "q_num_blocks", "q_indices", "full_q_num_blocks", "full_q_indices",
]

given = json.loads(sys.stdin.read())
scope = {}
exec(given["text"], scope)
print(json.dumps({"version": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
with torch.no_grad():
    for name in given["names"]:
        seconds = []
        for _ in range(4):
            start = time.perf_counter()
            n = given["length"]
            mask = create_block_mask(scope[name], 1, 1, n, n, device="cpu", BLOCK_SIZE=given["block"])
            seconds.append(time.perf_counter() - start)
        digest = hashlib.sha256()
        for field in FIELDS:
            digest.update(getattr(mask, field).contiguous().numpy().astype("<i4").tobytes())
        print(json.dumps({"name": name, "seconds": seconds, "digest": digest.hexdigest()}), flush=True)
        del mask
