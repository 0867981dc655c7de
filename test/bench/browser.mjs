// A page in headless Chromium for a benchmark: isolated, so that performance.now() steps 5 µs; served from memory.
import { readFileSync } from "node:fs";
import http from "node:http";
import { basename, join } from "node:path";
import * as esbuild from "esbuild";
import { chromium } from "playwright-core";
import { CHROMIUM_ARGS, needChromium } from "../run/chromium.mjs";
import { ROOT } from "../run/dawn.mjs";
import { lavapipeChromium } from "../run/lavapipeChromium.mjs";
import { lavapipeVersion } from "../run/lavapipeDriver.mjs";

const TYPES = { js: "text/javascript", mjs: "text/javascript", wasm: "application/wasm", html: "text/html" };

/** A script of this repository, with all it imports, as one ES module. */
export async function bundled(entry) {
  const { outputFiles } = await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    loader: { ".py": "text" },
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
  });
  return outputFiles[0].text;
}

/** A module that hands on what packages in `folder` export, as one ES module. */
export async function bundledPackages(names, folder) {
  const { outputFiles } = await esbuild.build({
    stdin: { contents: names.map((name) => `export * from ${JSON.stringify(name)};`).join("\n"), resolveDir: join(ROOT, folder) },
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    logLevel: "error",
  });
  return outputFiles[0].text;
}

/**
 * Opens Chromium on a page with the script `entry`. `texts` are further modules by address (`/jax.js`), `folder` is where
 * addresses `/files/NAME` are read from, `lavapipe` takes that driver in place of Chromium's own. `reopen()` loads the page
 * anew, which gives the devices of the old one back.
 */
export async function openPage({ entry, texts = {}, folder = null, lavapipe = false }) {
  const scripts = new Map([["/page.js", await bundled(entry)], ...Object.entries(texts)]);
  const answer = (path) => {
    if (path === "/") return '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>';
    if (folder !== null && path.startsWith("/files/")) return readFileSync(join(folder, basename(path)));
    return scripts.get(path) ?? null;
  };
  const server = http.createServer((request, response) => {
    const path = new URL(request.url, "http://page").pathname;
    let body = null;
    try {
      body = answer(path);
    } catch (error) {
      console.error(String(error));
    }
    response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    response.setHeader("Cross-Origin-Resource-Policy", "same-origin");
    response.setHeader("Content-Type", TYPES[path.split(".").at(-1)] ?? TYPES.html);
    response.statusCode = body === null ? 404 : 200;
    response.end(body ?? "");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const browser = await chromium.launch(lavapipe ? lavapipeChromium() : { executablePath: needChromium(), args: CHROMIUM_ARGS });
  const page = await browser.newPage();
  page.setDefaultTimeout(1_200_000);
  page.on("pageerror", (error) => console.error(String(error)));
  page.on("console", (message) => message.type() === "error" && console.error(message.text().slice(0, 600)));
  return {
    page,
    /** The driver's name, where the adapter's own would mislead: the shim gives SwiftShader's. */
    driver: lavapipe ? lavapipeVersion() : null,
    version: browser.version(),
    reopen: async () => {
      await page.goto(`http://127.0.0.1:${server.address().port}/`);
      await page.waitForFunction(() => window.bench !== undefined);
    },
    close: async () => {
      await browser.close();
      server.close();
    },
  };
}
