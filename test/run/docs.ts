/** `npm run docs`: renews what is generated in README.md, docs/ and media/walkthrough of the current folder. */
import { renewManual } from "./manual.ts";
import { renewSettings } from "./settingsManual.ts";
import { renew } from "./supported.ts";
import { renewPictures } from "./walkthroughPictures.ts";

renew("README.md");
renewManual();
renewSettings();
renewPictures();
console.log("Of now: README.md's table of what is supported, docs/diagnostics.md, docs/settings.md, the walkthrough's pictures.");
