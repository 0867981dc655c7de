// A user's hands in VS Code's workbench: reads and clicks lenses, runs commands by the palette, opens files, waits.
import { panel } from "./harness.mjs";

export const SLOW = { timeout: 60_000 };

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

  /** The lenses of the line that holds a text, those drawn right above it: their words, where to click them, and if one can. */
  async function lensesAbove(text) {
    return page.evaluate((wanted) => {
      const editors = [...document.querySelectorAll(".editor-group-container .monaco-editor")];
      for (const editor of editors) {
        const line = [...editor.querySelectorAll(".view-line")].find((each) => each.textContent.replaceAll("\u00a0", " ").includes(wanted));
        if (!line) continue;
        const top = line.getBoundingClientRect().top;
        const above = [...editor.querySelectorAll(".codelens-decoration")].filter((each) => {
          const distance = top - each.getBoundingClientRect().top;
          return distance > 0 && distance < 30;
        });
        return above
          .flatMap((each) => [...each.querySelectorAll("a")])
          .map((link) => {
            const { x, y, width, height } = link.getBoundingClientRect();
            const place = { x: x + Math.min(width / 2, 40), y: y + height / 2 };
            return { text: link.textContent, ...place, isInSight: link.contains(document.elementFromPoint(place.x, place.y)) };
          });
      }
      return [];
    }, text);
  }

  const lensReads = (line, pattern, timeout) =>
    until(
      `a lens of \`${line}\` reads ${pattern}`,
      () => lensesAbove(line),
      (lenses) => lenses.some(({ text }) => pattern.test(text)),
      timeout,
    );

  /** Runs a command by its name, as the palette lists it. */
  async function command(name) {
    await page.keyboard.press("F1");
    await page.locator(".quick-input-widget input").first().fill(`>${name}`);
    await page.locator(".quick-input-list .monaco-list-row", { hasText: name }).first().waitFor(SLOW);
    await page.keyboard.press("Enter");
  }

  return {
    page,
    /** The panel's document. */
    panel: panel(page),
    until,
    command,
    lensesAbove,
    /** Waits until one of the lenses above the line that holds the text `line` reads so; gives them all. */
    lensReads,
    /**
     * Clicks a lens above the line, once it stands still: lines make room for lenses one after the other. Where the editor is
     * too narrow for it, it is scrolled to.
     */
    async clickLens(line, pattern, timeout) {
      let before = null;
      const place = await until(`a lens of \`${line}\` that reads ${pattern} stands still`, async () => {
        const found = (await lensReads(line, pattern, timeout)).find(({ text }) => pattern.test(text));
        const isStill = found.x === before?.x && found.y === before?.y;
        before = found;
        if (!isStill || found.isInSight) return isStill ? found : null;
        const [first] = await lensesAbove(line);
        await page.mouse.move(first.x, first.y);
        await page.mouse.wheel(found.x - first.x, 0);
        return null;
      });
      await page.mouse.click(place.x, place.y);
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
    /** The notifications that stand in the corner. */
    toasts: () => page.locator(".notifications-toasts .notification-list-item").allInnerTexts(),
  };
}
