/** `npm run docs`: renews what is generated in README.md of the current folder. */
import { renew } from "./supported.ts";

renew("README.md");
console.log("README.md: the table of what is supported is that of now.");
