/**
 * An ONNX graph as a typed object: values know their element type, so that adding an int64 to a
 * float32 is a compile error and not a failure at load time. The operators stand in builder.ts.
 *
 * Field numbers are those of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
 */

import { Message } from "./protobuf.ts";

/** TensorProto.DataType. */
const DATA_TYPES = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9 } as const;

export type DataType = keyof typeof DATA_TYPES;

/** A tensor flowing through the graph. */
export interface Value<T extends DataType = DataType> {
  readonly name: string;
  readonly type: T;
}

interface Node {
  name: string;
  operator: string;
  domain: Domain;
  inputs: readonly (Value | undefined)[];
  outputs: readonly { name: string }[];
  attributes: Attributes;
}

/** A fixed size, or the name of one that is only known when the graph runs. */
export type Dimension = number | string;

export type TypedData = Float32Array | Uint8Array | Int8Array | Int32Array | BigInt64Array;

/** Integers are plain numbers; `float` marks the others, since 1.0 and 1 are one in JavaScript. */
export type Attribute = number | readonly number[] | string | { float: number };

export type Attributes = Record<string, Attribute>;

/** Versions of the operator sets, and of the file format that belongs to them (ONNX 1.17). */
const OPSETS = { "": 21, "com.microsoft": 1 } as const;
const IR_VERSION = 10;

export type Domain = keyof typeof OPSETS;

/** Inputs, outputs, constants and nodes of one graph, in the order in which they were added. */
export class Graph {
  readonly #name: string;
  readonly #nodes: Node[] = [];
  readonly #constants: Message[] = [];
  readonly #inputs: Message[] = [];
  readonly #outputs: Message[] = [];
  readonly #metadata: [string, string][] = [];
  readonly #cache = new Map<string, Value>();
  readonly inputNames: string[] = [];
  readonly outputNames: string[] = [];
  #counter = 0;
  /** Prefix of the names of nodes and values, so that a profile or a viewer shows the layer. */
  scope = "";

  constructor(name: string) {
    this.#name = name;
  }

  input<T extends DataType>(name: string, type: T, dims: readonly Dimension[]): Value<T> {
    this.#inputs.push(valueInfo(name, type, dims));
    this.inputNames.push(name);
    return { name, type };
  }

  /** Makes the result of a node an output of the graph, under `name`. */
  output(name: string, value: Value, dims: readonly Dimension[]): void {
    const owner = this.#nodes.findLast((node) => node.outputs.includes(value));
    if (!owner || this.outputNames.includes(value.name)) {
      throw new TypeError(
        `Cannot output "${value.name}" as "${name}": expected a node's own result`,
      );
    }
    (value as { name: string }).name = name;
    this.#outputs.push(valueInfo(name, value.type, dims));
    this.outputNames.push(name);
  }

  /** A tensor stored in the file. `data` is kept by reference until `toBytes`. */
  constant<T extends DataType>(
    name: string,
    type: T,
    dims: readonly number[],
    data: TypedData,
  ): Value<T> {
    const count = dims.reduce((a, b) => a * b, 1);
    if (data.length !== count) {
      throw new RangeError(
        `Cannot store constant "${name}": shape [${dims}] has ${count} elements, the data ${data.length}`,
      );
    }
    const tensor = new Message();
    for (const size of dims) tensor.int(1, size);
    tensor.int(2, DATA_TYPES[type]).string(8, name)
      .bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    this.#constants.push(tensor);
    return { name, type };
  }

  /** A float32 scalar; equal ones are stored once. */
  scalar(value: number): Value<"float32"> {
    return this.constantOnce(`scalar ${value}`, "float32", [], Float32Array.of(value));
  }

  /** A vector of int64, as shapes, axes and slice bounds are; equal ones are stored once. */
  ints(values: readonly number[]): Value<"int64"> {
    const data = BigInt64Array.from(values, BigInt);
    return this.constantOnce(`ints ${values.join(",")}`, "int64", [values.length], data);
  }

