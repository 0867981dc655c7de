/** What `flexlens --help` prints, and the commands there are. */

/** The commands, as the first word names them. */
export const COMMANDS = [
  "check",
  "mask",
  "diff",
  "python",
  "run",
  "bench",
  "tune",
  "explain",
  "kernel",
  "trace",
  "eval",
  "captures",
] as const;
/** One of them. */
export type CommandName = (typeof COMMANDS)[number];

/** The help text. */
export const USAGE = `flexlens: FlexAttention mods read as text, seen as masks, run as WebGPU kernels

  flexlens check FILE…                 what is wrong, and the rewrite; whether \`# flexlens: assert …\` holds
  flexlens mask FILE::NAME             the block mask: sparsity and a picture
           --text | --json | --png OUT
           --out OUT.{png,svg,txt,json,npy} [--rect Q0,Q1,KV0,KV1] [--slice B,H]
                                       any rectangle of one batch and head (ends exclusive) as picture, text, runs or
                                       a NumPy array of bools
           --report [--ranks N]        what its structure costs: blocks a row, waste by block size, the work of N
                                       ranks, a better block size and order of tokens; with --json for programs
  flexlens python FILE::NAME [--out OUT.py]
                                       the mod with its values as Python that runs by itself; tensors too large for
                                       its text are written beside OUT.py
  flexlens diff FILE::A FILE::B        the cells that B allows and A does not, and the other way round: counted, the
                                       first of each named; exit code 1 where there are any
  flexlens run FILE::NAME --inputs QKV.{safetensors,npz,json} -o OUT.{safetensors,npz,json}
           [--kernel NAME] [--layout BSHD] [--max-scores]
                                       the fused kernel on your own q, k and v (BHSD; JSON: {q, k, v: {dtype, shape, data}}):
                                       writes \`out\` (of --dtype) and \`lse\`, float32; without FILE attention without mods
  flexlens bench FILE::NAME [--kernel NAME]
                                       fused kernel against materialised attention, checked
  flexlens tune FILE::NAME [--kernel NAME]
                                       times the kernels that are legal here, with the tiles worth a try, each checked
                                       first, and remembers the fastest for problems of this kind: run, bench and
                                       explain then take it
  flexlens explain FILE::NAME [--device FILE.json]
                                       which kernel runs on this machine's device, and why each other does not
  flexlens kernel FILE::NAME [--kernel NAME] [--device FILE.json]
                                       the WGSL of the fused kernel
  flexlens trace FILE::NAME --at B,H,Q,KV [--score X]
                                       the value of each name at one element, and the result
  flexlens eval FILE::NAME [--scores FILE.json]
                                       the values that PyTorch gives: a score_mod's over the given scores
                                       ({dtype, shape: [B, H, Q, KV], data}), a mask_mod's 0 and 1
  flexlens captures FILE::NAME [--snippet]
                                       what it captures, and where each value comes from; --snippet: the Python
                                       lines that save the tensors of your own run, and the directive that reads them

NAME is a mod, a variable that holds one, a method (Class.method), or a factory, whose parameters are then bound.
Instead of ::NAME, --score-mod NAME and --mask-mod NAME put two together, or name one. FILE may be a notebook.

  --bind NAME=EXPR        a capture's or parameter's value, in Python (repeatable); load("x.npy") reads a data file
  --bind-file FILE.json   {name: scalar, or {dtype, shape, data | b64}}
  --b --h --kv-heads --q-len --kv-len --d --dv N    problem sizes
  --scale X               what q·k is multiplied with, in place of 1/sqrt(D)
  --layout BHSD | BSHD    run, bench, tune, explain, kernel: the order of dimensions of q, k, v and out (lse is always BHS)
  --max-scores            run: write each row's largest score too, as \`max_scores\`
  --dtype f32 | f16       run, bench, tune, explain, kernel: what q, k, v and out are stored as; f16 halves memory,
                          and computes in float32 all the same
  --block-size N | Q,KV   the mask's BLOCK_SIZE
  --kernel NAME[,NAME…]   which may run: row, quad, tile, matrix, decode, small, materialized; as sdpa_kernel has it.
                          matrix (with --dtype f16) needs subgroup matrices, experimental: used where it is named
  --kernel-options BLOCK_M=64,BLOCK_N=32    the tile; also ROWS, WORKGROUP_SIZE, SPLIT_KV; what a kernel cannot have it refuses
  --no-cache              without the winners that \`tune\` remembers: FLEXLENS_CACHE, else flexlens/ in the user's cache folder
  --budget SECONDS        tune: of timing in all, 4 where not given, 20 on a software adapter; more tells nearer kernels apart
  --device FILE.json      {name, limits, features}, as an adapter prints them, in place of this machine's device
  --separate-full-blocks true | false    mask --json: as in create_block_mask; false has no full lists
  --path DIR              look for imported modules in DIR too (repeatable)
  --no-lints              check: leave out what PyTorch takes without a word (out of range, empty rows, …)
  --json                  for programs

Sizes not given come from directives and call sites in the file, then B = 1, H = 1 (kernels: 8), lengths 1024, D = 64.
Exit codes: 0 fine, 1 errors in the file or no such kernel, 2 wrong usage, 3 no device or a wrong result.`;
