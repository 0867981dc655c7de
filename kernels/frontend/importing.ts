/**
 * Import statements: module values, and the names that imports bind.
 *
 * A module at the top of a module binds its imports unread (moduleNames.ts): the module behind a name is looked for
 * and run when the name is first read, so that of a large library only what a mod uses is. Inside functions, and under
 * `try`, where an `except ImportError` must see what is missing, imports are followed at once.
 */
import type { Span } from "../ir/mod.ts";
import { isUnsupported } from "./builtins.ts";
import { diagnose } from "./diagnostic.ts";
import { quote } from "./diagnosticRow.ts";
import { knownModule } from "./knownModules.ts";
import { ownerOf } from "./libraries.ts";
import { ModuleNames, namesOf } from "./moduleNames.ts";
import type { Resolved } from "./modules.ts";
import { nearest } from "./nearest.ts";
import type { Parsed } from "./parse.ts";
import type { Import, ImportFrom, Statement } from "./syntax.ts";
import {
  type ModuleScope,
  type ModuleValue,
  NO_KWARGS,
  Raised,
  type Run,
  type Scope,
  str,
  type Unknown,
  unknown,
  type Value,
} from "./value.ts";

/** What the evaluator does for imports. */
export interface ImportHost {
  /** The scope of a source: run now, or before. */
  scopeOf(parsed: Parsed, name: string, span: Span, from: ModuleScope): Scope;
  resolve(module: string, level: number, from: string, span: Span): Resolved;
  /** Runs `f`; what it refuses becomes an unknown. */
  guard(span: Span, f: () => Value): Value;
  readonly run: Run;
}

const FLEX_ATTENTION = "torch.nn.attention.flex_attention";

/** The cause of an unknown whose module the caller may still find. */
const PENDING = "the module is not at hand";

/** `import module`, seen from `from`: a module's value, or an unknown that says why there is none. */
export function importModule(host: ImportHost, module: string, level: number, span: Span, from: ModuleScope): Value {
  const known = level === 0 ? knownModule(module) : null;
  if (known !== null) return known;
  const dotted = ".".repeat(level) + module;
  const found = host.resolve(module, level, from.file, span);
  if (found.kind === "source") {
    const scope = host.scopeOf(found.parsed, absoluteName(module, level, from), span, from);
    return sourceModule(host, found.parsed, scope, module, level, span, from);
  }
  return unknown(found.looked ?? (found.assumed ? "it is a library whose text is not read" : PENDING), { module: dotted });
}

function sourceModule(
  host: ImportHost,
  parsed: Parsed,
  scope: Scope,
  module: string,
  level: number,
  span: Span,
  from: ModuleScope,
): ModuleValue {
  const { file } = parsed.module;
  const inPackage = /(^|[/\\])__init__\.py$/.test(file);
  const submodule = (name: string): Value | null => {
    if (!inPackage) return null;
    const value = importModule(host, module === "" ? name : `${module}.${name}`, level, span, from);
    return value.type === "unknown" ? null : value;
  };
  const lazily = (name: string): Value | null => {
    const getter = name.startsWith("__") ? undefined : scope.names.get("__getattr__");
    if (getter === undefined || getter.type === "unknown") return null;
    const value = host.guard(span, () => host.run.call(getter, [str(name)], NO_KWARGS, span));
    return value.type === "unknown" && value.fault?.code === "raised" ? null : value;
  };
  return {
    type: "module",
    name: module === "" ? file : module,
    get: (name) => scope.names.get(name) ?? starred(scope, name) ?? lazily(name) ?? submodule(name),
    names: () => exported(scope),
    missing: (name, at) => missing(parsed, scope, name, at),
  };
}

/** A name that only `from m import *` of a known module can give. */
function starred(scope: Scope, name: string): Value | null {
  const star = scope.names.get("*");
  return star?.type === "module" ? star.get(name) : null;
}

/** What `import *` takes: `__all__`, or all names without an underscore. */
function exported(scope: Scope): readonly string[] {
  const all = scope.names.get("__all__");
  if (all?.type === "list" || all?.type === "tuple") return all.items.flatMap((v) => (v.type === "str" ? [v.value] : []));
  return namesOf(scope.names).filter((name) => !name.startsWith("_") && name !== "*");
}

