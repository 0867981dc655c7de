/** Plain values as Python prints them, for rows of captures: short ones alone, and without running anything. */
import { TORCH_NAMES } from "../ir/ops.ts";
import type { Value } from "./value.ts";

const MOST_ITEMS = 16;
const LONGEST = 80;

/** null for what would be long, and for what has no such text. */
export function printed(value: Value): string | null {
  const text = textOf(value);
  return text !== null && text.length <= LONGEST ? text : null;
}

/** A list may hold itself: deep nesting has no text. */
function textOf(value: Value, depth = 0): string | null {
  if (depth > 8) return null;
  switch (value.type) {
    case "none":
      return "None";
    case "bool":
      return value.value ? "True" : "False";
    case "int":
      return String(value.value);
    case "float":
      return floatText(value.value);
    case "str":
      return JSON.stringify(value.value);
    case "dtype":
      return `torch.${TORCH_NAMES[value.dtype]}`;
    case "tuple": {
      const items = itemsOf(value.items, depth);
      return items === null ? null : `(${items.join(", ")}${items.length === 1 ? "," : ""})`;
    }
    case "list": {
      const items = itemsOf(value.items, depth);
      return items === null ? null : `[${items.join(", ")}]`;
    }
    case "range":
      return value.step === 1 ? `range(${value.start}, ${value.stop})` : `range(${value.start}, ${value.stop}, ${value.step})`;
    default:
      return null;
  }
}

function itemsOf(items: readonly Value[], depth: number): string[] | null {
  if (items.length > MOST_ITEMS) return null;
  const texts = items.map((item) => textOf(item, depth + 1));
  return texts.every((t) => t !== null) ? texts : null;
}

function floatText(x: number): string {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  return Number.isInteger(x) && Math.abs(x) < 1e16 ? x.toFixed(1) : String(x);
}
