"""What Python, PyTorch and NumPy give for the snippets of host/*.txt.   usage: python hostGenerate.py

A line is a snippet; lines that begin with `| ` go on with it. Its last expression is its value. Writes host.json: for
each snippet its text, as it is to be run (the value is bound to `result`), and the value or the error's name."""
import ast, json, math, os, sys, warnings

warnings.filterwarnings("ignore")
import numpy as np
import torch

torch.set_num_threads(1)
HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = """abc bisect collections collections.abc contextlib copy dataclasses enum fractions functools heapq inspect itertools
json logging math operator os random re statistics string sys time types typing warnings""".split()
PREAMBLE = "".join(f"import {m}\n" for m in MODULES) + "import numpy as np\nimport torch\n"


def number(x):
    if isinstance(x, float) and not math.isfinite(x):
        return "nan" if math.isnan(x) else "inf" if x > 0 else "-inf"
    return str(x) if isinstance(x, int) and not isinstance(x, bool) and abs(x) > 2**53 else x


def encode(v):
    if v is None:
        return {"type": "none"}
    if isinstance(v, torch.Tensor):
        flat = v.detach().double() if v.dtype in (torch.float16, torch.bfloat16) else v.detach()
        data = [number(x) for x in flat.reshape(-1).tolist()]
        return {"type": "tensor", "dtype": str(v.dtype)[6:], "shape": list(v.shape), "data": data}
    if isinstance(v, np.generic):
        return encode(v.item())
    if isinstance(v, np.ndarray):
        if v.ndim == 0:
            return encode(v.item())
        return {"type": "tensor", "dtype": str(v.dtype), "shape": list(v.shape), "data": [number(x) for x in v.reshape(-1).tolist()]}
    if isinstance(v, torch.dtype):
        return {"type": "dtype", "value": str(v)}
    for kind in (bool, int, float, str):
        if isinstance(v, kind):
            return {"type": kind.__name__, "value": number(kind(v))}
    if isinstance(v, (list, tuple)):
        return {"type": "list" if isinstance(v, list) else "tuple", "items": [encode(i) for i in v]}
    if isinstance(v, (set, frozenset)):
        return {"type": "set", "items": sorted((encode(i) for i in v), key=str)}
    if isinstance(v, dict):
        return {"type": "dict", "items": [[encode(k), encode(i)] for k, i in v.items()]}
    return {"type": "other", "value": repr(v).split(" at 0x")[0]}


def prepared(code):
    """`code` with its last expression bound to `result`."""
    tree = ast.parse(code)
    last = tree.body[-1]
    if not isinstance(last, ast.Expr):
        return code
    lines = code.split("\n")
    lines[last.lineno - 1] = lines[last.lineno - 1][: len(lines[last.lineno - 1].encode()[: last.col_offset].decode())] + "result = " + lines[last.lineno - 1].encode()[last.col_offset :].decode()
    return "\n".join(lines)


def main():
    out = []
    for name in sorted(os.listdir(os.path.join(HERE, "host"))):
        snippets = []
        for line in open(os.path.join(HERE, "host", name)).read().split("\n"):
            if line.startswith("| "):
                snippets[-1] += "\n" + line[2:]
            elif line.strip() and not line.startswith("# "):
                snippets.append(line)
        for snippet in snippets:
            code = prepared(snippet)
            scope = {"__name__": "__main__"}
            exec(PREAMBLE, scope)
            stdout, sys.stdout = sys.stdout, open(os.devnull, "w")
            try:
                exec(code, scope)
                row = {"value": encode(scope.get("result"))}
            except Exception as e:
                row = {"error": type(e).__name__ + ": " + str(e).split("\n")[0][:100]}
            finally:
                sys.stdout = stdout
            out.append({"group": name[:-4], "code": code, **row})
    with open(os.path.join(HERE, "host.json"), "w") as f:
        rows = ",\n".join(json.dumps(row, separators=(",", ":"), ensure_ascii=False) for row in out)
        f.write('{"torch":"%s","preamble":%s,"rows":[\n%s\n]}\n' % (torch.__version__, json.dumps(PREAMBLE), rows))
    print(len(out), "snippets;", sum("error" in r for r in out), "errors")
    for r in out:
        if "error" in r or r["value"]["type"] == "other":
            print(r["code"].replace("\n", " / ")[:100], "->", r.get("error") or r["value"])


main()
