/**
 * Writes ONNX models of one node: enough of protobuf for a graph with an operator, its attributes, and inputs and outputs
 * with named or fixed sizes. Field numbers are those of onnx.proto (ModelProto, GraphProto, NodeProto, …).
 */

const FLOAT = 1;
const INT32 = 6;

/** A dimension: a number, or a name for one that each run may choose. */
export type Dim = number | string;

/** A tensor of the graph; `name` "" leaves an optional input out. */
export interface Value {
  readonly name: string;
  readonly type?: "float" | "int32";
  readonly dims: readonly Dim[];
}

export interface Node {
  readonly operator: string;
  /** "" is ONNX's own; `com.microsoft` its runtime's. */
  readonly domain: string;
  readonly inputs: readonly (Value | "")[];
  readonly outputs: readonly Value[];
  /** Whole numbers. */
  readonly attributes: Readonly<Record<string, number>>;
}

/** The bytes of a model that holds the nodes, values passed by name; graph inputs are what no node puts out. */
export function onnxModel(nodes: readonly Node[], outputs: readonly string[]): Uint8Array<ArrayBuffer> {
  const values = (list: readonly (Value | "")[]): Value[] => list.filter((v): v is Value => v !== "");
  const made = new Map(nodes.flatMap((n) => n.outputs).map((v) => [v.name, v]));
  const wanted = new Map(nodes.flatMap((n) => values(n.inputs)).map((v) => [v.name, v]));
  const graph = [
    ...nodes.map((n) => bytes(1, node(n))),
    text(2, "graph"),
    ...[...wanted.values()].filter((v) => !made.has(v.name)).map((v) => bytes(11, valueInfo(v))),
    ...[...made.values()].filter((v) => outputs.includes(v.name)).map((v) => bytes(12, valueInfo(v))),
  ].flat();
  const operatorSet = (domain: string, version: number): number[] => bytes(8, [...text(1, domain), ...number(2, version)]);
  return Uint8Array.from([...number(1, 10), ...bytes(7, graph), ...operatorSet("", 21), ...operatorSet("com.microsoft", 1)]);
}

function node(n: Node): number[] {
  const ATTRIBUTE_INT = 2;
  return [
    ...n.inputs.flatMap((v) => text(1, v === "" ? "" : v.name)),
    ...n.outputs.flatMap((v) => text(2, v.name)),
    // Names have to differ; outputs' do.
    ...text(3, n.outputs.map((v) => v.name).join()),
    ...text(4, n.operator),
    ...Object.entries(n.attributes).flatMap(([name, value]) =>
      bytes(5, [...text(1, name), ...number(3, value), ...number(20, ATTRIBUTE_INT)]),
    ),
    ...text(7, n.domain),
  ];
}

function valueInfo(v: Value): number[] {
  const dims = v.dims.flatMap((d) => bytes(1, typeof d === "number" ? number(1, d) : text(2, d)));
  const tensor = [...number(1, v.type === "int32" ? INT32 : FLOAT), ...bytes(2, dims)];
  return [...text(1, v.name), ...bytes(2, bytes(1, tensor))];
}

/** A varint of any non-negative whole number; a negative one as protobuf's int64 has it. */
function varint(value: number): number[] {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 127n) {
    out.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return [...out, Number(rest)];
}

const number = (field: number, value: number): number[] => [...varint(field * 8), ...varint(value)];
const bytes = (field: number, content: readonly number[]): number[] => [...varint(field * 8 + 2), ...varint(content.length), ...content];
const text = (field: number, content: string): number[] => bytes(field, [...new TextEncoder().encode(content)]);
