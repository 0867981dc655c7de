"""Which of PyTorch's two front ends take the constructs below: writes frontEnds.json, which frontEnds.test.ts reads.

    python test/oracle/frontEnds.py > test/oracle/frontEnds.json

Each line is the body of a mod that ends with `r` bound: as a score_mod it returns `r`, as a mask_mod `r > 0`, with
`score` made of q_idx. create_block_mask evaluates under vmap, flex_attention traces with Dynamo first.
"""

import importlib.util
import json
import logging
import os
import sys
import tempfile
import warnings

import torch
import torch._dynamo
from torch.nn.attention.flex_attention import create_block_mask, flex_attention

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
torch.set_num_threads(1)

HEAD = """import math
import numpy as np
import torch
t = torch.arange(64).float()
t2 = torch.arange(64).reshape(8, 8).float()
ti = torch.arange(8)
"""

BODIES = r"""
print(1); r=score
s=f"{q_idx}"; r=score
r=pow(score,2)
r=score*pow(q_idx,2)
r=score+t2[kv_idx,None].sum()
r=score+t2[...,kv_idx].sum()
r=score+t2[q_idx,:].sum()
r=score+t2[q_idx,1:3].sum()
r=score+torch.take(t,kv_idx)
r=score+t2[q_idx].sum()
r=score+max(q_idx-kv_idx,0)
r=score+min(q_idx,kv_idx)
r=torch.where(0<=q_idx-kv_idx<4,score,0)
r=torch.where((q_idx>1) and (kv_idx>1),score,0)
r=score if q_idx>1 else score*2
r=abs(score)
r=sum([score,score])
r=score+int(3.5)
r=score+q_idx.item()
r=score+math.floor(q_idx)
r=score*math.sqrt(2)
r=round(score)
r=max(score,0)
r=min(score,1.0)
r=max(score,q_idx)
r=score*np.float32(2)
r=score*q_idx.dim()+score
r=score if score.shape==() else score*2
r=score+score.new_tensor(2.0)
r=score+torch.tensor(2.0)
r=score+(torch.arange(4)*q_idx).sum()
r=score+t[[0]]
r=score+t[0]
r=score+t[-1]
r=score if isinstance(score,torch.Tensor) else None
r=score if score.dtype==torch.float32 else score*2
r=score+torch.rand(())
r=score; "{}".format(q_idx)
str(q_idx); r=score
repr(q_idx); r=score
r={"a":score}["a"]
r=[score][0]
assert True\nr=score
assert q_idx>=0\nr=score
try:\n    r=score\nexcept Exception:\n    r=score*2
with torch.no_grad():\n    r=score
r=score+sorted([2,1])[0]
r=score*2 if q_idx in {1,2} else score
score += 1\nr=score
r=score+t.tolist()[1]
r=score+t.numpy()[1]
r=score+float("1.5")
r=score+float(q_idx)
r=torch.cond(True,lambda x:x,lambda x:x*2,(score,))
r=score>0
r=q_idx
r=1.0
r=score+divmod(q_idx,2)[0]
r=score*any([q_idx>1])
r=score+q_idx//0
r=score+ti[q_idx//2]
r=score+t2[:,kv_idx].sum()
r=score+t2[q_idx][kv_idx]
r=score+torch.gather(t,0,q_idx.unsqueeze(0))[0]
r=score+torch.index_select(t,0,q_idx)
r=score+torch.take_along_dim(t,q_idx.unsqueeze(0),0)[0]
r=score+sum([row[0] for row in t2])
r=score+sum([x for x in t2[q_idx]])
r=score+t2[1:3,0].sum()
r=score+t2[q_idx][1:3].sum()
r=torch.where(torch.isin(q_idx,ti),score,0)
r=score+torch.searchsorted(t,score)
r=score+(torch.arange(4)+q_idx).sum()
r=score+torch.stack([q_idx,kv_idx]).sum()
r=score+torch.tensor([1,2])[q_idx%2]
r=score+t2[None,q_idx,kv_idx].sum()
r=score+torch.einsum("i,i->",t2[q_idx],t2[kv_idx])
r=score+torch.where(t2[q_idx]>1,1,0).sum()
r=score+t2[q_idx][t2[q_idx]>1].sum()
r=score+t2.unbind(0)[1][kv_idx]
r=score+torch.nonzero(t)[0,0]
x=q_idx.clone(); x.clamp_(0,2); r=score+x
x=torch.zeros(4); x[0]=1; r=score+x[q_idx%4]
x=torch.zeros(4); x[q_idx%4]=1; r=score+x.sum()
r=score+torch.zeros((),device=q_idx.device)
r=score+q_idx.to(score.dtype)
r=score+q_idx.type_as(score)
r=score+torch.scalar_tensor(3)
r=torch.full((),3.0)+score*0
r=torch.full_like(score,3.0)
r=torch.ones(())
r=torch.tensor(True)
r=score*len(str(q_idx))
r=score+t[q_idx-1]
r=score+[t[0],t[1]][1]
r=score+min(q_idx,kv_idx,3)
r=score+max([q_idx,kv_idx])
r=score+math.exp(1)
r=score+math.exp(q_idx)
r=score*np.exp(1.0)
f"{1}"; r=score
print("x"); r=score
r=score+pow(2,3)
r=score+pow(2.0,q_idx)
r=score+q_idx.pow(2)
r=score+divmod(7,2)[0]
r=score+int(q_idx>kv_idx)
r=score+(hash(1))
r=score if q_idx is not None else 0
r=round(score,1)
r=score+len(t)
r=score+t.size(0)
r=score+t.numel()
r=score+t.shape[0]
r=score+t.max()
r=score+t[:q_idx].sum()
r=score+math.ceil(q_idx/2)
r=score+ti.tolist()[1]
r=score+t[1].item()
r=score+int(ti[1])
r=score if ti[1]>0 else score*2
""".strip().split("\n")


