/** How a GPT-2 is described in Hugging Face's files: `config.json` and tensor names. */

import { ArtifactError, readJson, writeJson } from "../../base/files.ts";
import { type GptConfig, validateGptConfig } from "../config.ts";

/** `GPT2LMHeadModel` saves its parameters under this prefix; a bare `GPT2Model` does not. */
export const TENSOR_PREFIX = "transformer.";

/** The model's `config.json`, as `GPT2LMHeadModel.save_pretrained` writes it. */
export function toHuggingFaceConfig(config: GptConfig, endOfText: number) {
  return {
    activation_function: "gelu_new",
    architectures: ["GPT2LMHeadModel"],
    bos_token_id: endOfText,
    eos_token_id: endOfText,
    model_type: "gpt2",
    n_inner: null,
    reorder_and_upcast_attn: false,
    scale_attn_by_inverse_layer_idx: false,
    scale_attn_weights: true,
    tie_word_embeddings: true,
    torch_dtype: "float32",
    use_cache: true,
    vocab_size: config.vocab_size,
    n_positions: config.n_positions,
    // The older name, which llama.cpp's converter asks for.
    n_ctx: config.n_positions,
    n_embd: config.n_embd,
    n_layer: config.n_layer,
    n_head: config.n_head,
    embd_pdrop: config.embd_pdrop,
    attn_pdrop: config.attn_pdrop,
    resid_pdrop: config.resid_pdrop,
    layer_norm_epsilon: config.layer_norm_epsilon,
    initializer_range: config.initializer_range,
  };
}

/**
 * Writes the tokenizer_config.json at `from` to `to`, with what only the model knows:
 *
 * - `model_max_length`, so that `truncation=True` truncates (a text longer than the position table
 *   is an IndexError in transformers);
 * - `model_input_names` without `token_type_ids`: transformers 4 returns them unless told not to,
 *   and its GPT-2 takes them for tokens and adds `wte[0]` at every position.
 */
export async function writeTokenizerConfig(
  from: string,
  to: string,
  { n_positions }: GptConfig,
): Promise<void> {
  const given = await readJson<Record<string, unknown>>(from, "deno task tokenize");
  await writeJson(to, {
    ...given,
    model_max_length: n_positions,
    model_input_names: ["input_ids", "attention_mask"],
  });
}

/** What of a GPT-2 `config.json` this code does not implement, with the only accepted values. */
const fixed: Record<string, readonly unknown[]> = {
  model_type: ["gpt2"],
  activation_function: ["gelu_new", "gelu_pytorch_tanh", undefined],
  scale_attn_weights: [true, undefined],
  scale_attn_by_inverse_layer_idx: [false, undefined],
  add_cross_attention: [false, undefined],
};

/** `GPT2Config`'s defaults for what a `config.json` may leave out. */
const defaults = {
  embd_pdrop: 0.1,
  attn_pdrop: 0.1,
  resid_pdrop: 0.1,
  layer_norm_epsilon: 1e-5,
  initializer_range: 0.02,
};

/**
 * The model described by a `config.json` of anyone's making. Throws an `ArtifactError` that names
 * the field if it is not a GPT-2 this code can run.
 */
export function fromHuggingFaceConfig(
  json: Record<string, unknown>,
  path: string,
): { config: GptConfig; endOfText: number | undefined } {
  const fail = (why: string) => new ArtifactError(`Cannot use ${path}: ${why}`);
  for (const [field, accepted] of Object.entries(fixed)) {
    if (!accepted.includes(json[field])) {
      throw fail(`${field} is ${JSON.stringify(json[field])}, expected "${accepted[0]}"`);
    }
  }
  const number = (field: string, fallback?: number) => {
    const value = json[field] ?? fallback;
    if (typeof value !== "number") {
      throw fail(`${field} is ${JSON.stringify(value)}, expected a number`);
    }
    return value;
  };
  const config: GptConfig = {
    vocab_size: number("vocab_size"),
    n_positions: number("n_positions"),
    n_embd: number("n_embd"),
    n_layer: number("n_layer"),
    n_head: number("n_head"),
    embd_pdrop: number("embd_pdrop", defaults.embd_pdrop),
    attn_pdrop: number("attn_pdrop", defaults.attn_pdrop),
    resid_pdrop: number("resid_pdrop", defaults.resid_pdrop),
    layer_norm_epsilon: number("layer_norm_epsilon", defaults.layer_norm_epsilon),
    initializer_range: number("initializer_range", defaults.initializer_range),
  };
  const inner = json.n_inner ?? 4 * config.n_embd;
  if (inner !== 4 * config.n_embd) {
    throw fail(`n_inner is ${inner}, expected ${4 * config.n_embd} (4 × n_embd)`);
  }
  const endOfText = typeof json.eos_token_id === "number" ? json.eos_token_id : undefined;
  return { config: validateGptConfig(config), endOfText };
}
