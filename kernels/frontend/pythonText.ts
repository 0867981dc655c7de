/** Values as text: `str`, `repr`, f-strings with their format specs, `%` formatting and `str.format`. */
import { TORCH_NAMES } from "../ir/ops.ts";
import { describe } from "./describe.ts";
import { lookupClass } from "./pythonClass.ts";
import { dataOf } from "./tensor.ts";
import type { At } from "./torchElement.ts";
import { isScalar, NO_KWARGS, numberOf, refuse, type Tensor, type Value } from "./value.ts";

/** `str(v)`; warns of a tensor of the mod, which torch.compile does not format. */
export function textOfValue(at: At, v: Value): string {
  at.run.step(at.span);
  if (isScalar(v)) return v.type === "bool" ? (v.value ? "True" : "False") : v.type === "float" ? floatText(v.value) : String(v.value);
  switch (v.type) {
    case "str":
      return v.value;
    case "none":
      return "None";
    case "ellipsis":
      return "Ellipsis";
    case "tuple":
      if (v.fields !== undefined && v.class !== undefined)
        return `${v.class.name}(${v.items.map((item, i) => `${v.fields?.[i] ?? ""}=${reprOf(at, item)}`).join(", ")})`;
      return `(${v.items.map((i) => reprOf(at, i)).join(", ")}${v.items.length === 1 ? "," : ""})`;
    case "list":
      return `[${v.items.map((i) => reprOf(at, i)).join(", ")}]`;
    case "dict":
      return `{${[...v.entries.values()].map((e) => `${reprOf(at, e.key)}: ${reprOf(at, e.value)}`).join(", ")}}`;
    case "set":
      return v.entries.size === 0 ? "set()" : `{${[...v.entries.values()].map((i) => reprOf(at, i)).join(", ")}}`;
    case "range":
      return `range(${v.start}, ${v.stop}${v.step === 1 ? "" : `, ${v.step}`})`;
    case "dtype":
      return `torch.${TORCH_NAMES[v.dtype]}`;
    case "device":
      return v.name;
    case "tensor":
      return tensorText(at, v);
    case "dynamic":
      at.run.warn("refused-by-flex-attention", at.span, [at.run.text(at.span)]);
      return "tensor(…)";
    case "unknown":
      return "…";
    case "class":
      return `<class '${v.name}'>`;
    case "instance":
      return instanceText(at, v, "__str__");
    default:
      return describe(v);
  }
}

/** `repr(v)`. */
export function reprOf(at: At, v: Value): string {
  if (v.type === "str") return quoted(v.value);
  if (v.type === "device") return `device(type='${v.name}')`;
  return v.type === "instance" ? instanceText(at, v, "__repr__") : textOfValue(at, v);
}

function instanceText(at: At, v: Extract<Value, { type: "instance" }>, method: "__str__" | "__repr__"): string {
  const own = (method === "__str__" ? lookupClass(v.class, "__str__") : null) ?? lookupClass(v.class, "__repr__");
  const text = own === null ? null : at.run.call(own, [v], NO_KWARGS, at.span);
  if (text?.type === "str") return text.value;
  const [name, value] = [v.attributes.get("name"), v.attributes.get("value")];
  if (v.class.enumMembers !== undefined && name?.type === "str" && value !== undefined) {
    if (method === "__repr__") return `<${v.class.name}.${name.value}: ${reprOf(at, value)}>`;
    return v.class.isScalar === true && value.type === "int" ? textOfValue(at, value) : `${v.class.name}.${name.value}`;
  }
  const args = v.attributes.get("args");
  if (v.class.isException === true && args?.type === "tuple") {
    const inner = args.items.map((i) => reprOf(at, i));
    if (method === "__repr__") return `${v.class.name}(${inner.join(", ")})`;
    const [only] = args.items;
    return args.items.length === 1 && only !== undefined ? textOfValue(at, only) : inner.length === 0 ? "" : `(${inner.join(", ")})`;
  }
  if (v.class.fields !== null && v.class.enumMembers === undefined)
    return `${v.class.name}(${v.class.fields.map((f) => `${f.name}=${reprOf(at, v.attributes.get(f.name) ?? { type: "none" })}`).join(", ")})`;
  return `<${v.class.name} object>`;
}

