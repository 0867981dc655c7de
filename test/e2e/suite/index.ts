/**
 * One Mocha entry for every extension host: Node (server or desktop) and web worker. Mocha's browser build needs neither
 * files nor a DOM, so the very same bundle runs in all of them. VS Code calls `run`; a rejection is a failed suite.
 */
import "mocha/mocha.js";
import { lineReporter } from "./reporter.ts";

/** Runs every test; rejects where one fails. */
export async function run(): Promise<void> {
  mocha.setup({ ui: "tdd", timeout: 150_000, reporter: lineReporter });
  await import("./extension.test.ts");
  await import("./compare.test.ts");
  await import("./surfaces.test.ts");
  await import("./everyone.test.ts");
  await import("./kernel.test.ts");
  await import("./history.test.ts");
  await import("./authoring.test.ts");
  // Mocha's browser build reads `location.search`, and a Node extension host has no location.
  const shim = !("location" in globalThis);
  if (shim) Object.defineProperty(globalThis, "location", { value: { search: "" }, configurable: true });
  const failures = await new Promise<number>((done) => {
    mocha.run(done);
    if (shim) Reflect.deleteProperty(globalThis, "location");
  });
  if (failures > 0) throw new Error(`${failures} of the in-host tests failed`);
}
