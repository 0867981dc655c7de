/**
 * Time from a keystroke's text to variants. Three files: 200 lines of the gallery, nothing but mods; 5,000 lines of it, over
 * and over under other names; and 5,000 lines of a model's code with a tenth of that in it, as such files are. From nothing,
 * with no parse reused (bar: 80 ms for 5,000 lines), and after a one-character edit (bar: 5 ms for 5,000 lines). Then what
 * text that is no Python, or does not end, takes. Run with `npm run bench:lower`, on a machine that does nothing else.
 */
import { readdirSync, readFileSync } from "node:fs";
import { lowerModule } from "../../kernels/frontend/lower.ts";
import { createLowering } from "../../kernels/frontend/lowering.ts";
import { parseModule } from "../../kernels/frontend/parse.ts";

const ROUNDS = 120;

const gallery = readdirSync("kernels/gallery").filter((f) => f.endsWith(".py") && f !== "mistakes.py");
/** `if __name__ == "__main__":` with its block. */
const SCRIPT = /^if __name__ == .*\n(?:[ \t]+.*\n|\n)*/m;

const texts = gallery.map((f) => readFileSync(`kernels/gallery/${f}`, "utf8"));

/**
 * `lines` lines of the gallery's files, one after the other, each time with names of its own; `round` is part of every
 * name. What a file does as a script stands there once, as in any module: its variables have no names of their own.
 */
function long(lines: number, round: number): string {
  const parts: string[] = [];
  for (let i = 0, count = 0; count < lines; i++) {
    let part = texts[i % texts.length] ?? "";
    if (i >= texts.length) part = part.replace(SCRIPT, "");
    const bound = [...part.matchAll(/^(?:def|class) (\w+)|^([\w, ]+?)\s*=[^=]/gm)].flatMap((m) => (m[1] ?? m[2] ?? "").split(/,\s*/));
    for (const name of new Set(bound)) part = part.replace(new RegExp(`\\b${name}\\b`, "g"), `${name}_${i}_${round}`);
    parts.push(part);
    count += part.split("\n").length;
  }
  return `${parts.join("\n").split("\n").slice(0, lines).join("\n")}\n`;
}

/** What stands around mods in a model's file. */
const LAYER = `
@dataclass
class LayerConfig#:
    """Sizes of one layer."""

    hidden_size: int = 1024
    num_heads: int = 16
    dropout: float = 0.0
    use_bias: bool = False


class Attention#(nn.Module):
    """Multi-head attention with rotary positions."""

    def __init__(self, config: LayerConfig#, layer_idx: int | None = None):
        super().__init__()
        self.config = config
        self.layer_idx = layer_idx
        self.head_dim = config.hidden_size // config.num_heads
        self.q_proj = nn.Linear(config.hidden_size, config.num_heads * self.head_dim, bias=config.use_bias)
        self.k_proj = nn.Linear(config.hidden_size, config.num_heads * self.head_dim, bias=config.use_bias)
        self.v_proj = nn.Linear(config.hidden_size, config.num_heads * self.head_dim, bias=config.use_bias)
        self.o_proj = nn.Linear(config.num_heads * self.head_dim, config.hidden_size, bias=config.use_bias)

    def forward(self, hidden_states, position_embeddings, attention_mask=None, past_key_values=None):
        input_shape = hidden_states.shape[:-1]
        hidden_shape = (*input_shape, -1, self.head_dim)
        query = self.q_proj(hidden_states).view(hidden_shape).transpose(1, 2)
        key = self.k_proj(hidden_states).view(hidden_shape).transpose(1, 2)
        value = self.v_proj(hidden_states).view(hidden_shape).transpose(1, 2)
        cos, sin = position_embeddings
        query, key = apply_rotary(query, key, cos, sin)
        if past_key_values is not None:
            key, value = past_key_values.update(key, value, self.layer_idx)
        scores = torch.matmul(query, key.transpose(2, 3)) / math.sqrt(self.head_dim)
        if attention_mask is not None:
            scores = scores + attention_mask[:, :, :, : key.shape[-2]]
        weights = nn.functional.softmax(scores, dim=-1, dtype=torch.float32).to(query.dtype)
        weights = nn.functional.dropout(weights, p=self.config.dropout, training=self.training)
        output = torch.matmul(weights, value).transpose(1, 2).reshape(*input_shape, -1).contiguous()
        return self.o_proj(output), weights


def load_weights#(path: str, strict: bool = True) -> dict[str, torch.Tensor]:
    state = {}
    for name, tensor in torch.load(path, map_location="cpu").items():
        if not strict and name.startswith("optimizer."):
            continue
        state[name.replace("module.", "")] = tensor
    return state

`;