/** Why a module that was read has not that name: its definition could not be read, or there is none. */
function missing({ module, broken, diagnostics }: Parsed, scope: Scope, name: string, at: Span): Unknown {
  const defines = new RegExp(`^[ \\t]*(?:(?:async\\s+)?def|class)\\s+${name}\\b|^${name}\\s*[:=]`, "m");
  const lost = broken.find((b) => defines.test(module.text.slice(b.from, b.to)));
  const fault = lost === undefined ? undefined : diagnostics.find((d) => d.span.from < lost.to && lost.from <= d.span.to);
  if (fault !== undefined) return unknown("its definition is no Python", { fault, name });
  const near = nearest(name, namesOf(scope.names));
  const way = near === null ? "" : `it has \`${near}\``;
  return unknown(`${shortName(module.file)} does not define it`, {
    name,
    fault: diagnose("unknown-attribute", at, [`The module ${quote(shortName(module.file))}`, name, way]),
  });
}

/** Where `span` is, for people: `masks/causal.py:12`. `text` is the whole file's. */
export function placeName(span: Span, text: string): string {
  const line = text.slice(0, span.from).split(/\r\n|\r|\n/).length;
  return `${shortName(span.file)}:${line}`;
}

/** The end of a path or URI: enough to know the file by. */
function shortName(file: string): string {
  const parts = decode(file.replace(/[?#].*$/, "")).split(/[/\\]+/);
  return parts.slice(-3).join("/");
}

function decode(text: string): string {
  if (!/^[a-z][a-z+.-]+:\//i.test(text)) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** As Python would name it, where that can be told: relative names by the module that imports. */
function absoluteName(module: string, level: number, from: ModuleScope): string {
  if (level === 0 || from.name === "__main__") return module;
  const own = from.name.split(".");
  const inPackage = /(^|[/\\])__init__\.py$/.test(from.file);
  const base = own.slice(0, own.length - (inPackage ? level - 1 : level));
  return [...base, ...(module === "" ? [] : [module])].join(".");
}

// ---------------------------------------------------------------------------------------------------- statements

/** `import a.b`, `import a.b as c`. */
export function importNames(run: Run, s: Import, scope: Scope): void {
  for (const alias of s.names) {
    const [top = alias.name] = alias.name.split(".");
    const whole = alias.asName !== null || top === alias.name;
    bind(run, scope, alias.asName ?? top, () => {
      const leaf = run.importModule(alias.name, 0, alias.span, scope.module);
      mustExist(run, leaf, alias.span);
      return whole ? named(leaf, alias.asName ?? top) : topOf(run, top, alias.name, leaf, alias.span, scope.module);
    });
  }
}

/** What `import a.b.c` binds to `a`: the module, or, where there is only a folder, what leads to the modules in it. */
function topOf(run: Run, top: string, dotted: string, leaf: Value, span: Span, from: ModuleScope): Value {
  const module = run.importModule(top, 0, span, from);
  if (module.type !== "unknown")
    return leaf.type === "unknown" && leaf.module !== null ? withPart(module, dotted.slice(top.length + 1), leaf) : module;
  return leaf.type === "unknown" ? named(leaf, top) : folder(run, top, dotted, span, from);
}

/** `module` with `leaf` at the end of `path`: reading it says what is missing. */
function withPart(module: Value, path: string, leaf: Value): Value {
  if (module.type !== "module" || path.includes(".")) return module;
  return { ...module, get: (name) => module.get(name) ?? (name === path ? leaf : null) };
}

function folder(run: Run, path: string, dotted: string, span: Span, from: ModuleScope): ModuleValue {
  return {
    type: "module",
    name: path,
    get(name) {
      const inner = `${path}.${name}`;
      const value = run.importModule(inner, 0, span, from);
      if (value.type !== "unknown") return value;
      return dotted.startsWith(`${inner}.`) ? folder(run, inner, dotted, span, from) : null;
    },
  };
}

/** `from m import a, b as c`, `from . import d`, `from m import *`. */
export function importFrom(run: Run, s: ImportFrom, scope: Scope): void {
  for (const alias of s.names) {
    if (alias.name === "*") {
      const module = run.importModule(s.module, s.level, s.span, scope.module);
      mustExist(run, module, s.span);
      importAll(module, alias.span, scope);
    } else {
      const name = alias.asName ?? alias.name;
      bind(run, scope, name, () => part(run, s, alias.name, name, alias.span, scope.module));
    }
  }
}

function importAll(module: Value, span: Span, scope: Scope): void {
  if (module.type !== "module" || module.names === undefined) {
    const before = scope.names.get("*");
    const stars = [module, ...(before === undefined ? [] : [before])];
    // Any of them may define a name: one that surely does, else one of which it is not known, else one that we lack.
    const get = (name: string): Value | null => {
      const held = stars.flatMap((m) => (m.type === "module" ? (m.get(name) ?? []) : m.type === "unknown" ? m : []));
      return held.find((v) => v.type !== "unknown" && !isUnsupported(v)) ?? held.find((v) => v.type === "unknown") ?? held[0] ?? null;
    };
    scope.names.set("*", { type: "module", name: "*", get });
  } else {
    const { get, missing: why } = module;
    for (const name of module.names()) {
      const make = (): Value => get(name) ?? why?.(name, span) ?? unknown(`\`${module.name}\` does not define it`);
      if (scope.names instanceof ModuleNames) scope.names.defer(name, make);
      else scope.names.set(name, make());
    }
  }
}

/** `name` of `from m import name`: what m holds, or the module of that name in it. */
function part(run: Run, s: ImportFrom, name: string, bound: string, span: Span, from: ModuleScope): Value {
  const module = run.importModule(s.module, s.level, s.span, from);
  const held = module.type === "module" ? module.get(name) : null;
  if (held !== null) return named(held, bound);
  if (module.type === "module" && module.missing !== undefined) {
    const why = module.missing(name, span);
    if (run.trying > 0) throw new Raised("ImportError", `cannot import name '${name}' from '${s.module}'`, span);
    return { ...why, name: bound };
  }
  // A folder without `__init__.py` is a package too, and nothing but its modules can be imported from it.
  const waits = module.type === "unknown" && module.cause === PENDING && s.module !== "";
  const submodule = s.module === "" ? name : `${s.module}.${name}`;
  const value = !waits && (s.level > 0 || ownerOf(s.module) === "other") ? run.importModule(submodule, s.level, span, from) : module;
  if (value.type !== "unknown") return value;
  const shown = module.type === "unknown" && s.module !== "" ? module : value;
  mustExist(run, shown, span);
  // A module of the user's that is not at hand and has a name of FlexAttention's hands PyTorch's own on.
  const flex = knownModule(FLEX_ATTENTION);
  const own = flex?.type === "module" ? flex.get(name) : null;
  return own === null || isUnsupported(own) ? named(shown, bound) : own;
}

const named = (value: Value, name: string): Value => (value.type === "unknown" && value.module !== null ? { ...value, name } : value);

/** Under `try` a module that is nowhere raises, so that `except ImportError` has its turn. */
function mustExist(run: Run, value: Value, span: Span): void {
  if (run.trying === 0 || value.type !== "unknown" || value.module === null) return;
  if (!value.module.startsWith(".") && ownerOf(value.module) !== "other") return;
  throw new Raised("ModuleNotFoundError", `No module named '${value.module}'`, span);
}

function bind(run: Run, scope: Scope, name: string, make: () => Value): void {
  if (scope.names instanceof ModuleNames && run.trying === 0) scope.names.defer(name, () => outsideTry(run, make));
  else scope.names.set(name, make());
}

/** Read under a `try` of its own or not, what an import found outside of one binds without raising. */
function outsideTry(run: Run, make: () => Value): Value {
  const { trying } = run;
  run.trying = 0;
  try {
    return make();
  } finally {
    run.trying = trying;
  }
}

/**
 * What `if TYPE_CHECKING:` imports, for names that nothing else binds: packages that hand out their names by code
 * (`__getattr__`, a module of their own making) list them there for readers.
 */
export function importForReaders(run: Run, body: readonly Statement[], scope: Scope): void {
  if (!(scope.names instanceof ModuleNames) || scope.module.name === "__main__") return;
  for (const s of body) {
    if (s.kind === "ImportFrom") {
      const names = s.names.filter((a) => a.name !== "*" && !scope.names.has(a.asName ?? a.name));
      if (names.length > 0) importFrom(run, { ...s, names }, scope);
    } else if (s.kind === "Import") {
      const names = s.names.filter((a) => !scope.names.has(a.asName ?? a.name.split(".")[0] ?? ""));
      if (names.length > 0) importNames(run, { ...s, names }, scope);
    }
  }
}
