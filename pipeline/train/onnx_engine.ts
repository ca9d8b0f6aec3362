/** A training engine on ONNX Runtime: see graph/training_graph.ts for what one step computes. */

import type { GptConfig } from "../config.ts";
import { elements, parameterTable, type Tensors } from "../model/parameters.ts";
import type { Runtime, Session, Tensor } from "../onnx/runtime.ts";
import { scorerGraph } from "../onnx/scorer_graph.ts";
import { inputWeights } from "../onnx/weights.ts";
import type { Batch, Engine, EngineOptions, EngineState, StepMetrics } from "./engine.ts";
import { adamwScalars } from "./graph/adamw.ts";
import { fillMask, type Mask } from "./graph/dropout.ts";
import { trainingGraph, type TrainingGraphOptions } from "./graph/training_graph.ts";

type Feeds = Record<string, Tensor>;

/** A loaded training graph with the buffers of its dropout masks. */
interface Loaded {
  session: Session;
  masks: readonly Mask[];
  keep: Uint8Array<ArrayBuffer>[];
}

/**
 * Weights, moments and gradients live in one set of buffers, each both fed and fetched: ONNX
 * Runtime writes a step's results over what the step read.
 */
export class OnnxEngine implements Engine {
  readonly description: string;
  readonly #options: EngineOptions;
  readonly #runtime: Runtime;
  readonly #state: EngineState;
  /** Feeds and fetches over the arrays of #state, by tensor kind. */
  readonly #parameters: Feeds;
  readonly #moments: Feeds;
  readonly #gradients: Feeds = {};
  readonly #sessions = new Map<string, Promise<Loaded>>();
  #scorers = new Map<string, Promise<Session>>();
  #metrics: StepMetrics[] = [];

