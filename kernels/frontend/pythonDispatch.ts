/**
 * `functools.singledispatch`: one function by the class of its first argument. `@f.register` reads the class from the first
 * parameter's annotation, `@f.register(cls)` and `f.register(cls, g)` are given it; the nearest class in the argument's order
 * of bases wins, the decorated function is for all others.
 */
import { find } from "./pythonAttribute.ts";
import { ancestry } from "./pythonClass.ts";
import { isInstance } from "./pythonOperators.ts";
import { type Builtin, type Call, type FunctionValue, NO_KWARGS, NONE, refuse, str, unknown, type Value } from "./value.ts";

/** What a dispatching function knows, latest last. */
type Registry = { readonly type: Value; readonly callee: Value }[];

/** The decorator. */
export function singledispatch(made: Call): Value {
  const base = made.args[0] ?? refuse("argument-count", made.span, ["singledispatch", "needs a function"]);
  const registry: Registry = [];
  const name = find(made, base, "__name__");
  const title = name?.type === "str" ? name.value : "singledispatch";
  const choose = (first: Value): Value | null => {
    if (first.type === "unknown") return null;
    const open = registry.find(({ type }) => type.type === "unknown");
    return best(registry, first)?.callee ?? (open === undefined ? base : null);
  };
  return {
    type: "builtin",
    name: title,
    call: ({ run, args, kwargs, span, node }) => {
      const [first] = args;
      if (first === undefined) return refuse("argument-count", span, [title, "needs a positional argument, whose class decides"]);
      const callee = choose(first);
      if (callee !== null) return run.call(callee, args, kwargs, span, node ?? undefined);
      return first.type === "unknown" ? first : unknown(`a class that \`${title}\` is registered for is not known`);
    },
    attributes: new Map<string, Value>([
      ["register", register(title, registry)],
      ["__wrapped__", base],
      ["__name__", str(title)],
      ["__doc__", NONE],
    ]),
  };
}

function register(title: string, registry: Registry): Builtin {
  const name = `${title}.register`;
  const add = (type: Value, callee: Value): Value => {
    for (const one of type.type === "tuple" ? type.items : [type]) registry.push({ type: one, callee });
    return callee;
  };
  return {
    type: "builtin",
    name,
    call: ({ run, args, span }) => {
      const [first, callee] = args;
      if (first === undefined) return refuse("argument-count", span, [name, "needs a class or a function"]);
      if (callee !== undefined) return add(first, callee);
      if (first.type !== "function") return { type: "builtin", name, call: (inner) => add(first, inner.args[0] ?? NONE) };
      const annotation = first.params[0]?.annotation ?? null;
      if (annotation === null) {
        return refuse("operand-types", span, [
          run.text(span),
          `the first parameter of \`${first.name}\` has no annotation that names a class`,
        ]);
      }
      // Evaluated where the function stands: as a function of nothing that gives it.
      const { span: at } = annotation;
      const reader: FunctionValue = { ...first, params: [], defaults: NO_KWARGS, body: annotation, span: at, attributes: new Map() };
      return add(run.call(reader, [], NO_KWARGS, at), first);
    },
  };
}

/** The entry whose class stands nearest to `v`; of those equally near the latest. */
function best(registry: Registry, v: Value): Registry[number] | null {
  let found: Registry[number] | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const entry of registry) {
    if (entry.type.type === "unknown" || !isInstance(v, entry.type)) continue;
    const distance = distanceOf(v, entry.type);
    if (distance <= least) [found, least] = [entry, distance];
  }
  return found;
}

/** How many classes stand between: `bool` before `int`, a class before its bases, all before abstract ones and `object`. */
function distanceOf(v: Value, type: Value): number {
  if (type.type === "class") {
    if (type.name === "object") return 1e6;
    const line = v.type === "instance" ? ancestry(v.class) : v.type === "tuple" && v.class !== undefined ? ancestry(v.class) : [];
    const place = line.indexOf(type);
    return place < 0 ? 1e5 : place;
  }
  return type.type === "builtin" && v.type !== "instance" && type.name !== v.type ? 1 : 0;
}
