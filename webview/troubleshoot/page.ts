/** What the page says of itself and of its hardware, for the test of WebGPU. In: the page's globals. Out: plain facts. */
import { engineOf, type PageFacts, platformOf } from "./facts.ts";

export function readPage(): PageFacts {
  const { userAgent } = navigator;
  return {
    platform: platformOf(userAgent),
    isBrowser: !/ Electron\//.test(userAgent),
    engine: engineOf(userAgent),
    isSecure: window.isSecureContext,
    webgl: webglRenderer(),
  };
}

/** The name of what WebGL draws with; null: there is no WebGL. */
function webglRenderer(): string | null {
  const gl = document.createElement("canvas").getContext("webgl");
  if (gl === null) return null;
  const extension = gl.getExtension("WEBGL_debug_renderer_info");
  const name: unknown = gl.getParameter(extension === null ? gl.RENDERER : extension.UNMASKED_RENDERER_WEBGL);
  // Contexts are few: this one was for its name.
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return typeof name === "string" ? name : "";
}
