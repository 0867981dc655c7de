// The in-host suite (test/e2e/suite) in the VS Code server.   node test/e2e/suite.mjs [node | web] [PACKAGE.vsix]
//   node: the Node extension host; web: the web worker host of the same window. With a .vsix, the package is tested.
import { join } from "node:path";
import { commitAll, conclude, DRIVER, IN_WEB_WORKER, ROOT, runSuite, scratchExamples, startBrowser, startServer } from "./harness.mjs";

const [host = "node", vsix] = process.argv.slice(2);
const settings = { "git.enabled": true, ...(host === "web" ? IN_WEB_WORKER : {}) };
const server = await startServer({ vsix, testDriver: true, settings });
const browser = await startBrowser();
const examples = scratchExamples();
commitAll(examples.folder);
try {
  const payload = [
    ["extensionDevelopmentPath", server.uri(vsix ? DRIVER : ROOT)], // one only: of equal keys the last wins
    ["extensionTestsPath", server.uri(join(DRIVER, "suite.js"))],
  ];
  conclude(await runSuite(browser.page, server.url(examples.folder, payload), { host, shot: `suite-${host}.png` }));
} finally {
  await browser.close();
  await server.stop();
  examples.remove();
}
