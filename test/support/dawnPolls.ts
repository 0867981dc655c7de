/**
 * Dawn in Node asks its driver once in every turn of the event loop (`setImmediate`) whether what is pending is done, and so
 * takes a whole core from SwiftShader, which compiles and computes on the same cores. Imported for its effect: a
 * millisecond lies between two questions. For tests of what is computed, not for times: an answer comes that much later.
 */
const { setTimeout: later } = globalThis;

Object.assign(globalThis, {
  setImmediate: <Words extends unknown[]>(ask: (...words: Words) => void, ...words: Words) => later(ask, 1, ...words),
  clearImmediate: clearTimeout,
});
