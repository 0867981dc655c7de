/**
 * onnxruntime-web's WebGPU execution provider as a contestant: its FlashAttention (MultiHeadAttention,
 * GroupQueryAttention), with an additive bias for masks that it has no word for, and plain MatMul and Softmax.
 *
 * It gets a device of its own without features: with `subgroups` version 1.30.0 gives wrong numbers on software adapters
 * (errors of 0.02 to 0.96), and with subgroup matrices on lavapipe (0.008 to 0.05); without them it is right to 1e-6, and
 * still takes its FlashAttention path. Outputs stay on the GPU.
 */
import type { Inputs } from "../../../kernels/flash/inputs.ts";
import type { Problem } from "../../../kernels/flash/problem.ts";
import type { Variant } from "../../../kernels/ir/mod.ts";
import { readFloats } from "../../../kernels/runtime/buffers.ts";
import type { Contestant, Running } from "../stage.ts";
import { additiveBias, headsInside, headsOutside, transposed } from "./layouts.ts";
import { onnxModel, type Value } from "./onnx.ts";

interface OrtTensor {
  readonly gpuBuffer: GPUBuffer;
  readonly dispose: () => void;
}
interface OrtSession {
  readonly run: (feeds: Feeds, fetches?: Feeds) => Promise<Readonly<Record<string, OrtTensor>>>;
}
type Feeds = Readonly<Record<string, OrtTensor>>;
interface Ort {
  readonly env: { readonly wasm: { wasmPaths: string; numThreads: number }; logLevel: string };
  readonly InferenceSession: { readonly create: (model: Uint8Array, options: object) => Promise<OrtSession> };
  readonly Tensor: {
    new (type: "int32", data: Int32Array, dims: readonly number[]): OrtTensor;
    new (type: "float32", data: Float32Array, dims: readonly number[]): OrtTensor;
    readonly fromGpuBuffer: (buffer: GPUBuffer, options: { dataType: "float32"; dims: readonly number[] }) => OrtTensor;
  };
}

/** The runtime with a device; one a page. */
export interface OrtHandle {
  readonly ort: Ort;
  readonly device: GPUDevice;
}

/** Loads the runtime from `/files/` and opens its device. */
export async function openOrt(): Promise<OrtHandle> {
  const address = "/files/ort.webgpu.min.mjs";
  const ort: Ort = await import(address);
  ort.env.wasm.wasmPaths = "/files/";
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
  if (adapter === null) throw new Error("there is no adapter");
  const { maxComputeWorkgroupStorageSize, maxStorageBufferBindingSize, maxBufferSize } = adapter.limits;
  const device = await adapter.requestDevice({
    requiredLimits: { maxComputeWorkgroupStorageSize, maxStorageBufferBindingSize, maxBufferSize },
  });
  return { ort, device };
}

/** One tensor that a session reads. */
interface Feed {
  readonly value: Value;
  readonly tensor: (handle: OrtHandle) => OrtTensor;
}

const onGpu =
  (data: () => Float32Array<ArrayBuffer>, dims: readonly number[]) =>
  ({ ort, device }: OrtHandle): OrtTensor => {
    const content = data();
    if (content.length === 0) return new ort.Tensor("float32", content, dims);
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    const buffer = device.createBuffer({ size: content.byteLength, usage });
    device.queue.writeBuffer(buffer, 0, content);
    return ort.Tensor.fromGpuBuffer(buffer, { dataType: "float32", dims });
  };

const onHost =
  (data: readonly number[]) =>
  ({ ort }: OrtHandle): OrtTensor =>
    new ort.Tensor("int32", Int32Array.from(data), [data.length]);

interface Model {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly feeds: readonly Feed[];
  /** Outputs that are written into tensors that are fed: key and value caches kept in place. */
  readonly inPlace?: Readonly<Record<string, string>>;
  /** Output [B, Q_LEN, H, DV] → [B, H, Q_LEN, DV], where it comes so. */
  readonly output: (data: Float32Array<ArrayBuffer>) => Float32Array<ArrayBuffer>;
  readonly about: string;
}

