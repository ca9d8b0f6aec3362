// What calibrate would have fitted to a tiny run: a table of one sentence, trusted nearly blindly.

import { join } from "@std/path";
import type { Workspace } from "../../pipeline/artifacts.ts";
import type { Calibration } from "../../pipeline/artifacts/calibration.ts";
import { lineageOf, sourcesOf } from "../../pipeline/artifacts/lineage.ts";
import { writeReport } from "../../pipeline/artifacts/reports.ts";
import { readJson, sha256File, writeAtomic } from "../../pipeline/lib/base/files.ts";
import { weightCount } from "../../pipeline/lib/gpt/decode/mixture.ts";
import { createTokenizer } from "../../pipeline/lib/gpt/decode/tokenizer.ts";
import { readRunCheckpoint } from "../../pipeline/lib/gpt/model/checkpoint.ts";
import { NgramCounts } from "../../pipeline/lib/gpt/ngram/counts.ts";
import { KneserNey } from "../../pipeline/lib/gpt/ngram/kneser_ney.ts";
import { pruneToTable, writeNgramTable } from "../../pipeline/lib/gpt/ngram/table.ts";

export const SENTENCE = "on exam: no fever.";

/** A system as calibrate writes it. */
export const tinySystem = (
  name: string,
  kind: Calibration["systems"][number]["kind"],
  best: number,
): Calibration["systems"][number] => ({
  name,
  kind,
  best,
  mostSavings: 0.05,
  netSavings: { value: 0.1, low: 0, high: 0.2, notes: 4 },
  curve: [],
});

/** Writes calibration.json of run `name` and the table that it names. */
export async function writeTinyCalibration(
  paths: Workspace,
  name: string,
  changes: Partial<Calibration> = {},
  minPatients = 5,
): Promise<Calibration> {
  const run = paths.run(name), place = { paths, run };
  const { config, folder } = await readRunCheckpoint(run);
  const tokenizer = createTokenizer(await readJson(run.tokenizer, ""));
  const counts = new NgramCounts(4);
  const note = [tokenizer.endOfText, ...tokenizer.encode(SENTENCE)];
  for (let patient = 0; patient < 5; patient++) counts.addSequence(note, patient);
  const kneserNey = new KneserNey(counts, config.vocab_size);
  const bytes = writeNgramTable(pruneToTable(kneserNey, tokenizer.endOfText, minPatients));
  await writeAtomic(paths.ngram, bytes);
  const read = [join(folder, "model.safetensors"), run.tokenizer, paths.ngram];
  const file: Calibration = {
    version: 1,
    lineage: await lineageOf(place, await sourcesOf(place, read)),
    run: name,
    mixture: {
      table: {
        sha256: await sha256File(paths.ngram),
        bytes: bytes.length,
        order: 4,
        minPatients,
        weights: new Array(weightCount(4)).fill(0.9),
      },
      note: [100, 10, 5, 5, 5],
    },
    validation: {
      notes: 4,
      gpt: 1.5,
      table: 1.4,
      gptAndTable: 1.3,
      gptAndNote: 1.4,
      mixture: 1.2,
    },
    typing: { notes: 4, excerpt: 600, readingCost: 0.5, trainNotes: 0 },
    systems: [tinySystem("GPT", "gpt", 0.4), tinySystem("GPT + n-grams", "gpt+mixture", 0.2)],
    served: { system: "GPT + n-grams", kind: "gpt+mixture", minConfidence: 0.2, why: "they pay" },
    ...changes,
  };
  await writeReport("calibration", run.calibration, file);
  return file;
}
