/**
 * What a model and a training run are made of: data only, no behaviour beyond validation.
 *
 * `GptConfig` uses Hugging Face `GPT2Config` names, because the same object is written into
 * `config.json` beside the weights and read by Python and by transformers.js.
 */

/** The shape of a GPT-2: everything that decides which tensors exist, and their sizes. */
export interface GptConfig {
  /** Number of token ids. */
  vocab_size: number;
  /** Longest sequence the model can see, in tokens (the rows of `wpe`). */
  n_positions: number;
  /** Width of the residual stream. */
  n_embd: number;
  n_layer: number;
  /** Attention heads; must divide `n_embd`. */
  n_head: number;
  /** Dropout probabilities used while training (embedding, attention weights, residual branches). */
  embd_pdrop: number;
  attn_pdrop: number;
  resid_pdrop: number;
  layer_norm_epsilon: number;
  /** Standard deviation of the normal initialisation (GPT-2 paper: 0.02). */
  initializer_range: number;
}

/** What inference needs to know of a model: fields of an export's config.json. */
export type ModelShape = Pick<
  GptConfig,
  "vocab_size" | "n_positions" | "n_embd" | "n_layer" | "n_head" | "layer_norm_epsilon"
>;

/** How the learning rate goes on after the warm-up: see train/schedule.ts. */
export const schedules = ["cosine", "linear", "constant", "wsd"] as const;
export type Schedule = typeof schedules[number];

/** What turns gradients into updates: see train/graph/adamw.ts and muon.ts. */
export const optimizers = ["adamw", "muon"] as const;
export type OptimizerName = typeof optimizers[number];

/** How tokens are cut into training sequences: see train/windows.ts. */
export const windowings = ["stream", "document"] as const;
export type Windowing = typeof windowings[number];

/** How a model is trained. Counts are in optimizer steps unless said otherwise. */
export interface TrainConfig {
  /** Sequences per micro-batch; each is `n_positions` tokens long. */
  batchSize: number;
  /** Micro-batches whose gradients are averaged into one optimizer step. */
  gradientAccumulation: number;
  steps: number;
  /** Peak learning rate, reached after `warmupSteps`; `schedule` leads it to `minLearningRate`. */
  learningRate: number;
  minLearningRate: number;
  warmupSteps: number;
  schedule: Schedule;
  /** Share of the steps that the last phase of `wsd` (warm-up, stable, decay) takes. */
  decayFraction: number;
  windowing: Windowing;
  /**
   * `muon`: Muon for attention and MLP matrices, AdamW for all else; both by the same learning rate
   * and weight decay.
   */
  optimizer: OptimizerName;
  /** Muon: share of the old momentum in the new one. */
  muonMomentum: number;
  /** AdamW; weight decay applies to matrices (wte, wpe, attention and MLP weights) only. */
  beta1: number;
  beta2: number;
  adamEpsilon: number;
  weightDecay: number;
  /** Gradients are scaled down to this global L2 norm; 0 turns clipping off. */
  maxGradNorm: number;
  /**
   * Validate every so many steps, on windows of val.bin that hold `evalTokens` in all: always the
   * same ones, and the same for all runs of one context length.
   */
  evalInterval: number;
  evalTokens: number;
  sampleInterval: number;
  checkpointInterval: number;
  /** Stop after so many validations without a new lowest loss; 0 = never. */
  patience: number;
  /** A gradient norm above this many times its running mean is a spike; 0 = never. */
  spikeFactor: number;
  seed: number;
}

export interface Preset {
  summary: string;
  model: Omit<GptConfig, "vocab_size">;
  train: TrainConfig;
}

const gpt2Defaults = { layer_norm_epsilon: 1e-5, initializer_range: 0.02 };

const trainDefaults: TrainConfig = {
  batchSize: 32,
  gradientAccumulation: 1,
  steps: 1000,
  learningRate: 1e-3,
  minLearningRate: 1e-4,
  warmupSteps: 100,
  schedule: "cosine",
  decayFraction: 0.2,
  windowing: "stream",
  optimizer: "adamw",
  muonMomentum: 0.95,
  beta1: 0.9,
  beta2: 0.95,
  adamEpsilon: 1e-8,
  weightDecay: 0.1,
  maxGradNorm: 1,
  evalInterval: 100,
  evalTokens: 65536,
  sampleInterval: 250,
  checkpointInterval: 250,
  patience: 0,
  spikeFactor: 10,
  seed: 1,
};

