"""
Mann-Whitney's U test by SciPy, for kernels/runtime/mannWhitney.ts: `python3 test/oracle/mannWhitneyGenerate.py`.
Small samples with ties, which SciPy's exact method does not take, by counting every permutation.
"""
import itertools
import json
import math
import random
from pathlib import Path

import scipy
from scipy.stats import mannwhitneyu

rng = random.Random(11)
def sample(n, scale, tie=None):
    out = [scale * math.exp(rng.gauss(0, 0.03)) for _ in range(n)]
    return [round(x, tie) if tie is not None else round(x, 9) for x in out]
def brute(a, b):
    v = a + b
    order = sorted(v)
    rank = {x: (2 * order.index(x) + order.count(x) + 1) / 2 for x in v}
    r = [rank[x] for x in v]
    s = sum(r[:len(a)])
    sums = [sum(c) for c in itertools.combinations(r, len(a))]
    lo = sum(t <= s + 1e-9 for t in sums); hi = sum(t >= s - 1e-9 for t in sums)
    return min(1, 2 * min(lo, hi) / len(sums))
cases = []
for name, a, b in [
    ("nine against nine, a tenth slower", sample(9, 1.0), sample(9, 1.1)),
    ("nine against nine, the same", sample(9, 2.0), sample(9, 2.0)),
    ("five against five, apart", sample(5, 1.0), sample(5, 1.5)),
    ("three against three, apart", sample(3, 1.0), sample(3, 2.0)),
    ("five against nine, a little faster", sample(5, 1.0), sample(9, 0.97)),
    ("thirty against thirty", sample(30, 1.0), sample(30, 1.02)),
    ("one against nine", sample(1, 1.0), sample(9, 1.1)),
]:
    r = mannwhitneyu(a, b, alternative="two-sided", method="exact")
    cases.append(dict(name=name, by="scipy.stats.mannwhitneyu(method='exact')", first=a, second=b, exact=True, u=float(r.statistic), p=float(r.pvalue)))
for name, a, b in [
    ("six against six with ties", sample(6, 1.0, 2), sample(6, 1.03, 2)),
    ("five against seven with many ties", sample(5, 1.0, 1), sample(7, 1.05, 1)),
    ("all the same", [1.0] * 4, [1.0] * 5),
]:
    r = mannwhitneyu(a, b, alternative="two-sided")
    cases.append(dict(name=name, by="every permutation", first=a, second=b, exact=True, u=float(r.statistic), p=brute(a, b)))
for name, a, b in [
    ("forty against forty", sample(40, 1.0), sample(40, 1.01)),
    ("forty against fifty with ties", sample(40, 1.0, 2), sample(50, 1.02, 2)),
    ("fifty against fifty, far apart", sample(50, 1.0), sample(50, 1.5)),
    ("sixty alike", sample(31, 1.0, 1), sample(31, 1.0, 1)),
]:
    r = mannwhitneyu(a, b, alternative="two-sided", method="asymptotic")
    cases.append(dict(name=name, by="scipy.stats.mannwhitneyu(method='asymptotic')", first=a, second=b, exact=False, u=float(r.statistic), p=float(r.pvalue)))
for c in cases:
    a, b = c["first"], c["second"]
    d = sorted(math.log(y / x) for x in a for y in b)
    k = len(d)
    c["ratio"] = math.exp(d[k // 2] if k % 2 else (d[k // 2 - 1] + d[k // 2]) / 2)
about = f"SciPy {scipy.__version__}; ratio: the median of all quotients"
lines = ",\n".join(json.dumps(c) for c in cases)
Path(__file__).with_name("mannWhitney.json").write_text(f'{{"about": "{about}", "cases": [\n{lines}\n]}}\n')
