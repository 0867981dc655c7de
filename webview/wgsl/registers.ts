/**
 * How many 32-bit values a thread of a kernel holds at once: the text's own demand for registers. In: WGSL as we emit
 * it. Out: the largest number of components that are alive at one line, and that line; null where the text has a type
 * whose size is not known. Pure.
 *
 * The model: a name lives from its declaration to its last use, through a whole loop where it comes from outside of it;
 * a call adds what the function holds inside; a vec4f is four registers, a bool one. Compilers do better (values that
 * all threads share go to scalar registers, lifetimes shrink) and worse (loops are unrolled, loads are brought forward),
 * so this is an estimate that orders tiles, not a count.
 */

export interface Registers {
  readonly count: number;
  /** Where they are most, counted from 0. */
  readonly line: number;
}

interface Token {
  readonly text: string;
  readonly line: number;
}

/** A name with the lines over which it lives. */
interface Lifetime {
  readonly size: number;
  readonly from: number;
  to: number;
}

interface WgslFunction {
  /** From behind the bracket of the parameters to the last bracket. */
  readonly body: readonly Token[];
  readonly parameters: readonly (readonly [name: string, type: string])[];
  readonly result: string;
}

interface Module {
  readonly functions: ReadonlyMap<string, WgslFunction>;
  /** Components of each field, by its name. */
  readonly fields: ReadonlyMap<string, string>;
  /** Types of the fields of each structure. */
  readonly structs: ReadonlyMap<string, readonly string[]>;
  /** Types of what is declared outside of functions. */
  readonly globals: ReadonlyMap<string, string>;
}

/** Of the last text: most edits leave it as it is. */
let last: { readonly wgsl: string; readonly found: Registers | null } | null = null;

/** The registers that `main` needs by the model. */
export function registersOf(wgsl: string): Registers | null {
  if (last?.wgsl !== wgsl) last = { wgsl, found: estimate(wgsl) };
  return last.found;
}

function estimate(wgsl: string): Registers | null {
  // How the lanes of a subgroup share a matrix is the driver's business.
  if (wgsl.includes("subgroup_matrix_")) return null;
  try {
    const module = moduleOf(tokensOf(wgsl));
    const known = new Map<string, Registers>();
    return peakOf(module, "main", known);
  } catch (error) {
    if (error instanceof UnknownType) return null;
    throw error;
  }
}

class UnknownType extends Error {}

function tokensOf(wgsl: string): readonly Token[] {
  return wgsl
    .split("\n")
    .flatMap((line, at) =>
      (
        line
          .replace(/\/\/.*/, "")
          .match(/0x[\w.]+(?:[+-]\d+f?)?|\d[\w.]*(?:e[+-]\d+f?)?|[A-Za-z_]\w*|->|&&|\|\||[-+*/%&|^<>=!]=|<<|>>|\S/g) ?? []
      ).map((text) => ({ text, line: at })),
    );
}

/** The position behind the bracket that closes the one at `open`. */
function closing(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    if (/^[({[]$/.test(tokens[at]?.text ?? "")) depth++;
    if (/^[)}\]]$/.test(tokens[at]?.text ?? "") && --depth === 0) return at + 1;
  }
  return tokens.length;
}

/** The next position from `from` on with this text; -1 where there is none before `to`. */
function nextOf(tokens: readonly Token[], text: string, from: number, to = tokens.length): number {
  for (let at = from; at < to; at++) if (tokens[at]?.text === text) return at;
  return -1;
}

const textOf = (tokens: readonly Token[]): string => tokens.map((t) => t.text).join("");

/** `name: type` pairs between commas that stand in no bracket. */
function pairsOf(tokens: readonly Token[]): (readonly [name: string, type: string])[] {
  const pairs: (readonly [string, string])[] = [];
  let part: Token[] = [];
  let depth = 0;
  const end = (): void => {
    const colon = part.findIndex((t) => t.text === ":");
    const name = part[colon - 1]?.text;
    if (colon > 0 && name !== undefined) pairs.push([name, textOf(part.slice(colon + 1))]);
    part = [];
  };
  for (const token of tokens) {
    if (/^[<([]$/.test(token.text)) depth++;
    if (/^[>)\]]$/.test(token.text)) depth--;
    if (token.text === "," && depth === 0) end();
    else part.push(token);
  }
  end();
  return pairs;
}