def module_of(folder, number, text):
    """A module of its own: Dynamo wants the source, and the globals by their module's name."""
    name = f"case{number}"
    path = os.path.join(folder, name + ".py")
    with open(path, "w") as file:
        file.write(HEAD + text)
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def verdict(run):
    torch._dynamo.reset()
    try:
        run()
        return "ok"
    except Exception as error:  # noqa: BLE001  whatever PyTorch raises is the answer
        return f"{type(error).__name__}: {error}".split("\n")[0][:100]


def main():
    q = torch.zeros(1, 1, 8, 4)
    cases = []
    stdout, sys.stdout = sys.stdout, sys.stderr
    with tempfile.TemporaryDirectory() as folder:
        for number, line in enumerate(BODIES):
            body = "".join(f"    {part}\n" for part in line.split("\\n"))
            score = module_of(folder, f"{number}s", f"def mod(score, b, h, q_idx, kv_idx):\n{body}    return r\n").mod
            mask = module_of(folder, f"{number}m", f"def mod(b, h, q_idx, kv_idx):\n    score = q_idx * 1.0\n{body}    return r > 0\n").mod
            block_mask = create_block_mask(lambda b, h, q_idx, kv_idx: q_idx >= kv_idx, 1, 1, 8, 8, device="cpu")
            block_mask.mask_mod = mask
            cases.append(
                {
                    "body": body,
                    "score_mod": {"flex_attention": verdict(lambda: flex_attention(q, q, q, score_mod=score))},
                    "mask_mod": {
                        "flex_attention": verdict(lambda: flex_attention(q, q, q, block_mask=block_mask)),
                        "create_block_mask": verdict(lambda: create_block_mask(mask, 1, 1, 8, 8, device="cpu")),
                    },
                }
            )
    json.dump({"head": HEAD, "cases": cases}, stdout, indent=1)
    print(file=stdout)


main()
