"""Data files as NumPy, safetensors and Python's json write them, with what PyTorch reads from them.

Writes data.json beside this file: one row a file, `{name, b64, arrays | refused}`. `arrays` maps a key ("" where the
file holds one array) to `{dtype, shape, data}` of the tensor that `torch.from_numpy` or `safetensors.torch.load_file`
gives; unsigned integers of 16 bits and more are those of `.to(torch.int32)` or `.to(torch.int64)`. `refused` says in a
word why no tensor of PyTorch's that a mod can compute with comes of it. Needs numpy, torch and safetensors:

    python dataGenerate.py
"""

import base64
import io
import json
import os

import numpy as np
import torch
from safetensors.torch import save as save_safetensors

ROWS = []


def tensor(t):
    wide = {torch.uint16: torch.int32, torch.uint32: torch.int64, torch.uint64: torch.int64}
    t = t.to(wide.get(t.dtype, t.dtype))
    flat = t.double().flatten().tolist() if t.is_floating_point() else [int(x) for x in t.flatten().tolist()]
    special = [x if np.isfinite(x) else str(x).replace("Infinity", "inf") for x in flat]
    return {"dtype": str(t.dtype).removeprefix("torch."), "shape": list(t.shape), "data": special}


def row(name, data, arrays=None, refused=None):
    entry = {"name": name, "b64": base64.b64encode(data).decode()}
    ROWS.append(entry | ({"refused": refused} if arrays is None else {"arrays": {k: tensor(v) for k, v in arrays.items()}}))


def npy(array, **options):
    out = io.BytesIO()
    np.lib.format.write_array(out, array, **options)
    return out.getvalue()


def torch_of(array):
    return torch.from_numpy(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("=")))


values = np.array([[0, 1, 2, 3], [250, 17, 100, 7], [9, 8, 5, 1]])
for dtype in ["?", "u1", "i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8", "<f2", "<f4", "<f8", ">i2", ">i4", ">i8", ">u4", ">f2", ">f4", ">f8"]:
    signed = values % 120 - (3 if "i" in dtype or "f" in dtype else 0)
    array = (signed / 7 if "f" in dtype else signed).astype(dtype)
    row(f"c {dtype}.npy", npy(array), {"": torch_of(array)})
    row(f"fortran {dtype}.npy", npy(np.asfortranarray(array)), {"": torch_of(array)})
cube = np.arange(24, dtype="i4").reshape(2, 3, 4)
row("fortran 3d.npy", npy(np.asfortranarray(cube)), {"": torch_of(cube)})
for version in [(1, 0), (2, 0), (3, 0)]:
    row(f"version {version[0]}.npy", npy(cube, version=version), {"": torch_of(cube)})
row("scalar.npy", npy(np.array(7)), {"": torch.tensor(7)})
row("empty.npy", npy(np.zeros((0, 3), "f4")), {"": torch.zeros(0, 3)})
halves = np.array([0, -0.0, 1, 65504, 6e-8, 6.1e-5, np.inf, -np.inf, np.nan], "f2")
row("halves.npy", npy(halves), {"": torch_of(halves)})
row("edge.npy", npy(np.array([2**53 - 1, -(2**53 - 1)])), {"": torch.tensor([2**53 - 1, -(2**53 - 1)])})
row("wide.npy", npy(np.array([2**60 + 1])), refused="2^53")
row("text.npy", npy(np.array(["a", "b"])), refused="strings")
row("bytes.npy", npy(np.array([b"a", b"b"])), refused="byte strings")
row("objects.npy", npy(np.array([1, "x"], dtype=object)), refused="Python objects")
row("complex.npy", npy(np.array([1j])), refused="complex")
row("dates.npy", npy(np.array(["2026-01-01"], "M8[D]")), refused="dates")
row("records.npy", npy(np.zeros(2, [("a", "i4"), ("b", "f4")])), refused="records")
row("cut.npy", npy(cube)[:-4], refused="cut off")
row("cut header.npy", npy(cube)[:40], refused="cut off")
row("no npy.npy", b"hello, world", refused="does not begin")

tables = {"doc": np.repeat(np.arange(4), 8), "bias": np.linspace(-1, 1, 12, dtype="f4").reshape(3, 4), "keep": np.arange(5) % 2 == 0}
for name, save in [("stored.npz", np.savez), ("deflated.npz", np.savez_compressed)]:
    out = io.BytesIO()
    save(out, **tables)
    row(name, out.getvalue(), {k: torch_of(v) for k, v in tables.items()})
