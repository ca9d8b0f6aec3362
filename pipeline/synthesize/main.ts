/** `deno task synthesize`: notes in MIMIC-IV-Note's shape, out of a clinical grammar. */

import { workspace } from "../artifacts.ts";
import { markSynthetic } from "../artifacts/synthetic.ts";
import {
  bytes,
  defineTask,
  format,
  nextCommand,
  Progress,
  runTask,
  shellWord,
} from "../lib/base/cli.ts";
import { loadKnowledge } from "./knowledge.ts";
import { writeCorpus } from "./write_corpus.ts";

const task = defineTask({
  name: "synthesize",
  summary: "Invent discharge summaries in MIMIC-IV-Note's schema and layout (discharge.csv.gz).",
  flags: {
    notes: { type: "integer", default: 3000, min: 1, help: "number of notes to write" },
    seed: { type: "integer", default: 1, min: 0, help: "seed; the same seed gives the same bytes" },
    out: {
      type: "string",
      placeholder: "PATH",
      help: "csv.gz file to write (default: in the workspace)",
    },
    workers: {
      type: "integer",
      default: Math.max(1, Math.min(8, navigator.hardwareConcurrency)),
      min: 1,
      max: 64,
      help: "worker threads; the output does not depend on their number",
    },
  },
  examples: [
    "deno task synthesize --notes 3000",
    "deno task synthesize --notes 331794 --out /tmp/discharge.csv.gz",
  ],
  async run({ notes, seed, out, workers, data }) {
    const paths = workspace(data), path = out ?? paths.synthetic;
    const { presentations } = await loadKnowledge(); // a mistake in the files shows before any thread
    console.log(`${format(notes)} notes, seed ${seed}, ${presentations.length} presentations`);
    const progress = new Progress("synthesize", notes, "notes");
    const size = await writeCorpus(path, {
      notes,
      seed,
      workers,
      onProgress: (done) => progress.update(done),
    });
    await markSynthetic(paths, path, { notes: size.notes, seed });
    progress.finish(
      `${format(size.notes)} notes, ${bytes(size.csvBytes)} of CSV, ` +
        `${format(size.notes / progress.seconds)} notes/s`,
    );
    console.log(`${path}\nNext: ${nextCommand(`ingest ${shellWord(path)}`, { data })}`);
  },
});

if (import.meta.main) await runTask(task);
