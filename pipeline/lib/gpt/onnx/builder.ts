/**
 * The operators our graphs use, as methods with typed operands. Names and attributes follow
 * https://onnx.ai/onnx/operators/ (opset 21) and, where marked, ONNX Runtime's own operators
 * (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md).
 */

import { type Attributes, type DataType, type Domain, Graph, type Value } from "./graph.ts";

export type F32 = Value<"float32">;
export type I64 = Value<"int64">;
export type Index = Value<"int64" | "int32">;
export type Bool = Value<"bool">;

type Numeric = "float32" | "int32" | "int64";

const TENSOR_TYPES = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9 } as const;

export class GraphBuilder extends Graph {
  /** One node with one result. */
  op<T extends DataType>(
    operator: string,
    type: T,
    inputs: readonly (Value | undefined)[],
    attributes: Attributes = {},
    domain: Domain = "",
  ): Value<T> {
    const out = this.value(operator, type);
    this.node(operator, inputs, attributes, [out], domain);
    return out;
  }

  // Arithmetic, with NumPy's broadcasting.

  add<T extends Numeric>(a: Value<T>, b: Value<T>): Value<T> {
    return this.op("Add", a.type, [a, b]);
  }

  sub<T extends Numeric>(a: Value<T>, b: Value<T>): Value<T> {
    return this.op("Sub", a.type, [a, b]);
  }

  mul<T extends Numeric>(a: Value<T>, b: Value<T>): Value<T> {
    return this.op("Mul", a.type, [a, b]);
  }

  div<T extends Numeric>(a: Value<T>, b: Value<T>): Value<T> {
    return this.op("Div", a.type, [a, b]);
  }

  max(a: F32, b: F32): F32 {
    return this.op("Max", "float32", [a, b]);
  }

  min(a: F32, b: F32): F32 {
    return this.op("Min", "float32", [a, b]);
  }

  sqrt(x: F32): F32 {
    return this.op("Sqrt", "float32", [x]);
  }

  log(x: F32): F32 {
    return this.op("Log", "float32", [x]);
  }

  sigmoid(x: F32): F32 {
    return this.op("Sigmoid", "float32", [x]);
  }

  lessOrEqual<T extends Numeric>(a: Value<T>, b: Value<T>): Bool {
    return this.op("LessOrEqual", "bool", [a, b]);
  }

  and(a: Bool, b: Bool): Bool {
    return this.op("And", "bool", [a, b]);
  }

  where<T extends DataType>(condition: Bool, a: Value<T>, b: Value<T>): Value<T> {
    return this.op("Where", a.type, [condition, a, b]);
  }

  cast<T extends DataType>(x: Value, type: T): Value<T> {
    return this.op("Cast", type, [x], { to: TENSOR_TYPES[type] });
  }

  reduceSum(x: F32, axes: readonly number[], keep = true): F32 {
    return this.op("ReduceSum", "float32", [x, this.ints(axes)], { keepdims: keep ? 1 : 0 });
  }

  /** Σx² over everything, a scalar. */
  sumOfSquares(x: F32): F32 {
    return this.op("ReduceSumSquare", "float32", [x], { keepdims: 0 });
  }

  reduceMean(x: F32, axes: readonly number[], keep = true): F32 {
    return this.op("ReduceMean", "float32", [x, this.ints(axes)], { keepdims: keep ? 1 : 0 });
  }

  // Matrix products and the model's functions.

  matmul(a: F32, b: F32): F32 {
    return this.op("MatMul", "float32", [a, b]);
  }

  /** alpha · a · b + beta · c for matrices; c may be a row or a full matrix. */
  gemm(
    a: F32,
    b: F32,
    c: F32,
    { alpha = 1, beta = 1 }: { alpha?: number; beta?: number } = {},
  ): F32 {
    const factors = { alpha: { float: alpha }, beta: { float: beta } };
    return this.op("Gemm", "float32", [a, b, c], alpha === 1 && beta === 1 ? {} : factors);
  }

  /** alpha · op(a) · op(b), op transposing the last two axes. ONNX Runtime's own. */
  fusedMatMul(
    a: F32,
    b: F32,
    { transA = false, transB = false, alpha = 1 }: {
      transA?: boolean;
      transB?: boolean;
      alpha?: number;
    } = {},
  ): F32 {
    const attributes = { transA: +transA, transB: +transB, alpha: { float: alpha } };
    return this.op("FusedMatMul", "float32", [a, b], attributes, "com.microsoft");
  }