out = io.BytesIO()
np.savez(out, np.arange(3), np.arange(4))
row("unnamed.npz", out.getvalue(), {"arr_0": torch.arange(3), "arr_1": torch.arange(4)})
row("cut.npz", out.getvalue()[:-30], refused="damaged")
row("no npz.npz", b"\x93NUMPY", refused="does not begin")

weights = {
    "f64": torch.linspace(0, 1, 5, dtype=torch.float64),
    "f32": torch.linspace(0, 1, 6).reshape(2, 3),
    "f16": torch.linspace(-2, 2, 5).half(),
    "bf16": torch.linspace(-2, 2, 5).bfloat16(),
    "i64": torch.arange(-2, 3),
    "i32": torch.arange(4, dtype=torch.int32),
    "i16": torch.arange(4, dtype=torch.int16),
    "i8": torch.arange(-2, 2, dtype=torch.int8),
    "u8": torch.arange(4, dtype=torch.uint8),
    "bool": torch.tensor([True, False, True]),
    "0-d": torch.tensor(3.5),
}
saved = save_safetensors(weights, metadata={"made by": "test"})
row("all.safetensors", saved, weights)
row("cut.safetensors", saved[:-2], refused="lies beyond")
row("no.safetensors", b"\xff" * 40, refused="header")
row("fp8.safetensors", save_safetensors({"w": torch.zeros(4).to(torch.float8_e4m3fn)}), refused="F8_E4M3")


def text(name, content, arrays=None, refused=None):
    row(name, content.encode(), arrays, refused)


matrix = torch.tensor([[1, 2, 3], [4, 5, 6]])
text("ints.csv", "1,2,3\n4,5,6\n", {"": matrix})
text("crlf.csv", "\ufeff1,2,3\r\n4,5,6\r\n", {"": matrix})
text("semicolons.csv", "1; 2; 3\n4; 5; 6", {"": matrix})
text("tabs.tsv", "1\t2\t3\n4\t5\t6\n", {"": matrix})
text("spaces.txt", "# made by hand\n1 2 3\n4  5 6\n", {"": matrix})
text("floats.csv", "0.5,1e-3,nan\n-inf,2,3\n", {"": torch.tensor([[0.5, 1e-3, float("nan")], [-float("inf"), 2, 3]])})
text("bools.csv", "True,False\nfalse,true\n", {"": torch.tensor([[True, False], [False, True]])})
text("column.csv", "0\n0\n1\n1\n", {"": torch.tensor([0, 0, 1, 1])})
text("row.csv", "0,0,1,1\n", {"": torch.tensor([0, 0, 1, 1])})
text("named column.csv", "doc\n0\n0\n1\n", {"": torch.tensor([0, 0, 1])})
text("named.csv", '"doc","weight"\n0,0.5\n1,1.5\n', {"doc": torch.tensor([0, 1]), "weight": torch.tensor([0.5, 1.5])})
text("ragged.csv", "1,2,3\n4,5\n", refused="line 2 has 2 values")
text("words.csv", "1,2\n3,four\n", refused="`four` on line 2")
text("gap.csv", "1,2\n3,,\n4,5\n", refused="line 2")
text("nothing.csv", "\n\n", refused="no numbers")
out = io.StringIO()
np.savetxt(out, np.arange(6).reshape(2, 3))
text("savetxt.txt", out.getvalue(), {"": torch.arange(6).reshape(2, 3).float()})

text("lists.json", json.dumps([[0, 1], [2, 3]]), {"": torch.tensor([[0, 1], [2, 3]])})
text("floats.json", json.dumps([1.0, 2.0, float("nan"), float("inf")]), {"": torch.tensor([1.0, 2.0, float("nan"), float("inf")])})
text("bools.json", "[true, false]", {"": torch.tensor([True, False])})
text("described.json", json.dumps({"dtype": "int32", "shape": [2, 2], "data": [1, 2, 3, 4]}), {"": torch.tensor([[1, 2], [3, 4]], dtype=torch.int32)})
text("tables.json", json.dumps({"doc": [0, 0, 1], "bias": {"dtype": "float16", "shape": [2], "data": [0.1, 1]}}),
     {"doc": torch.tensor([0, 0, 1]), "bias": torch.tensor([0.1, 1], dtype=torch.float16)})
text("ragged.json", "[[1, 2], [3]]", refused="one length")
text("broken.json", "[1, 2", refused="not JSON")

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "data.json"), "w") as f:
    json.dump(ROWS, f, indent=1)
    f.write("\n")