function contestant(
  open: () => Promise<OrtHandle>,
  variant: Variant,
  problem: Problem,
  model: (inputs: Inputs<Float32Array<ArrayBuffer>>) => Model,
): Contestant {
  const make = async (inputs: Inputs<Float32Array<ArrayBuffer>>): Promise<Running> => {
    const handle = await open();
    const { device, ort } = handle;
    const { bytes, feeds, inPlace = {}, output, about } = model(inputs);
    const session = await ort.InferenceSession.create(bytes, {
      executionProviders: [{ name: "webgpu", device }],
      preferredOutputLocation: "gpu-buffer",
    });
    const tensors = Object.fromEntries(feeds.map(({ value, tensor }) => [value.name, tensor(handle)]));
    const fixed = Object.entries(inPlace).flatMap(([to, from]) => (tensors[from] === undefined ? [] : [[to, tensors[from]] as const]));
    // The names of all outputs: those without a tensor of ours are allocated by the runtime.
    const fetches =
      fixed.length === 0
        ? undefined
        : { ...Object.fromEntries(fixed), out: onGpu(() => new Float32Array(outSize(problem)), outDims(problem))(handle) };
    let last: Readonly<Record<string, OrtTensor>> = {};
    return {
      run: async (repeats) => {
        for (let i = 0; i < repeats; i++) {
          if (fetches === undefined) for (const tensor of Object.values(last)) tensor.dispose();
          last = fetches === undefined ? await session.run(tensors) : await session.run(tensors, fetches);
        }
        await device.queue.onSubmittedWorkDone();
      },
      output: async () => {
        const tensor = fetches?.out ?? last["out"];
        if (tensor === undefined) throw new Error("it puts out nothing");
        return output(await readFloats(device, tensor.gpuBuffer, outSize(problem)));
      },
      about,
    };
  };
  return { variant, problem, make };
}

const outSize = (p: Problem): number => p.batch * p.qLen * p.qHeads * p.vHeadDim;
const outDims = (p: Problem): readonly number[] => [p.batch, p.qLen, p.qHeads * p.vHeadDim];

const float = (name: string, dims: Value["dims"]): Value => ({ name, dims });

/** q, k and v as [B, length, heads × D]. */
function packedFeeds(p: Problem, { q, k, v }: Inputs<Float32Array<ArrayBuffer>>): Feed[] {
  const feed = (name: string, data: Float32Array<ArrayBuffer>, heads: number, length: number, d: number): Feed => ({
    value: float(name, ["B", `${name}_length`, heads * d]),
    tensor: onGpu(() => headsInside(data, p.batch, heads, length, d), [p.batch, length, heads * d]),
  });
  return [
    feed("q", q, p.qHeads, p.qLen, p.qkHeadDim),
    feed("k", k, p.kvHeads, p.kvLen, p.qkHeadDim),
    feed("v", v, p.kvHeads, p.kvLen, p.vHeadDim),
  ];
}

const asHeads = (p: Problem) => (data: Float32Array<ArrayBuffer>) => headsOutside(data, p.batch, p.qHeads, p.qLen, p.vHeadDim);

/** MultiHeadAttention; with a mask_mod the mask is handed over as a bias of 0 and −1e30, [1, 1, Q_LEN, KV_LEN]. */
export function multiHeadAttention(open: () => Promise<OrtHandle>, variant: Variant, p: Problem): Contestant {
  return contestant(open, variant, p, (inputs) => {
    const bias: Feed[] =
      variant.maskMod === null
        ? []
        : [
            {
              value: float("bias", ["bias_batch", "bias_heads", "q_length", "k_length"]),
              tensor: onGpu(() => additiveBias(variant, p), [1, 1, p.qLen, p.kvLen]),
            },
          ];
    const feeds = [...packedFeeds(p, inputs), ...bias];
    const values = feeds.map((f) => f.value);
    const bytes = onnxModel(
      [
        {
          operator: "MultiHeadAttention",
          domain: "com.microsoft",
          inputs: bias.length === 0 ? values : [...values.slice(0, 3), "", "", ...values.slice(3)],
          outputs: [float("out", ["B", "q_length", p.qHeads * p.vHeadDim])],
          attributes: { num_heads: p.qHeads },
        },
      ],
      ["out"],
    );
    return { bytes, feeds, output: asHeads(p), about: bias.length === 0 ? "MultiHeadAttention" : "MultiHeadAttention, attention_bias" };
  });
}

/**
 * GroupQueryAttention, which is causal: square problems start with an empty cache; one query stands at the end of a cache
 * that holds the keys before it and is updated in place, as a decoder runs it.
 */
