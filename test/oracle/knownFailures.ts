/**
 * Fixtures that do not agree with PyTorch yet, by what is compared. The lists may only shrink: each test that reads one
 * also asserts that what is listed still fails, so that a repaired fixture must be taken off.
 */
export interface KnownFailures {
  /** score_mod's values over a grid. */
  readonly scoreGrid: readonly string[];
  /** The float64 reference's out and lse. */
  readonly reference: readonly string[];
  /** A kernel's out and lse on the GPU. */
  readonly forward: readonly string[];
}

export const KNOWN_FAILURES: KnownFailures = {
  // PyTorch's float32 cosine of 6.6 is one unit in the last place off the nearest float32, which is what we take.
  scoreGrid: ["cosine"],
  reference: ["cosine"],
  forward: [],
};
