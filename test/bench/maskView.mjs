// The bars of the mask's view, in real browsers: `npm run bench:mask` ends with it. Panning and zooming a million tokens,
// and typing at 16,384. Prints each bar with its figure; exits with 1 where one is missed.
//   node test/bench/maskView.mjs [frames | typing]…
import os from "node:os";
import { judge, quantile } from "./figures.mjs";
import { measureFrames } from "./maskFrames.mjs";
import { measureTyping } from "./maskTyping.mjs";

const wanted = process.argv.length > 2 ? process.argv.slice(2) : ["frames", "typing"];
const met = [];

const load = () => `load of the machine ${os.loadavg()[0]?.toFixed(1)} on ${os.cpus().length} cores`;

if (wanted.includes("frames")) {
  console.log(`\nPanning and zooming 1,048,576 tokens in the panel's page (Chromium, software rendering; ${load()}):`);
  for (const [name, { script, ours, empty }] of Object.entries(await measureFrames())) {
    const cpu = script.map((frame) => frame.cpu);
    met.push(judge(`${name}, script and drawing of a frame, median`, quantile(cpu, 0.5), 8, "ms"));
    met.push(judge(`${name}, script and drawing of a frame, worst`, quantile(cpu, 1), 25, "ms"));
    met.push(judge(`${name}, frame interval ÷ that of an empty canvas, medians`, quantile(ours, 0.5) / quantile(empty, 0.5), 1.2, "×"));
  }
}
if (wanted.includes("typing")) {
  console.log(`\nTyping in a window's constant at 16,384 tokens in VS Code (${load()}):`);
  const { slow } = await measureTyping();
  const all = slow.map(({ ms }) => ms);
  met.push(judge("document event to picture, median", quantile(all, 0.5), 50, "ms", `90 % within ${quantile(all, 0.9).toFixed(0)} ms`));
}
console.log(`\n${met.filter(Boolean).length} of ${met.length} bars of the view met (${load()})`);
process.exitCode = met.every(Boolean) ? 0 : 1;
