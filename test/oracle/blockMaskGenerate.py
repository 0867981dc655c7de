"""BlockMask's whole surface in PyTorch's own values: blockMask.json.   usage: python blockMaskGenerate.py [OUT]

Each case makes a mask (`create_block_mask` of a mod below, or `from_kv_blocks` of lists written by hand), applies
steps to it (`index`, `adjust`), and records every field, the texts and the numbers, or the exception. Cases are data,
so that the test makes the same calls; the mods are the text MODS, which the front end reads."""
import json, os, sys, warnings
warnings.filterwarnings("ignore")
import torch
from torch.nn.attention.flex_attention import BlockMask, and_masks, create_block_mask, create_mask, noop_mask, or_masks

torch.set_num_threads(1)
HERE = os.path.dirname(os.path.abspath(__file__))

MODS = '''
import torch
from torch.nn.attention.flex_attention import and_masks, noop_mask, or_masks

def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx

def window(b, h, q_idx, kv_idx):
    return (q_idx - kv_idx).abs() <= 9

def by_head(b, h, q_idx, kv_idx):
    return (q_idx - kv_idx) * (1 - 2 * (h % 2)) >= 0

def by_batch(b, h, q_idx, kv_idx):
    return kv_idx < 20 * (b + 1)

def both(b, h, q_idx, kv_idx):
    return (q_idx >= 16 * h) & (kv_idx < 17 + 16 * b)

def nothing(b, h, q_idx, kv_idx):
    return q_idx < 0

def some_rows(b, h, q_idx, kv_idx):
    return (q_idx >= kv_idx) & ((q_idx // 16) % 2 == 0)

def late(b, h, q_idx, kv_idx):
    return kv_idx >= q_idx + 20

def stripes(b, h, q_idx, kv_idx):
    return (kv_idx // 16) % 2 == 1

def masking_score(score, b, h, q_idx, kv_idx):
    return torch.where(q_idx >= kv_idx, score * 2 + h, -float("inf"))

def odd_score(score, b, h, q_idx, kv_idx):
    # 0 / 0 is nan, which is no -inf; the logarithm of 0 is.
    return torch.where(q_idx > 4, score / (q_idx - q_idx), torch.log(score + (kv_idx - b).abs()))

everything = noop_mask
causal_window = and_masks(causal, window)
window_or_stripes = or_masks(window, stripes)
'''
NAMESPACE = {}
exec(MODS, NAMESPACE)

FIELDS = ("kv_num_blocks", "kv_indices", "full_kv_num_blocks", "full_kv_indices", "q_num_blocks", "q_indices",
          "full_q_num_blocks", "full_q_indices", "dq_write_order", "dq_write_order_full", "dq_kv_order")
GRIDS = [20, -1, 3, (2, 4), (100, 1)]

