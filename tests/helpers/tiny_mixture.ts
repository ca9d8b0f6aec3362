// What eval would have fitted beside a tiny run: a table of one sentence, trusted nearly blindly.

import { join } from "@std/path";
import { runPaths } from "../../pipeline/artifacts.ts";
import { readJson, sha256File, writeAtomic, writeJson } from "../../pipeline/lib/base/files.ts";
import { type MixtureFile, weightCount } from "../../pipeline/lib/gpt/decode/mixture.ts";
import { createTokenizer } from "../../pipeline/lib/gpt/decode/tokenizer.ts";
import { readRunCheckpoint } from "../../pipeline/lib/gpt/model/checkpoint.ts";
import { NgramCounts } from "../../pipeline/lib/gpt/ngram/counts.ts";
import { KneserNey } from "../../pipeline/lib/gpt/ngram/kneser_ney.ts";
import { pruneToTable, writeNgramTable } from "../../pipeline/lib/gpt/ngram/table.ts";

export const SENTENCE = "on exam: no fever.";

/** Writes mixture.json into the run at `root` and the table it names to `ngramPath`. */
export async function writeTinyMixture(
  root: string,
  ngramPath: string,
  changes: Partial<MixtureFile> = {},
  minPatients = 5,
): Promise<MixtureFile> {
  const run = runPaths(root);
  const { config, folder } = await readRunCheckpoint(run);
  const tokenizer = createTokenizer(await readJson(run.tokenizer, ""));
  const counts = new NgramCounts(4);
  const note = [tokenizer.endOfText, ...tokenizer.encode(SENTENCE)];
  for (let patient = 0; patient < 5; patient++) counts.addSequence(note, patient);
  const kneserNey = new KneserNey(counts, config.vocab_size);
  const bytes = writeNgramTable(pruneToTable(kneserNey, tokenizer.endOfText, minPatients));
  await writeAtomic(ngramPath, bytes);
  const file: MixtureFile = {
    version: 2,
    checkpoint: await sha256File(join(folder, "model.safetensors")),
    table: {
      sha256: await sha256File(ngramPath),
      bytes: bytes.length,
      order: 4,
      minPatients,
      weights: new Array(weightCount(4)).fill(0.9),
    },
    note: [100, 10, 5, 5, 5],
    validation: {
      notes: 4,
      gpt: 1.5,
      table: 1.4,
      gptAndTable: 1.3,
      gptAndNote: 1.4,
      mixture: 1.2,
    },
    ...changes,
  };
  await writeJson(run.mixture, file);
  return file;
}
