/** The activations of `torch.nn.functional`, by the formulas of PyTorch's CPU kernels. */
import { type Entry, entry } from "./torchArguments.ts";
import { clamp } from "./torchChoice.ts";
import { applyBinary, applyUnary, applyWhere, floatUnary, inOpmath, type TensorLike } from "./torchElement.ts";
import { number, relu, unaryEntry } from "./torchMath.ts";
import { float } from "./value.ts";

/** `torch.nn.functional`'s activations (and `torch.relu`'s kin there). */
export const ACTIVATIONS: Record<string, Entry> = {
  relu: unaryEntry(relu),
  relu6: unaryEntry((at, x) => applyBinary(at, "min", relu(at, x), number(x, 6))),
  tanh: unaryEntry((at, x) => floatUnary(at, "tanh", x)),
  sigmoid: unaryEntry((at, x) => floatUnary(at, "sigmoid", x)),
  silu: unaryEntry((at, x) =>
    inOpmath(at, x, (y) =>
      applyBinary(at, "div", y, applyBinary(at, "add", applyUnary(at, "exp", applyUnary(at, "neg", y)), number(y, 1))),
    ),
  ),
  gelu: entry("input * approximate?", (a) => {
    const at = a.at;
    return inOpmath(at, a.tensor("input"), (x) => {
      const half = applyBinary(at, "mul", x, number(x, 0.5));
      const mul = (y: TensorLike, v: number) => applyBinary(at, "mul", y, number(y, v));
      const inner =
        a.string("approximate", "none") === "tanh"
          ? applyUnary(
              at,
              "tanh",
              mul(
                applyBinary(at, "add", x, mul(applyBinary(at, "mul", applyBinary(at, "mul", x, x), x), 0.044715)),
                Math.sqrt(2 / Math.PI),
              ),
            )
          : applyUnary(at, "erf", mul(x, Math.SQRT1_2));
      return applyBinary(at, "mul", half, applyBinary(at, "add", inner, number(x, 1)));
    });
  }),
  softplus: entry("input beta? threshold?", (a) => {
    const beta = a.number("beta", 1);
    const limit = a.number("threshold", 20);
    return inOpmath(a.at, a.tensor("input"), (x) => {
      const scaled = applyBinary(a.at, "mul", x, number(x, beta));
      const soft = applyBinary(a.at, "div", applyUnary(a.at, "log1p", applyUnary(a.at, "exp", scaled)), number(x, beta));
      return applyWhere(a.at, applyBinary(a.at, "gt", scaled, number(x, limit)), x, soft);
    });
  }),
  elu: entry("input alpha?", (a) =>
    inOpmath(a.at, a.tensor("input"), (x) =>
      applyWhere(
        a.at,
        applyBinary(a.at, "gt", x, number(x, 0)),
        x,
        applyBinary(a.at, "mul", applyUnary(a.at, "expm1", x), number(x, a.number("alpha", 1))),
      ),
    ),
  ),
  leaky_relu: entry("input negative_slope?", (a) => {
    return inOpmath(a.at, a.tensor("input"), (x) =>
      applyWhere(
        a.at,
        applyBinary(a.at, "gt", x, number(x, 0)),
        x,
        applyBinary(a.at, "mul", x, number(x, a.number("negative_slope", 0.01))),
      ),
    );
  }),
  hardtanh: entry("input min_val? max_val?", (a) => {
    const x = a.tensor("input");
    return clamp(a, x, float(a.number("min_val", -1)), float(a.number("max_val", 1)));
  }),
  softsign: unaryEntry((at, x) => applyBinary(at, "div", x, applyBinary(at, "add", applyUnary(at, "abs", x), number(x, 1)))),
  logsigmoid: unaryEntry((at, x) =>
    inOpmath(at, x, (y) =>
      applyBinary(
        at,
        "sub",
        applyBinary(at, "min", y, number(y, 0)),
        applyUnary(at, "log1p", applyUnary(at, "exp", applyUnary(at, "neg", applyUnary(at, "abs", y)))),
      ),
    ),
  ),
};
