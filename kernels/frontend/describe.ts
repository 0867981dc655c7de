/** What a value is, in the words of messages. */
import type { Value } from "./value.ts";

/** What `v` is, for messages: "a list", "a float64 tensor". */
export function describe(v: Value): string {
  switch (v.type) {
    case "none":
      return "None";
    case "bool":
    case "float":
    case "tuple":
    case "list":
    case "dict":
    case "range":
    case "slice":
      return `a ${v.type}`;
    case "int":
      return "an int";
    case "str":
      return "a string";
    case "set":
      return "a set";
    case "ellipsis":
      return "`...`";
    case "iterator":
      return `a ${v.what}`;
    case "function":
    case "builtin":
    case "partial":
    case "method":
      return "a function";
    case "class":
      return `the class ${v.name}`;
    case "instance":
      return `an instance of ${v.class.name}`;
    case "module":
      return `the module ${v.name}`;
    case "dtype":
      return "a dtype";
    case "device":
      return "a device";
    case "tensor":
    case "dynamic":
      return v.shape.length === 0 ? "a tensor" : `a tensor of shape [${v.shape.join(", ")}]`;
    case "opaque":
      return `a ${v.what}`;
    case "unknown":
      return "not known";
  }
}
