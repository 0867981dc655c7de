// The in-host suite in desktop VS Code, which @vscode/test-electron downloads; VSCODE_EXECUTABLE names one that is there.
// On Linux Electron needs flags for WebGPU, and without a display `xvfb-run` before the command.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { runTests } from "@vscode/test-electron";
import { commitAll, DRIVER, ROOT, scratchExamples } from "./harness.mjs";

const built = spawnSync(process.execPath, [join(ROOT, "esbuild.mjs")], { stdio: "inherit" });
if (built.status !== 0) process.exit(1);
const software = ["--no-sandbox", "--use-webgpu-adapter=swiftshader", "--use-vulkan=swiftshader", "--use-angle=swiftshader"];
const linux = ["--enable-unsafe-webgpu", "--enable-features=Vulkan", ...(process.env.CI ? software : [])];
const examples = scratchExamples();
commitAll(examples.folder);
try {
  process.exitCode = await runTests({
    ...(process.env.VSCODE_EXECUTABLE
      ? { vscodeExecutablePath: process.env.VSCODE_EXECUTABLE }
      : { version: process.env.VSCODE_VERSION ?? "stable" }),
    extensionDevelopmentPath: ROOT,
    extensionTestsPath: join(DRIVER, "suite.js"),
    launchArgs: [
      examples.folder,
      ...["--disable-extensions", "--skip-welcome", "--skip-release-notes", "--disable-workspace-trust"],
      ...(process.platform === "linux" ? linux : []),
    ],
  });
} catch (error) {
  console.error(`Desktop VS Code did not run the suite: ${error instanceof Error ? error.message : error}`);
  console.error(
    "It is downloaded from update.code.visualstudio.com; on a machine that cannot reach it, set VSCODE_EXECUTABLE to a `code` binary.",
  );
  process.exitCode = 1;
} finally {
  examples.remove();
}
