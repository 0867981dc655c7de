/** Rows of the table of diagnostics (diagnostic.ts): operations, names and calls, and where the two front ends of PyTorch differ. */
import { error, hint, quote, warning, way } from "./diagnosticRow.ts";

// Words named `text`, `name`, … are the user's own and come in without backticks.

/** Operations that PyTorch refuses. */
export const OPERATIONS = {
  "boolean-index": error(
    (text: string, dtype: string, rewrite = "") =>
      `${quote(text)} is ${dtype}, and as an index it selects a varying number of elements; ${way(rewrite, "index with `.long()`, or choose with `torch.where`")}.`,
    "A bool or uint8 tensor as an index.",
  ),
  "float-index": error(
    (text: string, dtype: string, rewrite = "") =>
      `${quote(text)} is ${dtype}, and an index must be an integer; ${way(rewrite, "use `//` or `.long()`")}.`,
    "A float tensor as an index.",
  ),
  "bool-negation": error(
    (text: string, rewrite = "") => `${quote(text)} negates a bool; ${way(rewrite, "invert it with `~`")}.`,
    "`-mask`.",
  ),
  "bool-subtraction": error(
    (text: string, rewrite = "") => `${quote(text)} subtracts a bool; ${way(rewrite, "combine masks with `&`, `|`, `^` and `~`")}.`,
    "`mask - mask` or `1 - mask`.",
  ),
  "random-in-mod": error(
    (text: string) => `${quote(text)} draws random numbers inside a mod; draw them outside and capture the tensor.`,
    "torch.rand and its kin inside a mod.",
  ),
  "random-values": hint(
    (text: string) => `${quote(text)} draws random numbers; seeded ones stand in for them here.`,
    "Module code or a factory draws random numbers that a mod may capture.",
  ),
  "in-place-shape": error(
    (text: string, rewrite = "") =>
      `${quote(text)} writes a result in place that needs more room than its target has; ${way(rewrite, "make a new tensor")}.`,
    "`r = torch.ones_like(q_idx); r &= q_idx >= kv_idx`.",
  ),
  "in-place-dtype": error(
    (text: string, result: string, target: string, rewrite = "") =>
      `${quote(text)} gives ${result}, which cannot be stored in place in ${target}; ${way(rewrite, "make a new tensor")}.`,
    "An in-place operation whose result has another dtype category.",
  ),
  "python-round": error(
    (name: string, rewrite = "") =>
      `Python's ${quote(name)} does not know tensors; ${way(rewrite, name === "divmod" ? "use `//` and `%`" : `use \`torch.${name}\``)}.`,
    "`round(t)`, `divmod(t, n)`.",
  ),
  "operand-types": error((text: string, why: string) => `${quote(text)}: ${why}.`, "An operation on values that it does not take."),
  "zero-division": error(
    (text: string) => `${quote(text)} divides an integer by zero, which PyTorch refuses; divide by another number.`,
    "`//` or `%` of integers by a constant 0.",
  ),
  "negative-power": error(
    (text: string, rewrite = "") =>
      `${quote(text)} raises an integer tensor to a negative integer; ${way(rewrite, "make one of them a float")}.`,
    "An integer tensor to a negative Python integer.",
  ),
  "index-out-of-range": error(
    (text: string, why: string) => `${quote(text)} is out of range: ${why}.`,
    "A constant index beyond the end, or too many indices.",
  ),
  raised: error((text: string) => `Evaluating this raises ${quote(text)}.`, "The code itself raises an exception on this path."),
  "assertion-failed": error(
    (text: string) => `${quote(text)} does not hold for the values bound here; bind others, or change what is asserted.`,
    "A static assert is false.",
  ),
} as const;

