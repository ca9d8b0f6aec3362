/**
 * Training batches: every window once per epoch in an order shuffled by seed and epoch, so that the
 * position (epoch, windows taken) is all there is to save.
 */

import { ArtifactError } from "../lib/base/files.ts";
import type { TrainConfig } from "../lib/gpt/config.ts";
import { Random } from "../lib/base/random.ts";
import type { Batch } from "./engine.ts";
import { windowStarts } from "./windows.ts";

export interface LoaderPosition {
  /** Passes completed. */
  epoch: number;
  /** Windows taken of the current pass. */
  position: number;
}

export interface LoaderOptions extends Pick<TrainConfig, "batchSize" | "windowing" | "seed"> {
  /** Tokens per sequence: the model's `n_positions`. */
  length: number;
  endOfText: number;
  /** Names the data in errors. */
  path: string;
}

export class Loader {
  readonly #tokens: Uint16Array;
  readonly #options: LoaderOptions;
  #epoch: number;
  #position: number;
  #starts: Uint32Array;

  /** Throws an `ArtifactError` if `tokens` do not fill a single window. */
  constructor(
    tokens: Uint16Array,
    options: LoaderOptions,
    { epoch, position }: LoaderPosition = { epoch: 0, position: 0 },
  ) {
    requireWindow(tokens, options);
    this.#tokens = tokens;
    this.#options = options;
    this.#epoch = epoch;
    this.#position = position;
    this.#starts = this.#shuffled();
  }

  /** Where to go on after the batches taken so far. */
  get position(): LoaderPosition {
    return { epoch: this.#epoch, position: this.#position };
  }

  /** Windows in one epoch. */
  get windows(): number {
    return this.#starts.length;
  }

  /** The next batch. An epoch may end inside it. */
  next(): Batch {
    const { batchSize, length } = this.#options;
    const starts = new Uint32Array(batchSize);
    for (let i = 0; i < batchSize; i++) {
      if (this.#position === this.#starts.length) {
        this.#epoch++;
        this.#position = 0;
        this.#starts = this.#shuffled();
      }
      starts[i] = this.#starts[this.#position++];
    }
    return batchAt(this.#tokens, starts, length);
  }

  #shuffled(): Uint32Array {
    const random = new Random(this.#options.seed, `epoch ${this.#epoch}`);
    // Another cut of the stream in every epoch, as far as a window is left.
    const room = this.#tokens.length - 1 - this.#options.length;
    const offset = random.below(Math.min(this.#options.length, room + 1));
    return random.shuffle(windowStarts(this.#tokens, { ...this.#options, offset }));
  }
}

/**
 * Batches of about `count` tokens in all, spread evenly over `tokens`: what the validation loss is
 * measured on. Fewer where the file has fewer, never a window twice unless there are not enough for
 * a single batch. Batch sizes that divide the number of windows give the same windows.
 */
export function validationBatches(
  tokens: Uint16Array,
  count: number,
  options: LoaderOptions,
): Batch[] {
  requireWindow(tokens, options);
  const { batchSize, length, endOfText } = options;
  const all = windowStarts(tokens, { length, endOfText, windowing: "stream" });
  const windows = Math.min(all.length, Math.floor(count / length));
  const batches = Math.max(1, Math.floor(windows / batchSize));
  const wanted = batches * batchSize;
  return Array.from({ length: batches }, (_, batch) => {
    const starts = Uint32Array.from({ length: batchSize }, (_, row) => {
      const index = batch * batchSize + row;
      return all[
        wanted <= all.length ? Math.floor(index * all.length / wanted) : index % all.length
      ];
    });
    return batchAt(tokens, starts, length);
  });
}

function batchAt(tokens: Uint16Array, starts: Uint32Array, length: number): Batch {
  const inputs = new Int32Array(starts.length * length);
  const targets = new Int32Array(starts.length * length);
  starts.forEach((start, row) => {
    inputs.set(tokens.subarray(start, start + length), row * length);
    targets.set(tokens.subarray(start + 1, start + length + 1), row * length);
  });
  return { inputs, targets };
}

function requireWindow(tokens: Uint16Array, { length, path }: LoaderOptions): void {
  if (tokens.length > length) return;
  throw new ArtifactError(
    `Cannot train on ${path}: ${tokens.length} tokens, expected at least ${length + 1} ` +
      `(one sequence and its target); ingest more notes or lower --n-positions`,
  );
}
