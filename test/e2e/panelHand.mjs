// A hand on the panel's page without VS Code: opens it, types for the user, speaks for the host, waits, looks.
import { join } from "node:path";
import { log, SHOTS } from "./harness.mjs";

/** In the page: nothing is kept, nor will be by what it does while it is left. */
function forget() {
  sessionStorage.clear();
  Storage.prototype.setItem = () => {};
}

/** What a step works with. `server`: of servePanel; `page`: playwright's, times out after ten seconds; `file`: names pictures. */
export function panelHand(server, page, file) {
  page.setDefaultTimeout(10_000);
  let opened = 0;
  const at = (id) => page.getByTestId(id);
  const panel = {
    page,
    /** An element by its `data-testid`. */
    at,
    /**
     * Opens the page anew. theme: dark light hc hc-light; file: an example of the gallery; view: mask benchmark kernel.
     * What the page kept before is forgotten; `page.reload()` remembers it, as VS Code does.
     */
    async open({ theme = "dark", file: example = "causal_sliding_window.py", view = "", width = 1200, height = 900 } = {}) {
      await page.setViewportSize({ width, height });
      if (opened > 0) await page.evaluate(forget);
      // Another query, since an address that differs in its hash alone is not loaded again.
      await page.goto(`http://localhost:${server.address().port}/?${++opened}#${theme},${example},${view}`);
      await page.locator("body[data-ready]").waitFor();
      await page.locator('[data-testid^="tab-"]').first().waitFor();
    },
    /** As if somebody typed: the document's text is now this one. */
    edit: (text) => page.evaluate((next) => window.flexlensDev.edit(next), text),
    /** Another theme; waits until the toolkit's controls have it too, a moment after the page. */
    async theme(name) {
      await page.evaluate((next) => window.flexlensDev.theme(next), name);
      await page.waitForFunction(() => {
        const probe = document.body.appendChild(document.createElement("i"));
        const [theirs, wanted] = ["--foreground", "--vscode-foreground"].map((token) => {
          probe.style.color = `var(${token})`;
          return getComputedStyle(probe).color;
        });
        probe.remove();
        return theirs === wanted;
      });
    },
    /** A message from the host. */
    send: (message) => page.evaluate((next) => window.flexlensDev.send(next), message),
    /** What the panel has told the host since the page was loaded, of one type or of all. */
    posted: (type = null) =>
      page.evaluate((only) => window.flexlensDev.posted.filter((message) => only === null || message.type === only), type),
    /** Waits for an answer that is good; throws with the last one where none ever is. */
    async until(what, ask, good = Boolean, timeout = 10_000) {
      const end = Date.now() + timeout;
      for (;;) {
        const answer = await ask();
        if (good(answer)) return answer;
        if (Date.now() > end) throw new Error(`${what}: after ${timeout / 1000} s still ${JSON.stringify(answer)}`);
        await page.waitForTimeout(30);
      }
    },
    same(what, got, want) {
      if (JSON.stringify(got) !== JSON.stringify(want)) throw new Error(`${what}: ${JSON.stringify(got)}, not ${JSON.stringify(want)}`);
    },
    /** Keeps a picture of the page among the test's own. */
    shoot: (name) => page.screenshot({ path: join(SHOTS, `panel-${file}-${name.replaceAll(/\W+/g, "-").slice(0, 40)}.png`) }),
    log,
  };
  return panel;
}
