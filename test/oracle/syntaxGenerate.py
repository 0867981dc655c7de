"""What Python's own `ast` makes of text, in the words of test/support/pythonTree.ts.

usage: python syntaxGenerate.py          writes syntax.json: each snippet of syntax.txt with its tree, or null where it is
                                         no Python (a snippet ends at a line `----`)
       python syntaxGenerate.py --files  reads names of files from stdin, writes a line `[name, tree]` for each"""
import ast
import json
import os
import sys
import warnings

warnings.simplefilter("ignore")
sys.setrecursionlimit(100_000)
HERE = os.path.dirname(os.path.abspath(__file__))

BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**", ast.MatMult: "@",
          ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>"}
COMPARE = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Is: "is", ast.IsNot: "is not",
           ast.In: "in", ast.NotIn: "not in"}
UNARY = {ast.UAdd: "+", ast.USub: "-", ast.Invert: "~", ast.Not: "not"}
COMPREHENSION = {ast.ListComp: "list", ast.SetComp: "set", ast.GeneratorExp: "generator", ast.DictComp: "dict"}


def constant(v):
    if v is None:
        return ["None"]
    if v is Ellipsis:
        return ["..."]
    if isinstance(v, bool):
        return ["bool", v]
    if isinstance(v, int):
        return ["int", str(v)]
    if isinstance(v, float):
        return ["float", "inf" if v == float("inf") else v]
    if isinstance(v, complex):
        return ["complex", "inf" if v.imag == float("inf") else v.imag]
    if isinstance(v, bytes):
        return ["bytes", v.decode("latin-1")]
    return ["str", v]


def expr(e):
    match e:
        case None:
            return None
        case ast.Name(id=name):
            return ["name", name]
        case ast.Constant(value=v):
            return constant(v)
        case ast.JoinedStr(values=values):
            return ["format", parts(values)]
        case ast.BinOp(left=a, op=op, right=b):
            return ["binary", BINARY[type(op)], expr(a), expr(b)]
        case ast.BoolOp(op=op, values=[first, *others]):
            result = expr(first)
            for other in others:
                result = ["logical", "and" if isinstance(op, ast.And) else "or", result, expr(other)]
            return result
        case ast.UnaryOp(op=op, operand=a):
            return ["unary", UNARY[type(op)], expr(a)]
        case ast.Compare(left=a, ops=ops, comparators=rest):
            return ["compare", expr(a), [COMPARE[type(o)] for o in ops], exprs(rest)]
        case ast.Call(func=f, args=args, keywords=keywords):
            return ["call", expr(f), exprs(args), named(keywords)]
        case ast.Attribute(value=a, attr=name):
            return ["attribute", expr(a), name]
        case ast.Subscript(value=a, slice=i):
            return ["subscript", expr(a), expr(i)]
        case ast.Slice(lower=a, upper=b, step=c):
            return ["slice", expr(a), expr(b), expr(c)]
        case ast.Tuple(elts=elements):
            return ["tuple", exprs(elements)]
        case ast.List(elts=elements):
            return ["list", exprs(elements)]
        case ast.Set(elts=elements):
            return ["set", exprs(elements)]
        case ast.Dict(keys=keys, values=values):
            return ["dict", [[expr(k), expr(v)] for k, v in zip(keys, values)]]
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
            return ["comprehension", COMPREHENSION[type(e)], expr(e.elt), None, clauses(e.generators)]
        case ast.DictComp(key=k, value=v):
            return ["comprehension", "dict", expr(k), expr(v), clauses(e.generators)]
        case ast.Lambda(args=args, body=body):
            return ["lambda", parameters(args), expr(body)]
        case ast.IfExp(test=test, body=a, orelse=b):
            return ["if", expr(test), expr(a), expr(b)]
        case ast.NamedExpr(target=a, value=b):
            return ["named", expr(a), expr(b)]
        case ast.Starred(value=a):
            return ["star", expr(a)]
        case ast.Yield(value=a):
            return ["yield", expr(a), False]
        case ast.YieldFrom(value=a):
            return ["yield", expr(a), True]
        case ast.Await():
            return ["await"]
    raise ValueError(type(e))


def exprs(list_of):
    return [expr(e) for e in list_of]


def named(keywords):
    return [[k.arg, expr(k.value)] for k in keywords]


def clauses(generators):
    return [[expr(g.target), expr(g.iter), exprs(g.ifs)] for g in generators]


def parts(values):
    result = []
    for v in values:
        if not isinstance(v, ast.Constant):
            result.append([expr(v.value), "" if v.conversion < 0 else chr(v.conversion), [] if v.format_spec is None else parts(v.format_spec.values)])
        elif result and isinstance(result[-1], str):
            result[-1] += v.value
        else:
            result.append(v.value)
    return result