export function groupQueryAttention(open: () => Promise<OrtHandle>, variant: Variant, p: Problem): Contestant {
  return contestant(open, variant, p, (inputs) => {
    const decoding = p.qLen === 1;
    const past = decoding ? p.kvLen : 0;
    const cacheDims = [p.batch, p.kvHeads, past, p.qkHeadDim];
    const cache = (name: string, data: Float32Array<ArrayBuffer>): Feed => ({
      value: float(name, ["B", p.kvHeads, "past_length", p.qkHeadDim]),
      tensor: onGpu(() => (decoding ? data : new Float32Array(0)), cacheDims),
    });
    // The newest key and value: the last row of each head.
    const newest = (data: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> => {
      const rows = Array.from({ length: p.batch * p.kvHeads }, (_, i) => {
        const end = (i + 1) * p.kvLen * p.qkHeadDim;
        return [...data.subarray(end - p.qkHeadDim, end)];
      });
      return Float32Array.from(rows.flat());
    };
    const fresh = decoding
      ? packedFeeds({ ...p, kvLen: 1 }, { q: inputs.q, k: newest(inputs.k), v: newest(inputs.v) })
      : packedFeeds(p, inputs);
    const feeds: Feed[] = [
      ...fresh,
      cache("past_key", inputs.k),
      cache("past_value", inputs.v),
      { value: { name: "seqlens_k", type: "int32", dims: ["B"] }, tensor: onHost(Array.from({ length: p.batch }, () => p.kvLen - 1)) },
      { value: { name: "total", type: "int32", dims: [1] }, tensor: onHost([p.kvLen]) },
    ];
    const present = (name: string): Value => float(name, ["B", p.kvHeads, "total_length", p.qkHeadDim]);
    const bytes = onnxModel(
      [
        {
          operator: "GroupQueryAttention",
          domain: "com.microsoft",
          inputs: feeds.map((f) => f.value),
          outputs: [float("out", ["B", "q_length", p.qHeads * p.vHeadDim]), present("present_key"), present("present_value")],
          attributes: { num_heads: p.qHeads, kv_num_heads: p.kvHeads },
        },
      ],
      ["out", "present_key", "present_value"],
    );
    return {
      bytes,
      feeds,
      ...(decoding ? { inPlace: { present_key: "past_key", present_value: "past_value" } } : {}),
      output: asHeads(p),
      about: decoding ? "GroupQueryAttention, cache in place" : "GroupQueryAttention",
    };
  });
}

/** MatMul, Softmax, MatMul over [B, H, length, D]; k comes transposed and q scaled, which costs it nothing. */
export function unfusedOrt(open: () => Promise<OrtHandle>, variant: Variant, p: Problem): Contestant {
  return contestant(open, variant, p, ({ q, k, v }) => {
    const scaled = q.map((x) => x * p.scale);
    const named: readonly [string, Float32Array<ArrayBuffer>, readonly number[]][] = [
      ["q", scaled, [p.batch, p.qHeads, p.qLen, p.qkHeadDim]],
      ["kt", transposed(k, p.batch * p.kvHeads, p.kvLen, p.qkHeadDim), [p.batch, p.kvHeads, p.qkHeadDim, p.kvLen]],
      ["v", v, [p.batch, p.kvHeads, p.kvLen, p.vHeadDim]],
    ];
    const feeds = named.map(([name, data, dims]): Feed => ({ value: float(name, dims), tensor: onGpu(() => data, dims) }));
    const [qValue, kValue, vValue] = feeds.map((f) => f.value);
    if (qValue === undefined || kValue === undefined || vValue === undefined) throw new Error("three feeds");
    const scores = (name: string): Value => float(name, [p.batch, p.qHeads, p.qLen, p.kvLen]);
    const out = float("out", [p.batch, p.qHeads, p.qLen, p.vHeadDim]);
    const operator = (name: string, ins: readonly Value[], to: Value) => ({
      operator: name,
      domain: "",
      inputs: ins,
      outputs: [to],
      attributes: {},
    });
    const nodes = [
      operator("MatMul", [qValue, kValue], scores("s")),
      operator("Softmax", [scores("s")], scores("p")),
      operator("MatMul", [scores("p"), vValue], out),
    ];
    return { bytes: onnxModel(nodes, ["out"]), feeds, output: (data) => data, about: "MatMul, Softmax, MatMul" };
  });
}
