/** Which modules a text calls by which names, by its import lines alone: for what is typed before the text reads as Python. */

/** Names that need no import to be understood: people write the import last. */
const USUAL: Readonly<Record<string, string>> = { torch: "torch", F: "torch.nn.functional" };

/** The dotted module that a receiver such as `torch.nn.functional` or `F` is; "" where it is none. */
export function modulesIn(text: string): (receiver: string) => string {
  let names: Map<string, string> | null = null;
  return (receiver) => {
    names ??= namesOf(text);
    const [root = "", ...rest] = receiver.split(".");
    const module = names.get(root);
    return module === undefined ? "" : [module, ...rest].join(".");
  };
}

function namesOf(text: string): Map<string, string> {
  const names = new Map(Object.entries(USUAL));
  for (const [, list = ""] of text.matchAll(/^[ \t]*import[ \t]+([^#\r\n]+)/gm)) {
    for (const part of list.split(",")) {
      const [, module = "", name] = /^\s*([\w.]+)(?:\s+as\s+(\w+))?/.exec(part) ?? [];
      if (name !== undefined) names.set(name, module);
      else if (module !== "") names.set(module.split(".")[0] ?? module, module.split(".")[0] ?? module);
    }
  }
  for (const [, from = "", list = ""] of text.matchAll(/^[ \t]*from[ \t]+(torch[\w.]*)[ \t]+import[ \t]+([^#\r\n]+)/gm)) {
    for (const part of list.split(",")) {
      const [, name = "", as] = /^[\s(]*(\w+)(?:\s+as\s+(\w+))?/.exec(part) ?? [];
      // Modules only: what else is imported is a function or a class.
      if (MODULES.has(`${from}.${name}`)) names.set(as ?? name, `${from}.${name}`);
    }
  }
  return names;
}

const MODULES: ReadonlySet<string> = new Set(["torch.nn", "torch.nn.functional", "torch.linalg", "torch.special"]);
