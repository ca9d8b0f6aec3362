/** `deno task ngram`: train.bin → ngram.bin, a token n-gram table that no single patient shows in. */

import { readTokens, type Workspace, workspace } from "../artifacts.ts";
import { openSources } from "../artifacts/chain.ts";
import { lineageOf } from "../artifacts/lineage.ts";
import { readReport } from "../artifacts/reports.ts";
import {
  ArtifactError,
  exists,
  readJson,
  requireFile,
  writeAtomic,
  writeJson,
} from "../lib/base/files.ts";
import { bytes, defineTask, format, Progress, runTask } from "../lib/base/cli.ts";
import { createTokenizer } from "../lib/gpt/decode/tokenizer.ts";
import { NgramCounts } from "../lib/gpt/ngram/counts.ts";
import { KneserNey } from "../lib/gpt/ngram/kneser_ney.ts";
import { pruneToTable, writeNgramTable } from "../lib/gpt/ngram/table.ts";
import { peopleOf, unnamedText } from "./people.ts";

await runTask(defineTask({
  name: "ngram",
  summary: "Counts token n-grams of the training notes for use with the GPT. Only those that\n" +
    "occur in the notes of enough different patients are kept.",
  flags: {
    order: {
      type: "integer",
      default: 6,
      min: 2,
      max: 12,
      help: "length of the longest n-gram, in tokens",
    },
    "min-patients": {
      type: "integer",
      default: 5,
      min: 1,
      help:
        "minimum number of patients who share an n-gram; below 2, phrases of one patient are kept",
    },
    "notes-are-patients": {
      type: "string",
      placeholder: "REASON",
      help: "count each note that names no patient as one of a patient of its own; by default " +
        "those that share a long passage are one person's. The model card shows the reason",
    },
    "min-public-texts": {
      type: "integer",
      default: 3,
      min: 1,
      help: "public texts that must hold an n-gram if no patients do; fewer: a larger table",
    },
    "without-public": { type: "boolean", help: "count no public texts" },
    "max-tokens": {
      type: "integer",
      default: 40_000_000,
      min: 1,
      help: "maximum number of tokens to count (about 100 bytes of memory each at order 6)",
    },
  },
  async run({ data, order, minPatients, minPublicTexts, maxTokens, withoutPublic, ...flags }) {
    const paths = workspace(data);
    await requireFile(paths.tokens("train"), "deno task tokenize");
    // Notes are attributed to patients by their place in notes.parquet.
    const sources = await openSources({ paths }, "count n-grams", ["notes", "tokens"], {
      recorded: ["tokens"],
    });
    const tokens = await readTokens(paths.tokens("train"));
    const tokenizer = createTokenizer(await readJson(paths.tokenizer, "deno task tokenize"));
    const people = await peopleOf(paths.notes, flags.notesArePatients);
    const notes = notesByPerson(people.of, tokens, tokenizer.endOfText, paths.notes);
    const publicTexts = withoutPublic || !await exists(paths.publicTokens)
      ? new Uint16Array()
      : await readTokens(paths.publicTokens);
    const counts = new NgramCounts(order);
    const total = Math.min(tokens.length + publicTexts.length, maxTokens);
    const progress = new Progress("count", total, "tokens");
    let counted = 0, taken = 0;
    for (const { patient, from, to } of notes) {
      if (counted + to - from > maxTokens) break;
      // In shares of what is enough: minPatients patients, or minPublicTexts texts.
      counts.addSequence(tokens.subarray(from, to), patient, minPublicTexts);
      progress.update(counted += to - from);
      taken++;
    }
    if (taken === 0) {
      throw new RangeError(`Cannot count n-grams: --max-tokens ${maxTokens} is less than one note`);
    }
    // After the notes, which matter more where not all can be counted.
    let publicCounted = 0,
      text = 1 + notes.reduce((last, { patient }) => Math.max(last, patient), 0);
    for (const { from, to } of documents(publicTexts, tokenizer.endOfText)) {
      if (counted + publicCounted + to - from > maxTokens) break;
      counts.addSequence(publicTexts.subarray(from, to), text++, minPatients);
      progress.update(counted + (publicCounted += to - from));
    }
    progress.finish(
      `${format(counted)} tokens of ${format(taken)} notes` +
        (publicCounted > 0 ? `, ${format(publicCounted)} of public texts` : ""),
    );

    const table = pruneToTable(
      new KneserNey(counts, tokenizer.vocabSize),
      tokenizer.endOfText,
      minPatients,
      minPatients * minPublicTexts,
    );
    const file = writeNgramTable(table);
    const seen = counts.orders.slice(1).map(({ size }) => size);
    const kept = table.orders.map(({ token }) => token.length);
    await writeAtomic(paths.ngram, file);
    await writeJson(paths.ngramReport, {
      version: 2,
      lineage: await lineageOf({ paths }, sources, [paths.ngram]),
      order,
      minPatients,
      counted: people.counted,
      notes: taken,
      notesLeftOut: notes.length - taken,
      tokens: counted,
      publicTokens: publicCounted,
      ...(publicCounted > 0 ? { licences: await licencesOfTokens(paths) } : {}),
      bytes: file.length,
      orders: kept.map((count, index) => ({ n: index + 1, seen: seen[index], kept: count })),
    });
    for (const [index, count] of kept.entries()) {
      console.log(
        `${String(index + 1).padStart(2)}-grams  ${format(seen[index]).padStart(12)} seen  ${
          format(count).padStart(12)
        } kept`,
      );
    }
    for (const line of unnamedText(people.counted)) console.log(line);
    if (minPatients < 2) {
      console.log("Phrases of single patients can be read out of this table; export refuses it");
    }
    if (taken < notes.length) {
      console.log(`${format(notes.length - taken)} notes were left out: raise --max-tokens`);
    }
    console.log(
      `\nWrote ${paths.ngram}, ${bytes(file.length)}; "deno task calibrate" fits it to a run`,
    );
  },
}));

/** Where each training note lies in train.bin, and whose it is; notes of a person in a row. */
function notesByPerson(
  people: readonly number[],
  tokens: Uint16Array,
  endOfText: number,
  parquet: string,
) {
  const places = documents(tokens, endOfText);
  if (places.length !== people.length) {
    throw new ArtifactError(
      `Cannot tell whose notes train.bin holds: it has ${places.length} notes, ${parquet} ${people.length}; run "deno task tokenize" again`,
    );
  }
  return places
    .map((place, note) => ({ ...place, patient: people[note] }))
    .sort((a, b) => a.patient - b.patient || a.from - b.from);
}

async function licencesOfTokens(paths: Workspace): Promise<Record<string, string>> {
  const report = await readReport("tokens", paths.tokensReport, "deno task tokenize");
  const sources = report.public?.sources ?? [];
  return Object.fromEntries(sources.map(({ name, licence }) => [name, licence]));
}

/** Where each document lies in a token file. */
function documents(tokens: Uint16Array, endOfText: number): { from: number; to: number }[] {
  const starts: number[] = [];
  for (let at = tokens.length > 0 ? 0 : -1; at !== -1; at = tokens.indexOf(endOfText, at + 1)) {
    starts.push(at);
  }
  return starts.map((from, i) => ({ from, to: starts[i + 1] ?? tokens.length }));
}
