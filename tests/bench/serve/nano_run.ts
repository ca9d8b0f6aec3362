/** A run of the original's size that nobody trained: as fast as a trained one, and made in seconds. */

import { join } from "@std/path";
import { runPaths } from "../../../pipeline/artifacts.ts";
import { writeJson } from "../../../pipeline/lib/base/files.ts";
import { presets } from "../../../pipeline/lib/gpt/config.ts";
import { writeModelFiles } from "../../../pipeline/export/export.ts";
import { initialParameters } from "../../../pipeline/lib/gpt/model/init.ts";
import { blockRows, planBlocks } from "../../../pipeline/synthesize/corpus.ts";
import { loadKnowledge } from "../../../pipeline/synthesize/knowledge.ts";
import { trainBpe } from "../../../pipeline/tokenize/bpe_trainer.ts";
import { bpeTokenizerJson } from "../../../pipeline/tokenize/tokenizer_json.ts";
import { END_OF_TEXT_ID } from "../../../pipeline/tokenize/vocabulary.ts";
import { countWords } from "../../tokenize/fixture.ts";

/** Synthetic notes, to type and to learn a vocabulary from. */
export async function syntheticNotes(count: number, seed: number): Promise<string[]> {
  const knowledge = await loadKnowledge();
  const notes: string[] = [];
  for (const block of planBlocks(seed, count)) {
    for (const { text } of blockRows(knowledge, block)) notes.push(text);
  }
  return notes.slice(0, count);
}

/** Writes the export of an untrained nano model with a vocabulary of 2048 tokens; its folder. */
export const writeNanoExport = (root: string): Promise<string> => writePresetExport(root, "nano");

/** The same of any preset. */
export async function writePresetExport(
  root: string,
  preset: "micro" | "nano" | "gpt2",
): Promise<string> {
  const { words, counts } = countWords(await syntheticNotes(300, 1));
  const vocabulary = trainBpe(words, counts, { vocabSize: 2048, minFrequency: 2 });
  // Weights of the usual size give even probabilities, and no suggestion: these are larger.
  const config = {
    ...presets[preset].model,
    vocab_size: vocabulary.tokens.length,
    initializer_range: 0.1,
  };
  const folder = runPaths(root).export;
  const parameters = initialParameters(config, 1);
  await writeModelFiles(folder, { config, endOfText: END_OF_TEXT_ID, parameters });
  await writeJson(join(folder, "tokenizer.json"), bpeTokenizerJson(vocabulary));
  return folder;
}
