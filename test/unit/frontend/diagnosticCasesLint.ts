/** Lints: what PyTorch takes without a word. */
import { type DiagnosticCase, mask, score } from "../../support/diagnosticCase.ts";

const lint = (c: Omit<DiagnosticCase, "by" | "noTorch">): DiagnosticCase => ({ ...c, by: "lint", noTorch: true });

/** A call that builds the mask of `mod` at these arguments. */
const built = (args: string): string => `\n\n\nblock_mask = create_block_mask(mod, ${args})\n`;
const IDS = "ids = torch.arange(8) // 2\n\n\n";
const SLOPES = "slopes = torch.linspace(1.0, 0.1, 8)\n\n\n";
const DOCUMENTS = "doc = torch.arange(2048) // 64\n\n\n";

const loop = (body: string): string =>
  `compiled = torch.compile(flex_attention)\n\n\ndef train(q, k, v):\n    for step in range(100):\n${body.replace(/^(?=.)/gm, "        ")}`;

export const LINT: readonly DiagnosticCase[] = [
  lint({
    code: "index-beyond-end",
    fires: `${IDS}${mask("return «ids[kv_idx]» == 1")}${built("None, None, 8, 9")}`,
    nearMiss: `${IDS}${mask("return ids[kv_idx] == 1")}${built("None, None, 9, 8")}`,
    fixed: `${IDS}${mask("return ids[kv_idx.clamp(max=ids.shape[0] - 1)] == 1")}${built("None, None, 8, 9")}`,
    says: "reads element 8 of 8 at kv_idx = 8",
  }),
  lint({
    code: "index-beyond-end",
    fires: `${SLOPES}${mask("return torch.where(h < 8, «slopes[h]», 0.0) > kv_idx * 0.1")}${built("None, 16, 64, 64")}`,
    nearMiss: `${SLOPES}${mask("return slopes[h.clamp(max=7)] > kv_idx * 0.1")}${built("None, 16, 64, 64")}`,
    fixed: `${SLOPES}${mask("return torch.where(h < 8, slopes[h.clamp(max=slopes.shape[0] - 1)], 0.0) > kv_idx * 0.1")}${built("None, 16, 64, 64")}`,
    says: "at h = 8",
  }),
  lint({
    // Between the corners of the problem: 0 and the last index are in range.
    code: "index-beyond-end",
    fires: `${IDS}${mask("return «ids[(q_idx * 3) % 10]» >= kv_idx")}${built("None, None, 11, 11")}`,
    nearMiss: `${IDS}${mask("return ids[(q_idx * 3) % 8] >= kv_idx")}${built("None, None, 11, 11")}`,
    fixed: `${IDS}${mask("return ids[((q_idx * 3) % 10).clamp(max=ids.shape[0] - 1)] >= kv_idx")}${built("None, None, 11, 11")}`,
    says: "reads element 9 of 8 at q_idx = 3",
  }),
  lint({
    code: "index-may-leave",
    fires: `${IDS}${mask("return ids[q_idx] == «ids[q_idx + 1]»")}`,
    nearMiss: `${IDS}${mask("return ids[q_idx] == ids[(q_idx + 1).clamp(max=7)]")}`,
    fixed: `${IDS}${mask("return ids[q_idx] == ids[(q_idx + 1).clamp(max=ids.shape[0] - 1)]")}`,
  }),
  lint({
    code: "index-leaves-later",
    fires: `table = torch.zeros(255)\n\n\n${score("return score + «table[kv_idx - q_idx + 127]»")}`,
    nearMiss: `table = torch.zeros(255)\n\n\n# flexlens: Q_LEN=128, KV_LEN=128\n${score("return score + table[kv_idx - q_idx + 127]")}`,
    says: "reads element 255 of 255 at q_idx = 0, kv_idx = 128, where PyTorch raises; no length is stated here, so say how far it goes, as with `# flexlens: Q_LEN=128, KV_LEN=128`",
  }),
  lint({
    code: "zero-division-at",
    fires: `${IDS}${mask("return «kv_idx // ids[q_idx]» > 1")}${built("None, None, 8, 8")}`,
    nearMiss: `${IDS}${mask("return kv_idx // (ids[q_idx] + 1) > 1")}${built("None, None, 8, 8")}`,
    says: "at q_idx = 0",
  }),
  lint({
    code: "negative-index-wraps",
    fires: `${IDS}${mask("return «ids[q_idx - 1]» == ids[kv_idx]")}${built("None, None, 8, 8")}`,
    nearMiss: `${IDS}${mask("return torch.where(q_idx > 0, ids[q_idx - 1] == ids[kv_idx], kv_idx == 0)")}${built("None, None, 8, 8")}`,
    fixed: `${IDS}${mask("return ids[(q_idx - 1).clamp(min=0)] == ids[kv_idx]")}${built("None, None, 8, 8")}`,
    says: "reads element -1 at q_idx = 0",
  }),
  lint({
    code: "negative-index-wraps",
    fires: `${SLOPES}# flexlens: Q_LEN=8, KV_LEN=8\n${score("return score + «slopes[q_idx - kv_idx]»")}`,
    nearMiss: `${SLOPES}# flexlens: Q_LEN=8, KV_LEN=8\n${score("return torch.where(q_idx >= kv_idx, score + slopes[q_idx - kv_idx], -float('inf'))")}`,
    fixed: `${SLOPES}# flexlens: Q_LEN=8, KV_LEN=8\n${score("return score + slopes[(q_idx - kv_idx).clamp(min=0)]")}`,
    says: "at q_idx = 0, kv_idx = 1",
  }),
  lint({
    code: "int32-overflow",
    fires: `${mask("return («q_idx * 65536» + kv_idx) % 7 == 0")}${built("None, None, 65536, 65536")}`,
    nearMiss: `${mask("return (q_idx * 65536 + kv_idx) % 7 == 0")}${built("None, None, 16384, 16384")}`,
    fixed: `${mask("return (q_idx.to(torch.int64) * 65536 + kv_idx) % 7 == 0")}${built("None, None, 65536, 65536")}`,
    says: "at q_idx = 32768",
  }),
  lint({
    // Only the low bits are read, and these are right however far it wraps.
    code: "int32-overflow",
    fires: `${mask("return «q_idx * 1_000_000_007» // 256 % 2 == 0")}${built("None, None, 64, 64")}`,
    nearMiss: `${mask("return (q_idx * 1_000_000_007 ^ kv_idx) & 3 != 0")}${built("None, None, 64, 64")}`,
    fixed: `${mask("return q_idx.to(torch.int64) * 1_000_000_007 // 256 % 2 == 0")}${built("None, None, 64, 64")}`,
    also: ["empty-rows"],
  }),
  lint({
    code: "int32-overflow",
    fires: `${mask("key = «q_idx * 100_000»\nreturn (key + kv_idx) // 3 % 2 == 0")}${built("None, None, 32768, 32768")}`,
    nearMiss: `${mask("key = q_idx.to(torch.int64) * 100_000\nreturn (key + kv_idx) // 3 % 2 == 0")}${built("None, None, 32768, 32768")}`,
    fixed: `${mask("key = q_idx.to(torch.int64) * 100_000\nreturn (key + kv_idx) // 3 % 2 == 0")}${built("None, None, 32768, 32768")}`,
  }),
  lint({
    code: "mask-repeated",
    fires: `${mask("return q_idx >= kv_idx")}${built("«4», «16», 128, 128")}`,
    nearMiss: `${mask("return q_idx >= kv_idx")}${built("None, 1, 128, 128")}`,
    fixed: `${mask("return q_idx >= kv_idx")}${built("None, None, 128, 128")}`,
    says: "the same blocks 16 times",
  }),
  lint({
    code: "mask-repeated",
    fires: `B, H, S = 4, 16, 128\n\n\n${SLOPES}${mask("return (q_idx >= kv_idx) & (h % 2 == 0)")}${built("B=«B», H=H, Q_LEN=S, KV_LEN=S")}`,
    nearMiss: `B, H, S = 4, 16, 128\nstart = torch.zeros(B, dtype=torch.int64)\n\n\n${mask("return (q_idx >= kv_idx) & (kv_idx >= start[b]) & (h % 2 == 0)")}${built("B=B, H=H, Q_LEN=S, KV_LEN=S")}`,
    fixed: `B, H, S = 4, 16, 128\n\n\n${SLOPES}${mask("return (q_idx >= kv_idx) & (h % 2 == 0)")}${built("B=None, H=H, Q_LEN=S, KV_LEN=S")}`,
    also: ["empty-rows"],
  }),
  lint({
    // Inside a function, with sizes of a tensor that the file does not have.
    code: "mask-repeated",
    fires: `${mask("return q_idx >= kv_idx")}\n\n\ndef attend(q, k, v):\n    B, H, S, D = q.shape\n    block_mask = create_block_mask(mod, «B», «H», S, S)\n    return flex_attention(q, k, v, block_mask=block_mask)\n`,
    nearMiss: `def build(mask_mod, B, H, S):\n    return create_block_mask(mask_mod, B, H, S, S)\n\n\n${mask("return q_idx >= kv_idx")}\n\n\nblock_mask = build(mod, 4, 8, 128)\n`,
    fixed: `${mask("return q_idx >= kv_idx")}\n\n\ndef attend(q, k, v):\n    B, H, S, D = q.shape\n    block_mask = create_block_mask(mod, None, None, S, S)\n    return flex_attention(q, k, v, block_mask=block_mask)\n`,
  }),
  lint({
    // In code that is not reached; a function's own `mod` is another than the module's.
    code: "mask-repeated",
    fires: `${mask("return q_idx >= kv_idx")}\n\n\ndef test_mask():\n    raise RuntimeError("needs a GPU")\n    return create_block_mask(mod, «4», None, 128, 128)\n`,
    nearMiss: `${mask("return q_idx >= kv_idx")}\n\n\ndef test_mask(lengths):\n    raise RuntimeError("needs a GPU")\n\n    def mod(b, h, q_idx, kv_idx):\n        return kv_idx < lengths[b]\n\n    return create_block_mask(mod, 4, None, 128, 128)\n`,
    fixed: `${mask("return q_idx >= kv_idx")}\n\n\ndef test_mask():\n    raise RuntimeError("needs a GPU")\n    return create_block_mask(mod, None, None, 128, 128)\n`,
  }),
  lint({
    code: "mask-always-true",
    fires: `${mask("return (q_idx >= kv_idx) | (q_idx < kv_idx)").replace("mod", "«mod»")}`,
    nearMiss: mask("return (q_idx > kv_idx) | (q_idx < kv_idx)"),
    says: "at any length",
  }),
  lint({
    code: "mask-always-true",
    fires: `${mask("return (q_idx - kv_idx).abs() < 4096").replace("mod", "«mod»")}${built("None, None, 1024, 1024")}`,
    nearMiss: `${mask("return (q_idx - kv_idx).abs() < 4096")}${built("None, None, 8192, 8192")}`,
    says: "Q_LEN = 1024",
  }),
  lint({
    code: "mask-always-false",
    fires: `${mask("return (q_idx > kv_idx) & (kv_idx > q_idx)").replace("mod", "«mod»")}`,
    nearMiss: mask("return (q_idx >= kv_idx) & (kv_idx >= q_idx)"),
    says: "at any length",
  }),
  lint({
    code: "mask-always-false",
    fires: `${mask("return kv_idx - q_idx > 512").replace("mod", "«mod»")}${built("None, None, 256, 256")}`,
    nearMiss: `${mask("return kv_idx - q_idx >= 0")}${built("None, None, 256, 256")}`,
  }),
  lint({
    code: "empty-rows",
    fires: `${mask("return (q_idx >= kv_idx) & (q_idx % 4 != 2)").replace("mod", "«mod»")}${built("None, None, 256, 256")}`,
    nearMiss: `${mask("return (q_idx >= kv_idx) & ((q_idx % 4 != 2) | (kv_idx == 0))")}${built("None, None, 256, 256")}`,
    says: "q_idx = 2 see no key, as 64 of 256 rows",
  }),
  lint({
    // No length is known, and none is needed.
    code: "empty-rows",
    fires: mask("return q_idx > kv_idx").replace("mod", "«mod»"),
    nearMiss: mask("return kv_idx > q_idx"),
    says: "q_idx = 0 see no key, whatever KV_LEN is",
  }),
  lint({
    code: "empty-rows",
    fires: `lengths = torch.tensor([100, 128])\n\n\n${mask("return (q_idx < lengths[b]) & (kv_idx < lengths[b])").replace("mod", "«mod»")}${built("2, None, 128, 128")}`,
    nearMiss: `lengths = torch.tensor([100, 128])\n\n\n${mask("return kv_idx < lengths[b]")}${built("2, None, 128, 128")}`,
    says: "b = 0, q_idx = 100 see no key, as 28 of 256 rows",
  }),
  lint({
    code: "mask-ignores-positions",
    fires: mask("return h % 2 == 0").replace("mod", "«mod»"),
    nearMiss: mask("return (h % 2 == 0) | (kv_idx <= q_idx)"),
  }),
  lint({
    code: "block-size-wasteful",
    fires: `${DOCUMENTS}${mask("return (doc[q_idx] == doc[kv_idx]) & (q_idx >= kv_idx)").replace("mod", "«mod»")}${built("None, None, 2048, 2048")}`,
    nearMiss: `${DOCUMENTS.replace("64", "256")}${mask("return (doc[q_idx] == doc[kv_idx]) & (q_idx >= kv_idx)")}${built("None, None, 2048, 2048")}`,
    says: 'BLOCK_SIZE=64 computes 50 % fewer cells, with `kernel_options={"BLOCK_M": 64, "BLOCK_N": 64}`',
  }),
  lint({
    code: "block-size-wasteful",
    fires: `${DOCUMENTS.replace("64", "128")}${mask("return doc[q_idx] == doc[kv_idx]")}${built("None, None, 2048, 2048, BLOCK_SIZE=«256»")}`,
    nearMiss: `${DOCUMENTS}${mask("return doc[q_idx] == doc[kv_idx]")}${built("None, None, 2048, 2048, BLOCK_SIZE=64")}`,
    fixed: `${DOCUMENTS.replace("64", "128")}${mask("return doc[q_idx] == doc[kv_idx]")}${built("None, None, 2048, 2048, BLOCK_SIZE=128")}`,
  }),
  lint({
    code: "causal-reversed",
    fires: mask("return «q_idx <= kv_idx»").replace("mod", "causal_mask"),
    nearMiss: mask("return q_idx <= kv_idx").replace("mod", "anti_causal_mask"),
    fixed: mask("return q_idx >= kv_idx").replace("mod", "causal_mask"),
  }),
  lint({
    code: "causal-top-left",
    fires: `${mask("return «kv_idx <= q_idx»")}${built("None, None, 1, 4096")}`,
    nearMiss: `${mask("return kv_idx <= q_idx + 4095")}${built("None, None, 1, 4096")}`,
    fixed: `${mask("return kv_idx <= q_idx + 4095")}${built("None, None, 1, 4096")}`,
    says: "the last query sees 1 of 4096 keys",
  }),
  lint({
    code: "score-unused",
    fires: score("return (q_idx - kv_idx) * 0.5").replace("mod", "«mod»"),
    nearMiss: score('return torch.where(q_idx >= kv_idx, score, -float("inf"))'),
  }),
  lint({
    code: "recompiles-each-step",
    fires: `STEP = 0\n\n\n${score("return score * (1 + «STEP»)")}\n\n\ndef train(q, k, v):\n    global STEP\n    STEP += 1\n    return flex_attention(q, k, v, score_mod=mod)\n`,
    nearMiss: `STEP = torch.tensor(0)\n\n\n${score("return score * (1 + STEP)")}\n\n\ndef train(q, k, v):\n    global STEP\n    STEP += 1\n    return flex_attention(q, k, v, score_mod=mod)\n`,
    says: "that changes with `STEP += 1`",
  }),
  lint({
    code: "recompiles-each-step",
    fires: `class Trainer:\n    def __init__(self):\n        self.step = 0\n\n    def train(self, q, k, v):\n        self.step += 1\n\n        def mod(score, b, h, q_idx, kv_idx):\n            return score + «self.step»\n\n        return flex_attention(q, k, v, score_mod=mod)\n`,
    nearMiss: `class Trainer:\n    def __init__(self):\n        self.window = 8\n        self.step = 0\n\n    def train(self, q, k, v):\n        self.step += 1\n\n        def mod(score, b, h, q_idx, kv_idx):\n            return score + self.window\n\n        return flex_attention(q, k, v, score_mod=mod)\n`,
  }),
  lint({
    code: "recompiles-on-change",
    fires: loop("def mod(score, b, h, q_idx, kv_idx):\n    return score * «step»\n\ncompiled(q, k, v, score_mod=mod)\n"),
    says: "that changes with `for step in range(100)`",
    nearMiss: loop(
      "scale = torch.tensor(step)\n\ndef mod(score, b, h, q_idx, kv_idx):\n    return score * scale\n\ncompiled(q, k, v, score_mod=mod)\n",
    ),
  }),
  lint({
    // The module's own loop counts what the mod reads.
    code: "recompiles-each-step",
    fires: `step = 0\n\n\n${score("return score + «step»")}\n\n\nq = torch.zeros(1, 1, 8, 8)\nfor _ in range(100):\n    step += 1\n    out = flex_attention(q, q, q, score_mod=mod)\n`,
    nearMiss: `step = 0\n\n\n${score("return score + step")}\n\n\nq = torch.zeros(1, 1, 8, 8)\nfor turn in range(100):\n    out = flex_attention(q, q, q, score_mod=mod)\n`,
  }),
  lint({
    code: "recompiles-each-step",
    fires: `class Layer(torch.nn.Module):\n    def __init__(self):\n        self.step = 0\n\n    def forward(self, q):\n        def mod(score, b, h, q_idx, kv_idx):\n            return score + «self.step»\n\n        return flex_attention(q, q, q, score_mod=mod)\n\n\ndef train(layer, q):\n    layer.step += 1\n    return layer(q)\n`,
    nearMiss: `class Layer(torch.nn.Module):\n    def __init__(self, step):\n        self.step = step\n\n    def forward(self, q):\n        def mod(score, b, h, q_idx, kv_idx):\n            return score + self.step\n\n        return flex_attention(q, q, q, score_mod=mod)\n`,
  }),
  lint({
    code: "recompiles-on-change",
    fires: `def train_step(q, step: int):\n    def mod(score, b, h, q_idx, kv_idx):\n        return score * (1 + «step»)\n\n    return flex_attention(q, q, q, score_mod=mod)\n`,
    nearMiss: `def train_step(q, step: torch.Tensor):\n    def mod(score, b, h, q_idx, kv_idx):\n        return score * (1 + step)\n\n    return flex_attention(q, q, q, score_mod=mod)\n`,
    says: "changes with `def train_step(q, step: int)`",
  }),
  lint({
    code: "recompiles-on-change",
    fires: `class Annealed:\n    def __init__(self):\n        self.scale = 1.0\n\n    def train(self, q):\n        self.scale = self.scale * 0.9\n\n        def mod(score, b, h, q_idx, kv_idx):\n            return score * «self.scale»\n\n        return flex_attention(q, q, q, score_mod=mod)\n`,
    nearMiss: `class Annealed:\n    def __init__(self):\n        self.scale = 1.0\n\n    def train(self, q):\n        scale = torch.tensor(self.scale)\n        self.scale = self.scale * 0.9\n\n        def mod(score, b, h, q_idx, kv_idx):\n            return score * scale\n\n        return flex_attention(q, q, q, score_mod=mod)\n`,
  }),
  lint({
    code: "recompiles-on-change",
    fires: `def window_mask(window):\n    def mod(b, h, q_idx, kv_idx):\n        return (q_idx >= kv_idx) & (q_idx - kv_idx < window)\n\n    return mod\n\n\ndef train(q, k, v):\n    window = 16\n    for _ in range(100):\n        window += 16\n        block_mask = create_block_mask(window_mask(«window»), None, None, 1024, 1024)\n        flex_attention(q, k, v, block_mask=block_mask)\n`,
    nearMiss: `def window_mask(window):\n    def mod(b, h, q_idx, kv_idx):\n        return (q_idx >= kv_idx) & (q_idx - kv_idx < window)\n\n    return mod\n\n\nmasks = [create_block_mask(window_mask(window), None, None, 1024, 1024) for window in (64, 128)]\n`,
    also: ["block-size-wasteful"],
  }),
];
