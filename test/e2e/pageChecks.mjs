// What can be seen to be wrong with a page: text that is cut off or lies on other text, controls on top of each other, places
// that scroll sideways, focus that cannot be seen, findings of axe-core. For the panel's page, whatever it shows.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** In the page: sentences of what is cut off, covered or too wide; empty where all is in its place. */
export function misplaced() {
  const found = [];
  const named = (e) => {
    const id = e.closest("[data-testid]")?.dataset.testid;
    const words = (e.textContent ?? "").trim().replace(/\s+/g, " ").slice(0, 40);
    return `${e.tagName.toLowerCase()}${id ? ` in [${id}]` : ""}${e.classList?.length ? `.${[...e.classList].join(".")}` : ""} “${words}”`;
  };
  const isHidden = (e) => e.closest(".unseen, [hidden], [aria-hidden='true']:not(.icon)") !== null;
  const outer = (e) => e.parentElement ?? e.getRootNode().host ?? null;
  const overlap = (a, b) => ({
    left: Math.max(a.left, b.left),
    right: Math.min(a.right, b.right),
    top: Math.max(a.top, b.top),
    bottom: Math.min(a.bottom, b.bottom),
  });
  const area = (r) => Math.max(0, r.right - r.left) * Math.max(0, r.bottom - r.top);
  const screen = { left: 0, top: 0, right: innerWidth, bottom: innerHeight };

  /** What of a rectangle in `e` is seen; and whether something cuts it that neither scrolls nor sets dots. */
  const seen = (rect, e) => {
    let rest = overlap(rect, screen);
    let cut = null;
    let dotted = false;
    let scrolls = { x: false, y: false };
    for (let at = e; at !== null; at = outer(at)) {
      const style = getComputedStyle(at);
      if (style.position === "fixed") break;
      if (style.textOverflow === "ellipsis" && style.overflowX !== "visible") dotted = true;
      const isScroller = { x: /auto|scroll/.test(style.overflowX), y: /auto|scroll/.test(style.overflowY) };
      if (style.overflowX === "visible" && style.overflowY === "visible") continue;
      const box = at.getBoundingClientRect();
      const sideways = rect.left < box.left - 1.5 || rect.right > box.right + 1.5;
      const upright = rect.top < box.top - 2 || rect.bottom > box.bottom + 2;
      if (sideways && !isScroller.x && !scrolls.x && !dotted) cut ??= at;
      if (upright && !isScroller.y && !scrolls.y) cut ??= at;
      scrolls = { x: scrolls.x || isScroller.x, y: scrolls.y || isScroller.y };
      rest = overlap(rest, box);
    }
    if (cut === null && !scrolls.x && !dotted && (rect.right > innerWidth + 1.5 || rect.left < -1.5)) cut = document.documentElement;
    return { rest, cut };
  };

  for (const e of [document.documentElement, ...document.querySelectorAll("main, .view, .scroll")]) {
    // Code is as wide as its lines.
    if (e.clientWidth === 0 || e.scrollWidth <= e.clientWidth + 1 || e.querySelector(":scope > .codes") !== null) continue;
    const right = e.getBoundingClientRect().right + 1;
    const isClipped = (each) => {
      for (let at = outer(each); at !== null && at !== e; at = outer(at)) if (getComputedStyle(at).overflowX !== "visible") return true;
      return false;
    };
    const widest = [...e.querySelectorAll("*")].filter((each) => each.getBoundingClientRect().right > right && !isClipped(each)).at(-1);
    found.push(`${named(e)} is ${e.scrollWidth - e.clientWidth} px too wide, by ${widest === undefined ? "itself" : named(widest)}`);
  }

  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const e = node.parentElement;
    if (e === null || node.textContent.trim() === "" || /^(script|style|option|vscode-option)$/i.test(e.tagName) || isHidden(e)) continue;
    if (!e.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const rect of range.getClientRects()) {
      if (rect.width < 1 || rect.height < 1) continue;
      const { rest, cut } = seen(rect, e);
      if (cut !== null) found.push(`${named(e)} is cut off by ${cut.tagName.toLowerCase()}.${[...cut.classList].join(".")}`);
      else if (area(rest) > 0)
        texts.push({ e, rect: rest, layer: e.closest(".popup, .keylist, [role='dialog'], .goto, .tag, [data-over]") });
    }
  }
  for (const [i, a] of texts.entries()) {
    for (const b of texts.slice(i + 1)) {
      if (a.e === b.e || a.layer !== b.layer) continue;
      const common = area(overlap(a.rect, b.rect));
      if (common > 0.15 * Math.min(area(a.rect), area(b.rect))) found.push(`${named(a.e)} lies on ${named(b.e)}`);
    }
  }

  const controls = [
    ...document.querySelectorAll(
      "button, a[href], input, select, textarea, vscode-button, vscode-text-field, vscode-dropdown, [tabindex='0']",
    ),
  ]
    .filter((e) => !isHidden(e) && e.checkVisibility({ visibilityProperty: true }))
    .map((e) => ({
      e,
      rect: seen(e.getBoundingClientRect(), outer(e)).rest,
      layer: e.closest(".popup, .keylist, [role='dialog'], .goto, [data-over]"),
    }))
    .filter(({ rect }) => area(rect) > 0);
  for (const [i, a] of controls.entries()) {
    for (const b of controls.slice(i + 1)) {
      if (a.layer !== b.layer || a.e.contains(b.e) || b.e.contains(a.e)) continue;
      if (area(overlap(a.rect, b.rect)) > 6) found.push(`${named(a.e)} covers ${named(b.e)}`);
    }
  }
  return [...new Set(found)];
}

/** Sentences of what is misplaced once the page has had its time to settle. */
export async function misplacedAtRest(page) {
  let found = [];
  for (let i = 0; i < 15; i++) {
    found = await page.evaluate(misplaced);
    if (found.length === 0) return found;
    await page.waitForTimeout(100);
  }
  return found;
}

/** In the page: what has focus, through web components; its look, to be compared with its look without. */
export function focused() {
  let e = document.activeElement;
  while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
  if (e === null || e === document.body) return null;
  const top = document.activeElement;
  const box = top.getBoundingClientRect();
  window.flexlensFocused = [top, e, ...(top.shadowRoot?.querySelectorAll("*") ?? [])];
  return {
    name: top.getAttribute("data-testid") ?? top.getAttribute("aria-label") ?? top.textContent?.trim().slice(0, 30) ?? top.tagName,
    isInView: box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth,
    look: window.flexlensFocused.map(lookOf).join("\n"),
  };
  function lookOf(each) {
    const s = getComputedStyle(each);
    return [s.outline, s.outlineOffset, s.border, s.boxShadow, s.backgroundColor].join();
  }
}

/** In the page: the look now of what `focused` was asked for last. */
export function lookOfLastFocused() {
  return window.flexlensFocused
    .map((each) => {
      const s = getComputedStyle(each);
      return [s.outline, s.outlineOffset, s.border, s.boxShadow, s.backgroundColor].join();
    })
    .join("\n");
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Findings of axe-core that are serious or critical, a sentence each. */
export async function axeFindings(page) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
  return page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, nodes }) =>
        nodes.map((node) => `${id}: ${node.target.flat(3).join(" ")}: ${node.failureSummary?.split("\n").slice(1).join(" ").trim()}`),
      );
  });
}
