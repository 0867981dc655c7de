/**
 * What happened to the mods of a file between two of its texts: added, removed, renamed, changed; and which mod of the
 * former text the present one is to be compared with. Mods are known by name; where a name went and another came, the
 * two are one if they compute the same. Pure.
 */
import type { LoweredModule, LoweredVariant } from "../../kernels/frontend/module.ts";
import { variantKey } from "../../kernels/ir/key.ts";

export interface ModChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly renamed: readonly { readonly from: string; readonly to: string }[];
  /** The same name, and another mask or score. */
  readonly changed: readonly string[];
}

/** The mods of `past` against those of `now`, each list in the order of its text. */
export function modChanges(past: LoweredModule, now: LoweredModule): ModChanges {
  const before = new Map(past.variants.map((v) => [v.name, keyOf(v)]));
  const after = new Map(now.variants.map((v) => [v.name, keyOf(v)]));
  const gone = [...before].filter(([name]) => !after.has(name));
  const come = [...after].filter(([name]) => !before.has(name));
  const renamed: { from: string; to: string }[] = [];
  for (const [to, key] of come) {
    const from = gone.find(([name, k]) => k === key && !renamed.some((r) => r.from === name))?.[0];
    if (from !== undefined) renamed.push({ from, to });
  }
  return {
    added: come.flatMap(([name]) => (renamed.some((r) => r.to === name) ? [] : [name])),
    removed: gone.flatMap(([name]) => (renamed.some((r) => r.from === name) ? [] : [name])),
    renamed,
    changed: [...after].flatMap(([name, key]) => (before.has(name) && before.get(name) !== key ? [name] : [])),
  };
}

/** Equal keys: equal masks and scores, whatever the names. */
const keyOf = (variant: LoweredVariant): string => variantKey(variant, [1, 1]);

/** What to compare the mod `name` of the present text with, and how sure that is. */
export interface Counterpart {
  readonly variant: LoweredVariant;
  /** "replaced": one mod went and one came, and they are not the same; taken for one that was renamed and edited. */
  readonly by: "name" | "renamed" | "replaced";
}

/** null where the former text has nothing of the kind. */
export function counterpart(past: LoweredModule, changes: ModChanges, name: string): Counterpart | null {
  const named = (wanted: string): LoweredVariant | undefined => past.variants.find((v) => v.name === wanted);
  const same = named(name);
  if (same !== undefined) return { variant: same, by: "name" };
  const former = changes.renamed.find((r) => r.to === name);
  const renamed = former === undefined ? undefined : named(former.from);
  if (renamed !== undefined) return { variant: renamed, by: "renamed" };
  const [gone, ...others] = changes.removed;
  const replaced = gone === undefined || others.length > 0 || changes.added.length !== 1 ? undefined : named(gone);
  return replaced === undefined ? null : { variant: replaced, by: "replaced" };
}

/** The changes in words, a sentence each; `then` names the former text ("last save", "HEAD"). Empty where there are none. */
export function changesText({ added, removed, renamed, changed }: ModChanges, then: string): readonly string[] {
  const list = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(", ");
  return [
    ...renamed.map(({ from, to }) => `\`${from}\` is called \`${to}\` now.`),
    ...(added.length === 0 ? [] : [`Not in ${then}: ${list(added)}.`]),
    ...(removed.length === 0 ? [] : [`In ${then} alone: ${list(removed)}.`]),
    ...(changed.length === 0 ? [] : [`Changed: ${list(changed)}.`]),
  ];
}
