// The peers' packages, installed on first use: 220 MB are too much for every `npm ci`. Versions and integrity are those of
// the package-lock.json beside this file; nothing of them is shipped.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../run/dawn.mjs";

/** The folder, from the repository's root. */
export const PEERS = "test/bench/peers";

/** Installs what is missing or of another version; answers the versions by name. Throws with the way out. */
export function installPeers(say = console.log) {
  const folder = join(ROOT, PEERS);
  const { devDependencies } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const installed = (name) => {
    const file = join(folder, "node_modules", name, "package.json");
    return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).version : null;
  };
  if (Object.entries(devDependencies).some(([name, version]) => installed(name) !== version)) {
    say(`Installing ${Object.keys(devDependencies).join(", ")} into ${PEERS}/node_modules (first use, 220 MB) …`);
    const words = ["ci", "--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund"];
    const { status } = spawnSync("npm", words, {
      cwd: folder,
      stdio: ["ignore", "ignore", "inherit"],
      shell: process.platform === "win32",
    });
    if (status !== 0)
      throw new Error(
        `\`npm ci\` in ${PEERS} ended with ${status}; its words stand above. Check that the package registry can be reached.`,
      );
  }
  return devDependencies;
}
