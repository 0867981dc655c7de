/** Print → read → lower: an expression that prints as Python means the same when it is read again. */
import { lowerModule } from "../../kernels/frontend/lower.ts";
import { type Expr, load } from "../../kernels/ir/expr.ts";
import { interpret } from "../../kernels/ir/interpret.ts";
import { printExpr } from "../../kernels/ir/print.ts";
import { capturesOf, children, postorder, rewrite } from "../../kernels/ir/walk.ts";
import { CELLS, pointAt, told } from "./agree.ts";

/** Operators that print as what Python does not have, and those whose operands print with promotions left out. */
const UNPRINTABLE: ReadonlySet<string> = new Set(["trunc", "fmin", "fmax", "truncdiv", "isnan", "isinf"]);

/** True where the printed text is meant to be Python: masks over int64 and bool, without arithmetic on literals alone. */
function isPython(e: Expr): boolean {
  return postorder([e]).every((n) => {
    if (n.dtype !== "bool" && n.dtype !== "i64") return false;
    if (n.kind === "const") return n.dtype === "i64";
    if (n.kind === "cast" || n.kind === "where") return false;
    if ((n.kind === "unary" || n.kind === "binary") && UNPRINTABLE.has(n.op)) return false;
    // A literal index beyond its tensor is refused, as it should be.
    if (n.kind === "load") return n.indices.every((i, d) => i.kind !== "const" || Math.abs(i.value + 0.5) < (n.capture.shape[d] ?? 0));
    return n.kind === "var" || !children(n).every((kid) => kid.kind === "const");
  });
}

/** What reading the mask again changes, null where nothing; "skipped" where its text is for reading alone. */
export function rereadFault(e: Expr): string | null {
  if (e.dtype !== "bool" || !isPython(e)) return "skipped";
  const captures = new Map(capturesOf(e).map((c, i) => [c, { ...c, name: `t${i}` }] as const));
  const named = rewrite(e, (n) => {
    const capture = n.kind === "load" ? captures.get(n.capture) : undefined;
    return n.kind === "load" && capture !== undefined ? load(capture, n.indices) : n;
  });
  const text = `import torch\ndef mod(b, h, q_idx, kv_idx):\n    return ${printExpr(named)}\n`;
  if (text.includes("…")) return "skipped";
  const bindings = Object.fromEntries([...captures.values()].map((c) => [c.name, c]));
  const { variants, diagnostics } = lowerModule([{ file: "mod.py", text }], { bindings });
  const again = variants[0]?.maskMod?.body;
  if (again === undefined) return `${text} is refused: ${diagnostics.map((d) => d.message).join(" ")}`;
  for (let i = 0; i < CELLS; i++) {
    const p = pointAt(i, 1, 1);
    const [want, got] = [interpret(e, p), interpret(again, p)];
    if (want !== got) return `read again as ${printExpr(again)} it gives ${got}, not ${want}: ${told(e, p)}`;
  }
  return null;
}
