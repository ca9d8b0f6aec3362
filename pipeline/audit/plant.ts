/** `deno task canaries`: a copy of the notes with random codes planted in training notes. */

import { DuckDBInstance } from "@duckdb/node-api";
import { dirname, resolve } from "@std/path";
import { type Workspace, workspace } from "../artifacts.ts";
import { openSources } from "../artifacts/chain.ts";
import { lineageOf } from "../artifacts/lineage.ts";
import { type Report, writeReport } from "../artifacts/reports.ts";
import { exists, readJson, requireFile, temporaryName } from "../lib/base/files.ts";
import { defineTask, runTask, UsageError } from "../lib/base/cli.ts";
import { seededRandom } from "../lib/base/random.ts";
import { canaryText } from "./canaries.ts";

export const task = defineTask({
  name: "canaries",
  summary: "Copies the ingested notes to another workspace and plants random codes in training\n" +
    "notes, so that an audit can measure whether a model learns such codes by heart.",
  flags: {
    out: {
      type: "string",
      placeholder: "DIR",
      help: "workspace to write the planted notes to (required)",
    },
    codes: {
      type: "integer",
      default: 4,
      min: 1,
      help: "number of different codes for each number of copies",
    },
    copies: {
      type: "string",
      default: "1,4,16",
      help: "numbers of notes that a code is planted in",
    },
    seed: { type: "integer", default: 1, help: "seed of the codes and of where they are planted" },
  },
  examples: [
    "deno task canaries --out data/canaries",
    "deno task tokenize --data data/canaries && deno task train --data data/canaries",
    "deno task audit --data data/canaries",
  ],
  async run({ data, out, codes, copies, seed }) {
    if (out === undefined || out === data) {
      throw new UsageError(`--out is ${out ?? "missing"}, expected a workspace other than ${data}`);
    }
    const counts = copies.split(",").map(Number);
    if (counts.some((count) => !Number.isInteger(count) || count < 1)) {
      throw new UsageError(`--copies is "${copies}", expected whole numbers like 1,4,16`);
    }
    const random = seededRandom(seed);
    const sentences = counts.flatMap((count) =>
      Array.from({ length: codes }, () => new Array<string>(count).fill(canaryText(random))).flat()
    );
    const source = workspace(data).notes, target = workspace(out).notes;
    await requireFile(source, "deno task ingest");
    const from = await openSources({ paths: workspace(data) }, "plant codes", ["notes"]);
    await plant(source, target, sentences, seed);
    await describe(workspace(data), workspace(out), Object.values(from));
    console.log(
      `Planted ${counts.length * codes} codes in ${sentences.length} training notes: ${target}\n` +
        `Next: deno task tokenize --data ${out}`,
    );
  },
});

/**
 * Gives the planted notes the ingest.json of those they are a copy of; where those have none, neither
 * have these, and what an earlier ingest left there goes.
 */
async function describe(
  source: Workspace,
  target: Workspace,
  [copied]: readonly string[],
): Promise<void> {
  if (!await exists(source.ingestReport)) {
    await Deno.remove(target.ingestReport).catch(() => {});
    return;
  }
  const report = await readJson<Report<"notes">>(source.ingestReport, "deno task ingest");
  const from = { [resolve(source.notes)]: copied };
  const lineage = await lineageOf({ paths: target }, from, [target.notes]);
  await writeReport("notes", target.ingestReport, { ...report, lineage });
}

/** Writes `target`: `source` with each sentence at the end of a training note of its own. */
async function plant(
  source: string,
  target: string,
  sentences: readonly string[],
  seed: number,
): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  const temporary = temporaryName(target);
  try {
    await Deno.mkdir(dirname(target), { recursive: true });
    const total = await connection.runAndReadAll(
      "SELECT count(*) FROM read_parquet($source) WHERE split = 'train'",
      { source },
    );
    const training = Number(total.getRows()[0][0]);
    if (training < sentences.length) {
      throw new RangeError(
        `Cannot plant ${sentences.length} codes: there are ${training} training notes; lower --codes or --copies`,
      );
    }
    const literals = sentences.map((sentence) => `'${sentence}'`).join(", ");
    const escaped = temporary.replaceAll("'", "''");
    await connection.run(
      `COPY (
         WITH notes AS (
           SELECT *, file_row_number AS row FROM read_parquet($source, file_row_number = true)),
         places AS (
           SELECT row, row_number() OVER (ORDER BY hash(note_id || '${seed}'), row) AS place
           FROM notes WHERE split = 'train')
         SELECT notes.* EXCLUDE (row, file_row_number)
           REPLACE (text || coalesce(chr(10) || [${literals}][place], '') AS text)
         FROM notes LEFT JOIN places USING (row) ORDER BY notes.row
       ) TO '${escaped}' (FORMAT parquet, COMPRESSION zstd)`,
      { source },
    );
    await Deno.rename(temporary, target);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

if (import.meta.main) await runTask(task);
