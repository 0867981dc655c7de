/**
 * Exceptions: Python's own classes of them, which of them a fault of ours stands for, and what a handler gets.
 *
 * A fault that is refused here would be some exception in Python. Where the code says which, handlers are chosen by it;
 * where it does not, every handler catches: what it does then is what the code's author wanted for a failure.
 */
import type { Span } from "../ir/mod.ts";
import type { Code } from "./diagnostic.ts";
import { ancestry } from "./pythonClass.ts";
import { type Class, type Instance, Raised, type Refusal, str, tuple, type Value } from "./value.ts";

const HIERARCHY = `BaseException
BaseException Exception KeyboardInterrupt SystemExit GeneratorExit
Exception ArithmeticError AssertionError AttributeError BufferError EOFError ImportError LookupError MemoryError NameError
Exception OSError ReferenceError RuntimeError StopIteration SyntaxError SystemError TypeError ValueError Warning
ArithmeticError ZeroDivisionError OverflowError FloatingPointError
ImportError ModuleNotFoundError
LookupError IndexError KeyError
NameError UnboundLocalError
OSError FileNotFoundError FileExistsError PermissionError TimeoutError ConnectionError IsADirectoryError
RuntimeError NotImplementedError RecursionError
ValueError UnicodeError
Warning UserWarning DeprecationWarning FutureWarning RuntimeWarning`;

/** Python's exception classes by name. */
export const EXCEPTIONS: ReadonlyMap<string, Class> = hierarchy();

function hierarchy(): Map<string, Class> {
  const classes = new Map<string, Class>();
  for (const line of HIERARCHY.split("\n")) {
    const [parent = "", ...names] = line.split(" ");
    const base = classes.get(parent);
    for (const name of base === undefined ? [parent] : names) {
      classes.set(name, {
        type: "class",
        name,
        bases: base === undefined ? [] : [base],
        members: new Map(),
        nameSpan: null,
        fields: null,
        opaque: false,
        isException: true,
      });
    }
  }
  return classes;
}

/** What Python would raise for these faults; a key that is missing is told by the words. */
const RAISES: Readonly<Partial<Record<Code, readonly string[]>>> = {
  "zero-division": ["ZeroDivisionError", "RuntimeError"],
  "index-out-of-range": ["IndexError"],
  "unknown-attribute": ["AttributeError"],
  "unknown-name": ["NameError"],
  "argument-count": ["TypeError"],
  "not-callable": ["TypeError"],
  "not-iterable": ["TypeError"],
  "unpack-count": ["ValueError"],
  "assertion-failed": ["AssertionError"],
};

/** An instance of the exception `name` that says `message`. */
export function exceptionOf(name: string, message: string): Instance {
  const cls = EXCEPTIONS.get(name) ?? EXCEPTIONS.get("RuntimeError");
  if (cls === undefined) throw new Error("no exception class");
  return { type: "instance", class: cls, attributes: new Map([["args", tuple(message === "" ? [] : [str(message)])]]) };
}

/** The exception that `raise value` raises: a class is made an instance; null for what is no exception. */
export function raised(value: Value, span: Span, message: string): Raised | null {
  const instance: Value = value.type === "class" ? { type: "instance", class: value, attributes: new Map([["args", tuple([])]]) } : value;
  return instance.type === "instance" ? new Raised(instance.class.name, message, span, instance) : null;
}

/** What the handler of `type` (null for a bare `except:`) gets of what was thrown, or null where it does not catch it. */
export function caught(e: Raised | Refusal, type: Value | null): Instance | null {
  if (e instanceof Raised) {
    const instance = e.instance ?? exceptionOf(e.exception, e.message);
    return type === null || isKind(instance.class, type) ? instance : null;
  }
  const { code, message } = e.diagnostic;
  const isKey = code === "index-out-of-range" && / key\b/.test(message);
  const names = isKey ? ["KeyError"] : Object.hasOwn(RAISES, code) ? RAISES[code as Code] : undefined;
  if (names === undefined) return exceptionOf(firstName(type) ?? "RuntimeError", message);
  const fitting = names.find((name) => {
    const cls = EXCEPTIONS.get(name);
    return type === null || (cls !== undefined && isKind(cls, type));
  });
  return fitting === undefined ? null : exceptionOf(fitting, message);
}

function isKind(cls: Class, type: Value): boolean {
  if (type.type === "tuple") return type.items.some((t) => isKind(cls, t));
  // A class of a library that is not at hand may be anything.
  return type.type !== "class" || type.isException !== true || ancestry(cls).includes(type);
}

function firstName(type: Value | null): string | null {
  if (type?.type === "tuple") return firstName(type.items[0] ?? null);
  return type?.type === "class" ? type.name : null;
}
