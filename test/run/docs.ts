/** `npm run docs`: renews what is generated in README.md and docs/diagnostics.md of the current folder. */
import { renewManual } from "./manual.ts";
import { renew } from "./supported.ts";

renew("README.md");
renewManual();
console.log("README.md: the table of what is supported is that of now. docs/diagnostics.md too.");
