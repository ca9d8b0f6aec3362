import { assertEquals, assertThrows } from "@std/assert";
import { GraphBuilder } from "../../../../pipeline/lib/gpt/onnx/builder.ts";
import { loadRuntime } from "../../../../pipeline/lib/gpt/onnx/runtime.ts";

const runtime = await loadRuntime({ threads: 1 });

/** Runs a graph of float32 vectors and returns its outputs by name. */
async function evaluate(g: GraphBuilder, feeds: Record<string, number[]>) {
  const session = await runtime.createSession(g.toBytes());
  const tensors = Object.entries(feeds).map(([name, values]) => [
    name,
    new runtime.Tensor("float32", Float32Array.from(values), [values.length]),
  ]);
  const results = await session.run(Object.fromEntries(tensors));
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, tensor]) => [name, [...tensor.data as Float32Array]]),
  );
}

Deno.test("a graph of several nodes, constants and outputs computes what it says", async () => {
  const g = new GraphBuilder("test");
  const x = g.input("x", "float32", ["n"]);
  const weights = g.constant("weights", "float32", [3], Float32Array.of(1, 2, 3));
  const product = g.mul(x, weights);
  g.output("product", product, ["n"]);
  g.output("mean", g.reduceMean(product, [0]), [1]);
  const result = await evaluate(g, { x: [4, 5, 6] });
  assertEquals(result, { product: [4, 10, 18], mean: [Math.fround(32 / 3)] });
});

Deno.test("an operator with several results and float and integer attributes", async () => {
  const g = new GraphBuilder("test");
  const x = g.reshape(g.input("x", "float32", [4]), [2, 2]);
  const halves = g.split(g.fusedMatMul(x, x, { transB: true, alpha: 0.5 }), 1, [1, 1]);
  g.output("first", g.reshape(halves[0], [2]), [2]);
  g.output("second", g.reshape(halves[1], [2]), [2]);
  assertEquals(await evaluate(g, { x: [1, 2, 3, 4] }), { first: [2.5, 5.5], second: [5.5, 12.5] });
});

Deno.test("equal scalars and shapes are stored once", () => {
  const size = (repeats: number) => {
    const g = new GraphBuilder("test");
    for (let i = 0; i < repeats; i++) g.ints([1, 2, 3]);
    return g.toBytes().length;
  };
  assertEquals(size(5), size(1));
});

Deno.test("mistakes are named when the graph is built", () => {
  const g = new GraphBuilder("test");
  const x = g.input("x", "float32", [2]);
  assertThrows(
    () => g.constant("w", "float32", [2, 3], new Float32Array(5)),
    RangeError,
    'Cannot store constant "w": shape [2,3] has 6 elements, the data 5',
  );
  assertThrows(() => g.output("y", x, [2]), TypeError, 'Cannot output "x" as "y"');
  g.op("LeakyRelu", "float32", [x], { alpha: 0.5 });
  assertThrows(() => g.toBytes(), TypeError, "0.5 must be { float: 0.5 }");
});
