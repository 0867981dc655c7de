/**
 * Enumerations: `Enum`, `IntEnum`, `StrEnum`, `Flag`, `IntFlag`. Members are instances with `name` and `value`; those of
 * IntEnum and of `(str, Enum)` also stand for their value wherever a number or string is asked for (`Class.isScalar`).
 */
import type { Span } from "../ir/mod.ts";
import { ancestry, classOf } from "./pythonClass.ts";
import { equals } from "./pythonOperators.ts";
import type { At } from "./torchElement.ts";
import {
  type Builtin,
  bool,
  type Call,
  type Class,
  type Instance,
  int,
  NONE,
  numberOf,
  type Run,
  refuse,
  str,
  type Value,
} from "./value.ts";

const ENUM = classOf("Enum");
const INT_ENUM = classOf("IntEnum", { bases: [ENUM], isScalar: true });
const STR_ENUM = classOf("StrEnum", { bases: [ENUM], isScalar: true });
const FLAG = classOf("Flag", { bases: [ENUM] });
const INT_FLAG = classOf("IntFlag", { bases: [FLAG], isScalar: true });
for (const [name, f] of [
  ["__or__", (a: number, b: number) => a | b],
  ["__and__", (a: number, b: number) => a & b],
  ["__xor__", (a: number, b: number) => a ^ b],
] as const) {
  FLAG.members.set(
    name,
    method(name, (self, call) => flag(self.class, f(bitsOf(self), bitsOf(call.args[1] ?? NONE)))),
  );
}
FLAG.members.set(
  "__bool__",
  method("__bool__", (self) => bool(bitsOf(self) !== 0)),
);
FLAG.members.set(
  "__contains__",
  method("__contains__", (self, call) => {
    const bits = bitsOf(call.args[1] ?? NONE);
    return bool((bitsOf(self) & bits) === bits);
  }),
);
FLAG.members.set(
  "__invert__",
  method("__invert__", (self) => flag(self.class, allBits(self.class) & ~bitsOf(self))),
);

function method(name: string, f: (self: Instance, call: Call) => Value): Builtin {
  return {
    type: "builtin",
    name,
    call: (call) => {
      const [self] = call.args;
      return self?.type === "instance" ? f(self, call) : refuse("argument-count", call.span, [name, "needs a member of a Flag"]);
    },
  };
}

const bitsOf = (v: Value): number => {
  const value = v.type === "instance" ? (v.attributes.get("value") ?? NONE) : v;
  return value.type === "int" ? numberOf(value) : 0;
};
const allBits = (c: Class): number => [...(c.enumMembers?.values() ?? [])].reduce((bits, m) => bits | bitsOf(m), 0);

/** The member of those bits, or one made of several. */
function flag(c: Class, bits: number): Instance {
  const members = [...(c.enumMembers ?? [])];
  const known = members.find(([, m]) => bitsOf(m) === bits)?.[1];
  if (known !== undefined) return known;
  const names = members.filter(([, m]) => bitsOf(m) !== 0 && (bitsOf(m) & bits) === bitsOf(m)).map(([name]) => name);
  return member(c, names.join("|"), int(bits));
}

function member(c: Class, name: string, value: Value): Instance {
  const attributes = new Map<string, Value>([
    ["name", str(name)],
    ["value", value],
    ["_name_", str(name)],
    ["_value_", value],
  ]);
  return { type: "instance", class: c, attributes };
}

/** Whether a class made from these bases is an enumeration. */
export const isEnum = (c: Class): boolean => ancestry(c).includes(ENUM);

/** What `enum.auto()` gives. */
const AUTO: Value = { type: "opaque", what: "automatic value" };

/** Makes the plain values of `c`'s body its members; equal values are one member with several names. */
export function enumClass(run: Run, c: Class, isScalar: boolean, span: Span): void {
  const members = new Map<string, Instance>();
  const lines = ancestry(c);
  const [isFlag, isStr] = [lines.includes(FLAG), lines.includes(STR_ENUM)];
  c.isScalar = isScalar;
  c.enumMembers = members;
  let last = 0;
  for (const [name, given] of [...c.members]) {
    if (name.startsWith("_") || ["function", "builtin", "method", "class"].includes(given.type)) continue;
    const next = isFlag ? (last === 0 ? 1 : 2 ** (Math.floor(Math.log2(last)) + 1)) : last + 1;
    const value = given === AUTO ? (isStr ? str(name.toLowerCase()) : int(next)) : given;
    if (value.type === "int") last = numberOf(value);
    const alias = [...members.values()].find((m) => equals({ run, span }, m.attributes.get("value") ?? NONE, value));
    const made = alias ?? member(c, name, value);
    members.set(name, made);
    c.members.set(name, made);
  }
}

/** `E(value)`: the member of that value. @throws Refusal where there is none */
export function enumMember(at: At, c: Class, value: Value): Value {
  if (value.type === "instance" && value.class === c) return value;
  for (const m of c.enumMembers?.values() ?? []) if (equals(at, m.attributes.get("value") ?? NONE, value)) return m;
  if (ancestry(c).includes(FLAG) && value.type === "int") return flag(c, numberOf(value));
  return refuse("operand-types", at.span, [at.run.text(at.span), `${c.name} has no member of that value`]);
}

/** What Python's module `enum` holds. */
export const ENUM_VALUES: Readonly<Record<string, Value>> = {
  Enum: ENUM,
  IntEnum: INT_ENUM,
  StrEnum: STR_ENUM,
  Flag: FLAG,
  IntFlag: INT_FLAG,
  auto: { type: "builtin", name: "enum.auto", call: () => AUTO },
  unique: { type: "builtin", name: "enum.unique", call: ({ args }) => args[0] ?? NONE },
};
