/** Time from a keystroke's text to variants: a file of 200 lines, one line of it new each time. Bar: 5 ms median. */
import { readFileSync } from "node:fs";
import { bench, describe } from "vitest";
import { lowerModule } from "../../kernels/frontend/lower.ts";

const FILES = ["composition", "document_packing", "tree", "causal_sliding_window", "alibi", "prefix_lm", "sink_tokens", "neighbourhood_2d"];
const whole = FILES.map((f) => readFileSync(new URL(`../../kernels/gallery/${f}.py`, import.meta.url), "utf8")).join("\n");
const lines = whole.split("\n").slice(0, 199);
let edit = 0;

describe("lowering 200 lines", () => {
  bench(
    "after an edit in a mod",
    () => {
      edit++;
      lowerModule([{ file: "f.py", text: `${lines.join("\n").replace("WINDOW = 192", `WINDOW = ${edit}`)}\n# ${edit}` }]);
    },
    { warmupIterations: 50, iterations: 200 },
  );
  bench(
    "of which reading anew, every line changed",
    () => {
      edit++;
      lowerModule([{ file: "f.py", text: lines.map((l) => (l.trim() === "" ? l : `${l} # ${edit}`)).join("\n") }]);
    },
    { warmupIterations: 50, iterations: 200 },
  );
});
