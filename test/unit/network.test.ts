/**
 * No network, no telemetry: the bundles that are installed hold no way to send anything, and no address but those that
 * are only names or words. The panel's own policy (extension/page.ts) forbids connections besides.
 */
import * as esbuild from "esbuild";
import { beforeAll, describe, expect, test } from "vitest";

/** What could send: calls and constructors, as minified code writes them too. */
const SENDERS = [
  /\bfetch\s*\(/,
  /\bXMLHttpRequest\b/,
  /\bnew\s+WebSocket\b/,
  /\bnew\s+EventSource\b/,
  /\bsendBeacon\b/,
  /\bRTCPeerConnection\b/,
  /\bWebTransport\b/,
  /\bimportScripts\s*\(/,
  /\bcreateTelemetryLogger\b/,
  /\brequire\(\s*["'](?:node:)?(?:https?|http2|net|tls|dgram|dns|child_process|worker_threads)["']\s*\)/,
];

/** Addresses that are names (namespaces of XML) or part of words and comments that are shown. */
const KNOWN_ADDRESSES: readonly RegExp[] = [/^http:\/\/www\.w3\.org\//, /^https?:\/\/localhost\b/];

/** As esbuild.mjs has them. */
const BUNDLES: readonly { readonly name: string; readonly options: esbuild.BuildOptions }[] = [
  { name: "the extension", options: { entryPoints: ["extension/extension.ts"], format: "cjs", external: ["vscode"] } },
  {
    name: "the panel, with its worker",
    options: { entryPoints: ["webview/main.tsx"], format: "iife", jsx: "automatic", jsxImportSource: "preact" },
  },
];

describe.each(BUNDLES)("$name", ({ options }) => {
  let text = "";
  beforeAll(async () => {
    const { bundledText } = (await import(new URL("../../bundledText.mjs", import.meta.url).href)) as { bundledText: esbuild.Plugin };
    const { outputFiles = [] } = await esbuild.build({
      bundle: true,
      platform: "browser",
      write: false,
      minify: true,
      target: "es2022",
      legalComments: "none",
      charset: "utf8",
      loader: { ".py": "text" },
      outdir: "dist/test/network",
      plugins: [bundledText],
      logLevel: "error",
      ...options,
    });
    text = outputFiles.map((file) => file.text).join("\n");
  });

  test("is built", () => {
    expect(text.length).toBeGreaterThan(100_000);
  });

  test("calls nothing that sends", () => {
    const found = SENDERS.flatMap((sender) => {
      const at = text.search(sender);
      return at < 0 ? [] : [text.slice(Math.max(0, at - 60), at + 60)];
    });
    expect(found).toEqual([]);
  });

  test("names no address on the network", () => {
    const addresses = [...new Set(text.match(/\b(?:https?|wss?):\/\/[\w.:-]+[\w/.-]*/g) ?? [])];
    expect(addresses.filter((address) => !KNOWN_ADDRESSES.some((known) => known.test(address)))).toEqual([]);
  });
});

test.each([
  'fetch("x")',
  "await fetch (a)",
  "new XMLHttpRequest",
  "new WebSocket(a)",
  "navigator.sendBeacon(a,b)",
  'require("https")',
  'require("node:net")',
  "env.createTelemetryLogger(s)",
])("%j is a way to send", (code) => {
  expect(SENDERS.some((sender) => sender.test(code))).toBe(true);
});
