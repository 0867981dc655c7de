/** The program `flexlens`: its arguments in, text and an exit code out. */
import { runCommand } from "./command.ts";

// `flexlens kernel … | head` closes the pipe early: that is no fault.
process.stdout.on("error", () => process.exit(0));

void runCommand(process.argv.slice(2)).then(({ out, err, code }) => {
  if (err !== "") process.stderr.write(`${err}\n`);
  // Dawn's instance keeps Node's loop alive: leave as soon as the text is out.
  process.stdout.write(out === "" ? "" : `${out}\n`, () => process.exit(code));
});
