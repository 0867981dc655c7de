// `npm run test:lavapipe`: the GPU tests on a second software driver, Mesa's lavapipe of Debian trixie-backports, and the
// tests of what SwiftShader lacks (f16, subgroup matrices; subgroups of 8). The packages come through apt-get into the
// git-ignored .lavapipe (120 MB, unpacked 390 MB) and are not installed; Node runs under their C library.
//   node test/run/lavapipe.mjs [VITEST ARGUMENT…]
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDebian, onPath } from "./chromium.mjs";
import { ROOT } from "./dawn.mjs";

const HOME = join(ROOT, ".lavapipe");
const LIBRARIES = join(HOME, "root/usr/lib/x86_64-linux-gnu");
const DRIVER = join(HOME, "lvp.json");
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const PACKAGES = ["mesa-vulkan-drivers", "libvulkan1", "libstdc++6", "libc6"];

/** Ends with the reason on a line of its own: not run is not passed. */
function cannot(reason) {
  console.log(`test:lavapipe was not run: ${reason}`);
  console.log("0 passed, 1 failed");
  process.exit(1);
}

function must(command, words) {
  const { status, stderr, error } = spawnSync(command, words, { encoding: "utf8" });
  if (status !== 0)
    cannot(`\`${command} ${words.at(-1)}\` ended with ${status ?? error?.message}: ${(stderr ?? "").trim().split("\n").at(-1)}`);
}

/** The mirror that the machine's own apt uses. */
function mirror() {
  const files = ["/etc/apt/sources.list"];
  const folder = "/etc/apt/sources.list.d";
  if (existsSync(folder)) files.push(...readdirSync(folder).map((name) => join(folder, name)));
  for (const file of files.filter((each) => existsSync(each))) {
    const found = /https?:\/\/\S+\/debian\/?(?=\s|$)/m.exec(readFileSync(file, "utf8"));
    if (found) return found[0];
  }
  return "http://deb.debian.org/debian";
}

function install() {
  console.log("Downloading Debian's newer lavapipe into .lavapipe (first use) …");
  for (const folder of ["lists/partial", "cache/archives/partial", "root"]) mkdirSync(join(HOME, folder), { recursive: true });
  writeFileSync(join(HOME, "status"), "");
  const line = (suite) => `deb [signed-by=${KEYRING}] ${mirror()} ${suite} main\n`;
  writeFileSync(join(HOME, "sources.list"), line("trixie") + line("trixie-backports"));
  const options = [
    `Dir::Etc::sourcelist=${HOME}/sources.list`,
    "Dir::Etc::sourceparts=-",
    `Dir::State::Lists=${HOME}/lists`,
    `Dir::Cache=${HOME}/cache`,
    `Dir::State::status=${HOME}/status`,
    "APT::Install-Recommends=false",
  ].flatMap((option) => ["-o", option]);
  must("apt-get", [...options, "-qq", "update"]);
  must("apt-get", [...options, "-qq", "-y", "--download-only", "-t", "trixie-backports", "install", ...PACKAGES]);
  const archives = join(HOME, "cache/archives");
  for (const name of readdirSync(archives).filter((each) => each.endsWith(".deb")))
    must("dpkg", ["-x", join(archives, name), join(HOME, "root")]);
  if (!existsSync(join(HOME, "root/lib64"))) symlinkSync("usr/lib64", join(HOME, "root/lib64"));
  writeFileSync(
    DRIVER,
    JSON.stringify({ ICD: { api_version: "1.4.0", library_path: join(LIBRARIES, "libvulkan_lvp.so") }, file_format_version: "1.0.1" }),
  );
}

if (process.platform !== "linux" || process.arch !== "x64")
  cannot(`lavapipe is fetched for x86-64 Linux alone, and this is ${process.platform} ${process.arch}.`);
if (!isDebian() || !onPath("apt-get") || !existsSync(KEYRING)) cannot("it needs Debian's apt-get and its archive keyring.");
if (!existsSync(DRIVER)) install();

const loader = join(LIBRARIES, "ld-linux-x86-64.so.2");
// Threads, not forks: the running program is the loader, so a fork of it would not be Node.
const vitest = [join(ROOT, "node_modules/vitest/vitest.mjs"), "run", "--pool=threads", "test/lavapipe/", "test/gpu/"];
const { status } = spawnSync(loader, ["--library-path", LIBRARIES, process.execPath, ...vitest, ...process.argv.slice(2)], {
  cwd: ROOT,
  stdio: "inherit",
  env: { ...process.env, VK_ICD_FILENAMES: DRIVER, XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR ?? "/tmp" },
});
process.exit(status ?? 1);
