// Lenses that run, cancel and grow old.
const SIZES = "# flexlens: B=1, H=8, Q_LEN=2048, KV_LEN=2048, D=64\n";
const TEXT = `${SIZES}def near(b, h, q_idx, kv_idx):\n    return (q_idx >= kv_idx) & (q_idx - kv_idx < 128)\n`;
const LINE = "def near";

export const steps = [
  [
    "a run that was started by a lens says in it how far it is, and a click there ends it",
    async (vs) => {
      vs.write("near.py", TEXT);
      await vs.openFile("near.py");
      await vs.clickLens(LINE, /^Benchmark$/, 60_000);
      await vs.lensReads(LINE, /^Running \d+\s?% · cancel$/, 60_000);
      vs.same("lenses of a run", (await vs.lensesAbove(LINE)).length, 3);
      await vs.clickLens(LINE, /cancel$/);
      await vs.lensReads(LINE, /^Benchmark$/, 60_000);
    },
  ],
];
