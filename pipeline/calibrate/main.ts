/**
 * `deno task calibrate`: fits on validation notes what a run is served with (mixture weights, the
 * confidence from which a suggestion is shown, whether n-grams are combined with the GPT).
 */

import { percent } from "../lib/base/format.ts";
import { readTokens, type Split, type Workspace, workspace } from "../artifacts.ts";
import type { Calibration } from "../artifacts/calibration.ts";
import { openSources } from "../artifacts/chain.ts";
import {
  type ContextOrigin,
  contextOrigins,
  NoContexts,
  readNoteContexts,
} from "../artifacts/note_contexts.ts";
import { lineageOf, nameOf } from "../artifacts/lineage.ts";
import { writeReport } from "../artifacts/reports.ts";
import { exists, readJson } from "../lib/base/files.ts";
import { defineTask, duration, format, nextCommand, runTask } from "../lib/base/cli.ts";
import { createTokenizer } from "../lib/gpt/decode/tokenizer.ts";
import { readRunCheckpoint } from "../lib/gpt/model/checkpoint.ts";
import { type Document, documentsOf, spread, spreadTokens } from "../lib/gpt/scoring/documents.ts";
import { DEFAULT_READING_COST } from "../lib/gpt/typing/curve.ts";
import { compileKernels } from "../lib/gpt/wasm/compile.ts";
import { calibrate } from "./calibrate.ts";

/** The mixture is fitted on more notes than are typed: for each of them, at most so many notes or tokens. */
const FIT_NOTES = 10, FIT_TOKENS = 6000;

export const task = defineTask({
  name: "calibrate",
  summary:
    "Fits on validation notes what a run is served with: how far to trust the n-grams, and the\n" +
    "confidence from which a suggestion is shown. `eval` then measures it on test notes.",
  flags: {
    run: { type: "string", default: "latest", placeholder: "NAME", help: "run to calibrate" },
    notes: {
      type: "integer",
      default: 100,
      min: 2,
      help: "validation notes to type; the n-grams are fitted on up to ten times as many",
    },
    excerpt: {
      type: "integer",
      default: 600,
      min: 0,
      help: "number of characters to type in each note, after what precedes them; 0 types all",
    },
    "train-notes": {
      type: "integer",
      default: 4000,
      min: 1,
      help: "training notes that the n-gram baselines count, here and in eval",
    },
    "no-baselines": { type: "boolean", help: "skip the n-gram baselines, here and in eval" },
    context: {
      type: "string",
      choices: ["auto", ...contextOrigins, "none"],
      default: "auto",
      help: "what is known of the patients, to fit how far to trust it; auto takes what there is",
    },
    "reading-cost": {
      type: "number",
      default: DEFAULT_READING_COST,
      min: 0,
      help: "keys that reading a new suggestion costs; the confidence is chosen by what is left",
    },
  },
  examples: ["deno task calibrate", "deno task calibrate --run nano-mimic --notes 200"],
  async run(flags) {
    const started = performance.now();
    const paths = workspace(flags.data), run = paths.run(flags.run), place = { paths, run };
    const read = await openSources(place, `calibrate run "${flags.run}"`, [
      "run",
      "tokens",
      "ngram",
    ]);
    delete read[nameOf(place, paths.tokens("test"))]; // which this stage never looks at
    const checkpoint = await readRunCheckpoint(run);
    const tokenizer = createTokenizer(await readJson(run.tokenizer, "deno task train"));
    const documents = async (split: Split) =>
      documentsOf(await readTokens(paths.tokens(split)), tokenizer);
    const validation = await documents("val");
    if (validation.length < 2) {
      throw new RangeError(
        `Cannot calibrate: the val split has ${validation.length} notes, expected at least 2; ` +
          `ingest more notes`,
      );
    }
    console.log(`run ${flags.run}, ${format(validation.length)} val notes`);
    const contexts = await contextsOf(paths, flags.context, validation);
    const chosen = spreadTokens(validation, FIT_NOTES * flags.notes, FIT_TOKENS * flags.notes);
    const fitted = await calibrate({
      contexts: contexts && {
        origin: contexts.origin,
        items: chosen.map((document) => contexts.items[validation.indexOf(document)]),
      },
      paths,
      run: flags.run,
      checkpoint,
      tokenizer,
      fitted: chosen,
      typed: spread(validation, flags.notes),
      excerpt: flags.excerpt,
      readingCost: flags.readingCost,
      train: flags.noBaselines ? [] : spread(await documents("train"), flags.trainNotes),
      kernels: await compileKernels(),
    });
    const file = { ...fitted, lineage: await lineageOf(place, read) };
    await writeReport("calibration", run.calibration, file);
    console.log(`\n${summary(file)}
Calibrated in ${duration((performance.now() - started) / 1000)}. Wrote ${run.calibration}
Next: ${nextCommand("eval", { run: flags.run, data: flags.data })}`);
  },
});

/** The contexts of the validation notes, and where they come from; undefined where there are none. */
async function contextsOf(
  paths: Workspace,
  wanted: string,
  validation: readonly Document[],
) {
  // A run may have been taken elsewhere without the notes.
  if (wanted === "none" || (wanted === "auto" && !await exists(paths.notes))) return;
  const origins = wanted === "auto" ? contextOrigins.toReversed() : [wanted as ContextOrigin];
  for (const origin of origins) {
    try {
      const items = await readNoteContexts(paths, "val", origin, validation.length);
      return { origin, items };
    } catch (error) {
      if (wanted !== "auto" || !(error instanceof NoContexts)) throw error;
    }
  }
}

/** One line a system, the served one marked, and what is served. */
function summary({ systems, served, typing, validation }: Calibration): string {
  const width = Math.max(...systems.map(({ name }) => name.length));
  const lines = systems.map(({ name, best, netSavings: { value, low, high } }) =>
    `${name === served.system ? "*" : " "} ${name.padEnd(width)}  from confidence ${best}: ` +
    `${percent(value)} (${percent(low)} to ${percent(high)})`
  );
  return `Keystrokes saved on ${typing.notes} validation notes, net of ${typing.readingCost} keys ` +
    `for reading a new suggestion:
${lines.join("\n")}
Served: ${served.system}, from confidence ${served.minConfidence}; ${served.why}` +
    (validation.context ? `\n${contextLine(validation.context)}` : "");
}

const contextLine = (
  { origin, notes, without, with: known }: NonNullable<Calibration["validation"]["context"]>,
): string =>
  `A patient's context (${origin}, ${notes} notes): ${known.toFixed(3)} instead of ` +
  `${without.toFixed(3)} bits per character`;

if (import.meta.main) await runTask(task);
