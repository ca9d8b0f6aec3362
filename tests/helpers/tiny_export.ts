// A run with an export, as small as it gets: a GPT-2 that nobody trained, with weights large enough
// that some tokens are much likelier than others, and a tokenizer of the fixture's corpus.

import { join } from "@std/path";
import { runPaths } from "../../pipeline/artifacts.ts";
import { writeJson } from "../../pipeline/lib/base/files.ts";
import type { GptConfig } from "../../pipeline/lib/gpt/config.ts";
import { writeModelFiles } from "../../pipeline/export/export.ts";
import { writeCheckpoint } from "../../pipeline/lib/gpt/model/checkpoint.ts";
import { initialParameters } from "../../pipeline/lib/gpt/model/init.ts";
import { quantizableLayers } from "../../pipeline/lib/gpt/onnx/int8_weights.ts";
import { trainBpe } from "../../pipeline/tokenize/bpe_trainer.ts";
import { bpeTokenizerJson, tokenizerConfig } from "../../pipeline/tokenize/tokenizer_json.ts";
import { END_OF_TEXT_ID } from "../../pipeline/tokenize/vocabulary.ts";
import { countWords, huggingFace } from "../tokenize/fixture.ts";

/** Shape of the tiny model, but for its vocabulary. */
const shape = {
  n_positions: 64,
  n_embd: 32,
  n_layer: 2,
  n_head: 4,
  embd_pdrop: 0,
  attn_pdrop: 0,
  resid_pdrop: 0,
  layer_norm_epsilon: 1e-5,
  initializer_range: 0.8,
};

/**
 * Writes checkpoint, tokenizer and export of a run into `root`; the export's folder. Unless
 * `int8` is set all layers stay float32, so that answers can be compared with the checkpoint's.
 */
export async function writeTinyRun(
  root: string,
  { int8 = false, ...overrides }: Partial<Omit<GptConfig, "vocab_size">> & { int8?: boolean } = {},
): Promise<{ exportFolder: string; config: GptConfig }> {
  const run = runPaths(root);
  const { words, counts } = countWords(huggingFace.corpus);
  const vocabulary = trainBpe(words, counts, { vocabSize: 400, minFrequency: 2 });
  const config = { ...shape, ...overrides, vocab_size: vocabulary.tokens.length };
  const parameters = initialParameters(config, 1);
  const checkpoint = { config, endOfText: END_OF_TEXT_ID, parameters };
  await writeCheckpoint(run.last, checkpoint);
  for (const folder of [root, run.export]) {
    await writeJson(join(folder, "tokenizer.json"), bpeTokenizerJson(vocabulary));
    await writeJson(join(folder, "tokenizer_config.json"), tokenizerConfig());
  }
  const all = new Set(int8 ? [] : quantizableLayers(config));
  await writeModelFiles(run.export, checkpoint, all);
  const weights = "model.safetensors";
  await Deno.copyFile(join(run.last, weights), join(run.export, weights));
  return { exportFolder: run.export, config };
}
