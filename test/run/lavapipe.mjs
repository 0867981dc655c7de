// `npm run test:lavapipe`: the GPU tests on a second software driver, Mesa's lavapipe of Debian trixie-backports, and the
// tests of what SwiftShader lacks (f16, subgroup matrices; subgroups of 8). Node runs under the C library that comes with it.
//   node test/run/lavapipe.mjs [VITEST ARGUMENT…]
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ROOT } from "./dawn.mjs";
import { DRIVER, LIBRARIES, LOADER, needLavapipe } from "./lavapipeDriver.mjs";

try {
  needLavapipe();
} catch (error) {
  // The reason on a line of its own: not run is not passed.
  console.log(`test:lavapipe was not run: ${error instanceof Error ? error.message : String(error)}`);
  console.log("0 passed, 1 failed");
  process.exit(1);
}
// Threads, not forks: the running program is the loader, so a fork of it would not be Node.
const vitest = [join(ROOT, "node_modules/vitest/vitest.mjs"), "run", "--pool=threads", "test/lavapipe/", "test/gpu/"];
const { status } = spawnSync(LOADER, ["--library-path", LIBRARIES, process.execPath, ...vitest, ...process.argv.slice(2)], {
  cwd: ROOT,
  stdio: "inherit",
  env: { ...process.env, VK_ICD_FILENAMES: DRIVER, XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR ?? "/tmp" },
});
process.exit(status ?? 1);
