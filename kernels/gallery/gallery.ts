/**
 * The named variants: one Python file each, written as users write them, with what it is and where it comes from.
 * They are the examples of `npm start`, the snapshots of the tests and the choices of "Open example".
 */
import alibi from "./alibi.py";
import blockDiffusion from "./block_diffusion.py";
import causal from "./causal.py";
import causalSlidingWindow from "./causal_sliding_window.py";
import composition from "./composition.py";
import dilated from "./dilated.py";
import documentPacking from "./document_packing.py";
import mistakes from "./mistakes.py";
import neighbourhood2d from "./neighbourhood_2d.py";
import padding from "./padding.py";
import prefixLm from "./prefix_lm.py";
import relativeBias from "./relative_bias.py";
import sinkTokens from "./sink_tokens.py";
import slidingWindow from "./sliding_window.py";
import tanhSoftcap from "./tanh_softcap.py";
import tree from "./tree.py";

export interface GalleryEntry {
  /** File name, `causal.py`. */
  readonly file: string;
  /** What a list shows. */
  readonly title: string;
  /** One line. */
  readonly description: string;
  /** arXiv id of the paper that introduced or popularised it; null where there is none. */
  readonly paper: string | null;
  /** The variant to show first; null where the file is about its diagnostics. */
  readonly main: string | null;
  /** What that is: a mask, or a score by itself. */
  readonly kind: "mask_mod" | "score_mod" | null;
  readonly text: string;
}

export const GALLERY: readonly GalleryEntry[] = [
  {
    file: "causal.py",
    title: "Causal",
    description: "A token sees itself and everything before it.",
    paper: null,
    main: "causal",
    kind: "mask_mod",
    text: causal,
  },
  {
    file: "sliding_window.py",
    title: "Sliding window",
    description: "A fixed number of neighbours on either side.",
    paper: "2004.05150",
    main: "sliding_window",
    kind: "mask_mod",
    text: slidingWindow,
  },
  {
    file: "causal_sliding_window.py",
    title: "Causal sliding window",
    description: "The last tokens and no others, as in Mistral 7B.",
    paper: "2310.06825",
    main: "causal_sliding_window",
    kind: "mask_mod",
    text: causalSlidingWindow,
  },
  {
    file: "prefix_lm.py",
    title: "Prefix-LM",
    description: "The prompt in both directions, the answer causal.",
    paper: "1910.10683",
    main: "prefix_lm",
    kind: "mask_mod",
    text: prefixLm,
  },
  {
    file: "document_packing.py",
    title: "Document packing",
    description: "Several documents in one sequence, blind to each other.",
    paper: null,
    main: "document_causal",
    kind: "mask_mod",
    text: documentPacking,
  },
  {
    file: "dilated.py",
    title: "Dilated window",
    description: "Every n-th neighbour out to a window.",
    paper: "2004.05150",
    main: "dilated",
    kind: "mask_mod",
    text: dilated,
  },
  {
    file: "alibi.py",
    title: "ALiBi",
    description: "A linear penalty on distance, steeper for each head.",
    paper: "2108.12409",
    main: "alibi_bias",
    kind: "score_mod",
    text: alibi,
  },
  {
    file: "relative_bias.py",
    title: "Relative position bias",
    description: "T5's learned table over logarithmic buckets of the distance.",
    paper: "1910.10683",
    main: "relative_bias",
    kind: "score_mod",
    text: relativeBias,
  },
  {
    file: "tanh_softcap.py",
    title: "Tanh soft-cap",
    description: "Scores bent smoothly into a range, as in Gemma 2.",
    paper: "2408.00118",
    main: "tanh_softcap",
    kind: "score_mod",
    text: tanhSoftcap,
  },
  {
    file: "neighbourhood_2d.py",
    title: "2-D neighbourhood",
    description: "Near tokens of a 56 × 56 image: a window that is 9 × 9, not 5 × 5.",
    paper: "2204.07143",
    main: "neighbourhood_2d",
    kind: "mask_mod",
    text: neighbourhood2d,
  },
  {
    file: "block_diffusion.py",
    title: "Block diffusion",
    description: "The training mask over noisy and clean copies.",
    paper: "2503.09573",
    main: "block_diffusion",
    kind: "mask_mod",
    text: blockDiffusion,
  },
  {
    file: "sink_tokens.py",
    title: "Sink tokens",
    description: "The first tokens stay visible beside a sliding window.",
    paper: "2309.17453",
    main: "generate_sink_mask",
    kind: "mask_mod",
    text: sinkTokens,
  },
  {
    file: "tree.py",
    title: "Tree",
    description: "Speculative decoding: drafts see the prefix and their ancestors.",
    paper: "2305.09781",
    main: "tree",
    kind: "mask_mod",
    text: tree,
  },
  {
    file: "padding.py",
    title: "Left padding",
    description: "Prompts of different lengths, aligned at their ends.",
    paper: null,
    main: "padded_causal",
    kind: "mask_mod",
    text: padding,
  },
  {
    file: "composition.py",
    title: "A composition of four",
    description: "Causal, window or sink, documents and padding, with a soft-cap.",
    paper: null,
    main: "packed_window",
    kind: "mask_mod",
    text: composition,
  },
  {
    file: "mistakes.py",
    title: "Common mistakes",
    description: "What PyTorch refuses or misreads, each with its rewrite.",
    paper: null,
    main: null,
    kind: null,
    text: mistakes,
  },
];
