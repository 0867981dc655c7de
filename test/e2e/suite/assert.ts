/** What tests in the extension host demand, and how they wait for it. */

export function assert(condition: unknown, words: string): asserts condition {
  if (!condition) throw new Error(words);
}

export function equal(got: unknown, want: unknown, words: string): void {
  const [a, b] = [JSON.stringify(got), JSON.stringify(want)];
  assert(a === b, `${words}: ${a} instead of ${b}`);
}

/** Waits for an answer that is neither null nor undefined nor false. */
export async function until<T>(
  what: string,
  ask: () => T | null | undefined | false | PromiseLike<T | null | undefined | false>,
  ms = 30_000,
): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== undefined && answer !== false) return answer;
    if (Date.now() > end) throw new Error(`${what}: not within ${ms / 1000} s`);
    await new Promise((done) => setTimeout(done, 50));
  }
}