  softmax(x: F32, axis = -1): F32 {
    return this.op("Softmax", "float32", [x], { axis });
  }

  logSoftmax(x: F32, axis = -1): F32 {
    return this.op("LogSoftmax", "float32", [x], { axis });
  }

  /** GELU in the tanh approximation, GPT-2's `gelu_new`. */
  gelu(x: F32): F32 {
    return this.op("Gelu", "float32", [x], { approximate: "tanh" });
  }

  layerNormalization(x: F32, weight: F32, bias: F32, epsilon: number): F32 {
    const attributes = { axis: -1, epsilon: { float: epsilon } };
    return this.op("LayerNormalization", "float32", [x, weight, bias], attributes);
  }

  /** x ≈ scale · (quantized − zeroPoint), with scale and zeroPoint from the range of x. */
  dynamicQuantizeLinear(
    x: F32,
  ): { quantized: Value<"uint8">; scale: F32; zeroPoint: Value<"uint8"> } {
    const quantized = this.value("Quantize_x", "uint8");
    const scale = this.value("Quantize_scale", "float32");
    const zeroPoint = this.value("Quantize_zero", "uint8");
    this.node("DynamicQuantizeLinear", [x], {}, [quantized, scale, zeroPoint]);
    return { quantized, scale, zeroPoint };
  }

  /** (a − zeroA) · b in int32. */
  matMulInteger(a: Value<"uint8">, b: Value<"int8">, zeroA: Value<"uint8">): Value<"int32"> {
    return this.op("MatMulInteger", "int32", [a, b, zeroA]);
  }

  // Shapes and indexing.

  /** `shape` may hold one −1 (inferred) and zeros (kept from the input). */
  reshape<T extends DataType>(x: Value<T>, shape: readonly number[]): Value<T> {
    return this.op("Reshape", x.type, [x, this.ints(shape)]);
  }

  transpose<T extends DataType>(x: Value<T>, perm: readonly number[]): Value<T> {
    return this.op("Transpose", x.type, [x], { perm });
  }

  concat<T extends DataType>(values: readonly Value<T>[], axis: number): Value<T> {
    return this.op("Concat", values[0].type, values, { axis });
  }

  unsqueeze<T extends DataType>(x: Value<T>, axes: readonly number[]): Value<T> {
    return this.op("Unsqueeze", x.type, [x, this.ints(axes)]);
  }

  expand<T extends DataType>(x: Value<T>, shape: I64): Value<T> {
    return this.op("Expand", x.type, [x, shape]);
  }

  /** Elements `from` (included) to `to` (not included) along `axis`. */
  slice<T extends DataType>(x: Value<T>, axis: number, from: number, to: number): Value<T> {
    return this.op("Slice", x.type, [x, this.ints([from]), this.ints([to]), this.ints([axis])]);
  }

  split<T extends DataType>(x: Value<T>, axis: number, sizes: readonly number[]): Value<T>[] {
    const outputs = sizes.map((_, i) => this.value(`Split${i}`, x.type));
    this.node("Split", [x, this.ints(sizes)], { axis }, outputs);
    return outputs;
  }

  /** Rows of `table` (entries along `axis`) chosen by `indices`. */
  gather<T extends DataType>(table: Value<T>, indices: Index, axis = 0): Value<T> {
    return this.op("Gather", table.type, [table, indices], { axis });
  }

  /** out[i][j] = x[i][indices[i][j]] for axis −1. */
  gatherElements<T extends DataType>(x: Value<T>, indices: Index, axis = -1): Value<T> {
    return this.op("GatherElements", x.type, [x, indices], { axis });
  }

  /** x with updates[i][j] added at [i][indices[i][j]] (axis −1) or [indices[i][j]][j] (axis 0). */
  scatterAdd(x: F32, indices: Index, updates: F32, axis: number): F32 {
    const attributes = { axis, reduction: "add" };
    return this.op("ScatterElements", "float32", [x, indices, updates], attributes);
  }

  /** The size of `axis` as a vector of one. */
  size(x: Value, axis: number): I64 {
    return this.op("Shape", "int64", [x], { start: axis, end: axis + 1 });
  }

  /** from, from + 1, … to − 1; both are scalars. */
  range(from: I64, to: I64): I64 {
    return this.op("Range", "int64", [from, to, this.int(1)]);
  }

  /** A vector of one as a scalar. */
  squeeze<T extends DataType>(x: Value<T>): Value<T> {
    return this.op("Squeeze", x.type, [x]);
  }
}
