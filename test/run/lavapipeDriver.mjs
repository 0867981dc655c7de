// Mesa's lavapipe of Debian trixie-backports, a second software driver: fetched through apt-get into the git-ignored
// .lavapipe (120 MB, unpacked 390 MB), not installed. A program has to run under the C library that comes with it.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDebian, onPath } from "./chromium.mjs";
import { ROOT } from "./dawn.mjs";

export const HOME = join(ROOT, ".lavapipe");
/** The C library and everything else of the packages. */
export const LIBRARIES = join(HOME, "root/usr/lib/x86_64-linux-gnu");
/** The loader of that C library. */
export const LOADER = join(LIBRARIES, "ld-linux-x86-64.so.2");
/** What VK_ICD_FILENAMES has to name. */
export const DRIVER = join(HOME, "lvp.json");
/** The driver itself. */
export const DRIVER_LIBRARY = join(LIBRARIES, "libvulkan_lvp.so");
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const PACKAGES = ["mesa-vulkan-drivers", "libvulkan1", "libstdc++6", "libc6"];

/** Runs a command to its end; throws with its last words where it fails. */
export function must(command, words) {
  const { status, stderr, error } = spawnSync(command, words, { encoding: "utf8" });
  if (status !== 0)
    throw new Error(`\`${command} ${words.at(-1)}\` ended with ${status ?? error?.message}: ${(stderr ?? "").trim().split("\n").at(-1)}`);
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

function fetchDriver() {
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
  writeFileSync(DRIVER, JSON.stringify({ ICD: { api_version: "1.4.0", library_path: DRIVER_LIBRARY }, file_format_version: "1.0.1" }));
}

/** Makes sure that the driver is there. Throws with the reason where it cannot be had. */
export function needLavapipe() {
  if (process.platform !== "linux" || process.arch !== "x64")
    throw new Error(`lavapipe is fetched for x86-64 Linux alone, and this is ${process.platform} ${process.arch}.`);
  if (!isDebian() || !onPath("apt-get") || !existsSync(KEYRING)) throw new Error("it needs Debian's apt-get and its archive keyring.");
  if (!existsSync(DRIVER)) fetchDriver();
}

/** `Mesa lavapipe 26.1.6`, by the package that was fetched. */
export function lavapipeVersion() {
  const names = readdirSync(join(HOME, "cache/archives"));
  const version = names.map((name) => /^mesa-vulkan-drivers_([\d.]+)/.exec(name)?.[1]).find((each) => each !== undefined);
  return version === undefined ? "Mesa lavapipe" : `Mesa lavapipe ${version}`;
}