function tensorText(at: At, t: Tensor): string {
  const data = dataOf(t);
  at.run.step(at.span, 1 + data.length / 16);
  if (data.length > 1000) return `tensor([…], size=(${t.shape.join(", ")}))`;
  let next = 0;
  const one = (): string => {
    const x = data[next++] ?? 0;
    return t.dtype === "bool" ? (x !== 0 ? "True" : "False") : t.dtype.startsWith("f") || t.dtype === "bf16" ? floatText(x) : String(x);
  };
  const level = (d: number): string =>
    d === t.shape.length ? one() : `[${Array.from({ length: t.shape[d] ?? 0 }, () => level(d + 1)).join(", ")}]`;
  return `tensor(${level(0)})`;
}

function quoted(s: string): string {
  const quote = s.includes("'") && !s.includes('"') ? '"' : "'";
  const escaped = s.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\t", "\\t").replaceAll("\r", "\\r");
  return `${quote}${quote === "'" ? escaped.replaceAll("'", "\\'") : escaped}${quote}`;
}

/** A float as Python shows it: shortest digits, exponents from 1e16 on and below 1e-4. */
export function floatText(x: number): string {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  if (Object.is(x, -0)) return "-0.0";
  const magnitude = Math.abs(x);
  if (x !== 0 && (magnitude >= 1e16 || magnitude < 1e-4)) return exponential(x.toExponential());
  return Number.isInteger(x) ? `${x}.0` : String(x);
}

/** JavaScript's `1e-7` as Python's `1e-07`. */
const exponential = (text: string): string => text.replace(/e([+-])(\d)$/, "e$10$2");

/** `format(v, spec)`: fill, alignment, sign, width, grouping, precision and the types of numbers and strings. @throws Refusal */
export function formatValue(at: At, v: Value, spec: string): string {
  if (v.type === "instance") {
    const own = lookupClass(v.class, "__format__");
    const text = own === null ? null : at.run.call(own, [v, { type: "str", value: spec }], NO_KWARGS, at.span);
    if (text?.type === "str") return text.value;
    const value = v.attributes.get("value");
    if (v.class.isScalar === true && value !== undefined) return formatValue(at, value, spec);
  }
  if (v.type === "dynamic" && v.shape.length === 0) {
    // Formatting takes the number out of the tensor, which torch.compile leaves out and vmap refuses.
    at.run.warn("refused-by-create-block-mask", at.span, [at.run.text(at.span), ""]);
    return "tensor(…)";
  }
  if (spec === "") return textOfValue(at, v);
  const m = /^(?:(.)?([<>=^]))?([+\- ])?z?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([a-zA-Z%])?$/su.exec(spec);
  const plain = v.type === "tensor" && v.shape.length === 0 ? scalarOf(v) : v;
  if (m === null || plain.type === "dynamic" || plain.type === "unknown") return textOfValue(at, v);
  const [, fill, align, sign = "-", alternate, zero, width, group, precision, kind] = m;
  const isNumber = isScalar(plain) && kind !== "s";
  let body = isNumber
    ? numberText(at, plain, kind, precision, alternate)
    : textOfValue(at, plain).slice(0, precision === undefined ? undefined : Number(precision));
  let head = "";
  if (isNumber) {
    if (body.startsWith("-")) [head, body] = ["-", body.slice(1)];
    else if (sign !== "-") head = sign;
    if (group !== undefined) body = body.replace(/^\d+/, (digits) => digits.replace(/\B(?=(\d{3})+$)/g, group));
  }
  const missing = Number(width ?? 0) - head.length - [...body].length;
  if (missing <= 0) return head + body;
  if (missing > 10_000) refuse("too-large", at.span, ["The formatted text"]);
  const padding = (n: number): string => (fill ?? (zero === undefined ? " " : "0")).repeat(n);
  switch (align ?? (zero !== undefined && isNumber ? "=" : isNumber ? ">" : "<")) {
    case "<":
      return head + body + padding(missing);
    case ">":
      return padding(missing) + head + body;
    case "^":
      return padding(Math.floor(missing / 2)) + head + body + padding(Math.ceil(missing / 2));
    default:
      return head + padding(missing) + body;
  }
}

