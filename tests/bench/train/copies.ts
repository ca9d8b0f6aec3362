/**
 * What it costs that ONNX Runtime hands every output to JavaScript as a new array, although the step
 * writes its results over the arrays it read: the same graph is run for all outputs and for loss
 * and norm alone, in turn. It computes everything either way.
 */

import { initialParameters } from "../../../pipeline/lib/gpt/model/init.ts";
import { elements, parameterTable } from "../../../pipeline/lib/gpt/model/parameters.ts";
import { loadRuntime, type Tensor } from "../../../pipeline/lib/gpt/onnx/runtime.ts";
import { adamwScalars } from "../../../pipeline/train/graph/adamw.ts";
import { trainingGraph } from "../../../pipeline/train/graph/training_graph.ts";
import { median } from "../../helpers/quantile.ts";
import type { Job } from "./main.ts";

export interface Copies {
  /** Handed over in each step. */
  bytes: number;
  /** Medians of a step with all outputs and with two scalars. */
  all: number;
  scalars: number;
}

export async function measureCopies({ model, train, batch, threads }: Job): Promise<Copies> {
  const runtime = await loadRuntime({ threads });
  const tensor = (data: Float32Array | Int32Array, shape: readonly number[]): Tensor =>
    new runtime.Tensor(data instanceof Float32Array ? "float32" : "int32", data, shape);
  const none = { ...model, embd_pdrop: 0, attn_pdrop: 0, resid_pdrop: 0 };
  const { file } = trainingGraph({
    config: none,
    batchSize: batch,
    dropout: false,
    accumulate: false,
    update: train,
  });
  const session = await runtime.createSession(file, { graphOptimizationLevel: "basic" });
  const parameters = initialParameters(model, 1);
  const trained: Record<string, Tensor> = {}, results: Record<string, Tensor> = {};
  let bytes = 0;
  for (const { name, shape } of parameterTable(model)) {
    for (const kind of ["parameter", "moment1", "moment2"]) {
      const data = kind === "parameter" ? parameters.get(name)! : new Float32Array(elements(shape));
      trained[`${kind}.${name}`] = results[`new.${kind}.${name}`] = tensor(data, shape);
      bytes += data.byteLength;
    }
  }
  const rows = batch * model.n_positions;
  const tokens = Int32Array.from({ length: rows }, (_, i) => i * 7919 % model.vocab_size);
  const scalars = adamwScalars(train, { step: 1, learningRate: 0, microBatches: 1 });
  const feeds = {
    ...trained,
    input_ids: tensor(tokens, [rows]),
    targets: tensor(tokens, [rows]),
    ...Object.fromEntries(
      Object.entries(scalars).map(([name, value]) => [name, tensor(Float32Array.of(value), [])]),
    ),
  };
  const two = { loss: tensor(new Float32Array(1), []), norm: tensor(new Float32Array(1), []) };
  const times: Record<"all" | "scalars", number[]> = { all: [], scalars: [] };
  for (let round = 0; round < 7; round++) {
    for (const [kind, fetches] of [["all", { ...two, ...results }], ["scalars", two]] as const) {
      const start = performance.now();
      await runtime.runInto(session, feeds, fetches);
      if (round > 0) times[kind].push((performance.now() - start) / 1000);
    }
  }
  await session.release();
  return { bytes, all: median(times.all), scalars: median(times.scalars) };
}