  constructor(options: EngineOptions, runtime: Runtime) {
    this.#options = options;
    this.#runtime = runtime;
    this.description = `CPU, ${runtime.description}`;
    const { model, parameters, moments } = options;
    this.#state = {
      parameters: copyOf(model, parameters),
      moment1: copyOf(model, moments?.moment1),
      moment2: copyOf(model, moments?.moment2),
    };
    this.#parameters = this.#tensors("parameter", this.#state.parameters);
    this.#moments = {
      ...this.#tensors("moment1", this.#state.moment1),
      ...this.#tensors("moment2", this.#state.moment2),
    };
  }

  get memory(): Record<string, number> {
    const size = (feeds: Feeds) =>
      Object.values(feeds).reduce((sum, { data }) => sum + (data as Float32Array).byteLength, 0);
    return {
      parameters: size(this.#parameters),
      optimizer: size(this.#moments),
      gradients: size(this.#gradients),
    };
  }

  async step(microBatches: Batch[], step: number, learningRate: number): Promise<void> {
    const accumulate = microBatches.length > 1;
    if (accumulate) this.#clearGradients();
    let loss = 0;
    for (const [microBatch, batch] of microBatches.slice(0, -1).entries()) {
      loss += await this.#accumulate(batch, { step, microBatch }, true);
    }
    const last = microBatches.length - 1;
    const graph = await this.#training({ dropout: true, accumulate, update: true });
    const scalars = adamwScalars(this.#options.train, {
      step,
      learningRate,
      microBatches: microBatches.length,
    });
    const results = { loss: this.#scalar(0), norm: this.#scalar(0) };
    const trained = { ...this.#parameters, ...this.#moments };
    const feeds = {
      ...this.#batch(microBatches[last]),
      ...this.#masks(graph, { step, microBatch: last }),
      ...trained,
      ...(accumulate ? this.#gradients : {}),
      ...Object.fromEntries(
        Object.entries(scalars).map(([name, value]) => [name, this.#scalar(value)]),
      ),
    };
    await graph.session.run(feeds, { ...results, ...asResults(trained) });
    loss += scalarOf(results.loss);
    this.#metrics.push({
      step,
      loss: loss / microBatches.length,
      gradNorm: scalarOf(results.norm),
    });
  }

  metrics(): Promise<StepMetrics[]> {
    const done = this.#metrics;
    this.#metrics = [];
    return Promise.resolve(done);
  }

  async gradients(batch: Batch): Promise<Tensors> {
    this.#clearGradients();
    await this.#accumulate(batch, { step: 0, microBatch: 0 }, false);
    return new Map(
      parameterTable(this.#options.model).map(({ name }) => [
        name,
        (this.#gradients[`gradient.${name}`].data as Float32Array).slice(),
      ]),
    );
  }

  async loss(batch: Batch): Promise<number> {
    const session = await this.#scorer("loss");
    const { log_probability } = await session.run({
      ...this.#matrices(batch),
      ...this.#parameters,
    });
    const values = log_probability.data as Float32Array;
    return -values.reduce((sum, value) => sum + value, 0) / values.length;
  }

  async logits(inputs: Int32Array): Promise<Float32Array> {
    const session = await this.#scorer("logits");
    const { input_ids } = this.#matrices({ inputs, targets: inputs });
    const { logits } = await session.run({ input_ids, ...this.#parameters });
    return logits.data as Float32Array;
  }

  state(): Promise<EngineState> {
    const { parameters, moment1, moment2 } = this.#state;
    const { model } = this.#options;
    return Promise.resolve({
      parameters: copyOf(model, parameters),
      moment1: copyOf(model, moment1),
      moment2: copyOf(model, moment2),
    });
  }

  async close(): Promise<void> {
    for (const loaded of this.#sessions.values()) await (await loaded).session.release();
    for (const session of this.#scorers.values()) await (await session).release();
    this.#sessions.clear();
    this.#scorers.clear();
  }

  /** Adds a micro-batch's gradients to the buffers; returns its loss. */
  async #accumulate(
    batch: Batch,
    key: { step: number; microBatch: number },
    dropout: boolean,
  ): Promise<number> {
    const graph = await this.#training({ dropout, accumulate: true, update: false });
    const loss = this.#scalar(0);
    const feeds = {
      ...this.#batch(batch),
      ...this.#masks(graph, key),
      ...this.#parameters,
      ...this.#gradients,
    };
    await graph.session.run(feeds, { loss, ...asResults(this.#gradients) });
    return scalarOf(loss);
  }

  #clearGradients(): void {
    if (Object.keys(this.#gradients).length === 0) {
      const zeros = copyOf(this.#options.model, undefined);
      Object.assign(this.#gradients, this.#tensors("gradient", zeros));
    }
    for (const { data } of Object.values(this.#gradients)) (data as Float32Array).fill(0);
  }

  /** The training graph of that kind, built and loaded when first needed. */
  #training(
    kind: Pick<TrainingGraphOptions, "dropout" | "accumulate"> & { update: boolean },
  ): Promise<Loaded> {
    return once(this.#sessions, JSON.stringify(kind), async () => {
      const { model: config, train } = this.#options;
      const { file, masks } = trainingGraph({
        config,
        batchSize: train.batchSize,
        dropout: kind.dropout,
        accumulate: kind.accumulate,
        update: kind.update ? train : undefined,
      });
      return {
        session: await this.#runtime.createSession(file, { graphOptimizationLevel: "basic" }),
        masks,
        keep: masks.map(({ shape }) => new Uint8Array(elements(shape))),
      };
    });
  }

  #scorer(kind: "loss" | "logits"): Promise<Session> {
    return once(this.#scorers, kind, () => {
      const { model } = this.#options;
      const outputs = kind === "logits" ? kind : { top: 0 };
      const file = scorerGraph(model, (g) => inputWeights(g, model), outputs);
      return this.#runtime.createSession(file);
    });
  }

  #masks({ masks, keep }: Loaded, key: { step: number; microBatch: number }): Feeds {
    const { seed } = this.#options.train;
    return Object.fromEntries(masks.map(({ name, shape, p }, mask) => {
      fillMask(keep[mask], p, { seed, ...key, mask });
      return [name, new this.#runtime.Tensor("bool", keep[mask], shape)];
    }));
  }

  #batch({ inputs, targets }: Batch): Feeds {
    const vector = (data: Int32Array) => new this.#runtime.Tensor("int32", data, [data.length]);
    return { input_ids: vector(inputs), targets: vector(targets) };
  }

  #matrices({ inputs, targets }: Batch): Feeds {
    const length = this.#options.model.n_positions;
    const matrix = (data: Int32Array) =>
      new this.#runtime.Tensor("int32", data, [data.length / length, length]);
    return { input_ids: matrix(inputs), targets: matrix(targets) };
  }

  #scalar(value: number): Tensor {
    return new this.#runtime.Tensor("float32", Float32Array.of(value), []);
  }

  /** ONNX Runtime's views of `tensors`, by the graph's input names. */
  #tensors(kind: string, tensors: Tensors): Feeds {
    return Object.fromEntries(
      parameterTable(this.#options.model).map(({ name, shape }) => [
        `${kind}.${name}`,
        new this.#runtime.Tensor("float32", tensors.get(name)!, shape),
      ]),
    );
  }
}

/** The same buffers under the names of the outputs that replace them. */
const asResults = (feeds: Feeds): Feeds =>
  Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [`new.${name}`, tensor]));

const scalarOf = (tensor: Tensor): number => (tensor.data as Float32Array)[0];

function once<T>(made: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const known = made.get(key) ?? make();
  made.set(key, known);
  return known;
}

/** A copy with an array of the right size for every parameter; zeros if `tensors` is undefined. */
function copyOf(config: GptConfig, tensors: Tensors | undefined): Tensors {
  return new Map(
    parameterTable(config).map(({ name, shape }) => {
      const copy = new Float32Array(elements(shape));
      if (tensors) copy.set(tensors.get(name)!);
      return [name, copy];
    }),
  );
}
