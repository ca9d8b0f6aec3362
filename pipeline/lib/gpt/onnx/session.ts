/** A decoder graph as the `NextTokenModel` that sampling, eval and `deno task complete` run on. */

import type { GptConfig } from "../config.ts";
import type { NextTokenModel } from "../decode/types.ts";
import type { Tensors } from "../model/parameters.ts";
import { decoderGraph } from "./decoder_graph.ts";
import { loadRuntime, type Runtime, type Session, type Tensor } from "./runtime.ts";
import { float32Weights } from "./weights.ts";

/** Keys and values of the tokens fed so far. Never written to, so that continuations can branch. */
export interface Cache {
  readonly length: number;
  /** By output name, `present.N.key` and `present.N.value`. */
  readonly present: Readonly<Record<string, Tensor>>;
}

export interface OnnxModel extends NextTokenModel<Cache> {
  close(): Promise<void>;
}

/** Builds the float32 decoder graph of a checkpoint's tensors in memory and loads it. */
export async function modelFromTensors(
  config: GptConfig,
  parameters: Tensors,
  runtime?: Runtime,
): Promise<OnnxModel> {
  const file = decoderGraph(config, (g) => float32Weights(g, config, parameters));
  return await modelFromGraph(config, file, runtime);
}

/** Loads a graph made by `decoderGraph`, in memory or from an export's `onnx/` folder. */
export async function modelFromGraph(
  config: GptConfig,
  file: Uint8Array,
  given?: Runtime,
): Promise<OnnxModel> {
  const runtime = given ?? await loadRuntime();
  const session = await runtime.createSession(file);
  return new DecoderModel(config, runtime, session);
}

class DecoderModel implements OnnxModel {
  readonly vocabSize: number;
  readonly contextLength: number;
  readonly #runtime: Runtime;
  readonly #session: Session;
  readonly #empty: Cache;
  readonly #fetches: string[];

  constructor(config: GptConfig, runtime: Runtime, session: Session) {
    this.vocabSize = config.vocab_size;
    this.contextLength = config.n_positions;
    this.#runtime = runtime;
    this.#session = session;
    const dims = [1, config.n_head, 0, config.n_embd / config.n_head];
    const names = session.outputNames.filter((name) => name.startsWith("present."));
    this.#fetches = ["logits", ...names];
    const none = () => new runtime.Tensor("float32", new Float32Array(0), dims);
    this.#empty = { length: 0, present: Object.fromEntries(names.map((name) => [name, none()])) };
  }

  async feed(
    tokens: readonly number[],
    state: Cache = this.#empty,
  ): Promise<{ logits: Float32Array; state: Cache }> {
    const length = state.length + tokens.length;
    if (tokens.length === 0 || length > this.contextLength) {
      throw new RangeError(
        `Cannot feed ${tokens.length} tokens after ${state.length}: expected at least one and ` +
          `at most ${this.contextLength} in all`,
      );
    }
    const { logits, ...present } = await this.#session.run(
      this.#feeds(tokens, state),
      this.#fetches,
    );
    const data = logits.data as Float32Array;
    return {
      logits: data.slice(data.length - this.vocabSize),
      state: { length, present },
    };
  }

  #feeds(tokens: readonly number[], state: Cache): Record<string, Tensor> {
    const total = state.length + tokens.length;
    const int64 = (values: BigInt64Array<ArrayBuffer>) =>
      new this.#runtime.Tensor("int64", values, [1, values.length]);
    const feeds: Record<string, Tensor> = {
      input_ids: int64(BigInt64Array.from(tokens, BigInt)),
      attention_mask: int64(new BigInt64Array(total).fill(1n)),
      position_ids: int64(BigInt64Array.from(tokens, (_, i) => BigInt(state.length + i))),
    };
    for (const [name, tensor] of Object.entries(state.present)) {
      feeds[name.replace("present.", "past_key_values.")] = tensor;
    }
    return feeds;
  }

  close(): Promise<void> {
    return this.#session.release();
  }
}
