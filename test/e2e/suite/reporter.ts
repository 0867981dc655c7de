/** A plain Mocha reporter: one console line a test, prefixed so that the runner can tell it from other logs. */
import type { MochaOptions, Runner } from "mocha";

type ReporterClass = Exclude<NonNullable<MochaOptions["reporter"]>, string>;

const say = (text: string): void => console.log(`[mocha] ${text}`);

/** The reporter's class, as Mocha wants it: it is constructed with the runner before the first test. */
export const lineReporter = class {
  constructor(runner: Runner) {
    const count = { pass: 0, fail: 0, skip: 0 };
    runner.on("pass", (test) => {
      count.pass++;
      say(`ok   ${test.fullTitle()} (${test.duration ?? 0} ms)`);
    });
    runner.on("pending", (test) => {
      count.skip++;
      say(`skip ${test.fullTitle()}`);
    });
    runner.on("fail", (test, error: unknown) => {
      count.fail++;
      say(`FAIL ${test.fullTitle()}\n${error instanceof Error ? error.stack : String(error)}`);
    });
    runner.once("end", () => say(`RESULT ${JSON.stringify(count)}`));
  }
} as unknown as ReporterClass;
