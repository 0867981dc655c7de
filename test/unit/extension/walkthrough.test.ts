/** The walkthrough and the settings' page: what they name is there, and what is generated is that of now. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { COMMANDS, CONTEXT_KEYS, WALKTHROUGH } from "../../../extension/contributions.ts";
import { GALLERY } from "../../../kernels/gallery/gallery.ts";
import { settingsManual } from "../../run/settingsManual.ts";
import { FOLDER, walkthroughPictures } from "../../run/walkthroughPictures.ts";

interface Step {
  readonly id: string;
  readonly description: string;
  readonly media: { readonly svg: string; readonly altText: string };
  readonly completionEvents?: readonly string[];
}

const { contributes } = JSON.parse(readFileSync("package.json", "utf8")) as {
  readonly contributes: {
    readonly walkthroughs: readonly { readonly id: string; readonly icon: string; readonly steps: readonly Step[] }[];
  };
};
const [walkthrough] = contributes.walkthroughs;
const steps = walkthrough?.steps ?? [];
const commands: readonly string[] = Object.values(COMMANDS);

describe("the walkthrough", () => {
  test("is the one that Get Started opens, and has its pictures", () => {
    expect(contributes.walkthroughs.map(({ id }) => id)).toEqual([WALKTHROUGH]);
    expect(steps.map(({ id }) => id)).toEqual(["example", "mask", "why", "gpu", "benchmark", "own"]);
    for (const { media, id } of steps) {
      expect(existsSync(media.svg), media.svg).toBe(true);
      expect(media.altText, id).toMatch(/\.$/);
    }
  });

  test("links to commands that exist, the example among them", () => {
    const links = steps.flatMap(({ description }) => [...description.matchAll(/\(command:(?:toSide:)?([\w.]+)(?:\?([^)]*))?\)/g)]);
    expect(links.length).toBeGreaterThanOrEqual(steps.length);
    for (const [, command = "", argument] of links) {
      if (command.startsWith("flexlens.")) expect(commands).toContain(command);
      else expect(command).toBe("workbench.action.openSettings");
      if (command === COMMANDS.openExample)
        expect(GALLERY.map(({ file }) => file)).toContain(JSON.parse(decodeURIComponent(argument ?? "")));
    }
  });

  test("completes its steps by commands and context keys that exist", () => {
    const events = steps.flatMap(({ completionEvents = [] }) => completionEvents);
    expect(steps.filter(({ completionEvents = [] }) => completionEvents.length === 0).map(({ id }) => id)).toEqual(["own"]);
    const keys: readonly string[] = Object.values(CONTEXT_KEYS);
    for (const event of events) {
      const [kind, name = ""] = event.split(":");
      expect(kind === "onCommand" ? commands : keys, event).toContain(name);
      expect(["onCommand", "onContext"]).toContain(kind);
    }
  });

  test("has pictures as `npm run docs` draws them, in colours of the theme and without styles", () => {
    const pictures = walkthroughPictures();
    expect(readdirSync(FOLDER).toSorted()).toEqual([...pictures.keys()].toSorted());
    for (const [name, picture] of pictures) {
      expect(readFileSync(`${FOLDER}/${name}`, "utf8"), name).toBe(picture);
      expect(picture, name).not.toMatch(/style|class=|#[0-9a-f]{3,8}"/);
    }
  });
});

test("docs/settings.md is what `npm run docs` makes of package.json", () => {
  expect(readFileSync("docs/settings.md", "utf8")).toBe(settingsManual());
});