function moduleOf(tokens: readonly Token[]): Module {
  const functions = new Map<string, WgslFunction>();
  const fields = new Map<string, string>();
  const structs = new Map<string, readonly string[]>();
  const globals = new Map<string, string>();
  for (let at = 0; at < tokens.length; at++) {
    const word = tokens[at]?.text;
    if (word === "fn") {
      const name = tokens[at + 1]?.text ?? "";
      const end = closing(tokens, at + 2);
      const open = nextOf(tokens, "{", end);
      const close = closing(tokens, open);
      const result = textOf(tokens.slice(end, open)).replace("->", "");
      functions.set(name, { parameters: pairsOf(tokens.slice(at + 3, end - 1)), result, body: tokens.slice(open, close) });
      at = close - 1;
    } else if (word === "struct") {
      const end = closing(tokens, at + 2);
      const pairs = pairsOf(tokens.slice(at + 3, end - 1));
      for (const [name, type] of pairs) fields.set(name, type);
      structs.set(
        tokens[at + 1]?.text ?? "",
        pairs.map(([, type]) => type),
      );
      at = end - 1;
    } else if (word === "var" || word === "const") {
      const end = nextOf(tokens, ";", at);
      const colon = nextOf(tokens, ":", at, end);
      const name = tokens[(colon > 0 ? colon : at + 2) - 1]?.text ?? "";
      globals.set(name, colon > 0 ? textOf(tokens.slice(colon + 1, end)) : "f32");
      at = end;
    }
  }
  return { functions, fields, structs, globals };
}

/** 32-bit components of a type. */
function sizeOf(type: string, { structs }: Pick<Module, "structs">): number {
  if (/^(?:f32|f16|i32|u32|bool)$/.test(type) || type === "") return 1;
  const vector = /^vec([234])/.exec(type);
  if (vector !== null) return Number(vector[1]);
  const matrix = /^mat([234])x([234])/.exec(type);
  if (matrix !== null) return Number(matrix[1]) * Number(matrix[2]);
  const array = /^array<(.*),(\d+)>$/.exec(type);
  if (array !== null) return sizeOf(array[1] ?? "", { structs }) * Number(array[2]);
  const members = structs.get(type);
  if (members !== undefined) return members.reduce((sum, member) => sum + sizeOf(member, { structs }), 0);
  throw new UnknownType(type);
}

/** What one element of `type` is. */
const elementOf = (type: string): string => /^array<(.*?)(?:,[^,<>]*)?>$/.exec(type)?.[1] ?? (/^(?:vec|mat)/.test(type) ? "f32" : type);

/** The most that is alive in a function; what it is given is the caller's. */
function peakOf(module: Module, name: string, known: Map<string, Registers>): Registers {
  const done = known.get(name);
  if (done !== undefined) return done;
  known.set(name, { count: 0, line: 0 });
  const f = module.functions.get(name);
  if (f === undefined) return { count: 0, line: 0 };
  const { lifetimes, calls } = lifetimesOf(module, f);
  const ends = new Map<number, number>();
  for (const { size, from, to } of lifetimes) {
    ends.set(from, (ends.get(from) ?? 0) + size);
    ends.set(to + 1, (ends.get(to + 1) ?? 0) - size);
  }
  const [first, last] = [f.body[0]?.line ?? 0, f.body.at(-1)?.line ?? 0];
  let peak: Registers = { count: 0, line: first };
  let alive = 0;
  for (let line = first; line <= last; line++) {
    alive += ends.get(line) ?? 0;
    const inside = Math.max(0, ...(calls.get(line) ?? []).map((called) => peakOf(module, called, known).count));
    if (alive + inside > peak.count) peak = { count: alive + inside, line };
  }
  known.set(name, peak);
  return peak;
}

/** The names of a function with their lifetimes, and which functions its lines call. */
function lifetimesOf(module: Module, { body, parameters }: WgslFunction): { lifetimes: Lifetime[]; calls: Map<number, string[]> } {
  const lifetimes: Lifetime[] = [];
  const calls = new Map<number, string[]>();
  const loops = loopsOf(body);
  type Scope = Map<string, { readonly type: string; readonly life: Lifetime | null }>;
  const scopes: Scope[] = [new Map(parameters.map(([name, type]) => [name, { type, life: null }]))];
  const find = (name: string): { readonly type: string; readonly life: Lifetime | null } | undefined =>
    scopes.findLast((scope) => scope.has(name))?.get(name);
  const use = (life: Lifetime, line: number): void => {
    life.to = Math.max(life.to, line);
    // What comes from outside of a loop, or counts its rounds, is there for the next one.
    for (const loop of loops) if (life.from <= loop.from && loop.from <= line && line <= loop.to) life.to = Math.max(life.to, loop.to);
  };
  const types: Types = { module, local: (name) => find(name)?.type };
  for (let at = 0; at < body.length; at++) {
    const { text, line } = body[at] ?? { text: "", line: 0 };
    if (text === "{") scopes.push(new Map());
    else if (text === "}") scopes.pop();
    else if ((text === "let" || text === "var") && body[at + 1] !== undefined) {
      const name = body[at + 1]?.text ?? "";
      const end = nextOf(body, ";", at);
      const equals = nextOf(body, "=", at, end);
      const isTyped = body[at + 2]?.text === ":";
      const type = isTyped ? textOf(body.slice(at + 3, equals > 0 ? equals : end)) : typeOf(types, body, equals + 1);
      const life = { size: sizeOf(type, module), from: line, to: line };
      lifetimes.push(life);
      scopes.at(-1)?.set(name, { type, life });
      at++;
    } else if (module.functions.has(text) && body[at + 1]?.text === "(") {
      calls.set(line, [...(calls.get(line) ?? []), text]);
    } else if (body[at - 1]?.text !== ".") {
      const life = find(text)?.life;
      if (life !== undefined && life !== null) use(life, line);
    }
  }
  return { lifetimes, calls };
}