/** Names and calls. */
export const CALLS = {
  "unknown-name": error(
    (name: string, way: string) => `${quote(name)} is not defined here${way === "" ? "" : `; ${way}`}.`,
    "A name that nothing defines.",
  ),
  "unbound-name": error(
    (name: string) => `${quote(name)} is read here, and none of the assignments to it was reached; give it a value on every path.`,
    "A local name read before assignment.",
  ),
  "unknown-attribute": error(
    (object: string, name: string, way: string) => `${object} has no ${quote(name)}${way === "" ? "" : `; ${way}`}.`,
    "An attribute or function that does not exist, such as torch.inf_like.",
  ),
  "unsupported-function": error(
    (name: string, way: string) => `${quote(name)} is not among the functions that Flexlens can compile${way === "" ? "" : `; ${way}`}.`,
    "A function of PyTorch, numpy or Python that exists and is not supported here.",
  ),
  "module-not-found": error(
    (name: string, module: string, why: string) =>
      `${quote(name)} comes from ${quote(module)}, whose source cannot be read: ${why}. Name its folder with \`--path\` or in the setting \`flexlens.analysis.extraPaths\`, or bind the name with \`# flexlens: ${name}=…\`.`,
    "A mod needs a value from a module that was not among the sources.",
  ),
  "unknown-value": error(
    (name: string, cause: string) =>
      `The value of ${quote(name)} is not known: ${cause}; ${/^\w+$/.test(name) ? `bind it with \`# flexlens: ${name}=…\` or in the panel` : "give it a name of its own, and bind that with `# flexlens: name=…`"}.`,
    "A mod needs a value that module code computes in a way that cannot be followed.",
  ),
  "argument-count": error((name: string, why: string) => `${quote(name)} ${why}.`, "A call with missing, surplus or unknown arguments."),
  "not-callable": error(
    (text: string, what: string) => `${quote(text)} is ${what} and cannot be called.`,
    "A call of something that is no function.",
  ),
  "not-iterable": error(
    (text: string, what: string, target = "") =>
      target === ""
        ? `${quote(text)} is ${what} and cannot be iterated; loop over a list, a range or a captured tensor's rows.`
        : `${what.charAt(0).toUpperCase()}${what.slice(1)} cannot be unpacked into ${quote(target)}; give as many values as there are names.`,
    "Iteration over a single number.",
  ),
  "unpack-count": error(
    (text: string, expected: string, got: string) =>
      `${quote(text)} asks for ${expected} values and gets ${got}; name as many as there are, or collect the rest with \`*rest\`.`,
    "Tuple unpacking with the wrong count.",
  ),
} as const;

/** What create_block_mask and flex_attention do not both take. */
export const FRONT_ENDS = {
  "refused-by-flex-attention": warning(
    (text: string, rewrite = "") =>
      `create_block_mask takes ${quote(text)}, flex_attention (torch.compile) refuses it; ${way(rewrite, "leave it out, or write it another way")}.`,
    "Accepted eagerly and refused when flex_attention traces the mod.",
  ),
  "refused-by-create-block-mask": warning(
    (text: string, rewrite = "") =>
      `flex_attention takes ${quote(text)}, create_block_mask refuses it unless compiled; ${way(rewrite, "use a function of torch")}.`,
    "Accepted when compiled and refused eagerly.",
  ),
  "index-beyond-end": error(
    (text: string, value: string, place: string, size: string) =>
      `${quote(text)} reads element ${value} of ${size}${place === "" ? "" : ` at ${place}`}, where PyTorch raises (\`torch.where\` around it does not help: both sides are evaluated); clamp the index, or check the lengths.`,
    "At the sizes that the file or the command line states, a captured tensor is indexed beyond its end.",
  ),

  "zero-division-at": error(
    (text: string, place: string) =>
      `${quote(text)} divides an integer by zero${place === "" ? "" : ` at ${place}`}, where PyTorch raises; keep the divisor above 0, as with \`.clamp(min=1)\`.`,
    "`//` or `%` by an integer tensor that is 0 somewhere, at the sizes that are stated.",
  ),
} as const;
