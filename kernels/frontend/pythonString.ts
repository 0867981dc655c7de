/** Methods of Python's strings. */
import { quote } from "./diagnosticRow.ts";
import { iterate } from "./pythonOperators.ts";
import { getSubscript } from "./pythonSubscript.ts";
import { formatTemplate } from "./pythonText.ts";
import type { At } from "./torchElement.ts";
import { bool, type Call, int, list, numberOf, refuse, type Str, str, tuple, type Value } from "./value.ts";

type Method = (self: string, call: Call, at: At) => Value;

const wrong = (call: Call, why: string): never => refuse("operand-types", call.span, [call.run.text(call.span), why]);

function text(call: Call, i: number, otherwise?: string): string {
  const v = call.args[i];
  if (v?.type === "str") return v.value;
  if (otherwise !== undefined && (v === undefined || v.type === "none")) return otherwise;
  return v === undefined
    ? refuse("argument-count", call.span, [call.name, `needs ${i + 1} arguments`])
    : wrong(call, "a string is asked for");
}
function whole(call: Call, i: number, otherwise: number): number {
  const v = call.args[i];
  return v === undefined || v.type === "none" ? otherwise : v.type === "int" ? numberOf(v) : wrong(call, "an int is asked for");
}

/** @throws Refusal for a text longer than anyone needs */
function bounded(call: Call, length: number): void {
  if (length > 1e6) refuse("too-large", call.span, [quote(call.run.text(call.span))]);
  call.run.step(call.span, 1 + length / 64);
}

function parts(call: Call, self: string, fromEnd: boolean): Value {
  const separator = call.args[0] ?? call.kwargs.get("sep");
  const given = call.args[1] ?? call.kwargs.get("maxsplit");
  const limit = given?.type === "int" && numberOf(given) >= 0 ? numberOf(given) : Number.POSITIVE_INFINITY;
  const all =
    separator?.type === "str"
      ? separator.value === ""
        ? wrong(call, "the separator is empty")
        : self.split(separator.value)
      : self.trim().split(/\s+/);
  if (separator?.type !== "str" && self.trim() === "") return list([]);
  if (all.length - 1 <= limit) return list(all.map(str));
  const glue = separator?.type === "str" ? separator.value : " ";
  const cut = fromEnd ? all.length - limit : limit;
  const rest = fromEnd ? [all.slice(0, cut).join(glue), ...all.slice(cut)] : [...all.slice(0, cut), all.slice(cut).join(glue)];
  return list(rest.map(str));
}

function stripped(call: Call, self: string, sides: "both" | "left" | "right"): Value {
  const chars = text(call, 0, " \t\n\r\f\v");
  let [from, to] = [0, self.length];
  if (sides !== "right") while (from < to && chars.includes(self[from] ?? "")) from++;
  if (sides !== "left") while (to > from && chars.includes(self[to - 1] ?? "")) to--;
  return str(self.slice(from, to));
}

function padded(call: Call, self: string, side: "left" | "right" | "both"): Value {
  const missing = Math.min(10_000, whole(call, 0, 0) - self.length);
  if (missing <= 0) return str(self);
  const fill = text(call, 1, " ");
  // Python's `center` puts the odd blank to the left where the width is odd.
  const left = side === "left" ? missing : side === "right" ? 0 : Math.floor(missing / 2) + (missing & whole(call, 0, 0) & 1);
  return str(fill.repeat(left) + self + fill.repeat(missing - left));
}

function parted(call: Call, self: string, at: number): Value {
  const separator = text(call, 0);
  const last = call.name === "rpartition";
  if (at < 0) return tuple((last ? ["", "", self] : [self, "", ""]).map(str));
  return tuple([self.slice(0, at), separator, self.slice(at + separator.length)].map(str));
}

const prefixes = (call: Call): string[] => {
  const v = call.args[0];
  return v?.type === "tuple" ? v.items.flatMap((i) => (i.type === "str" ? [i.value] : [])) : [text(call, 0)];
};
const capital = (s: string): string => s.charAt(0).toUpperCase() + s.slice(1).toLowerCase();
const test =
  (pattern: RegExp): Method =>
  (self) =>
    bool(pattern.test(self));
const found = (call: Call, at: number): Value => (at < 0 ? wrong(call, "the substring is not found") : int(at));

