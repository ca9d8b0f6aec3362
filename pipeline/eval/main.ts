/**
 * `deno task eval`: how well a run predicts the notes of patients it has never seen, and how much
 * typing it would save, compared with n-gram models trained on the same notes.
 */

import { join } from "@std/path";
import { readTokens, type Split, splits, type Workspace, workspace } from "../artifacts.ts";
import { openCalibration } from "../artifacts/calibration.ts";
import { openSources } from "../artifacts/chain.ts";
import {
  type ContextOrigin,
  contextOrigins,
  readNoteContexts,
} from "../artifacts/note_contexts.ts";
import { lineageOf } from "../artifacts/lineage.ts";
import { writeReport } from "../artifacts/reports.ts";
import { hasSyntheticNotes } from "../artifacts/synthetic.ts";
import { readJson, writeAtomic, writeJson } from "../lib/base/files.ts";
import { defineTask, duration, format, nextCommand, runTask, UsageError } from "../lib/base/cli.ts";
import { createTokenizer } from "../lib/gpt/decode/tokenizer.ts";
import { readRunCheckpoint } from "../lib/gpt/model/checkpoint.ts";
import { type Document, documentsOf, spread, spreadTokens } from "../lib/gpt/scoring/documents.ts";
import { compileKernels } from "../lib/gpt/wasm/compile.ts";
import { compareRuns } from "./compare/compare.ts";
import { compareContexts } from "./context/compare.ts";
import { contextPage, contextSummary } from "./context/report.ts";
import { enginesOf } from "./measure/engines.ts";
import { evaluate } from "./evaluate.ts";
import { reportPage } from "./page/page.ts";
import { summary } from "./page/summary.ts";

/**
 * Notes of each other split on which loss and perplexity are measured too, and how many tokens at
 * most: in all, and for each note that is typed.
 */
const OTHER_NOTES = 60, OTHER_TOKENS = 100_000, TOKENS_PER_NOTE = 6000;

export const task = defineTask({
  name: "eval",
  summary:
    "Measures a calibrated run on held-out notes: bits per character, next word, keystroke\n" +
    "savings. It fits nothing: mixture and thresholds come from `deno task calibrate`.\n" +
    "With --compare RUN RUN..., tests evaluated runs against the first of them.",
  positional: "[RUN...]",
  flags: {
    run: { type: "string", default: "latest", placeholder: "NAME", help: "run to measure" },
    split: {
      type: "string",
      choices: ["test", "val", "train"],
      default: "test",
      help: "notes to measure on; all but test report to a folder of their own",
    },
    notes: {
      type: "integer",
      default: 100,
      min: 2,
      help: "notes to type, spread over the split; bits per character uses up to ten times as many",
    },
    excerpt: {
      type: "integer",
      default: 600,
      min: 0,
      help: "number of characters to type in each note, after what precedes them; 0 types all",
    },
    words: {
      type: "integer",
      default: 1500,
      min: 1,
      help: "number of next words to predict, spread over those notes",
    },
    "no-baselines": { type: "boolean", help: "skip the n-gram models" },
    ablate: { type: "boolean", help: "also switch each rule of decoding off in turn" },
    examples: {
      type: "boolean",
      help: "put passages of the notes into the report although they are not synthetic",
    },
    context: {
      type: "string",
      choices: contextOrigins,
      help: "instead, compare the served system without and with what is known of the patients",
    },
    compare: {
      type: "string",
      placeholder: "RUN",
      help: "test other evaluated RUNs against this one instead",
    },
  },
  moved: { "train-notes": "calibrate", "reading-cost": "calibrate" },
  examples: [
    "deno task eval",
    "deno task eval --run nano-mimic --notes 200 --ablate",
    "deno task eval --context previous",
    "deno task eval --compare small medium large",
  ],
  async run(flags, args) {
    const paths = workspace(flags.data);
    if (flags.compare !== undefined) {
      console.log(await compareRuns(paths, [flags.compare, ...args]));
      return;
    }
    if (args.length > 0) {
      throw new UsageError(`Unexpected argument "${args[0]}"; name a run with --run`);
    }
    const run = paths.run(flags.run), place = { paths, run };
    const read = await openSources(place, `evaluate run "${flags.run}"`, [
      "run",
      "tokens",
      "ngram",
      "calibration",
    ]);
    const checkpoint = await readRunCheckpoint(run);
    const calibration = await openCalibration(paths, flags.run);
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
    const sources = {
      tokenizer: run.tokenizer,
      checkpoint: checkpoint.folder,
      ngram: paths.ngram,
      kernels: await compileKernels(),
    };
    if (flags.context !== undefined) {
      const origin = flags.context as ContextOrigin;
      const typed = await notesWithContext(paths, split, origin, held, flags.notes);
      const { excerpt, words } = flags;
      const compared = await compareContexts(
        { run: flags.run, split, origin, calibration, typed, excerpt, words, sources },
      );
      const report = { ...compared, lineage: await lineageOf(place, read) };
      const folder = join(run.eval, "context", split === "test" ? "" : split);
      await writeAtomic(join(folder, "index.html"), contextPage(report));
      await writeJson(join(folder, "context.json"), report);
      console.log(`\n${contextSummary(report)}\n\nReport: ${join(folder, "index.html")}`);
      return;
    }
    const { trainNotes } = calibration.file.typing;
    const train = split === "train" ? held : await documents("train");
    const others: Partial<Record<Split, typeof held>> = {};
    for (const other of splits) {
      if (other === split) continue;
      const notes = other === "train" ? train : await documents(other);
      const tokens = Math.min(OTHER_TOKENS, TOKENS_PER_NOTE * flags.notes);
      others[other] = spreadTokens(notes, OTHER_NOTES, tokens);
    }
    console.log(`run ${flags.run}, ${format(held.length)} ${split} notes`);
    const measured = await evaluate({
      run: flags.run,
      checkpoint,
      tokenizer,
      split,
      calibration,
      scored: spread(held, 10 * flags.notes),
      typed: spread(held, flags.notes),
      excerpt: flags.excerpt,
      others,
      words: flags.words,
      train,
      counted: flags.noBaselines ? [] : spread(train, trainNotes),
      sources,
      engines: await enginesOf(checkpoint, run),
      ablation: flags.ablate,
      examples: flags.examples || await hasSyntheticNotes(paths),
    });
    const folder = split === "test" ? run.eval : join(run.eval, split);
    const report = { ...measured, lineage: await lineageOf(place, read) };
    await writeAtomic(join(folder, "index.html"), await reportPage(report));
    await writeReport("eval", join(folder, "eval.json"), report);
    console.log(
      `\n${summary(report)}\n\nMeasured in ${duration(report.seconds)}. Report: ${
        join(folder, "index.html")
      }`,
    );
    console.log(`Next: ${nextCommand("audit", { run: flags.run, data: flags.data })}`);
  },
});

/** Notes of a split that have a context, spread over it, at most `limit`. */
async function notesWithContext(
  paths: Workspace,
  split: Split,
  origin: ContextOrigin,
  held: readonly Document[],
  limit: number,
) {
  const contexts = await readNoteContexts(paths, split, origin, held.length);
  const known = held.flatMap((document, note) => {
    const context = contexts[note];
    return context === undefined ? [] : [{ document, context }];
  });
  return spread(known, limit);
}

if (import.meta.main) await runTask(task);
