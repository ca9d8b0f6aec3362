/** A training engine on ONNX Runtime: see graph/training_graph.ts for what one step computes. */

import type { GptConfig } from "../lib/gpt/config.ts";
import {
  elements,
  type Parameter,
  parameterCount,
  parameterTable,
  type Tensors,
} from "../lib/gpt/model/parameters.ts";
import type { Runtime, Session, Tensor } from "../lib/gpt/onnx/runtime.ts";
import { scorerGraph } from "../lib/gpt/onnx/scorer_graph.ts";
import { inputWeights } from "../lib/gpt/onnx/weights.ts";
import type { Batch, Engine, EngineOptions, EngineState, StepMetrics } from "./engine.ts";
import { adamwScalars, isMuons } from "./graph/adamw.ts";
import { matmulRoof } from "./graph/roof.ts";
import { fillMask, type Mask } from "./graph/dropout.ts";
import { ACTIVATION_BUDGET, activationBytes, maskBytes, sequencesPerRun } from "./graph/memory.ts";
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
  /** Sequences of one run of a graph; larger batches are done in parts. */
  readonly #sequences: number;
  readonly #sessions = new Map<string, Promise<Loaded>>();
  #scorers = new Map<string, Promise<Session>>();
  #metrics: StepMetrics[] = [];

  /** `activationBudget`: see graph/memory.ts. */
  constructor(options: EngineOptions, runtime: Runtime, activationBudget = ACTIVATION_BUDGET) {
    this.#options = options;
    this.#runtime = runtime;
    this.description = `CPU, ${runtime.description}`;
    const { model, train, parameters, moments } = options;
    this.#sequences = sequencesPerRun(model, train.batchSize, activationBudget);
    this.#state = {
      parameters: copyOf(model, parameters),
      moment1: copyOf(model, moments?.moment1),
      moment2: copyOf(model, moments?.moment2),
    };
    this.#parameters = this.#tensors("parameter", this.#state.parameters);
    this.#moments = {
      ...this.#tensors("moment1", this.#state.moment1),
      ...this.#tensors("moment2", this.#state.moment2, (row) => !isMuons(train, row)),
    };
  }

  get memory(): Record<string, number> {
    const { model, train } = this.#options;
    const parameters = 4 * parameterCount(model);
    const cut = this.#sequences < train.batchSize;
    const masks = maskBytes(model, this.#sequences);
    return {
      parameters,
      optimizer: 2 * parameters,
      // Once inside ONNX Runtime's arena, and once more outside to add up parts of a batch.
      gradients: (cut ? 2 : 1) * parameters,
      "updated tensors": 3 * parameters,
      activations: activationBytes(model, this.#sequences),
      ...(masks > 0 ? { "dropout masks": masks } : {}),
    };
  }

  async step(microBatches: Batch[], step: number, learningRate: number): Promise<void> {
    const parts = microBatches.flatMap((batch) => this.#parts(batch));
    const accumulate = parts.length > 1;
    if (accumulate) this.#clearGradients();
    let loss = 0;
    for (const [part, batch] of parts.slice(0, -1).entries()) {
      loss += await this.#accumulate(batch, { step, part }, true);
    }
    const last = parts.length - 1;
    const graph = await this.#training({ dropout: true, accumulate, update: true });
    const scalars = adamwScalars(this.#options.train, {
      step,
      learningRate,
      microBatches: parts.length,
    });
    const results = { loss: this.#scalar(0), norm: this.#scalar(0) };
    const trained = { ...this.#parameters, ...this.#moments };
    const feeds = {
      ...this.#batch(parts[last]),
      ...this.#masks(graph, { step, part: last }),
      ...trained,
      ...(accumulate ? this.#gradients : {}),
      ...Object.fromEntries(
        Object.entries(scalars).map(([name, value]) => [name, this.#scalar(value)]),
      ),
    };
    await this.#runtime.runInto(graph.session, feeds, { ...results, ...asResults(trained) });
    loss += scalarOf(results.loss);
    this.#metrics.push({ step, loss: loss / parts.length, gradNorm: scalarOf(results.norm) });
  }

  metrics(): Promise<StepMetrics[]> {
    const done = this.#metrics;
    this.#metrics = [];
    return Promise.resolve(done);
  }

  async gradients(batch: Batch): Promise<Tensors> {
    this.#clearGradients();
    const parts = this.#parts(batch);
    for (const [part, piece] of parts.entries()) {
      await this.#accumulate(piece, { step: 0, part }, false);
    }
    return new Map(
      parameterTable(this.#options.model).map(({ name }) => [
        name,
        (this.#gradients[`gradient.${name}`].data as Float32Array).map((sum) => sum / parts.length),
      ]),
    );
  }

  async loss(batch: Batch): Promise<number> {
    const session = await this.#scorer("loss");
    let sum = 0;
    for (const part of this.#parts(batch)) {
      const feeds = { ...this.#matrices(part), ...this.#parameters };
      const values = (await session.run(feeds)).log_probability.data as Float32Array;
      sum -= values.reduce((a, b) => a + b, 0);
    }
    return sum / batch.targets.length;
  }

  async logits(inputs: Int32Array): Promise<Float32Array> {
    const session = await this.#scorer("logits");
    const { input_ids } = this.#matrices({ inputs, targets: inputs });
    const { logits } = await session.run({ input_ids, ...this.#parameters });
    return logits.data as Float32Array;
  }

  roof(): Promise<number> {
    return matmulRoof(this.#runtime);
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

  /** Adds the gradients of a part of a batch to the buffers; returns its loss. */
  async #accumulate(
    batch: Batch,
    key: { step: number; part: number },
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
    await this.#runtime.runInto(graph.session, feeds, { loss, ...asResults(this.#gradients) });
    return scalarOf(loss);
  }

  #parts({ inputs, targets }: Batch): Batch[] {
    const size = this.#sequences * this.#options.model.n_positions;
    const parts: Batch[] = [];
    for (let from = 0; from < inputs.length; from += size) {
      const to = from + size;
      parts.push({ inputs: inputs.subarray(from, to), targets: targets.subarray(from, to) });
    }
    return parts;
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
        batchSize: this.#sequences,
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
      const outputs = kind === "logits" ? kind : "log_probability";
      const file = scorerGraph(model, (g) => inputWeights(g, model), outputs);
      return this.#runtime.createSession(file);
    });
  }

  #masks({ masks, keep }: Loaded, key: { step: number; part: number }): Feeds {
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
  #tensors(kind: string, tensors: Tensors, has: (row: Parameter) => boolean = () => true): Feeds {
    return Object.fromEntries(
      parameterTable(this.#options.model).filter(has).map(({ name, shape }) => [
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
