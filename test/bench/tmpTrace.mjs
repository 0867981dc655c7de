import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";
import { CHROMIUM_ARGS, needChromium } from "../run/chromium.mjs";
import { servePanel } from "../run/panel.mjs";
import { MASKS } from "./maskFrames.mjs";

const src = readFileSync(new URL("./maskFrames.mjs", import.meta.url), "utf8");
// reuse internals
const cut = (a, b) => src.slice(src.indexOf(a), src.indexOf(b));
const body = cut("const STEPS", "/** What the page's own code is") + cut("async function openPanel", "const ms =");
const { play, intervals, openPanel, EMPTY } = new Function(
  "LENGTH",
  "performance",
  body.replaceAll("export ", "") + "; return { play, intervals, openPanel, EMPTY };",
)(2 ** 20, performance);
const CSS = {
  ours: "",
  noOverlay: ".overlay{display:none!important}",
  noMinimap: ".minimap{display:none!important}",
  neither: ".overlay,.minimap{display:none!important}",
  onlyFigure: ".overlay,.minimap{display:none!important} body *{visibility:hidden} canvas.cells{visibility:visible!important}",
  ...JSON.parse(process.env.CSS ?? "{}"),
};
const server = await servePanel();
const { port } = server.address();
const browser = await chromium.launch({ executablePath: needChromium(), args: CHROMIUM_ARGS });
const { page, canvas } = await openPanel(browser, port, MASKS["sliding window"]);
const box = await canvas.boundingBox();
console.log(box);
const at = { x: box.x + box.width * 0.6, y: box.y + box.height * 0.6 };
const empty = await browser.newPage({ viewport: { width: 1200, height: 900 } });
await empty.setContent(EMPTY);
await empty.evaluate(([w, h]) => self.size(w, h), [Math.round(box.width), Math.round(box.height)]);
for (const [nm, pg] of [["empty", empty], ["ours", page]]) {
  await pg.bringToFront(); await pg.waitForTimeout(300);
  await browser.startTracing(pg, { categories: ["toplevel","devtools.timeline","disabled-by-default-devtools.timeline","cc","viz","gpu","blink","__metadata"], screenshots: false });
  const iv = await intervals(pg, () => play(pg, at));
  const ev = JSON.parse((await browser.stopTracing()).toString()).traceEvents;
  const tn = new Map(), pn = new Map(); for (const e of ev) { if (e.name === "thread_name") tn.set(e.pid + ":" + e.tid, e.args.name); if (e.name === "process_name") pn.set(e.pid, e.args.name); }
  const by = new Map(); for (const e of ev) if (e.ph === "X" && e.tdur !== undefined && /RunTask|ThreadControllerImpl::RunTask|ThreadPool_RunTask|TaskGraphRunner/.test(e.name)) { const k = (pn.get(e.pid) ?? e.pid) + ":" + (tn.get(e.pid + ":" + e.tid) ?? e.tid); const v = by.get(k) ?? [0, 0, 0]; v[0] += e.tdur / 1000; v[1] += e.dur / 1000; v[2]++; by.set(k, v); }
  console.log("==", nm, "frames", iv.length, "wall", iv.reduce((a, b) => a + b).toFixed(0));
  for (const [k, v] of [...by].sort((a, b) => b[1][0] - a[1][0]).slice(0, 12)) console.log(k.padEnd(50), "cpu/frame", (v[0] / iv.length).toFixed(2), "wall/frame", (v[1] / iv.length).toFixed(2), v[2]);
  const mk = ev.find((e) => (tn.get(e.pid + ":" + e.tid) === "CrRendererMain") && e.name === "FireAnimationFrame"); const mainPid = mk; const nmz = new Map();
  for (const e of ev) if (e.ph === "X" && e.tdur !== undefined && e.pid === mainPid.pid && e.tid === mainPid.tid) { const v = nmz.get(e.name) ?? [0, 0]; v[0] += e.tdur / 1000; v[1]++; nmz.set(e.name, v); }
  for (const [k, v] of [...nmz].sort((a, b) => b[1][0] - a[1][0]).slice(0, 30)) console.log("   main", k.padEnd(46), (v[0] / iv.length).toFixed(2), v[1]);
}
await browser.close(); server.close();
