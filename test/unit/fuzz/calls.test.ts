import { describe, expect, test } from "vitest";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import { extremeCalls, moduleOf } from "../../fuzz/calls.ts";
import { checkText } from "../../fuzz/edits.ts";

const PARTS = 4;
const STRIDE = 240;

describe("every function with arguments that are too large, endless or of the wrong kind", () => {
  test.each(Array.from({ length: PARTS }, (_, i) => [i]))(
    "ends soon and leaves the mod below it (part %d)",
    { timeout: 180_000 },
    (part) => {
      const calls = extremeCalls(part * 61, STRIDE);
      expect(calls.length).toBeGreaterThan(200);
      for (const call of calls) {
        const text = moduleOf(call);
        expect(checkText(text).fault, call).toBeNull();
        expect(
          lowerModule([{ file: "f.py", text }]).variants.map((v) => v.name),
          call,
        ).toEqual(["causal"]);
      }
    },
  );
});