MAKES = {
    "causal": dict(mod="causal", B=1, H=1, Q=64, KV=64, BLOCK_SIZE=16),
    "no multiple": dict(mod="causal", B=1, H=1, Q=50, KV=50, BLOCK_SIZE=16),
    "None": dict(mod="causal", B=None, H=None, Q=40, KV=40, BLOCK_SIZE=16),
    "default block": dict(mod="causal", B=1, H=1, Q=300, KV=300),
    "smaller than a block": dict(mod="everything", B=1, H=1, Q=100, KV=100),
    "pair": dict(mod="window", B=1, H=2, Q=50, KV=70, BLOCK_SIZE=[8, 32]),
    "wide": dict(mod="window", B=1, H=1, Q=20, KV=200, BLOCK_SIZE=[16, 8]),
    "tall": dict(mod="causal", B=1, H=1, Q=200, KV=20, BLOCK_SIZE=16),
    "heads": dict(mod="by_head", B=2, H=3, Q=50, KV=70, BLOCK_SIZE=16),
    "batches": dict(mod="by_batch", B=3, H=2, Q=48, KV=64, BLOCK_SIZE=16),
    "batches and heads": dict(mod="both", B=2, H=2, Q=64, KV=48, BLOCK_SIZE=16),
    "broadcast": dict(mod="causal", B=2, H=4, Q=48, KV=48, BLOCK_SIZE=16),
    "empty": dict(mod="nothing", B=1, H=2, Q=40, KV=40, BLOCK_SIZE=16),
    "empty rows": dict(mod="some_rows", B=1, H=1, Q=80, KV=80, BLOCK_SIZE=16),
    "late": dict(mod="late", B=1, H=1, Q=80, KV=112, BLOCK_SIZE=16),
    "stripes": dict(mod="stripes", B=1, H=2, Q=64, KV=96, BLOCK_SIZE=16),
    "and": dict(mod="causal_window", B=1, H=1, Q=96, KV=96, BLOCK_SIZE=16),
    "or": dict(mod="window_or_stripes", B=1, H=1, Q=96, KV=96, BLOCK_SIZE=16),
    "not separate": dict(mod="causal", B=1, H=1, Q=80, KV=80, BLOCK_SIZE=16, separate_full_blocks=False),
    "not separate, heads": dict(mod="by_head", B=1, H=2, Q=50, KV=70, BLOCK_SIZE=16, separate_full_blocks=False),
    "write order": dict(mod="stripes", B=1, H=1, Q=64, KV=96, BLOCK_SIZE=16, compute_dq_write_order=True),
    "write order ascending": dict(mod="by_head", B=2, H=2, Q=50, KV=70, BLOCK_SIZE=16, compute_dq_write_order=True, dq_kv_order=False),
    "write order, not separate": dict(mod="causal", B=1, H=1, Q=80, KV=80, BLOCK_SIZE=16, compute_dq_write_order=True, separate_full_blocks=False),
    "many": dict(mod="causal", B=1, H=1, Q=510, KV=350, BLOCK_SIZE=16),
    "many planes": dict(mod="by_batch", B=3, H=2, Q=33, KV=33, BLOCK_SIZE=16),
}
LISTS = dict(kv_num_blocks=[[[2, 1, 0]]], kv_indices=[[[[0, 2, 1], [1, 0, 2], [0, 1, 2]]]])
FULL = dict(full_kv_num_blocks=[[[0, 1, 3]]], full_kv_indices=[[[[2, 1, 0], [0, 1, 2], [2, 0, 1]]]])
HAND = {
    "by hand": dict(LISTS),
    "by hand, full": dict(LISTS, **FULL, BLOCK_SIZE=16),
    "by hand, lengths": dict(LISTS, **FULL, BLOCK_SIZE=[16, 32], seq_lengths=[40, 90], mod="causal"),
    "by hand, no columns": dict(LISTS, **FULL, BLOCK_SIZE=16, compute_q_blocks=False),
    "by hand, out of order": dict(kv_num_blocks=[[[3, 2]]], kv_indices=[[[[2, 0, 1, 7], [3, 3, 9, 9]]]], BLOCK_SIZE=16),
    "by hand, count beyond": dict(kv_num_blocks=[[[5, 1]]], kv_indices=[[[[0, 1], [1, 0]]]], BLOCK_SIZE=16),
    "by hand, index at the end": dict(kv_num_blocks=[[[2, 1]]], kv_indices=[[[[0, 2], [1, 0]]]], BLOCK_SIZE=16),
    "by hand, index beyond": dict(kv_num_blocks=[[[2, 1]]], kv_indices=[[[[0, 3], [1, 0]]]], BLOCK_SIZE=16),
    "by hand, index negative": dict(kv_num_blocks=[[[2, 1]]], kv_indices=[[[[0, -1], [-2, 0]]]], BLOCK_SIZE=16),
    "by hand, two lists with one block": dict(LISTS, full_kv_num_blocks=[[[1, 1, 1]]], full_kv_indices=[[[[0, 1, 2], [1, 0, 2], [0, 1, 2]]]], BLOCK_SIZE=16),
    "by hand, no batch": dict(kv_num_blocks=[2, 1], kv_indices=[[0, 1, 2], [2, 0, 1]], BLOCK_SIZE=16),
    "by hand, heads alone": dict(kv_num_blocks=[[2, 1]], kv_indices=[[[0, 1, 2], [2, 0, 1]]], BLOCK_SIZE=16),
    "by hand, one dimension": dict(kv_num_blocks=2, kv_indices=[0, 1], BLOCK_SIZE=16),
    "by hand, full counts alone": dict(LISTS, full_kv_num_blocks=[[[0, 1, 3]]], BLOCK_SIZE=16),
    "by hand, order of its own": dict(LISTS, BLOCK_SIZE=16, dq_kv_order=[[[2, 0, 1]]]),
    "by hand, order descending": dict(LISTS, BLOCK_SIZE=16, dq_kv_order=True),
    "by hand, full order alone": dict(LISTS, BLOCK_SIZE=16, dq_write_order_full=[[[[0, 0, 0], [0, 0, 0], [0, 0, 0]]]]),
}
ALL = dict()                                              # a slice of everything
def S(start=None, stop=None, step=None): return {k: v for k, v in dict(start=start, stop=stop, step=step).items() if v is not None}
def T(*data): return dict(shape=[len(data)], data=list(data))
INDICES = [
    [0], [1], [-1], [2], [9], [-9], [0, 1], [1, -1], [0, 0, 1], [0, 0, -1], [0, 0, 9], [0, 0, 0, 5], [S(0, 1)], [S(1)], [S(stop=-1)], [S(5, 9)],
    [ALL, S(1)], [ALL, ALL, S(1, 3)], [ALL, ALL, S(step=2)], [ALL, ALL, S(-2)], [S(step=-1)], [ALL, ALL, S(3, 1)], [ALL, S(step=2), 0],
    [T(1)], [T(1, 0)], [T(-1)], [T(7)], [ALL, ALL, T(1)], [ALL, ALL, T(2, 0, 2)], [T(0, 1), T(1, 0)], [T(0, 1), ALL, T(1, 0)], [ALL, T(0, 1), T(1, 0)],
    [dict(shape=[], data=[1])], [dict(shape=[2, 2], data=[0, 1, 1, 0])], [T(0, 1), T(1)], [T(0, 1), T(1, 0, 1)], [T(True, False)], [T(True, False, True)], [T(True)],
    [ALL, dict(shape=[2, 1], data=[0, 1]), T(0, 2)], [ALL, ALL, T()], [T(0), 0, T(1)],
]
ADJUSTS = [(64, 64), (50, 50), (33, 48), (32, 64), (64, 32), (16, 16), (1, 1), (200, 200), (96, 40)]