export const presets = {
  /**
   * About 1M parameters at vocabulary 2048: learns something useful in minutes on two CPU cores.
   *
   * Tuned for that: validation loss after 500,000 tokens of synthetic notes (bigram baseline 2.70),
   * by batch size, peak learning rate and initializer range:
   *   16, 3e-3, 0.02: 2.93   8, 3e-3, 0.02: 2.55   8, 6e-3, 0.02: 3.23
   *    4, 4e-3, 0.02: 2.34   4, 4e-3, 0.06: 1.95   4, 3e-3, 0.09: 2.03
   * Batches of 4 cost 15% more CPU time per token than batches of 32. GPT-2's 0.02 is made for a
   * width of 768; narrow models start faster from larger weights.
   */
  micro: {
    summary: "4 layers, 4 heads, 128 wide, context 128: minutes on a laptop",
    model: {
      n_positions: 128,
      n_embd: 128,
      n_layer: 4,
      n_head: 4,
      embd_pdrop: 0,
      attn_pdrop: 0,
      resid_pdrop: 0,
      ...gpt2Defaults,
      initializer_range: 0.06,
    },
    train: {
      ...trainDefaults,
      batchSize: 4,
      steps: 3000,
      learningRate: 4e-3,
      minLearningRate: 4e-4,
      evalInterval: 500,
      sampleInterval: 1000,
      checkpointInterval: 500,
    },
  },
  /** The original Nano Med GPT's hyper-parameters. */
  nano: {
    summary: "6 layers, 6 heads, 384 wide, context 256, dropout 0.2: the original Nano Med GPT",
    model: {
      n_positions: 256,
      n_embd: 384,
      n_layer: 6,
      n_head: 6,
      embd_pdrop: 0.2,
      attn_pdrop: 0.2,
      resid_pdrop: 0.2,
      ...gpt2Defaults,
    },
    train: { ...trainDefaults, batchSize: 64, steps: 5000 },
  },
  /** GPT-2 small (Radford et al. 2019, table 2). */
  gpt2: {
    summary: "12 layers, 12 heads, 768 wide, context 1024: GPT-2 small, 124M parameters",
    model: {
      n_positions: 1024,
      n_embd: 768,
      n_layer: 12,
      n_head: 12,
      embd_pdrop: 0.1,
      attn_pdrop: 0.1,
      resid_pdrop: 0.1,
      ...gpt2Defaults,
    },
    train: {
      ...trainDefaults,
      batchSize: 4,
      gradientAccumulation: 8,
      steps: 20000,
      learningRate: 6e-4,
      minLearningRate: 6e-5,
      warmupSteps: 700,
    },
  },
} satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;

/** Throws a `RangeError` naming the first field of `config` that no GPT-2 can have. */
export function validateGptConfig(config: GptConfig): GptConfig {
  for (const field of ["vocab_size", "n_positions", "n_embd", "n_layer", "n_head"] as const) {
    const value = config[field];
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(
        `Cannot use model config: ${field} is ${value}, expected an integer ≥ 1`,
      );
    }
  }
  if (config.n_embd % config.n_head !== 0) {
    throw new RangeError(
      `Cannot use model config: n_embd ${config.n_embd} is not a multiple of n_head ${config.n_head}`,
    );
  }
  if (config.vocab_size > 65536) {
    throw new RangeError(
      `Cannot use model config: vocab_size ${config.vocab_size}, expected at most 65536 (tokens are stored as uint16)`,
    );
  }
  for (const field of ["embd_pdrop", "attn_pdrop", "resid_pdrop"] as const) {
    if (!(config[field] >= 0 && config[field] < 1)) {
      throw new RangeError(
        `Cannot use model config: ${field} is ${config[field]}, expected 0 ≤ p < 1`,
      );
    }
  }
  return config;
}

/** What a config.json says that was written before all of today's values existed. */
export const withTrainDefaults = (train: TrainConfig): TrainConfig => ({
  ...train,
  optimizer: train.optimizer ?? "adamw",
  muonMomentum: train.muonMomentum ?? trainDefaults.muonMomentum,
});

/** Throws a `RangeError` naming the first field of `config` that training cannot run with. */
export function validateTrainConfig(config: TrainConfig): TrainConfig {
  const counts = [
    "batchSize",
    "gradientAccumulation",
    "steps",
    "evalInterval",
    "evalTokens",
    "sampleInterval",
    "checkpointInterval",
  ] as const;
  for (const field of counts) {
    if (!Number.isInteger(config[field]) || config[field] < 1) {
      throw new RangeError(
        `Cannot train: ${field} is ${config[field]}, expected an integer ≥ 1`,
      );
    }
  }
  const nonNegative = [
    "learningRate",
    "minLearningRate",
    "warmupSteps",
    "weightDecay",
    "maxGradNorm",
    "adamEpsilon",
    "decayFraction",
    "patience",
    "spikeFactor",
  ] as const;
  for (const field of ["muonMomentum", "beta1", "beta2"] as const) {
    if (!(config[field] >= 0 && config[field] < 1)) {
      throw new RangeError(`Cannot train: ${field} is ${config[field]}, expected 0 ≤ share < 1`);
    }
  }
  for (const field of nonNegative) {
    if (!(Number.isFinite(config[field]) && config[field] >= 0)) {
      throw new RangeError(`Cannot train: ${field} is ${config[field]}, expected a number ≥ 0`);
    }
  }
  return config;
}
