/** `deno task eda`: notes.parquet → a report of what the notes are, as page, JSON and SVGs. */

import { join } from "@std/path";
import { workspace } from "../artifacts.ts";
import { writeAtomic, writeJson } from "../lib/base/files.ts";
import { defineTask, format, nextCommand, Progress, runTask } from "../lib/base/cli.ts";
import { analyse } from "./analyse.ts";
import { edaReport } from "./report_page.ts";
import { terminalSummary } from "./terminal.ts";

const task = defineTask({
  name: "eda",
  summary:
    "Measures the notes: how many, how long, which words, what is de-identified, how they are laid out.",
  flags: {
    threads: {
      type: "integer",
      default: Math.max(1, Math.min(8, navigator.hardwareConcurrency)),
      min: 1,
      max: 64,
      help: "worker threads",
    },
  },
  async run({ data, threads }) {
    const paths = workspace(data);
    let progress: Progress | undefined;
    const eda = await analyse(paths, {
      threads,
      onProgress: (done, total) => {
        progress ??= new Progress("eda", total, "notes");
        progress.update(done);
      },
    });
    progress?.finish(`${format(eda.counts.notes)} notes`);
    const report = await edaReport(eda);
    await writeJson(paths.edaJson, eda);
    for (const [name, svg] of report.charts) await writeAtomic(join(paths.edaFolder, name), svg);
    await writeAtomic(paths.edaReport, report.page);
    console.log(terminalSummary(eda));
    console.log(
      `\nWrote ${paths.edaReport} and ${paths.edaJson}\nNext: ${nextCommand("tokenize", { data })}`,
    );
  },
});

if (import.meta.main) await runTask(task);