const scalarOf = (t: Tensor): Value => {
  const x = t.storage.data[t.offset] ?? 0;
  return t.dtype === "bool"
    ? { type: "bool", value: x !== 0 }
    : t.dtype.startsWith("f") || t.dtype === "bf16"
      ? { type: "float", value: x }
      : { type: "int", value: x };
};

const BASES: Readonly<Record<string, readonly [number, string]>> = { x: [16, "0x"], X: [16, "0X"], b: [2, "0b"], o: [8, "0o"] };

/** Rounded by the digits that the float really has, as Python does: 2.675 is below its text. */
export function rounded(x: number, places: number): number {
  if (!Number.isFinite(x) || places > 100) return x;
  if (places < 0) return halfEven(x * 10 ** places) * 10 ** -places;
  const [whole = "", part = ""] = x.toFixed(Math.min(100, places + 60)).split(".");
  const tail = part.slice(places);
  // `toFixed` is exact to sixty digits more; a tie is one followed by zeros alone.
  if (!/^50*$/.test(tail)) return Number(x.toFixed(places));
  const digits = BigInt(`${whole}${part.slice(0, places)}`);
  const even = digits % 2n === 0n ? digits : digits + (x < 0 ? -1n : 1n);
  return Number(even) / 10 ** places;
}

/** The nearest whole number, of two the even one. */
export function halfEven(x: number): number {
  const r = Math.round(x);
  return Math.abs(x % 1) === 0.5 && r % 2 !== 0 ? r - 1 : r;
}

function numberText(
  at: At,
  v: Extract<Value, { type: "int" | "float" | "bool" }>,
  kind: string | undefined,
  precision: string | undefined,
  alternate: string | undefined,
): string {
  const digits = precision === undefined ? 6 : Math.min(100, Number(precision));
  const x = numberOf(v);
  const base = kind === undefined ? undefined : BASES[kind];
  if (base !== undefined) {
    if (v.type === "float") refuse("operand-types", at.span, [at.run.text(at.span), `the format \`${kind}\` takes an int`]);
    const text = BigInt(v.type === "bool" ? Number(v.value) : v.value).toString(base[0]);
    const prefixed = alternate === undefined ? text : text.replace(/^-?/, (minus) => minus + base[1]);
    return kind === "X" ? prefixed.toUpperCase() : prefixed;
  }
  if (!Number.isFinite(x)) return floatText(x) + (kind === "%" ? "%" : "");
  switch (kind) {
    case "f":
    case "F":
      return rounded(x, digits).toFixed(digits);
    case "%":
      return `${rounded(x * 100, digits).toFixed(digits)}%`;
    case "e":
    case "E":
      return kind === "E" ? exponential(x.toExponential(digits)).toUpperCase() : exponential(x.toExponential(digits));
    case "d":
    case "n":
      if (v.type === "float") refuse("operand-types", at.span, [at.run.text(at.span), `the format \`${kind}\` takes an int`]);
      return String(v.type === "bool" ? Number(v.value) : v.value);
    case "c":
      return String.fromCodePoint(Math.max(0, Math.min(0x10ffff, x)));
    case "g":
    case "G":
      return general(x, digits);
    default:
      if (v.type === "float") return precision === undefined ? floatText(x) : general(x, digits);
      return String(v.type === "bool" ? Number(v.value) : v.value);
  }
}

