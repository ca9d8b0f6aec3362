/**
 * The tensors that an ONNX file carries, for those who compute with kernels of their own. Field
 * numbers are those of onnx.proto: ModelProto.graph 7, GraphProto.initializer 5, and of TensorProto
 * dims 1, data_type 2, name 8, raw_data 9, data_location 14.
 */

import { fieldsOf } from "./read_protobuf.ts";

/** A stored tensor; `data` lies in the file's own bytes, little-endian and perhaps not aligned. */
export interface Initializer {
  name: string;
  /** TensorProto.DataType. */
  type: number;
  dims: number[];
  data: Uint8Array;
}

/** TensorProto.DataType of the types that our graphs store weights in. */
export const FLOAT = 1, INT8 = 3;

const utf8 = new TextDecoder();

/** Every initializer of `file`; throws a `TypeError` unless it is an ONNX file with a graph. */
export function readInitializers(file: Uint8Array): Initializer[] {
  const found: Initializer[] = [];
  let graphs = 0;
  try {
    for (const { number, value } of fieldsOf(file)) {
      if (number !== 7 || typeof value === "number") continue;
      graphs++;
      for (const { number, value: tensor } of fieldsOf(value)) {
        if (number === 5 && typeof tensor !== "number") found.push(readTensor(tensor));
      }
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    graphs = 0;
  }
  if (graphs === 1) return found;
  throw new TypeError(
    `Cannot read this model: expected an ONNX file, got ${file.length} bytes of something else or ` +
      `a part of one; run "deno task export" again`,
  );
}

function readTensor(message: Uint8Array): Initializer {
  const tensor: Initializer = { name: "", type: 0, dims: [], data: new Uint8Array() };
  for (const { number, value } of fieldsOf(message)) {
    if (number === 2 && typeof value === "number") tensor.type = value;
    else if (number === 1) {
      // Packed or one by one: both are valid.
      if (typeof value === "number") tensor.dims.push(value);
      else tensor.dims.push(...packed(value));
    } else if (typeof value === "number") continue;
    else if (number === 8) tensor.name = utf8.decode(value);
    else if (number === 9) tensor.data = value;
  }
  return tensor;
}

function packed(values: Uint8Array): number[] {
  const numbers: number[] = [];
  let value = 0, scale = 1;
  for (const byte of values) {
    value += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte >= 0x80) continue;
    numbers.push(value);
    value = 0, scale = 1;
  }
  return numbers;
}