def steps():
    for index in INDICES: yield "heads", [dict(index=index)]
    for name in ("batches", "not separate, heads", "write order ascending"):
        for index in INDICES[::3]: yield name, [dict(index=index)]
    for index in ([0], [0, 0], [ALL]): yield "by hand, heads alone", [dict(index=index)]
    for name in ("by hand, order of its own", "by hand, order descending", "by hand, no columns", "by hand, out of order"):
        yield name, [dict(index=[0, 0, S(1)])]
        yield name, [dict(adjust=[20, 20])]
    for name in ("causal", "no multiple", "late", "stripes", "empty rows", "heads", "not separate", "pair", "by hand, full", "write order"):
        for q, kv in ADJUSTS: yield name, [dict(adjust=[q, kv])]
    yield "heads", [dict(index=[1]), dict(index=[0, 2])]
    yield "heads", [dict(index=[0, 0, S(1, 3)]), dict(adjust=[20, 40])]
    yield "by hand, no batch", [dict(adjust=[16, 16])]

def tensor(x): return None if x is None else torch.tensor(x, dtype=torch.int32)
def make(name):
    if name in MAKES:
        a = dict(MAKES[name]); mod = NAMESPACE[a.pop("mod")]; size = [a.pop(k) for k in ("B", "H", "Q", "KV")]
        if isinstance(a.get("BLOCK_SIZE"), list): a["BLOCK_SIZE"] = tuple(a["BLOCK_SIZE"])
        return create_block_mask(mod, *size, device="cpu", **a)
    a = dict(HAND[name])
    for k in ("kv_num_blocks", "kv_indices", "full_kv_num_blocks", "full_kv_indices", "dq_write_order_full"):
        if k in a: a[k] = tensor(a[k])
    for k in ("BLOCK_SIZE", "seq_lengths"):
        if isinstance(a.get(k), list): a[k] = tuple(a[k])
    if isinstance(a.get("dq_kv_order"), list): a["dq_kv_order"] = tensor(a["dq_kv_order"])
    if "mod" in a: a["mask_mod"] = NAMESPACE[a.pop("mod")]
    return BlockMask.from_kv_blocks(**a)
