/**
 * `deno task report`: runs every stage on synthetic notes, and on notes of one's own where they are
 * named, and writes what came out as REPORT.md with its drawings. docs/REPORT.md is one such run.
 */

import { basename, join } from "@std/path";
import { exists, writeJson } from "../lib/base/files.ts";
import { defineTask, runTask, UsageError } from "../lib/base/cli.ts";
import { requireFresh, runStages } from "../artifacts/stages.ts";
import {
  type Corpus,
  type EffortName,
  efforts,
  stagesOf,
  sweepContent,
  sweepFile,
} from "./plan.ts";
import { writeReport } from "./report.ts";

const task = defineTask({
  name: "report",
  summary:
    "Runs the whole project from scratch and writes it up: REPORT.md, its SVGs, figures.json.\n" +
    "Called again, it goes on where it was and keeps what is already there.",
  flags: {
    notes: {
      type: "string",
      placeholder: "PATH",
      help: "also run every stage on these notes of your own",
    },
    name: {
      type: "string",
      placeholder: "NAME",
      help: "what to call your notes (default: the name of their file)",
    },
    effort: {
      type: "string",
      choices: Object.keys(efforts),
      default: "full",
      help: "how much to train and measure; full takes hours on two cores",
    },
    "write-only": { type: "boolean", help: "write the report from what is there, run nothing" },
    output: {
      type: "string",
      placeholder: "DIR",
      help: "where to write it (default DATA/reports/report)",
    },
    data: { type: "string", default: "data", placeholder: "DIR", help: "workspace" },
  },
  examples: [
    "deno task report --effort quick",
    "deno task report --notes mtsamples.csv --name mtsamples --output docs",
  ],
  async run(flags) {
    const effort = efforts[flags.effort as EffortName];
    const corpora = corporaOf(flags.data, flags.notes, flags.name);
    if (flags.notes && !await exists(flags.notes)) {
      throw new UsageError(`Cannot find ${flags.notes}; --notes wants a file or folder of notes`);
    }
    const gpu = flags.writeOnly ? undefined : await gpuTask();
    for (const corpus of flags.writeOnly ? [] : corpora) {
      console.log(`\n${corpus.title}: ${corpus.root}`);
      await writeJson(sweepFile(corpus.root, effort), sweepContent(effort));
      const record = join(corpus.root, "stages.json");
      const stages = stagesOf(corpus, effort, gpu);
      await runStages(stages, { data: corpus.root, record, caller: "report" });
    }
    for (const corpus of corpora) await requireFresh(stagesOf(corpus, effort, gpu), corpus.root);
    const output = flags.output ?? join(flags.data, "reports", "report");
    await writeReport({ corpora, effort, root: join(flags.data, "report"), output });
    console.log(`\nWrote ${join(output, "REPORT.md")} and ${join(output, "figures.json")}`);
  },
});

function corporaOf(data: string, notes?: string, name?: string): Corpus[] {
  const root = (folder: string) => join(data, "report", folder);
  const synthetic = { name: "synthetic", title: "Synthetic notes", root: root("synthetic") };
  if (notes === undefined) return [{ ...synthetic, inDepth: true }];
  const own = name ?? basename(notes).replace(/\..*$/, "");
  if (!/^[\w.-]+$/.test(own) || own === "synthetic") {
    throw new UsageError(
      `--name is "${own}", expected letters, digits, ".", "-" and "_", and not "synthetic"`,
    );
  }
  const real = { name: own, title: own, notes, root: root(own) };
  return [{ ...synthetic, inDepth: false }, { ...real, inDepth: true }];
}

/** The task under which `train --gpu` runs here: with the machine's adapter, or a software one. */
async function gpuTask(): Promise<string> {
  const adapter = await navigator.gpu?.requestAdapter();
  const isSoftware = /swiftshader|llvmpipe|lavapipe/i.test(adapter?.info.description ?? "");
  return adapter && !isSoftware ? "train" : "software-gpu train";
}

await runTask(task);