const STRING: Readonly<Record<string, Method>> = {
  join: (self, call, at) => {
    const items = [...iterate(at, call.args[0] ?? list([]))];
    const texts = items.map((v) => (v.type === "str" ? v.value : wrong(call, "only strings are joined")));
    bounded(
      call,
      texts.reduce((n, t) => n + t.length + self.length, 0),
    );
    return str(texts.join(self));
  },
  split: (self, call) => parts(call, self, false),
  rsplit: (self, call) => parts(call, self, true),
  splitlines: (self) =>
    list(
      self
        .replace(/\r?\n$/, "")
        .split(/\r?\n/)
        .map(str),
    ),
  strip: (self, call) => stripped(call, self, "both"),
  lstrip: (self, call) => stripped(call, self, "left"),
  rstrip: (self, call) => stripped(call, self, "right"),
  lower: (self) => str(self.toLowerCase()),
  upper: (self) => str(self.toUpperCase()),
  casefold: (self) => str(self.toLowerCase()),
  swapcase: (self) => str([...self].map((c) => (c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase())).join("")),
  title: (self) => str(self.replace(/[A-Za-z]+/g, capital)),
  capitalize: (self) => str(capital(self)),
  startswith: (self, call) => bool(prefixes(call).some((p) => self.startsWith(p))),
  endswith: (self, call) => bool(prefixes(call).some((p) => self.endsWith(p))),
  removeprefix: (self, call) => str(self.startsWith(text(call, 0)) ? self.slice(text(call, 0).length) : self),
  removesuffix: (self, call) => str(self.endsWith(text(call, 0)) && text(call, 0) !== "" ? self.slice(0, -text(call, 0).length) : self),
  replace: (self, call) => {
    const [from, to, times] = [text(call, 0), text(call, 1), whole(call, 2, -1)];
    bounded(call, self.length + (from === "" ? self.length + 1 : self.split(from).length) * to.length);
    if (times < 0) return str(self.replaceAll(from, () => to));
    let left = times;
    return str(self.replaceAll(from, (m) => (left-- > 0 ? to : m)));
  },
  find: (self, call) => int(self.indexOf(text(call, 0))),
  rfind: (self, call) => int(self.lastIndexOf(text(call, 0))),
  index: (self, call) => found(call, self.indexOf(text(call, 0))),
  rindex: (self, call) => found(call, self.lastIndexOf(text(call, 0))),
  count: (self, call) => int(text(call, 0) === "" ? self.length + 1 : self.split(text(call, 0)).length - 1),
  partition: (self, call) => parted(call, self, self.indexOf(text(call, 0))),
  rpartition: (self, call) => parted(call, self, self.lastIndexOf(text(call, 0))),
  zfill: (self, call) => {
    const sign = /^[+-]/.exec(self)?.[0] ?? "";
    return str(sign + self.slice(sign.length).padStart(Math.min(10_000, whole(call, 0, 0)) - sign.length, "0"));
  },
  ljust: (self, call) => padded(call, self, "right"),
  rjust: (self, call) => padded(call, self, "left"),
  center: (self, call) => padded(call, self, "both"),
  format: (self, call, at) =>
    str(
      formatTemplate(at, self, call.args, call.kwargs, (object, key) =>
        getSubscript(at, object, /^\d+$/.test(key) ? int(Number(key)) : str(key), at.span),
      ),
    ),
  encode: (self) => str(self),
  isdigit: test(/^\d+$/),
  isdecimal: test(/^\d+$/),
  isnumeric: test(/^\d+$/),
  isalpha: test(/^\p{L}+$/u),
  isalnum: test(/^[\p{L}\p{N}]+$/u),
  isspace: test(/^\s+$/),
  isidentifier: test(/^[A-Za-z_]\w*$/),
  isupper: (self) => bool(self !== self.toLowerCase() && self === self.toUpperCase()),
  islower: (self) => bool(self !== self.toUpperCase() && self === self.toLowerCase()),
};

/** A method of a string, bound to it, or null. */
export function stringMethod(self: Str, name: string): Value | null {
  const method = Object.hasOwn(STRING, name) ? STRING[name] : undefined;
  if (method === undefined) return null;
  return { type: "builtin", name, call: (call) => method(self.value, call, { run: call.run, span: call.span }) };
}
