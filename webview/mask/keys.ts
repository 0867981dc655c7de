/** The keys of the picture, while it has focus: what each does, as changes of view, cell and plane. */
import type { Expr } from "../../kernels/ir/expr.ts";
import type { BlockMask } from "../../kernels/mask/blockMask.ts";
import { nextCell, nextChange } from "../../kernels/mask/rowRuns.ts";
import type { Cell, Viewport } from "../state.ts";
import { type Extent, panBy, reveal, type Size, zoomAt } from "./viewport.ts";

export interface KeysOn {
  readonly body: Expr | null;
  readonly mask: BlockMask;
  readonly matrix: Extent & { readonly batch: number; readonly qHeads: number; readonly blockSize: readonly [q: number, kv: number] };
  readonly batch: number;
  readonly head: number;
  readonly view: Viewport;
  /** Device pixels. */
  readonly canvas: Size;
  readonly hover: Cell | null;
  readonly pin: Cell | null;
  readonly onHover: (cell: Cell | null) => void;
  readonly onPin: (cell: Cell | null) => void;
  readonly onLook: (view: Viewport) => void;
  readonly onSlice: (batch: number, head: number) => void;
  readonly onCopy: (cell: Cell) => void;
  readonly onMinimap: () => void;
  /** Asks for the numbers of a cell. */
  readonly onAsk: () => void;
}

/** For `aria-keyshortcuts`. */
export const KEY_SHORTCUTS =
  "ArrowLeft ArrowRight ArrowUp ArrowDown Control+ArrowLeft Control+ArrowRight Control+Shift+ArrowLeft Control+Shift+ArrowRight Control+Shift+ArrowUp Control+Shift+ArrowDown Home End Control+Home Control+End PageUp PageDown Enter Escape N Shift+N H Shift+H B Shift+B M C G + - 0 F 1 2 3 4 W D";

/** What Control and Shift with an arrow pan by, of the canvas. */
const PAN = 1 / 8;

/** Does what the key stands for; false where it stands for nothing. */
export function onKey(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "altKey" | "metaKey" | "shiftKey">, on: KeysOn): boolean {
  // Alt with an arrow is the window's way back and forth.
  if (event.metaKey || event.altKey) return false;
  const act = keysFor(event, on)[event.key];
  act?.();
  return act !== undefined;
}

function keysFor({ ctrlKey, shiftKey }: Pick<KeyboardEvent, "ctrlKey" | "shiftKey">, on: KeysOn): Keys {
  if (!ctrlKey) return plainKeys(shiftKey, on);
  return shiftKey ? panKeys(on) : controlKeys(on);
}

/** The cell that keys start from: the cursor, else the first that is seen. */
function cursor({ hover, pin, view }: KeysOn): Cell {
  return hover ?? pin ?? { q: Math.floor(view.y), kv: Math.floor(view.x) };
}

/** Moves the cursor there, and the view as far as it must. */
export function goTo(on: Pick<KeysOn, "matrix" | "view" | "canvas" | "onLook" | "onHover">, q: number, kv: number): void {
  const { matrix, view, canvas } = on;
  const cell = { q: Math.max(0, Math.min(matrix.qLen - 1, q)), kv: Math.max(0, Math.min(matrix.kvLen - 1, kv)) };
  const next = reveal(view, cell, canvas, matrix);
  if (next.x !== view.x || next.y !== view.y) on.onLook(next);
  on.onHover(cell);
}

type Keys = Readonly<Record<string, () => void>>;

function panKeys({ view, canvas, matrix, onLook }: KeysOn): Keys {
  const x = Math.round(canvas.width * PAN);
  const y = Math.round(canvas.height * PAN);
  const by = (dx: number, dy: number) => () => onLook(panBy(view, dx, dy, canvas, matrix));
  return { ArrowLeft: by(x, 0), ArrowRight: by(-x, 0), ArrowUp: by(0, y), ArrowDown: by(0, -y) };
}

function controlKeys(on: KeysOn): Keys {
  const { matrix, body, mask, batch, head } = on;
  const at = cursor(on);
  const change = (direction: 1 | -1): number => nextChange({ body, mask, b: batch, h: head, q: at.q }, at.kv, direction);
  return {
    ArrowLeft: () => goTo(on, at.q, change(-1)),
    ArrowRight: () => goTo(on, at.q, change(1)),
    ArrowUp: () => goTo(on, at.q - 1, at.kv),
    ArrowDown: () => goTo(on, at.q + 1, at.kv),
    Home: () => goTo(on, 0, 0),
    End: () => goTo(on, matrix.qLen - 1, matrix.kvLen - 1),
  };
}

function plainKeys(shift: boolean, on: KeysOn): Keys {
  const { matrix, body, mask, batch, head, view, canvas } = on;
  const at = cursor(on);
  const stepQ = shift ? matrix.blockSize[0] : 1;
  const stepKv = shift ? matrix.blockSize[1] : 1;
  const page = Math.max(1, Math.floor(canvas.height / view.scaleY));
  const held = on.hover ?? on.pin;
  // About the cursor, else about the middle.
  const x = held === null ? canvas.width / 2 : (held.kv + 0.5 - view.x) * view.scaleX;
  const y = held === null ? canvas.height / 2 : (held.q + 0.5 - view.y) * view.scaleY;
  const zoom = (factor: number): void => on.onLook(zoomAt(view, factor, x, y, canvas, matrix));
  const all = (): void => on.onLook({ x: 0, y: 0, scaleX: 0, scaleY: 0 });
  const jump = (allowed: boolean): void => {
    const found = nextCell({ body, mask, b: batch, h: head }, at, allowed);
    if (found !== null) goTo(on, found.q, found.kv);
  };
  const turn = (count: number, now: number, back: boolean): number => (now + (back ? count - 1 : 1)) % count;
  return {
    ArrowLeft: () => goTo(on, at.q, at.kv - stepKv),
    ArrowRight: () => goTo(on, at.q, at.kv + stepKv),
    ArrowUp: () => goTo(on, at.q - stepQ, at.kv),
    ArrowDown: () => goTo(on, at.q + stepQ, at.kv),
    Home: () => goTo(on, at.q, 0),
    End: () => goTo(on, at.q, matrix.kvLen - 1),
    PageUp: () => goTo(on, at.q - page, at.kv),
    PageDown: () => goTo(on, at.q + page, at.kv),
    "+": () => zoom(2),
    "=": () => zoom(2),
    "-": () => zoom(0.5),
    "0": all,
    f: all,
    Enter: () => on.onPin(at),
    Escape: () => {
      on.onPin(null);
      on.onHover(null);
    },
    n: () => jump(true),
    N: () => jump(false),
    h: () => on.onSlice(batch, turn(matrix.qHeads, head, false)),
    H: () => on.onSlice(batch, turn(matrix.qHeads, head, true)),
    b: () => on.onSlice(turn(matrix.batch, batch, false), head),
    B: () => on.onSlice(turn(matrix.batch, batch, true), head),
    m: on.onMinimap,
    c: () => on.onCopy(at),
    g: on.onAsk,
  };
}
