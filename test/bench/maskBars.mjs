// All bars of the masks by one command: `npm run bench:mask`. First what needs no browser (building, beside PyTorch), then
// the view in Chromium and in VS Code. Ends with exit code 1 where a bar is missed.
//   npm run bench:mask [-- build | view]
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ROOT } from "../run/dawn.mjs";

const PARTS = {
  build: ["test/run/script.mjs", "test/bench/mask.ts"],
  view: ["test/bench/maskView.mjs"],
};
const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(PARTS);
const unknown = wanted.filter((name) => !(name in PARTS));
if (unknown.length > 0) {
  console.error(`There is no part \`${unknown.join(" ")}\`; there are: ${Object.keys(PARTS).join(" ")}`);
  process.exit(2);
}
for (const name of wanted) {
  const [script, ...words] = PARTS[name];
  const { status } = spawnSync(process.execPath, [join(ROOT, script), ...words.map((word) => join(ROOT, word))], {
    cwd: ROOT,
    stdio: "inherit",
  });
  if (status !== 0) process.exitCode = 1;
}
