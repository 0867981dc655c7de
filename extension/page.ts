/**
 * The panel's page: the HTML shell around the bundle, with a content security policy that lets in nothing but that
 * bundle, its style sheet, and workers made from its own text. No network, no `eval`, no inline handlers; the bundle
 * may add scripts of its own under the page's nonce (that is how the mask's loops are compiled).
 */

export interface PageParts {
  /** `webview.cspSource`. */
  readonly cspSource: string;
  /** `asWebviewUri` of dist/webview/main.js. */
  readonly script: string;
  /** `asWebviewUri` of dist/webview/main.css. */
  readonly style: string;
  /** Fresh for each page. */
  readonly nonce: string;
}

/** On the screen until the bundle has been read, which takes longer than a look may wait. */
const OPENING = '<p class="opening">Opening…</p>';

/** The policy alone, for the tests that look at it. */
export function contentSecurityPolicy({ cspSource, nonce }: Pick<PageParts, "cspSource" | "nonce">): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${cspSource} 'unsafe-inline'`,
    `font-src ${cspSource}`,
    "img-src data: blob:",
    "worker-src blob:",
  ].join("; ");
}

export function panelPage(parts: PageParts): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy(parts)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Flexlens</title>
<link rel="stylesheet" href="${parts.style}">
</head>
<body>
<div id="app">${OPENING}</div>
<script defer nonce="${parts.nonce}" src="${parts.script}"></script>
</body>
</html>
`;
}

/** 128 random bits in hex, from the platform's generator: in Node and in a web worker alike. */
export function createNonce(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
