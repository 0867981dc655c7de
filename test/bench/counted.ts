/**
 * What a quad kernel asks for, counted in its WGSL over all steps of one head: loads from storage and operations of one
 * invocation of every tile. In: the text and the block mask that it walks. What a time hides in noise (two instances of
 * one kernel differ by up to a fifth) the count says exactly.
 *
 * An operation is an operator or a call, on a vec4f as on a number: steps count for less than they are, and what stands
 * around them for more.
 */
import { type BlockMask, FULL, forEachRun, queryBlocks } from "../../kernels/mask/blockMask.ts";

export interface Counts {
  readonly loads: number;
  readonly operations: number;
}

/** A piece of text once through, without the loops in it. */
interface Piece extends Counts {
  readonly loops: readonly Piece[];
}

/** An operator between blanks, an increment, or what is called. */
const OPERATION = / (?:[-+*/%&|^<>]|[-+*/=!<>]=|<<|>>|&&|\|\|) |\+\+|\w\(/g;

const found = (text: string, pattern: RegExp): number => [...text.matchAll(pattern)].length;

/** The text from behind the brace at `open` to the one that closes it. */
function braced(text: string, open: number): string {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === "{") depth++;
    else if (text[at] === "}" && --depth === 0) return text.slice(open + 1, at);
  }
  throw new Error("a brace is not closed");
}

/** Counts a piece of text; a loop's head counts with each of its rounds. */
function counted(text: string, load: RegExp): Piece {
  const loops: Piece[] = [];
  let own = "";
  let at = 0;
  for (let start = text.indexOf("for ("); start >= 0; start = text.indexOf("for (", at)) {
    const open = text.indexOf("{", start);
    const body = braced(text, open);
    loops.push(counted(text.slice(start + "for".length, open) + body, load));
    own += text.slice(at, start);
    at = open + body.length + 2;
  }
  own += text.slice(at);
  return { loads: found(own, load), operations: found(own, OPERATION), loops };
}

/**
 * Loads and operations of one invocation of each tile of the mask's first head. The kernel has a loop over steps for full
 * blocks and one for partial ones, in this order; where it has a function `run_at`, each asks it for its runs and for the
 * one after the last.
 */
export function countKernel(wgsl: string, mask: BlockMask): Counts {
  const text = wgsl.replace(/\/\/.*/g, "");
  const stored = [...text.matchAll(/var<storage, read> (\w+)/g)].map(([, name]) => name);
  const load = new RegExp(`\\b(?:${stored.join("|")})\\[`, "g");
  const main = counted(braced(text, text.indexOf("{", text.indexOf("fn main("))), load);
  const runAt = text.indexOf("fn run_at(");
  const walk = runAt < 0 ? null : counted(braced(text, text.indexOf("{", runAt)), load);
  const [full, partial] = main.loops;
  const blockN = /const BLOCK_N = (\d+)u;/.exec(text)?.[1];
  if (full === undefined || partial === undefined || blockN === undefined) throw new Error("the kernel is not as it was");
  let [runs, fullSteps, partialSteps] = [0, 0, 0];
  const tiles = queryBlocks(mask);
  for (let tile = 0; tile < tiles; tile++)
    forEachRun(mask.rows, tile, (first, end, state) => {
      const keys = Math.min(end * mask.blockSize[1], mask.kvLen) - first * mask.blockSize[1];
      const steps = Math.ceil(keys / Number(blockN));
      runs++;
      if (state === FULL) fullSteps += steps;
      else partialSteps += steps;
    });
  const total = (of: (piece: Piece) => number): number =>
    tiles * of(main) + (walk === null ? 0 : (2 * tiles + runs) * of(walk)) + fullSteps * of(full) + partialSteps * of(partial);
  return { loads: total((p) => p.loads), operations: total((p) => p.operations) };
}