function general(x: number, digits: number): string {
  const places = Math.max(1, digits);
  const exponent = x === 0 ? 0 : Math.floor(Math.log10(Math.abs(Number(x.toPrecision(places)))));
  const trim = (s: string): string => (s.includes(".") ? s.replace(/\.?0+(?=e|$)/, "") : s);
  if (exponent < -4 || exponent >= places) return trim(exponential(x.toExponential(places - 1)));
  return trim(x.toFixed(Math.max(0, places - 1 - exponent)));
}

/** `template % values`. @throws Refusal where they do not fit */
export function percentFormat(at: At, template: string, values: Value): string {
  const items = values.type === "tuple" ? values.items : [values];
  let next = 0;
  const text = template.replace(
    /%(?:\((\w+)\))?([-+ #0]*)(\*|\d+)?(?:\.(\d+))?([a-zA-Z%])/g,
    (_, key: string | undefined, flags: string, width: string | undefined, precision: string | undefined, kind: string) => {
      if (kind === "%") return "%";
      const item = key === undefined ? items[next++] : values.type === "dict" ? values.entries.get(`s${key}`)?.value : undefined;
      if (item === undefined)
        return refuse("operand-types", at.span, [at.run.text(at.span), "the format asks for more values than there are"]);
      if (kind === "s" || kind === "r" || kind === "a") {
        const s = kind === "s" ? textOfValue(at, item) : reprOf(at, item);
        return formatValue(at, { type: "str", value: s }, `${flags.includes("-") ? "<" : ">"}${width ?? ""}`);
      }
      const whole: Value = item.type === "float" && (kind === "d" || kind === "i") ? { type: "int", value: Math.trunc(item.value) } : item;
      const align = flags.includes("-") ? "<" : "";
      const sign = flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
      const zero = flags.includes("0") && align === "" ? "0" : "";
      const dot = precision === undefined ? "" : `.${precision}`;
      return formatValue(
        at,
        whole,
        `${align}${sign}${flags.includes("#") ? "#" : ""}${zero}${width ?? ""}${dot}${kind === "i" || kind === "u" ? "d" : kind}`,
      );
    },
  );
  if (next < items.length && values.type === "tuple")
    refuse("operand-types", at.span, [at.run.text(at.span), "the format takes fewer values than there are"]);
  return text;
}

/** `template.format(*args, **kwargs)`; `read` gives an item of a value. Attributes of values are not read. @throws Refusal */
export function formatTemplate(
  at: At,
  template: string,
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
  read: (object: Value, key: string) => Value,
): string {
  let next = 0;
  const field = (name: string): Value => {
    const first = /^[^.[]*/.exec(name)?.[0] ?? "";
    const start = first === "" ? args[next++] : /^\d+$/.test(first) ? args[Number(first)] : kwargs.get(first);
    if (start === undefined) return refuse("operand-types", at.span, [at.run.text(at.span), `nothing is given for \`{${first}}\``]);
    let value = start;
    for (const m of name.slice(first.length).matchAll(/\.(\w+)|\[([^\]]*)\]/g)) {
      if (m[1] !== undefined)
        refuse("operand-types", at.span, [at.run.text(at.span), "a format that reads attributes is not followed; use an f-string"]);
      value = read(value, m[2] ?? "");
    }
    return value;
  };
  return template.replace(
    /\{\{|\}\}|\{([^{}!:]*)(?:!([rsa]))?(?::((?:[^{}]|\{[^{}]*\})*))?\}/g,
    (whole, name: string | undefined, conversion, spec) => {
      if (whole === "{{") return "{";
      if (whole === "}}") return "}";
      const value = field(name ?? "");
      const inner = String(spec ?? "").replace(/\{([^{}]*)\}/g, (_, n: string) => textOfValue(at, field(n)));
      return formatValue(at, conversion === "r" ? { type: "str", value: reprOf(at, value) } : value, inner);
    },
  );
}
