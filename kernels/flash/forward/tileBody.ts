/**
 * The WGSL of the tile kernel, piece by piece: what it declares, how Q, K and V are staged, both products, the softmax
 * between them, the end of a row. In: a layout. Out: pieces of text for tile.ts.
 *
 * Names of the text: s2_1 are the scores of the thread's row 2 with its quad 1 of keys, k1_3 component 3 of that quad of
 * keys, o2_1 chunk 1 of row 2 of the accumulator, v3_1 that chunk of key 3 of the quad at hand; m1 and l1 are of rows 4
 * to 7, as a vec4f.
 */
import { source } from "../../emit/source.ts";
import { lane, plus, plusTimes, range, type TileLayout } from "./tileLayout.ts";

/** Chunks of a head dim above which a score is summed from sums of four products: in one chain it would miss 2e-5. */
const LONG_D4 = 32;

/** Constants, what is staged, and the functions that the loop calls. */
export function tileFunctions(t: TileLayout): string {
  const { threadsX, threadsY } = t.shape;
  const four = (name: string): string => source`
    vec4f(
      ${range(4).map((i) => `${name}(s.${lane(i)}, b, h, q_idx, kv_idx${i === 0 ? "" : ` + ${i}`}),`)}
    )`;
  const signature = "(s: vec4f, b: i32, h: i32, q_idx: i32, kv_idx: i32) -> vec4f";
  return [
    source`
      const THREADS = ${t.threads}u;
      const THREADS_X = ${threadsX}u;
      const THREADS_Y = ${threadsY}u;
      const QUADS = ${t.blockN / 4}u;  // quads of keys: BLOCK_N / 4
      ${t.qkPart === t.d4 ? "" : `const D_PART = ${t.qkPart}u;  // chunks of the head dim that are staged at once`}
      ${t.vPart === t.blockN ? "" : `const V_PART = ${t.vPart}u;  // keys of V that are staged at once`}
      const Q_STRIDE = ${t.qStride}u;  // from row to row of what is staged: odd, so that they start in different banks
      const P_STRIDE = ${t.pStride}u;

      ${
        t.shape.keepQ
          ? `var<workgroup> q_staged: array<vec4f, ${t.staged.q}>;\nvar<workgroup> p_staged: array<vec4f, ${t.staged.p}>;`
          : `var<workgroup> qp_staged: array<vec4f, ${Math.max(t.staged.q, t.staged.p)}>;`
      }
      var<workgroup> kv_staged: array<vec4f, ${t.staged.kv}>;
      var<workgroup> row_staged: array<vec4f, ${t.staged.row}>;

      fn max4(x: vec4f) -> f32 {
        return max(max(x.x, x.y), max(x.z, x.w));
      }

      fn sum4(x: vec4f) -> f32 {
        return (x.x + x.y) + (x.z + x.w);
      }

      // x + Σ a y over the four components of a${t.d4 > LONG_D4 ? "; the sum comes first, for rounding adds up over long rows" : ""}.
      fn add_products(x: vec4f, a: vec4f, y0: vec4f, y1: vec4f, y2: vec4f, y3: vec4f) -> vec4f {
        return ${
          t.d4 > LONG_D4
            ? "x + fma(vec4f(a.w), y3, fma(vec4f(a.z), y2, fma(vec4f(a.y), y1, a.x * y0)))"
            : "fma(vec4f(a.w), y3, fma(vec4f(a.z), y2, fma(vec4f(a.y), y1, fma(vec4f(a.x), y0, x))))"
        };
      }`,
    ...(t.hasScoreMod && t.hasMaskMod
      ? [
          source`
            // Scores of four keys from kv_idx on in a full block.
            fn full_scores${signature} {
              return ${four("full_score")};
            }`,
        ]
      : []),
    source`
      // Scores of four keys from kv_idx on in a partial block; those beyond KV_LEN are masked.
      fn masked_scores${signature} {
        let t = ${t.hasScoreMod || t.hasMaskMod ? four("masked_score") : "s"};
        return select(vec4f(NEG_INF), t, vec4i(kv_idx) + vec4i(0, 1, 2, 3) < vec4i(i32(params.KV_LEN)));
      }`,
  ].join("\n\n");
}

/** Whether the head dim of Q and K is staged in parts, `first_chunk` being where the part starts. */
const inParts = (t: TileLayout): boolean => t.qkPart < t.d4;

/** The chunk of the head dim at `index` of a part; where the last part reaches over the end, the last chunk again. */
function chunkAt(t: TileLayout, index: string): string {
  const chunk = `first_chunk + ${index}`;
  return t.d4 % t.qkPart === 0 ? chunk : `min(${chunk}, D4 - 1u)`;
}

/** Where Q and p are staged: in one place, in turns, unless Q is kept. */
const qName = (t: TileLayout): string => (t.shape.keepQ ? "q_staged" : "qp_staged");
const pName = (t: TileLayout): string => (t.shape.keepQ ? "p_staged" : "qp_staged");

/** Stages the tile's rows of Q: all of them for good, or the part from `first_chunk` on. */
function stageQ(t: TileLayout): string {
  const whole = t.shape.keepQ || !inParts(t);
  const chunks = whole ? "D4" : "D_PART";
  return source`
    for (var i = thread; i < BLOCK_M * ${chunks}; i += THREADS) {
      let row = min(first_row + i / ${chunks}, last_row);
      let chunk = ${whole ? "i % D4" : chunkAt(t, "i % D_PART")};
      ${qName(t)}[i / ${chunks} * Q_STRIDE + i % ${chunks}] = ${t.storage.load("Q[q_base + row * params.Q.row + chunk]")} * params.SM_SCALE;
    }`;
}

/** Stages K, or the part from `first_chunk` on: each thread turns four keys by four components round at a time. */
function stageK(t: TileLayout): string {
  const chunks = inParts(t) ? "D_PART" : "D4";
  return source`
    for (var i = thread; i < QUADS * ${chunks}; i += THREADS) {
      let quad = i % QUADS;
      let chunk = ${inParts(t) ? chunkAt(t, "i / QUADS") : "i / QUADS"};
      ${range(4).map((j) => `let k${j} = ${t.storage.load(`K[k_base + min(${plus("key + 4u * quad", j)}, last_key) * k_step + chunk]`)};`)}
      let at = i / QUADS * BLOCK_N + quad;
      ${range(4).map(
        (j) =>
          `kv_staged[${plusTimes("at", j, "QUADS")}] = vec4f(${range(4)
            .map((i) => `k${i}.${lane(j)}`)
            .join(", ")});`,
      )}
    }`;
}

/** Stages V, or the part from `first_key` on. */
function stageV(t: TileLayout): string {
  const parts = t.vPart < t.blockN;
  return source`
    for (var i = thread; i < ${parts ? "V_PART" : "BLOCK_N"} * DV4; i += THREADS) {
      let row = min(key + ${parts ? "first_key + " : ""}i / DV4, last_key);
      kv_staged[i] = ${t.storage.load("V[v_base + row * v_step + i % DV4]")};
    }`;
}

/** Chunk x of the thread; beyond the row's end it is the last one again, which is not written. */
const chunkOfV = (t: TileLayout, x: number): string => {
  const chunk = plus("tx", x * t.shape.threadsX);
  return isWhole(t, x) ? chunk : `min(${chunk}, DV4 - 1u)`;
};

/** Statements before the walk: Q where it is kept, m, l, the accumulator. */
export function openTile(t: TileLayout): string {
  return source`
    let tx = thread % THREADS_X;
    let ty = thread / THREADS_X;
    let first_row = q_tile * BLOCK_M;
    ${t.chunks.map((x) => `let c${x} = ${chunkOfV(t, x)};`)}

    ${t.shape.keepQ ? `${stageQ(t)}\n` : ""}
    ${t.groups.map((g) => `var m${g} = vec4f(NEG_INF);\nvar l${g} = vec4f();`)}
    ${t.rows.map((r) => t.chunks.map((x) => `var o${r}_${x} = vec4f();`).join(" "))}`;
}

/** The walk over one run. */
export function runTile(t: TileLayout): string {
  return source`
    ${t.hasMaskMod ? "let full = runs[run + 2u] == 1u;  // every element is allowed: mask_mod is not asked" : ""}
    for (var key = run_start; key < run_end; key += BLOCK_N) {
      ${[scores(t), applyMods(t), softmax(t), values(t)].join("\n\n")}
    }`;
}

/** The thread's row r within the tile. */
const rowOf = (t: TileLayout, r: number): string => (r === 0 ? "ty" : `(ty + ${r * t.shape.threadsY}u)`);

function scores(t: TileLayout): string {
  const chunks = !inParts(t) ? "D4" : t.d4 % t.qkPart === 0 ? "D_PART" : "min(D_PART, D4 - first_chunk)";
  const product = source`
    workgroupBarrier();  // what was staged before has been read
    ${t.shape.keepQ ? "" : stageQ(t)}
    // K, turned round: four keys by four components at a time.
    ${stageK(t)}
    workgroupBarrier();
    for (var chunk = 0u; chunk < ${chunks}; chunk++) {
      let at = chunk * BLOCK_N + tx;
      ${t.quads.flatMap((n) => range(4).map((j) => `let k${n}_${j} = kv_staged[${plusTimes(plusTimes("at", j, "QUADS"), n, "THREADS_X")}];`))}
      ${t.rows.map(
        (r) => source`
          {
            let q = ${qName(t)}[${rowOf(t, r)} * Q_STRIDE + ${t.shape.keepQ && inParts(t) ? "first_chunk + chunk" : "chunk"}];
            ${t.quads.map((n) => `s${r}_${n} = add_products(s${r}_${n}, q, k${n}_0, k${n}_1, k${n}_2, k${n}_3);`)}
          }`,
      )}
    }`;
  return source`
    // Scores.
    ${t.rows.map((r) => t.quads.map((n) => `var s${r}_${n} = vec4f();`).join(" "))}
    ${
      inParts(t)
        ? source`
            for (var first_chunk = 0u; first_chunk < D4; first_chunk += D_PART) {
              ${product}
            }`
        : product
    }`;
}

/**
 * The mods, in a loop over the thread's quads of scores: their text may be long, and a compiler that inlines it four
 * times a quad would take as long. It unrolls the loop where that is cheap, and then the array is registers.
 */
function applyMods(t: TileLayout): string {
  if (!t.hasMaskMod && t.hasScoreMod) return applyKind(t, "masked");
  if (!t.hasMaskMod)
    return source`
      // No mods: only the keys beyond KV_LEN are to be masked.
      if (key + BLOCK_N > params.KV_LEN) {
        ${applyKind(t, "masked")}
      }`;
  if (!t.hasScoreMod)
    return source`
      if (!full) {
        ${applyKind(t, "masked")}
      }`;
  return source`
    if (full) {
      ${applyKind(t, "full")}
    } else {
      ${applyKind(t, "masked")}
    }`;
}

function applyKind(t: TileLayout, kind: "full" | "masked"): string {
  const names = t.rows.flatMap((r) => t.quads.map((n) => `s${r}_${n}`));
  const perRow = t.quads.length;
  const row = perRow === 1 ? "i" : `i / ${perRow}u`;
  const quad = perRow === 1 ? "tx" : `(tx + i % ${perRow}u * THREADS_X)`;
  return source`
    var t = array<vec4f, ${names.length}>(${names.join(", ")});
    for (var i = 0u; i < ${names.length}u; i++) {
      let q_idx = i32(first_row + ty + ${row} * THREADS_Y);
      let kv_idx = i32(key + 4u * ${quad});
      t[i] = ${kind}_scores(t[i], b, h, q_idx, kv_idx);
    }
    ${names.map((name, i) => `${name} = t[${i}];`)}`;
}

function softmax(t: TileLayout): string {
  const overQuads = (join: (a: string, b: string) => string, r: number, name: string): string =>
    t.quads.map((n) => `${name}${r}_${n}`).reduce(join);
  const ofRows = (g: number, text: (r: number) => string): string =>
    `vec4f(${range(4)
      .map((i) => text(4 * g + i))
      .join(", ")})`;
  const greatest = (r: number): string => `max4(${overQuads((a, b) => `max(${a}, ${b})`, r, "s")})`;
  const sum = (r: number): string => `sum4(${overQuads((a, b) => `${a} + ${b}`, r, "p")})`;
  return source`
    // Online softmax: each row's maximum over the keys of all its threads.
    ${t.groups.map((g) => `row_staged[${rowSlot(g, "tx")}] = ${ofRows(g, greatest)};`)}
    workgroupBarrier();
    ${t.groups.map((g) => `var new_m${g} = m${g};`)}
    for (var x = 0u; x < THREADS_X; x++) {
      ${t.groups.map((g) => `new_m${g} = max(new_m${g}, row_staged[${rowSlot(g, "x")}]);`)}
    }
    ${t.groups.map((g) => `let alpha${g} = ${t.weight(`m${g} - new_m${g}`)};\nm${g} = new_m${g};`)}
    ${t.rows.flatMap((r) =>
      t.quads.map(
        (n) =>
          `let p${r}_${n} = ${t.weight(`s${r}_${n} - ${ofRow("m", r)}`)};\n${pName(t)}[${plusTimes(`${rowOf(t, r)} * P_STRIDE + tx`, n, "THREADS_X")}] = p${r}_${n};`,
      ),
    )}
    ${t.groups.map((g) => `l${g} = l${g} * alpha${g} + ${ofRows(g, sum)};`)}
    ${t.rows.map((r) => t.chunks.map((x) => `o${r}_${x} *= ${ofRow("alpha", r)};`).join(" "))}`;
}

/** The component of the vec4f `name` of its group that is row r's. */
const ofRow = (name: string, r: number): string => `${name}${r >> 2}.${lane(r)}`;

/** Where thread x of a row leaves its vec4f of group g: neighbours in ty side by side. */
const rowSlot = (g: number, x: string): string => `${g === 0 ? x : `(${plusTimes(x, g, "THREADS_X")})`} * THREADS_Y + ty`;

function values(t: TileLayout): string {
  const parts = t.vPart < t.blockN;
  const product = source`
    ${stageV(t)}
    workgroupBarrier();
    for (var quad = 0u; quad < ${parts ? "V_PART / 4u" : "QUADS"}; quad++) {
      let at = 4u * quad * DV4;
      ${t.chunks.flatMap((x) => range(4).map((j) => `let v${j}_${x} = kv_staged[${plusTimes("at", j, "DV4")} + c${x}];`))}
      ${t.rows.map(
        (r) => source`
          {
            let p = ${pName(t)}[${rowOf(t, r)} * P_STRIDE + ${parts ? "first_key / 4u + " : ""}quad];
            ${t.chunks.map((x) => `o${r}_${x} = add_products(o${r}_${x}, p, v0_${x}, v1_${x}, v2_${x}, v3_${x});`)}
          }`,
      )}
    }`;
  return source`
    // The accumulator.
    ${
      parts
        ? source`
            for (var first_key = 0u; first_key < BLOCK_N; first_key += V_PART) {
              workgroupBarrier();  // what was staged before has been read
              ${product}
            }`
        : product
    }`;
}

/** Statements after the walk: out, lse and the largest scores. */
export function closeTile(t: TileLayout): string {
  const write = (r: number, x: number): string => {
    const line = `OUT[out_row + c${x}] = ${t.storage.store(`row_output(o${r}_${x}, scale)`)};`;
    return isWhole(t, x) ? line : `if (${plus("tx", x * t.shape.threadsX)} < DV4) {\n  ${line}\n}`;
  };
  return source`
    // Each row's sum over the keys of all its threads.
    ${t.groups.map((g) => `row_staged[${rowSlot(g, "tx")}] = l${g};\nl${g} = vec4f();`)}
    workgroupBarrier();
    for (var x = 0u; x < THREADS_X; x++) {
      ${t.groups.map((g) => `l${g} += row_staged[${rowSlot(g, "x")}];`)}
    }
    ${t.rows.map(
      (r) => source`
        {
          let row = first_row + ${plus("ty", r * t.shape.threadsY)};
          if (row < params.Q_LEN) {
            let scale = row_scale(${ofRow("m", r)}, ${ofRow("l", r)});
            let out_row = out_base + row * params.OUT.row;
            ${t.chunks.map((x) => write(r, x))}
            if (tx == 0u) {
              LSE[row_base + row] = row_lse(${ofRow("m", r)}, ${ofRow("l", r)});
              LSE[params.ROWS + row_base + row] = row_max(${ofRow("m", r)});
            }
          }
        }`,
    )}`;
}

/** Whether every thread has a chunk x of its own. */
const isWhole = (t: TileLayout, x: number): boolean => (x + 1) * t.shape.threadsX <= t.dv4;
