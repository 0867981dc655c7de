import { describe, expect, test } from "vitest";
import { checkText, editedText, readCorpus } from "../../fuzz/edits.ts";

const corpus = readCorpus();
const BATCHES = 6;
const BATCH = 250;

describe("random edits of real files: an answer soon, spans and fixes that lie in the text", () => {
  test("there is something to edit", () => {
    expect(corpus.pieces.length).toBeGreaterThan(150);
    const texts = new Set(Array.from({ length: 200 }, (_, seed) => editedText(seed, corpus)));
    expect(texts.size).toBeGreaterThan(190);
  });

  test.each(Array.from({ length: BATCHES }, (_, i) => [i * BATCH]))("seeds %d and on", { timeout: 180_000 }, (from) => {
    for (let seed = from; seed < from + BATCH; seed++) {
      const text = editedText(seed, corpus);
      expect(checkText(text).fault, `seed ${seed}\n${text}`).toBeNull();
    }
  });
});
