"""Whether PyTorch takes the expressions of refusals.txt as what a mod returns.

    python test/oracle/refusals.py HEAD.py > test/oracle/golden/_refusals.json

HEAD.py holds the imports that the diagnostics' cases share. Recorded for each text: whether create_block_mask and
flex_attention take it; a score_mod is tried under the four nested vmaps in place of create_block_mask.
"""

import contextlib
import json
import os
import sys

from diagnostics import verdict

HEADS = ["def mod(b, h, q_idx, kv_idx):", "def mod(score, b, h, q_idx, kv_idx):"]


def main():
    with open(sys.argv[1]) as file:
        head = file.read()
    with open(os.path.join(os.path.dirname(__file__), "refusals.txt")) as file:
        groups = file.read().split("\n", 1)[1].split("\n\n")
    rows = []
    for signature, group in zip(HEADS, groups):
        for expression in group.strip().split("\n"):
            text = f"{signature}\n    return {expression}"
            with contextlib.redirect_stdout(sys.stderr):
                said = verdict(head, text, len(rows))
            takes = [said[front].split(":")[0] in ("ok", "other values than create_block_mask") for front in ("create_block_mask", "flex_attention")]
            rows.append(f"{json.dumps(text)}: {json.dumps(takes)}")
    print("{" + ",\n".join(rows) + "}")


main()