/** The lines of each loop. */
function loopsOf(body: readonly Token[]): readonly { readonly from: number; readonly to: number }[] {
  return body.flatMap((token, at) => {
    if (!/^(?:for|while|loop)$/.test(token.text)) return [];
    const open = nextOf(body, "{", at);
    return [{ from: token.line, to: body[closing(body, open) - 1]?.line ?? token.line }];
  });
}

interface Types {
  readonly module: Module;
  readonly local: (name: string) => string | undefined;
}

/** Functions of WGSL whose result is not as wide as what they are given. */
const RESULTS: Readonly<Record<string, string>> = {
  dot: "f32",
  length: "f32",
  any: "bool",
  all: "bool",
  unpack2x16float: "vec2f",
  arrayLength: "u32",
};

/** The type of the expression that starts at `at`: its widest operand's, as operators work by components. */
function typeOf(types: Types, tokens: readonly Token[], at: number): string {
  let widest = "f32";
  for (let next = at; next < tokens.length; ) {
    const operand = operandOf(types, tokens, next);
    if (sizeOf(operand.type, types.module) > sizeOf(widest, types.module)) widest = operand.type;
    next = operand.end;
    if (/^[;,)\]]$/.test(tokens[next]?.text ?? ";")) break;
    next++;
  }
  return widest;
}

/** One operand with what stands behind it: a call, an index, a member. */
function operandOf(types: Types, tokens: readonly Token[], from: number): { type: string; end: number } {
  const text = (i: number): string => tokens[i]?.text ?? "";
  let at = from;
  while (/^[-!~&*]$/.test(text(at))) at++;
  let type = "f32";
  if (text(at) === "(") {
    type = typeOf(types, tokens, at + 1);
    at = closing(tokens, at);
  } else {
    const name = text(at++);
    let template = "";
    if (text(at) === "<" && /^(?:bitcast|array|vec[234]|mat[234]x[234]|subgroup_matrix_\w+)$/.test(name)) {
      const end = templateEnd(tokens, at);
      template = textOf(tokens.slice(at, end));
      at = end;
    }
    if (text(at) === "(") {
      type = callType(types, tokens, name, template, at);
      at = closing(tokens, at);
    } else type = types.local(name) ?? types.module.globals.get(name) ?? "f32";
  }
  for (;;) {
    if (text(at) === "[") {
      type = elementOf(type);
      at = closing(tokens, at);
    } else if (text(at) === ".") {
      const member = text(at + 1);
      const isSwizzle = /^vec/.test(type) && /^[xyzwrgba]+$/.test(member);
      type = isSwizzle ? (member.length === 1 ? "f32" : `vec${member.length}f`) : (types.module.fields.get(member) ?? "f32");
      at += 2;
    } else return { type, end: at };
  }
}

function templateEnd(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    const { text = "" } = tokens[at] ?? {};
    if (text === "<") depth++;
    if (text === ">") depth--;
    if (text === ">>") depth -= 2;
    if (depth <= 0) return at + 1;
  }
  return tokens.length;
}

function callType(types: Types, tokens: readonly Token[], name: string, template: string, open: number): string {
  if (name === "bitcast") return template.slice(1, -1);
  if (types.module.structs.has(name)) return name;
  if (/^(?:vec|mat|array|f32|f16|i32|u32|bool|subgroup_matrix)/.test(name)) return `${name}${template}`;
  const own = types.module.functions.get(name)?.result ?? RESULTS[name];
  if (own !== undefined) return own;
  // Built-ins work by components: as wide as the widest argument.
  let widest = "f32";
  const end = closing(tokens, open) - 1;
  for (let at = open + 1; at < end; at++) {
    const type = typeOf(types, tokens, at);
    if (sizeOf(type, types.module) > sizeOf(widest, types.module)) widest = type;
    at = argumentEnd(tokens, at, end);
  }
  return widest;
}

function argumentEnd(tokens: readonly Token[], from: number, end: number): number {
  for (let at = from; at < end; at++) {
    if (/^[([{]$/.test(tokens[at]?.text ?? "")) at = closing(tokens, at) - 1;
    else if (tokens[at]?.text === ",") return at;
  }
  return end;
}
