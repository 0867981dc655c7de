/** Whole modules, as people write them, against PyTorch: masks bit for bit, scores within the bound, refusals refused. */
import { describe, expect, test } from "vitest";
import { corpusFault, corpusFiles, corpusRows } from "../support/corpus.ts";

describe.each(corpusFiles())("%s", (file) => {
  test.each(corpusRows(file))("%s", (name, row) => {
    expect(corpusFault(file, name, row)).toBeNull();
  });
});
