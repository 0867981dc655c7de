// A user's hands in VS Code's workbench: reads and clicks lenses, runs commands by the palette, opens files, waits.
import { panel } from "./harness.mjs";

export const SLOW = { timeout: 60_000 };

/** In the page: the links of the lenses that are drawn right above the line that holds a text. */
function linksAbove(wanted) {
  const editors = [...document.querySelectorAll(".editor-group-container .monaco-editor")];
  for (const editor of editors) {
    const line = [...editor.querySelectorAll(".view-line")].find((each) => each.textContent.replaceAll("\u00a0", " ").includes(wanted));
    if (!line) continue;
    const top = line.getBoundingClientRect().top;
    const above = [...editor.querySelectorAll(".codelens-decoration")].filter((each) => {
      const distance = top - each.getBoundingClientRect().top;
      return distance > 0 && distance < 30;
    });
    return above.flatMap((each) => [...each.querySelectorAll("a")]);
  }
  return [];
}

/** The hands of `page`. */
export function workbenchOf(page) {
  /** Waits until a question has the answer wanted; throws with the last answer where it never has. */
  async function until(what, ask, good = Boolean, timeout = 30_000) {
    const end = Date.now() + timeout;
    let answer = await ask();
    while (!good(answer)) {
      if (Date.now() > end) throw new Error(`${what}: after ${timeout / 1000} s still ${JSON.stringify(answer)}`);
      await page.waitForTimeout(100);
      answer = await ask();
    }
    return answer;
  }

  /** What the lenses above the line that holds a text read. */
  async function lensesAbove(text) {
    const links = await page.evaluateHandle(linksAbove, text);
    return links.evaluate((found) => found.map((link) => link.textContent));
  }

  /**
   * Tries to click a lens; true where the click landed on it. VS Code takes all lenses away and builds them anew whenever an
   * extension registers a provider of lenses, for some 30 ms each time, and a click meanwhile goes to the text below them.
   */
  async function triesLens(line, pattern) {
    const links = await page.evaluateHandle(linksAbove, line);
    const link = (await links.evaluateHandle((found, wanted) => found.find((each) => wanted.test(each.textContent)), pattern)).asElement();
    const box = await link?.boundingBox();
    if (!box) return false;
    const position = { x: Math.min(box.width / 2, 40), y: box.height / 2 };
    const at = { x: box.x + position.x, y: box.y + position.y };
    if (await link.evaluate((each, { x, y }) => each.contains(document.elementFromPoint(x, y)), at))
      return link.click({ position, timeout: 2000 }).then(
        () => true,
        () => false,
      );
    const first = await links.evaluate(([each]) => each?.getBoundingClientRect().toJSON());
    if (first === undefined || first.width === 0) return false;
    await page.mouse.move(first.x + Math.min(first.width / 2, 40), first.y + first.height / 2);
    await page.mouse.wheel(box.x - first.x, 0);
    return false;
  }

  const lensReads = (line, pattern, timeout) =>
    until(
      `a lens of \`${line}\` reads ${pattern}`,
      () => lensesAbove(line),
      (lenses) => lenses.some((each) => pattern.test(each)),
      timeout,
    );

  /** Runs a command by its name, as the palette lists it. */
  async function command(name) {
    await page.keyboard.press("F1");
    await page.locator(".quick-input-widget input").first().fill(`>${name}`);
    await page.locator(".quick-input-list .monaco-list-row", { hasText: name }).first().waitFor(SLOW);
    await page.keyboard.press("Enter");
  }

  /** The notifications that stand in the corner. */
  const toasts = () => page.locator(".notifications-toasts .notification-list-item").allInnerTexts();

  return {
    page,
    /** The panel's document. */
    panel: panel(page),
    until,
    command,
    lensesAbove,
    /** Waits until one of the lenses above the line that holds the text `line` reads so; gives the words of all. */
    lensReads,
    /** Clicks a lens above the line, until a click has landed on it. Where the editor is too narrow for it, it is scrolled to. */
    async clickLens(line, pattern, timeout) {
      await lensReads(line, pattern, timeout);
      await until(`a lens of \`${line}\` that reads ${pattern} takes a click`, () => triesLens(line, pattern));
    },
    /** Opens a file of the workspace by its name: from the Explorer, or by a search where that has not seen it yet. */
    async openFile(name) {
      const row = page.locator(".explorer-folders-view .monaco-list-row", { hasText: name }).first();
      if (!(await page.locator(".explorer-folders-view").isVisible())) await page.keyboard.press("Control+Shift+e");
      const isListed = await row.waitFor({ timeout: 2000 }).then(
        () => true,
        () => false,
      );
      if (isListed) return row.dblclick();
      // The Explorer's watcher may start after the file was written.
      await page.keyboard.press("Control+p");
      await page.locator(".quick-input-widget input").first().fill(name);
      await page.locator(".quick-input-list .monaco-list-row", { hasText: name }).first().waitFor(SLOW);
      await page.keyboard.press("Enter");
    },
    /** Gives the side bar's room to the editors. */
    async closeSideBar() {
      if (await page.locator(".part.sidebar").isVisible()) await command("View: Close Primary Side Bar");
    },
    /** What the mask's canvas says that it shows. */
    drawn: () =>
      panel(page)
        .getByTestId("mask-canvas")
        .evaluate((canvas) => ({ ...canvas.dataset })),
    toasts,
    /** What stands in the window, for whoever reads why a step failed where no picture is at hand. */
    async sight() {
      const tabs = await page.locator(".tabs-container .tab").evaluateAll((all) => all.map((each) => each.getAttribute("aria-label")));
      const webviews = await page.locator("iframe.webview").evaluateAll((all) => all.map((each) => each.className));
      return { tabs, webviews, toasts: await toasts() };
    },
  };
}
