/**
 * Classes and their instances, as far as mods use them: attributes, methods, inheritance, `__call__`, properties,
 * dataclasses. Metaclasses, descriptors and slots are not followed.
 */
import type { Class, Value } from "./value.ts";

/** The class and its bases in the order in which attributes are looked up (depth first, without repetition). */
export function ancestry(c: Class): Class[] {
  const seen = new Set<Class>();
  const visit = (k: Class): void => {
    if (seen.has(k)) return;
    seen.add(k);
    for (const base of k.bases) visit(base);
  };
  visit(c);
  return [...seen];
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
