/**
 * The key of a variant: equal keys mean equal masks, equal scores and equal kernels, whatever the names are called.
 * It hashes the two bodies as a list of operations with dtypes, the captures' contents, and the block size; a stored
 * benchmark whose key differs from the text's is stale. FNV-1a in two lanes of 32 bits: 64 bits, not cryptographic.
 */
import type { Expr } from "./expr.ts";
import type { Capture, Variant } from "./mod.ts";
import { children, postorder } from "./walk.ts";

interface Hash {
  a: number;
  b: number;
}

const PRIME = 0x0100_0193;

function mix(hash: Hash, word: number): void {
  hash.a = Math.imul(hash.a ^ word, PRIME);
  hash.a ^= hash.a >>> 15;
  hash.b = Math.imul(hash.b ^ word, 0x85eb_ca6b);
  hash.b ^= hash.b >>> 13;
}

function mixText(hash: Hash, text: string): void {
  for (let i = 0; i < text.length; i++) mix(hash, text.charCodeAt(i));
  mix(hash, -1);
}

const hex = (n: number): string => (n >>> 0).toString(16).padStart(8, "0");
const start = (): Hash => ({ a: 0x811c_9dc5 | 0, b: 0x9e37_79b9 | 0 });
const text = (hash: Hash): string => hex(hash.a) + hex(hash.b);

const captureKeys = new WeakMap<Capture, string>();

/** 16 hex digits of the capture's dtype, shape and values; computed once per object. */
export function captureKey(capture: Capture): string {
  const known = captureKeys.get(capture);
  if (known !== undefined) return known;
  const hash = start();
  mixText(hash, `${capture.dtype}[${capture.shape.join()}]`);
  const { buffer, byteOffset, byteLength } = capture.data;
  if (byteOffset % 4 === 0) for (const word of new Int32Array(buffer, byteOffset, byteLength >> 2)) mix(hash, word);
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  for (let i = byteOffset % 4 === 0 ? byteLength & ~3 : 0; i < byteLength; i++) mix(hash, bytes[i] ?? 0);
  const key = text(hash);
  captureKeys.set(capture, key);
  return key;
}

/** One line a node, children by line number: what two equal expressions share, and two different ones do not. */
export function listExpr(roots: readonly Expr[]): string {
  const line = new Map<Expr, number>();
  const captures = new Map<Capture, number>();
  const lines: string[] = [];
  for (const e of postorder(roots)) {
    const kids = children(e)
      .map((k) => line.get(k) ?? -1)
      .join();
    line.set(e, lines.length);
    lines.push(`${detail(e, captures)}:${e.dtype}(${kids})`);
  }
  return `${lines.join("\n")}\n${roots.map((r) => line.get(r) ?? -1).join()}`;
}

function detail(e: Expr, captures: Map<Capture, number>): string {
  switch (e.kind) {
    case "const":
      return Object.is(e.value, -0) ? "-0" : String(e.value);
    case "var":
      return e.name;
    case "load": {
      const index = captures.get(e.capture) ?? captures.size;
      captures.set(e.capture, index);
      return `@${index}${captureKey(e.capture)}`;
    }
    case "unary":
    case "binary":
      return e.op;
    case "where":
    case "cast":
      return e.kind;
  }
}

/** Stands for a mod that is not there. */
const NONE = {};
/** By the score's body, by the mask's, by block size. Nodes are values: an edit elsewhere leaves them the same objects. */
const variantKeys = new WeakMap<object, WeakMap<object, Map<string, string>>>();

function keysOf(score: object, mask: object): Map<string, string> {
  const ofScore = variantKeys.get(score) ?? new WeakMap<object, Map<string, string>>();
  const keys = ofScore.get(mask) ?? new Map<string, string>();
  variantKeys.set(score, ofScore.set(mask, keys));
  return keys;
}

/** 16 hex digits; `blockSize` is the block mask's. */
export function variantKey(variant: Pick<Variant, "scoreMod" | "maskMod">, blockSize: readonly [q: number, kv: number]): string {
  const bodies = [variant.scoreMod?.body ?? null, variant.maskMod?.body ?? null] as const;
  const keys = keysOf(bodies[0] ?? NONE, bodies[1] ?? NONE);
  const blocks = blockSize.join();
  const before = keys.get(blocks);
  if (before !== undefined) return before;
  const hash = start();
  for (const body of bodies) mixText(hash, body === null ? "none" : listExpr([body]));
  mixText(hash, blocks);
  const key = text(hash);
  keys.set(blocks, key);
  return key;
}