  /** A scalar of int64. */
  int(value: number): Value<"int64"> {
    return this.constantOnce(`int ${value}`, "int64", [], BigInt64Array.of(BigInt(value)));
  }

  /** A tensor of one value; equal ones are stored once. */
  filled(dims: readonly number[], value: number): Value<"float32"> {
    const data = new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(value);
    return this.constantOnce(`filled ${value} ${dims.join("×")}`, "float32", dims, data);
  }

  /** `constant`, stored once per key. */
  constantOnce<T extends DataType>(
    key: string,
    type: T,
    dims: readonly number[],
    data: TypedData,
  ): Value<T> {
    const known = this.#cache.get(key);
    if (known) return known as Value<T>;
    const value = this.constant(key, type, dims, data);
    this.#cache.set(key, value);
    return value;
  }

  /** Adds one node. `outputs` name its results; `undefined` inputs are optional ones left out. */
  node(
    operator: string,
    inputs: readonly (Value | undefined)[],
    attributes: Attributes,
    outputs: readonly Value[],
    domain: Domain = "",
  ): void {
    const name = `${this.scope}${operator}_${this.#counter++}`;
    this.#nodes.push({ name, operator, domain, inputs, outputs, attributes });
  }

  /** A fresh value for the result of a node. */
  value<T extends DataType>(operator: string, type: T): Value<T> {
    return { name: `${this.scope}${operator}_out_${this.#counter}`, type };
  }

  /** A key and a value kept in the file's metadata. */
  describe(key: string, value: string): void {
    this.#metadata.push([key, value]);
  }

  /** The ONNX file. */
  toBytes(): Uint8Array<ArrayBuffer> {
    const graph = new Message();
    for (const node of this.#nodes) graph.message(1, encodeNode(node));
    graph.string(2, this.#name);
    for (const tensor of this.#constants) graph.message(5, tensor);
    for (const input of this.#inputs) graph.message(11, input);
    for (const output of this.#outputs) graph.message(12, output);
    const model = new Message().int(1, IR_VERSION).string(2, "nano-med-gpt").message(7, graph);
    for (const [domain, version] of Object.entries(OPSETS)) {
      model.message(8, new Message().string(1, domain).int(2, version));
    }
    for (const [key, value] of this.#metadata) {
      model.message(14, new Message().string(1, key).string(2, value));
    }
    return model.finish();
  }
}

function encodeNode(node: Node): Message {
  const message = new Message();
  for (const input of node.inputs) message.string(1, input?.name ?? "");
  for (const output of node.outputs) message.string(2, output.name);
  message.string(3, node.name).string(4, node.operator).string(7, node.domain);
  for (const [name, value] of Object.entries(node.attributes)) {
    message.message(5, attribute(name, value));
  }
  return message;
}

function valueInfo(name: string, type: DataType, dims: readonly Dimension[]): Message {
  const shape = new Message();
  for (const size of dims) {
    const dimension = new Message();
    if (typeof size === "number") dimension.int(1, size);
    else dimension.string(2, size);
    shape.message(1, dimension);
  }
  const tensor = new Message().int(1, DATA_TYPES[type]).message(2, shape);
  return new Message().string(1, name).message(2, new Message().message(1, tensor));
}

/** AttributeProto; its `type` field tells which of the value fields is set. */
function attribute(name: string, value: Attribute): Message {
  const FLOAT = 1, INT = 2, STRING = 3, INTS = 7;
  const message = new Message().string(1, name);
  if (typeof value === "number") {
    if (!Number.isInteger(value)) {
      throw new TypeError(
        `Cannot encode attribute "${name}": ${value} must be { float: ${value} }`,
      );
    }
    return message.int(3, value).int(20, INT);
  }
  if (typeof value === "string") {
    return message.bytes(4, new TextEncoder().encode(value)).int(20, STRING);
  }
  if ("float" in value) return message.float(2, value.float).int(20, FLOAT);
  for (const item of value) message.int(8, item);
  return message.int(20, INTS);
}
