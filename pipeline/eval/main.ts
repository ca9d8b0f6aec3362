/**
 * `deno task eval`: how well a run predicts the notes of patients it has never seen, and how much
 * typing it would save, beside n-gram models trained on the same notes.
 */

import { join } from "@std/path";
import {
  exists,
  readJson,
  readTokens,
  type Split,
  workspace,
  writeAtomic,
  writeJson,
} from "../artifacts.ts";
import { defineTask, format, runTask } from "../cli.ts";
import { createTokenizer } from "../decode/tokenizer.ts";
import { readRunCheckpoint } from "../model/checkpoint.ts";
import { documentsOf, spread } from "../measure/documents.ts";
import { evaluate } from "./evaluate.ts";
import { reportPage } from "./page.ts";
import { summary } from "./summary.ts";

export const task = defineTask({
  name: "eval",
  summary: "Measures a run on held-out notes: bits per character, next word, keystroke savings.",
  flags: {
    run: { type: "string", default: "latest", placeholder: "NAME", help: "run to measure" },
    split: {
      type: "string",
      choices: ["test", "val"],
      default: "test",
      help: "notes to measure on",
    },
    notes: {
      type: "integer",
      default: 40,
      min: 2,
      help: "notes to type, spread over the split; bits per character uses up to ten times as many",
    },
    excerpt: {
      type: "integer",
      default: 1500,
      min: 0,
      help: "characters to type of each note, with what precedes them there already; 0 types all",
    },
    words: {
      type: "integer",
      default: 2000,
      min: 1,
      help: "next words to predict, spread over those notes",
    },
    "train-notes": {
      type: "integer",
      default: 4000,
      min: 1,
      help: "training notes that the n-gram baselines count",
    },
    "no-baselines": { type: "boolean", help: "leave the n-gram models out" },
  },
  examples: ["deno task eval", "deno task eval --run nano-mimic --notes 200"],
  async run(flags) {
    const paths = workspace(flags.data);
    const run = paths.run(flags.run);
    const checkpoint = await readRunCheckpoint(run);
    const tokenizer = createTokenizer(await readJson(run.tokenizer, "deno task train"));
    const documents = async (split: Split) =>
      documentsOf(await readTokens(paths.tokens(split)), tokenizer);
    const split = flags.split as Split;
    const held = await documents(split);
    if (held.length < 2) {
      throw new RangeError(
        `Cannot evaluate: the ${split} split has ${held.length} notes, expected at least 2; ingest more notes`,
      );
    }
    const withTable = await exists(paths.ngram);
    console.log(`run ${flags.run}, ${format(held.length)} ${split} notes`);
    const report = await evaluate({
      run: flags.run,
      checkpoint,
      tokenizer,
      split,
      scored: spread(held, 10 * flags.notes),
      typed: spread(held, flags.notes),
      validation: withTable ? spread(await documents("val"), 10 * flags.notes) : [],
      excerpt: flags.excerpt,
      words: flags.words,
      train: flags.noBaselines ? [] : spread(await documents("train"), flags.trainNotes),
      sources: {
        tokenizer: run.tokenizer,
        checkpoint: checkpoint.folder,
        trainTokens: paths.tokens("train"),
        trainNotes: flags.trainNotes,
        ngram: paths.ngram,
      },
      mixture: withTable ? run.mixture : undefined,
    });
    await writeJson(join(run.eval, "eval.json"), report);
    await writeAtomic(join(run.eval, "index.html"), await reportPage(report));
    console.log(`\n${summary(report)}\n\nReport: ${join(run.eval, "index.html")}`);
    console.log(`Next: deno task export --run ${flags.run} --data ${flags.data}`);
  },
});

if (import.meta.main) await runTask(task);
