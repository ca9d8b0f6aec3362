/** All that eda measures, from notes.parquet and what ingest recorded about it. */

import { type Workspace } from "../artifacts.ts";
import { openSources } from "../artifacts/chain.ts";
import { type Lineage, lineageOf } from "../artifacts/lineage.ts";
import { readReport, type Report } from "../artifacts/reports.ts";
import { exists } from "../lib/base/files.ts";
import { sectionsOf } from "../lib/clinical/headers.ts";
import { discoverHeaders, type HeaderSet } from "../lib/clinical/sections.ts";
import { type IdentifierKind, identifierReport } from "./identifiers.ts";
import { type Lengths, lengthsOf } from "./lengths.ts";
import { type LineReport, lineReport } from "./lines.ts";
import { type Counts, NotesTable } from "./notes_table.ts";
import {
  mergeRecurrence,
  type RecurrenceReport,
  recurrenceStride,
  spellOut,
} from "./recurrence.ts";
import { type RedactionReport, redactionReport } from "./redactions.ts";
import type { PerNote, ScanPart } from "./scan.ts";
import { scanAll } from "./scan_pool.ts";
import { PatientCount, type SampleNote, sharedIn } from "./shared.ts";
import { type SectionReport, sectionReport } from "./sections.ts";
import { type TokenMeasures, tokenMeasures } from "./tokens.ts";
import { type Vocabulary, vocabularyReport } from "./vocabulary_report.ts";

/** The content of eda.json. */
export interface Eda {
  version: 2;
  lineage: Lineage;
  created: string;
  seconds: number;
  counts: Counts;
  lengths: {
    characters: Lengths;
    raw_words: Lengths;
    words: Lengths;
    lines: Lengths;
    redactions: Lengths;
  };
  vocabulary: Vocabulary;
  redactions: RedactionReport;
  identifiers: IdentifierKind[];
  sections: SectionReport;
  lines: LineReport;
  recurrence: RecurrenceReport;
  /** How many tokens the notes have, once tokenize has run on them. */
  tokens: TokenMeasures | null;
  /** From ingest.json. */
  ingest: Report<"notes"> | null;
}

/** Notes in which section headers are looked for. */
const SAMPLE = 2000;

export interface AnalyseOptions {
  threads: number;
  onProgress?: (notes: number, total: number) => void;
}

/** Measures the notes of a workspace. */
export async function analyse(
  paths: Workspace,
  { threads, onProgress = () => {} }: AnalyseOptions,
): Promise<Eda> {
  const started = performance.now();
  const sources = await openSources({ paths }, "look at the notes", ["notes"]);
  const table = await NotesTable.open(paths.notes);
  try {
    const counts = await table.counts();
    const sample = await table.sample(SAMPLE, counts.notes);
    const shared = sharedIn(sample);
    const headers = sharedHeaders(sample);
    const stride = recurrenceStride(counts.notes);
    let scanned = 0;
    const parts = await scanAll(
      table.batches(),
      { notes: counts.notes, headers, recurrenceStride: stride },
      threads,
      (notes) => onProgress(scanned += notes, counts.notes),
    );
    const perNote = mergePerNote(parts);
    const recurrence = mergeRecurrence(parts.map((part) => part.recurrence));
    const { notes_counted } = recurrence.report;
    return {
      version: 2,
      lineage: await lineageOf({ paths }, sources),
      created: new Date().toISOString(),
      counts,
      lengths: {
        characters: lengthsOf(perNote.characters),
        raw_words: lengthsOf(perNote.rawWords),
        words: lengthsOf(perNote.words),
        lines: lengthsOf(perNote.lines),
        redactions: lengthsOf(perNote.redactions),
      },
      vocabulary: vocabularyReport(parts.map((part) => part.vocabulary), perNote.words, shared),
      redactions: redactionReport(
        headers,
        parts.map((part) => part.redactions),
        parts.map((part) => part.sections),
        sample,
      ),
      identifiers: identifierReport(parts.map((part) => part.identifiers)),
      sections: sectionReport(headers, parts.map((part) => part.sections)),
      lines: lineReport(parts.map((part) => part.lines)),
      recurrence: {
        ...recurrence.report,
        every: stride,
        top: spellOut(recurrence, sample, notes_counted),
      },
      tokens: await tokenMeasures(paths, shared),
      ingest: await exists(paths.ingestReport)
        ? await readReport("notes", paths.ingestReport, "deno task ingest INPUT")
        : null,
      seconds: Number(((performance.now() - started) / 1000).toFixed(2)),
    };
  } finally {
    table.close();
  }
}

/** The headers of the corpus that enough patients share. */
function sharedHeaders(sample: readonly SampleNote[]): HeaderSet {
  const patients = new PatientCount<string>();
  for (const { text, patient } of sample) {
    for (const { name } of sectionsOf(text)) patients.add(name, patient);
  }
  return discoverHeaders(sample.map(({ text }) => text), (key) => patients.isShared(key));
}

/** Every note was scanned by one worker, so adding up puts its measures in place. */
function mergePerNote(parts: ScanPart[]): PerNote {
  const [first, ...rest] = parts.map((part) => part.perNote);
  for (const perNote of rest) {
    for (const measure of Object.keys(first) as (keyof PerNote)[]) {
      perNote[measure].forEach((value, note) => first[measure][note] += value);
    }
  }
  return first;
}
