// Serves the panel's dev page on loopback, under the extension's own content security policy: `npm run dev:panel`.
// Bundles anew at every load of the page. PORT chooses the port; default: any free one.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { bundledText } from "../../bundledText.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const TYPES = { js: "text/javascript", css: "text/css" };

/** The policy of extension/page.ts, with the server's own origin in the place of `cspSource`. */
const policy = (nonce) =>
  `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'self' 'unsafe-inline'; font-src 'self'; img-src data: blob:; worker-src blob:`;

/** Resolves to the server, listening. once: bundles at the first load of the page alone, as it is shipped, for tests that load it often. */
export async function servePanel(port = 0, { once = false } = {}) {
  const context = await esbuild.context({
    absWorkingDir: ROOT,
    entryPoints: { main: "webview/main.tsx", dev: "webview/dev.ts" },
    outdir: "dist/dev",
    bundle: true,
    minify: once,
    write: false,
    platform: "browser",
    format: "iife",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    plugins: [bundledText],
    loader: { ".py": "text" },
    logLevel: "warning",
  });
  let files = new Map();
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    try {
      if (path === "/") {
        if (!once || files.size === 0) {
          const { outputFiles } = await context.rebuild();
          files = new Map(outputFiles.map((f) => [f.path.slice(f.path.lastIndexOf("/")), f.contents]));
        }
        const nonce = randomBytes(16).toString("hex");
        response.writeHead(200, { "content-type": "text/html", "content-security-policy": policy(nonce) });
        response.end(readFileSync(join(ROOT, "webview/index.html"), "utf8").replaceAll("{{nonce}}", nonce));
        return;
      }
      const file = files.get(path);
      response.writeHead(file ? 200 : 404, { "content-type": TYPES[path.split(".").pop()] ?? "text/plain" });
      response.end(file ?? "not found");
    } catch (error) {
      response.writeHead(500, { "content-type": "text/plain" });
      response.end(String(error));
    }
  });
  server.on("close", () => context.dispose());
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  return server;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = await servePanel(Number(process.env.PORT ?? 0));
  const { port } = server.address();
  console.log(`http://localhost:${port}/#dark,causal_sliding_window.py   (dark light hc hc-light; any file of kernels/gallery)`);
}
