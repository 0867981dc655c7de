/**
 * Classes and their instances, as far as mods use them: attributes, methods, inheritance, `__call__`, properties,
 * dataclasses. Metaclasses, descriptors and slots are not followed.
 */
import type { Class, Value } from "./value.ts";

/** A class of Python's own, without members. */
export const classOf = (name: string, more: Partial<Class> = {}): Class => ({
  type: "class",
  name,
  bases: [],
  members: new Map(),
  nameSpan: null,
  fields: null,
  opaque: false,
  ...more,
});

const orders = new WeakMap<Class, readonly Class[]>();

/** The class and its bases in the order in which attributes are looked up: Python's C3, or depth first where that fails. */
export function ancestry(c: Class): readonly Class[] {
  const known = orders.get(c);
  if (known !== undefined) return known;
  const order = [c, ...merge([...c.bases.map(ancestry), c.bases])];
  orders.set(c, order);
  return order;
}

/** C3: the first head that stands in no tail, again and again. https://www.python.org/download/releases/2.3/mro/ */
function merge(lines: readonly (readonly Class[])[]): Class[] {
  const out: Class[] = [];
  let rest = lines.filter((line) => line.length > 0);
  while (rest.length > 0) {
    const fits = rest.map((line) => line[0]).find((head) => head !== undefined && !rest.some((line) => line.indexOf(head) > 0));
    const next = fits ?? rest[0]?.[0];
    if (next === undefined) break;
    out.push(next);
    rest = rest.map((line) => line.filter((k) => k !== next)).filter((line) => line.length > 0);
  }
  return out;
}

/** A class attribute, or null. */
export function lookupClass(c: Class, name: string): Value | null {
  for (const k of ancestry(c)) {
    const member = k.members.get(name);
    if (member !== undefined) return member;
  }
  return null;
}

/** The attribute that a base of `owner` gives to instances of `c`: what `super()` looks up. */
export function lookupAfter(c: Class, owner: Class, name: string): Value | null {
  const order = ancestry(c);
  for (const k of order.slice(order.indexOf(owner) + 1)) {
    const member = k.members.get(name);
    if (member !== undefined) return member;
  }
  return null;
}

/** Whether an attribute that is not found may still exist: some base could not be followed. */
export const isOpaque = (c: Class): boolean => ancestry(c).some((k) => k.opaque);
