import { describe, expect, it } from "vitest";
import { fillProblem } from "../../../kernels/flash/problem.ts";
import { buildBlockMask } from "../../../kernels/mask/build.ts";
import { keysOf } from "../../../webview/keyList.ts";
import { parseCell } from "../../../webview/mask/cellText.ts";
import { KEY_SHORTCUTS, type KeysOn, onKey } from "../../../webview/mask/keys.ts";

const problem = fillProblem({ qLen: 64, kvLen: 64, batch: 2, qHeads: 2 });
const nothing = (): void => {};
const on: KeysOn = {
  body: null,
  mask: buildBlockMask(null, { batch: 1, heads: 1, qLen: 64, kvLen: 64 }, [16, 16]),
  matrix: problem,
  batch: 0,
  head: 0,
  view: { x: 0, y: 0, scaleX: 4, scaleY: 4 },
  canvas: { width: 256, height: 256 },
  hover: null,
  pin: null,
  onHover: nothing,
  onPin: nothing,
  onLook: nothing,
  onSlice: nothing,
  onCopy: nothing,
  onMinimap: nothing,
  onAsk: nothing,
};

const SPELLED: Readonly<Record<string, string>> = {
  "←": "ArrowLeft",
  "→": "ArrowRight",
  "↑": "ArrowUp",
  "↓": "ArrowDown",
  "−": "-",
  Esc: "Escape",
};
/** Keys that the tab takes, not the picture: layers and comparison. */
const OF_THE_TAB = ["1", "2", "3", "4", "W", "D"];

const listed = keysOf("mask")[0]?.lines.flatMap(({ keys }) => keys) ?? [];

describe("the list of keys", () => {
  it.each(listed.filter((key) => !OF_THE_TAB.includes(key)))("lists %s, which does something", (text) => {
    const parts = text.split("+").filter((part) => part !== "");
    const last = text.endsWith("+") ? "+" : (parts.at(-1) ?? "");
    const shiftKey = parts.includes("Shift");
    const named = SPELLED[last] ?? last;
    const key = /^[A-Z]$/.test(named) && !shiftKey ? named.toLowerCase() : named;
    expect(onKey({ key, shiftKey, ctrlKey: parts.includes("Ctrl"), altKey: false, metaKey: false }, on)).toBe(true);
  });

  it("lists every key that the picture tells to assistive technology", () => {
    const told = KEY_SHORTCUTS.split(" ")
      .map((key) => key.replace("Control+", "Ctrl+"))
      .map((key) => Object.entries(SPELLED).reduce((text, [sign, name]) => (text.endsWith(name) ? text.replace(name, sign) : text), key))
      .map((key) => (key === "-" ? "−" : key))
      // The list names one arrow of four, and Ctrl with the other keys of its line.
      .filter((key) => !/^Ctrl\+(Shift\+)?[→↑↓]$|^Ctrl\+(Home|End)$/.test(key));
    expect(told.filter((key) => !listed.includes(key))).toEqual([]);
  });

  it.each(["mask", "benchmark", "kernel"] as const)("tells in the %s tab what works anywhere", (view) => {
    expect(keysOf(view)).toHaveLength(2);
    expect(keysOf(view)[1]?.lines.some(({ keys }) => keys.includes("?"))).toBe(true);
  });
});

describe("a cell as it is typed", () => {
  const matrix = { qLen: 8192, kvLen: 100 };
  it.each([
    ["120, 64", { q: 120, kv: 64 }],
    ["0 0", { q: 0, kv: 0 }],
    [" 4k;99 ", { q: 4096, kv: 99 }],
    ["1_000, 5", { q: 1000, kv: 5 }],
    ["8192, 5", { fault: "Queries go from 0 to 8\u202f191." }],
    ["5, 100", { fault: "Keys go from 0 to 99." }],
    ["5", { fault: "Two numbers, a query and a key: `120, 64`." }],
    ["a, b", { fault: "Two numbers, a query and a key: `120, 64`." }],
    ["1 2 3", { fault: "Two numbers, a query and a key: `120, 64`." }],
  ])("`%s` is %j", (text, cell) => {
    expect(parseCell(text, matrix)).toEqual(cell);
  });
});
