"""What every local variable of a mod holds at one element, as PyTorch has it: golden/_trace.json.

    OMP_NUM_THREADS=1 python test/oracle/traceGenerate.py

Each module-level mod of the gallery and of the corpus that PyTorch takes (under vmap, as it calls them) is called with 0-d tensors, and its frame is looked at as it
returns. Of a name that is bound several times this is the last value. Tensors of more than 64 elements are left out.
"""
import functools, importlib.util, inspect, json, math, pathlib, sys, types
import torch
from torch._dynamo._trace_wrapped_higher_order_op import TransformGetItemToIndex
from torch.nn.attention.flex_attention import _vmap_for_bhqkv

torch.set_num_threads(1)
HERE = pathlib.Path(__file__).parent
FILES = sorted([*(HERE / "../../kernels/gallery").resolve().glob("*.py"), *(HERE / "corpus").glob("*.py")])
POINTS = [(0, 1, 5, 3), (0, 0, 7, 12)]
SCORE = 0.75


def code_of(mod):
    while isinstance(mod, functools.partial):
        mod = mod.func
    if isinstance(mod, types.MethodType):
        mod = mod.__func__
    if not isinstance(mod, types.FunctionType):
        mod = type(mod).__call__
    return getattr(mod, "__code__", None)


def number(x):
    if isinstance(x, float) and not math.isfinite(x):
        return "nan" if math.isnan(x) else "inf" if x > 0 else "-inf"
    return int(x) if isinstance(x, bool) else x


def held(x):
    if isinstance(x, torch.Tensor):
        return [str(x.dtype)[6:], [number(v) for v in x.flatten().tolist()]] if x.numel() <= 64 else None
    return [type(x).__name__, [number(x)]] if isinstance(x, (bool, int, float)) else None


def call(mod, args):
    """The result, and the names of the mod's own frame as it returned."""
    code, last = code_of(mod), {}

    def watch(frame, event, _):
        if frame.f_code is not code:
            return None

        def inside(frame, event, _):
            if event == "return":
                last.clear()
                last.update(frame.f_locals)
            return inside

        return inside

    sys.settrace(watch)
    try:
        result = mod(*args)
    finally:
        sys.settrace(None)
    params = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    own = set(code.co_varnames + code.co_cellvars) - set(params)
    return result, {name: held(x) for name, x in last.items() if name in own and held(x) is not None}


def is_taken(mod, count, args):
    indices = [i.reshape(1) for i in args[-4:]]
    with TransformGetItemToIndex():
        if count == 4:
            result = _vmap_for_bhqkv(mod, prefix=())(*indices)
        else:
            result = _vmap_for_bhqkv(mod, prefix=(0,))(args[0].reshape(1, 1, 1, 1), *indices)
    return count == 5 or result.dtype == torch.bool


def positional(mod):
    try:
        params = inspect.signature(mod).parameters.values()
    except (TypeError, ValueError):
        return None
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty for p in params)


cases = []
for file in FILES:
    if file.name == "mistakes.py":
        continue
    sys.path.insert(0, str(file.parent))
    spec = importlib.util.spec_from_file_location(f"traced_{file.stem}", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, mod in vars(module).items():
        if not callable(mod) or isinstance(mod, type) or getattr(mod, "__module__", None) not in (None, module.__name__):
            continue
        code = code_of(mod)
        count = positional(mod)
        if code is None or code.co_filename != str(file) or count not in (4, 5):
            continue
        for at in POINTS:
            args = [torch.tensor(i) for i in at]
            if count == 5:
                args = [torch.tensor(SCORE), *args]
            try:
                taken = is_taken(mod, count, args)
                result, names = call(mod, args)
            except Exception:
                continue  # refused, a factory with four parameters, or an index that this point takes out of range
            if taken and isinstance(result, torch.Tensor) and result.dim() == 0:
                path = f"{file.parent.name}/{file.name}"
                cases.append(dict(file=path, name=name, at=at, locals=names, result=held(result)))

meta = dict(torch=torch.__version__, score=SCORE, cases=cases)
(HERE / "golden/_trace.json").write_text(json.dumps(meta, separators=(",", ":")) + "\n")
print(len(cases), "cases,", sum(len(c["locals"]) for c in cases), "locals")