def pick(x):
    if isinstance(x, int): return x
    if "data" in x:
        kind = torch.bool if x["data"] and isinstance(x["data"][0], bool) else torch.int64
        return torch.tensor(x["data"], dtype=kind).reshape(x["shape"])
    return slice(x.get("start"), x.get("stop"), x.get("step"))
def apply(bm, step):
    if "adjust" in step: return bm._adjust(*step["adjust"])
    index = tuple(pick(x) for x in step["index"])
    return bm[index[0] if len(index) == 1 else index]
def attempt(f):
    try: return f()
    except Exception as e: return dict(error=type(e).__name__, message=str(e).split("\n")[0])
def enc(t):
    if t is None: return None
    assert t.dtype == torch.int32, t.dtype
    return dict(shape=list(t.shape), data=t.flatten().tolist())
def fields(bm):
    r = {a: enc(getattr(bm, a)) for a in FIELDS}
    r.update(dq_kv_order_spt=bm.dq_kv_order_spt, BLOCK_SIZE=list(bm.BLOCK_SIZE), seq_lengths=list(bm.seq_lengths), shape=list(bm.shape), numel=bm.numel(),
             mask_mod=bm.mask_mod.__name__)
    flat, nested = bm.as_tuple(), bm.as_tuple(flatten=False)
    def plain(x): return enc(x) if isinstance(x, torch.Tensor) else x.__name__ if callable(x) else list(x) if isinstance(x, tuple) else x
    order = [n for x in flat for n in [next((a for a in FIELDS if getattr(bm, a) is x and x is not None), None)]]
    r["as_tuple"] = dict(names=order, length=len(flat), nested=[i for i, x in enumerate(nested) if isinstance(x, tuple)], nested_length=len(nested),
                         ends=[plain(flat[0]), plain(flat[1]), plain(flat[-3]), plain(flat[-2]), plain(flat[-1])])
    r["sparsity"] = attempt(bm.sparsity)
    r["to_dense"] = attempt(lambda: enc(bm.to_dense()))
    r["str"], r["repr"] = attempt(lambda: str(bm)), attempt(lambda: repr(bm))
    return r
def drawn(bm): return [dict(grid=g if isinstance(g, int) else list(g), limit=l, text=attempt(lambda: bm.to_string(g, l))) for g in GRIDS for l in (4, 1)]
def result(name, todo, is_drawn=False):
    def run():
        bm = make(name)
        for step in todo: bm = apply(bm, step)
        return dict(fields(bm), **(dict(drawn=drawn(bm)) if is_drawn else {}))
    return dict(make=name, steps=todo, result=attempt(run))
def main():
    cases = [result(name, [], True) for name in [*MAKES, *HAND]] + [result(name, todo) for name, todo in steps()]
    masks = {}
    for name in ("causal", "no multiple", "heads", "and", "or", "empty"):
        a = MAKES[name]
        masks[name] = create_mask(NAMESPACE[a["mod"]], a["B"], a["H"], a["Q"], a["KV"], device="cpu").flatten().int().tolist()
    for name in masks: masks[name] = "".join(str(x) for x in masks[name])
    scored = {}
    for name in ("masking_score", "odd_score"):
        scored[name] = "".join(str(int(x)) for x in create_mask(NAMESPACE[name], 2, 2, 9, 7, device="cpu").flatten().tolist())
    percents = [[c, t, 100 * (1 - c / t), f"{100 * (1 - c / t):.2f}%"] for c, t in ((1, 3), (7, 800), (9, 800), (1, 16000), (16384, 10000), (1801, 800), (9, 9), (0, 5), (99999, 100000), (801, 800), (803, 800), (1000001, 1000000))]
    refused = [attempt(lambda f=f: (f(), None)[1]) for f in (lambda: and_masks(NAMESPACE["causal"], None), lambda: or_masks(1))]
    doc = dict(torch=torch.__version__, mods=MODS, makes=MAKES, hand=HAND, cases=cases, create_mask=masks, create_mask_of_score=scored, percents=percents, refused=refused)
    out = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "blockMask.json")
    with open(out, "w") as f: json.dump(doc, f, separators=(",", ":"), ensure_ascii=False)
    print(len(cases), "cases;", sum("error" in c["result"] for c in cases), "refused;", os.path.getsize(out), "bytes")
if __name__ == "__main__": main()
