// Our kernels beside other programs' attention on WebGPU, in one page on one adapter: onnxruntime-web's FlashAttention,
// jax-js, TensorFlow.js, and our materialised baseline. Writes docs/benchmarks.md with --write.
//   npm run bench:peers [-- --write] [--quick] [--lavapipe] [--rounds N] [--length S] [dense] [causal] [window] [decode]
// --quick: two rounds at S = 256, untuned, to see that it works. --lavapipe: Debian's newer software driver in Chromium.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "../run/dawn.mjs";
import { bundledPackages, openPage } from "./browser.mjs";
import { installPeers, PEERS } from "./peers/install.mjs";
import { reportGroups, wantedGroups } from "./report.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string" },
    length: { type: "string" },
    quick: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    lavapipe: { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds ?? (values.quick ? 2 : 10));
const length = Number(values.length ?? (values.quick ? 256 : 1024));
const tune = !values.quick;
const versions = installPeers();

const opened = await openPage({
  entry: "test/bench/peersPage.ts",
  texts: {
    "/jax.js": await bundledPackages(["@jax-js/jax"], PEERS),
    "/tf.js": await bundledPackages(["@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-webgpu"], PEERS),
  },
  folder: join(ROOT, PEERS, "node_modules/onnxruntime-web/dist"),
  lavapipe: values.lavapipe,
});
await opened.reopen();
const adapter = opened.driver ?? (await opened.page.evaluate(() => window.bench.adapter()));
const driver = /swiftshader/i.test(adapter) ? "swiftshader" : /llvmpipe|lavapipe/i.test(adapter) ? "lavapipe" : null;

/** A ratio to beat on each of the two software adapters; others have no bars. `[program, bars]`. */
const over = (above, bars, below = "Flexlens") => ({ above, below, bar: bars[driver] === undefined ? null : { least: bars[driver] } });

const squares = (s) => `B = 1, H = 8, D = 64, S = ${s.toLocaleString("en")}, f32`;
const windowLength = driver === "lavapipe" ? length : 2 * length;
const groups = [
  {
    name: "dense",
    title: `Dense: ${squares(length)}`,
    setting: { length, tune },
    ratios: [
      over("onnxruntime-web", { swiftshader: 7, lavapipe: 1.7 }),
      over("jax-js", { swiftshader: 5 }),
      over("Flexlens, untuned", {}),
      over("onnxruntime-web, unfused", {}),
      over("tfjs", {}),
      over("Flexlens, materialized", {}),
      over("Flexlens, row kernel", {}),
      over("textbook kernels", {}),
    ],
  },
  {
    name: "causal",
    title: `Causal, blocks of 64: ${squares(length)}`,
    setting: { length, tune },
    ratios: [
      over("onnxruntime-web", { swiftshader: 7, lavapipe: 1.6 }),
      over("onnxruntime-web, bias", { swiftshader: 12 }),
      over("Flexlens, untuned", {}),
      over("jax-js", {}),
      over("tfjs", {}),
      over("Flexlens, dense without a mask", {}),
      over("Flexlens, materialized", {}),
      over("Flexlens, row kernel", {}),
    ],
  },
  {
    name: "window",
    title: `Window of 256 keys, 0 ≤ q_idx − kv_idx < 256, blocks of 32 × 32: ${squares(windowLength)}`,
    setting: { length: windowLength, tune },
    ratios: [
      over("Flexlens, dense without a mask", { swiftshader: 5.5 }),
      over("Flexlens, the mask in every block", { swiftshader: 5.5 }),
      over("onnxruntime-web, bias", { swiftshader: 35, lavapipe: 8 }),
      over("Flexlens, untuned", {}),
      over("jax-js", {}),
    ],
    notes: [
      "onnxruntime-web's GroupQueryAttention with `local_window_size` leaves its FlashAttention path where the length exceeds the window, and takes seconds a run: it stands aside for the path with a bias. tfjs takes a minute a run at this length, and is left out.",
    ],
  },
  {
    name: "decode",
    title: "One query against a cache of 8,192 keys, eight query heads on one key head, D = 64, f32",
    setting: { length, tune },
    ratios: [over("onnxruntime-web", { swiftshader: 3, lavapipe: 3 }), over("jax-js", {}), over("Flexlens, materialized", {})],
  },
];
const { missed } = await reportGroups({
  opened,
  groups: wantedGroups(groups, positionals),
  rounds,
  mark: driver === null ? `peers ${adapter}` : `peers ${driver}`,
  title: `Beside other programs (${driver ?? adapter})`,
  write: values.write,
  head: [
    `${Object.entries(versions)
      .map(([name, version]) => `\`${name}\` ${version}`)
      .join(
        ", ",
      )}. onnxruntime-web runs on a device without \`subgroups\` and subgroup matrices: with them it is wrong; the others on devices with all features. Its outputs stay on the GPU. "onnxruntime-web" is its FlashAttention (MultiHeadAttention; GroupQueryAttention where causal or one query), "bias" the same with the mask as an additive bias, for it has no other word for a mask of one's own.${tune ? ' "Flexlens" runs what its own autotuner (`flexlens tune`) took before the rounds; "untuned" what it takes by itself.' : ""}`,
  ],
});
process.exit(missed > 0 ? 1 : 0);