def parameters(a):
    result = []
    positional = a.posonlyargs + a.args
    first = len(positional) - len(a.defaults)
    for i, p in enumerate(positional):
        role = "positional-only" if i < len(a.posonlyargs) else "positional"
        result.append([role, p.arg, expr(p.annotation), expr(a.defaults[i - first]) if i >= first else None])
    if a.vararg:
        annotation = a.vararg.annotation
        result.append(["args", a.vararg.arg, expr(annotation.value if isinstance(annotation, ast.Starred) else annotation), None])
    for p, default in zip(a.kwonlyargs, a.kw_defaults):
        result.append(["keyword-only", p.arg, expr(p.annotation), expr(default)])
    if a.kwarg:
        result.append(["kwargs", a.kwarg.arg, expr(a.kwarg.annotation), None])
    return result


def pattern(p):
    match p:
        case ast.MatchValue(value=v):
            return ["value", expr(v)]
        case ast.MatchSingleton(value=v):
            return ["value", constant(v)]
        case ast.MatchSequence(patterns=ps):
            return ["sequence", [pattern(x) for x in ps]]
        case ast.MatchStar(name=name):
            return ["star", name]
        case ast.MatchOr(patterns=ps):
            return ["or", [pattern(x) for x in ps]]
        case ast.MatchAs(pattern=None, name=name):
            return ["capture", name]
        case ast.MatchAs(pattern=inner, name=name):
            return ["as", pattern(inner), name]
        case ast.MatchMapping(keys=keys, patterns=ps, rest=rest):
            return ["mapping", [[expr(k), pattern(x)] for k, x in zip(keys, ps)], rest]
        case ast.MatchClass(cls=cls, patterns=ps, kwd_attrs=names, kwd_patterns=others):
            return ["class", expr(cls), [[None, pattern(x)] for x in ps] + [[["name", n], pattern(x)] for n, x in zip(names, others)]]
    raise ValueError(type(p))


def block(body):
    return [statement(s) for s in body]


def statement(s):
    match s:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            is_async = isinstance(s, ast.AsyncFunctionDef)
            return ["def", s.name, parameters(s.args), expr(s.returns), exprs(s.decorator_list), is_async, block(s.body)]
        case ast.ClassDef():
            return ["class", s.name, exprs(s.bases), named(s.keywords), exprs(s.decorator_list), block(s.body)]
        case ast.Return(value=v):
            return ["return", expr(v)]
        case ast.Assign(targets=targets, value=v):
            return ["assign", exprs(targets), expr(v)]
        case ast.AugAssign(target=t, op=op, value=v):
            return ["augmented", expr(t), BINARY[type(op)], expr(v)]
        case ast.AnnAssign(target=t, annotation=a, value=v):
            return ["annotated", expr(t), expr(a), expr(v)]
        case ast.For() | ast.AsyncFor():
            return ["for", expr(s.target), expr(s.iter), block(s.body), block(s.orelse), isinstance(s, ast.AsyncFor)]
        case ast.While():
            return ["while", expr(s.test), block(s.body), block(s.orelse)]
        case ast.If():
            return ["if", expr(s.test), block(s.body), block(s.orelse)]
        case ast.With() | ast.AsyncWith():
            return ["with", [[expr(i.context_expr), expr(i.optional_vars)] for i in s.items], block(s.body)]
        case ast.Try() | ast.TryStar():
            return ["try", block(s.body), [[expr(h.type), h.name, block(h.body)] for h in s.handlers], block(s.orelse), block(s.finalbody)]
        case ast.Match():
            return ["match", expr(s.subject), [[pattern(c.pattern), expr(c.guard), block(c.body)] for c in s.cases]]
        case ast.Import(names=names):
            return ["import", [[a.name, a.asname] for a in names]]
        case ast.ImportFrom(module=module, names=names, level=level):
            return ["from", module or "", level, [[a.name, a.asname] for a in names]]
        case ast.Expr(value=v):
            return ["expression", expr(v)]
        case ast.Delete(targets=targets):
            return ["del", exprs(targets)]
        case ast.Pass() | ast.Break() | ast.Continue():
            return [type(s).__name__.lower()]
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            return [type(s).__name__.lower(), names]
        case ast.Assert(test=test, msg=message):
            return ["assert", expr(test), expr(message)]
        case ast.Raise(exc=e):
            return ["raise", expr(e)]
    if type(s).__name__ == "TypeAlias":
        return ["unsupported"]
    raise ValueError(type(s))


def tree(text):
    try:
        # Compiling finds what parsing lets pass, such as `x = *a`.
        compile(text.lstrip("\ufeff"), "f.py", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        return block(ast.parse(text.lstrip("\ufeff")).body)
    except SyntaxError:
        return None


if "--files" in sys.argv:
    for name in sys.stdin.read().split("\n"):
        try:
            text = open(name, encoding="utf-8", newline="").read() if name else None
        except UnicodeDecodeError:
            continue
        if text is not None:
            print(json.dumps([name, tree(text)]))
else:
    with open(os.path.join(HERE, "syntax.txt"), encoding="utf-8") as f:
        snippets = [s.strip("\n") + "\n" for s in f.read().split("\n----\n")]
    with open(os.path.join(HERE, "syntax.json"), "w", encoding="utf-8") as f:
        f.write("[\n" + ",\n".join(json.dumps({"text": s, "tree": tree(s)}, ensure_ascii=False) for s in snippets) + "\n]\n")
    print(f"{len(snippets)} snippets, {sum(tree(s) is None for s in snippets)} of them no Python")
