/** A lowered module in words, all of it, so that two can be compared whoever made them. */
import type { CallSite, LoweredModule } from "../../kernels/frontend/module.ts";
import { captureKey, listExpr } from "../../kernels/ir/key.ts";
import type { Capture, Mod } from "../../kernels/ir/mod.ts";

export function loweredText(module: LoweredModule): unknown {
  return {
    variants: module.variants.map(({ scoreMod, maskMod, captures, ...variant }) => ({
      ...variant,
      assertions: variant.assertions?.map(({ span, text, message, claim }) => ({ span, text, message, kind: claim.kind })),
      reads: variant.reads.map((r) => ({ ...r, reads: r.reads.map(({ name, python, value }) => ({ name, python, value })) })),
      bindings: variant.bindings.map((b) => ({
        ...b,
        tensor: b.tensor === null ? null : { dtype: b.tensor.dtype, shape: b.tensor.shape },
      })),
      captures: captures.map(captureText),
      mods: [scoreMod, maskMod].map((m) => (m === null ? null : modText(m))),
    })),
    calls: module.calls.map(callText).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
    // How many steps were left for a statement depends on those run before it.
    diagnostics: module.diagnostics.map((d) => JSON.stringify(d).replace(/after [\d,]+ steps/, "after n steps")).sort(),
    needs: module.needs.map((n) => JSON.stringify(n)).sort(),
    dataNeeds: module.dataNeeds.map((n) => JSON.stringify(n)).sort(),
  };
}

const captureText = (c: Capture): string => `${c.name} ${c.dtype} ${c.shape.join("×")} ${captureKey(c)}`;

function modText({ kind, name, span, body, locals, steps, places }: Mod): unknown {
  return {
    kind,
    name,
    span,
    body: listExpr([body]),
    locals: locals.map((l) => ({ name: l.name, span: l.span, value: listExpr([l.value]) })),
    steps: steps?.map((s) => ({ name: s.name, span: s.span, within: s.within })),
    places: places === undefined ? null : [...places.values()].map((s) => `${s.file}:${s.from}-${s.to}`).sort(),
  };
}

function callText({ callee, span, maskMod, scoreMod, arguments: given }: CallSite): unknown {
  return { callee, span, maskMod: maskMod?.name ?? null, scoreMod: scoreMod?.name ?? null, given: [...given] };
}