/** `lines` lines of a model's code, a tenth of them the gallery's. */
function model(lines: number, round: number): string {
  const mods = long(lines / 10, round).split(/\n\n\n(?=\S)/);
  const parts = ["import math\nimport torch\nfrom dataclasses import dataclass\nfrom torch import nn\n"];
  for (let i = 0, count = 0; count < lines; i++) {
    const layer = LAYER.replaceAll("#", `${i}_${round}`);
    const layers = Math.ceil(lines / layer.split("\n").length);
    const part = layer + mods.slice(Math.floor((i * mods.length) / layers), Math.floor(((i + 1) * mods.length) / layers)).join("\n");
    parts.push(part);
    count += part.split("\n").length;
  }
  return `${parts.join("\n").split("\n").slice(0, lines).join("\n")}\n`;
}

const SMALL = ["composition", "document_packing", "tree", "causal_sliding_window", "alibi", "prefix_lm", "sink_tokens", "neighbourhood_2d"];
const small = SMALL.map((f) => readFileSync(`kernels/gallery/${f}.py`, "utf8"))
  .join("\n")
  .split("\n")
  .slice(0, 200)
  .join("\n");
const rewritten = (i: number): string => small.replaceAll("\n", ` # ${i}\n`);

await report("200 lines, every line edited, from nothing", (i) => lowerModule([{ file: "f.py", text: rewritten(i) }]));
const typing = createLowering();
await report("200 lines, one character edited", (i) => typing.lower([{ file: "f.py", text: typed(small, i) }]));

for (const [what, make] of [
  ["5,000 lines of mods", long],
  ["5,000 lines of a model", model],
] as const) {
  const many = Array.from({ length: ROUNDS }, (_, i) => make(5000, i));
  const [large = ""] = many;
  const found = lowerModule([{ file: "f.py", text: large }]);
  console.log(`${what}: ${large.length} characters, ${found.variants.length} variants, ${found.diagnostics.length} diagnostics`);
  await report(`${what}, parse alone`, (i) => parseModule("f.py", many[i] ?? ""));
  await report(`${what}, from nothing`, (i) => lowerModule([{ file: "f.py", text: many[i] ?? "" }]));
  await report(`${what}, one edit`, (i) => typing.lower([{ file: what, text: typed(large, i) }]));
}

/** Text that must be answered within a second, with a diagnostic. */
const BAD: Readonly<Record<string, string>> = {
  "a megabyte of symbols": "({[<>!@#$%^&*-+=".repeat(65_000),
  "a megabyte of parentheses": "(".repeat(1_000_000),
  "a megabyte of `elif`": "elif x:\n".repeat(125_000),
  "tabs and spaces mixed": "def m(b, h, q, k):\n\tx = 1\n        return q >= k\n",
  "while True": "while True:\n    x = 1\n",
  "infinite recursion": "def f(x):\n    return f(x)\ny = f(1)\n",
  "range(10**9)": "xs = [i for i in range(10**9)]\ndef m(b, h, q, k):\n    for i in range(10**9):\n        q = q + i\n    return q >= k\n",
  "a number that grows": "x = 1\nfor i in range(1, 1000000):\n    x *= i\n",
};
for (const [what, bad] of Object.entries(BAD)) {
  const start = performance.now();
  const { diagnostics } = lowerModule([{ file: "f.py", text: bad }]);
  console.log(`${what.padEnd(44)} ${(performance.now() - start).toFixed(0).padStart(6)} ms   ${diagnostics[0]?.code ?? "no diagnostic"}`);
}

/** `text` with a character typed into a comparison of the middle, another one each time. */
function typed(text: string, i: number): string {
  const place = text.indexOf(">= kv_idx", text.length / 2);
  if (place < 0) throw new Error("the text has no `>= kv_idx` to edit");
  const at = place + ">= kv_idx".length;
  return `${text.slice(0, at)}${["", " ", " +", " + ", ` + ${i % 10}`, ` + ${i % 10}${i % 7}`][i % 6]}${text.slice(at)}`;
}

async function report(what: string, run: (i: number) => void): Promise<void> {
  const samples: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    // A task of its own each, as keystrokes are: within one task nothing that a WeakRef was asked for can be collected.
    await new Promise((resolve) => setImmediate(resolve));
    const start = performance.now();
    run(i);
    if (i >= ROUNDS / 4) samples.push(performance.now() - start);
  }
  samples.sort((a, b) => a - b);
  const at = (share: number): string => (samples[Math.floor(samples.length * share)] ?? 0).toFixed(2).padStart(7);
  console.log(`${what.padEnd(44)} median ${at(0.5)} ms   10 % ${at(0.1)} ms   90 % ${at(0.9)} ms`);
}
