/** Counts of one ingest, as ingest.json and as a few lines in the terminal. */

import { format as formatCount } from "../lib/base/cli.ts";
import { type Split, splits } from "../artifacts.ts";
import type { Lineage } from "../artifacts/lineage.ts";
import { repairNames } from "./clean/clean_text.ts";
import type { IngestOptions } from "./ingest.ts";
import type { Format, NoteField } from "./read/note_source.ts";
import type { SiftCounts, SiftedNote } from "./identity/sift.ts";
import { SPLIT_RULE } from "./identity/split.ts";

export interface InputReport {
  name: string;
  path: string;
  format: Format;
  bytes: number;
  /** Of the file as it lies on disk; null for remote files. */
  sha256: string | null;
  /** What is wrong with a gzip file that could not be read to its end. */
  damage: string | null;
  /** Which column filled which field. */
  columns: Partial<Record<NoteField, string>>;
  read: number;
  kept: number;
  rejected: number;
}

export interface Reject {
  file: string;
  row: number;
  reason: string;
  detail: string;
}

interface SplitCount {
  notes: number;
  patients: number;
  characters: number;
}

/** The content of ingest.json. */
export interface IngestReport {
  version: 2;
  lineage: Lineage;
  /** Every input is a corpus of `deno task synthesize`: the notes describe nobody. */
  synthetic: boolean;
  created: string;
  seconds: number;
  /** DuckDB reads Parquet files; null where there was none. */
  software: { deno: string; duckdb: string | null };
  options: Omit<IngestOptions, "inputs">;
  inputs: InputReport[];
  notes: { read: number; kept: number; rejected: number };
  patients: number;
  /** Notes whose source names no patient: each is taken as a patient of its own. */
  notes_without_patient: number;
  /** Notes whose source gives no id: it is made from the text's SHA-256. */
  notes_without_id: number;
  split_rule: string;
  splits: Record<Split, SplitCount>;
  /** Notes repaired, by kind of repair; one note can count under several. */
  repairs: Record<string, { notes: number; what: string }>;
  /** Notes in which an earlier program had already lost characters (U+FFFD). */
  notes_with_lost_characters: number;
  /** All of them, one a line, are in rejects.jsonl. */
  rejected_by_reason: Record<string, number>;
}

/** Adds up while notes pass. */
export class Tally {
  kept = 0;
  readonly rejects: string[] = [];
  readonly reasons: Record<string, number> = {};
  readonly splits = Object.fromEntries(
    splits.map((split) => [split, { notes: 0, patients: 0, characters: 0 }]),
  ) as Record<Split, SplitCount>;
  readonly #patients = new Set<string>();

  get patients(): number {
    return this.#patients.size;
  }

  keep(note: SiftedNote): void {
    this.kept++;
    const count = this.splits[note.split];
    count.notes++;
    count.characters += note.characters;
    if (this.#patients.has(note.subject_id)) return;
    this.#patients.add(note.subject_id);
    count.patients++;
  }

  reject(reject: Reject): void {
    this.rejects.push(JSON.stringify(reject));
    this.reasons[reject.reason] = (this.reasons[reject.reason] ?? 0) + 1;
  }
}

/** The content of ingest.json. */
export function reportOf(
  { inputs: _, ...options }: IngestOptions,
  origin: { lineage: Lineage; synthetic: boolean },
  inputs: InputReport[],
  tally: Tally,
  counts: SiftCounts,
  duckdb: string | null,
  seconds: number,
): IngestReport {
  return {
    version: 2,
    ...origin,
    created: new Date().toISOString(),
    seconds: Number(seconds.toFixed(2)),
    software: { deno: Deno.version.deno, duckdb },
    options,
    inputs,
    notes: {
      read: tally.kept + tally.rejects.length,
      kept: tally.kept,
      rejected: tally.rejects.length,
    },
    patients: tally.patients,
    notes_without_patient: counts.withoutPatient,
    notes_without_id: counts.withoutId,
    split_rule: SPLIT_RULE,
    splits: tally.splits,
    repairs: Object.fromEntries(
      Object.entries(repairNames).map((
        [name, what],
      ) => [name, { notes: counts.repairs[name as keyof typeof repairNames], what }]),
    ),
    notes_with_lost_characters: counts.lostCharacters,
    rejected_by_reason: tally.reasons,
  };
}

const INPUTS_SHOWN = 5;

/** How an input was understood, so that a wrong guess shows. */
function inputLine({ name, format, columns }: InputReport): string {
  const pairs = Object.entries(columns).map(([field, column]) =>
    field === column ? field : `${field} from "${column}"`
  );
  return `${name} read as ${format}${pairs.length > 0 ? `: ${pairs.join(", ")}` : ""}`;
}

const damageLine = ({ name, damage, kept }: InputReport): string[] =>
  damage === null ? [] : [
    `WARNING: ${name} is damaged or cut off (${damage}): only the ${formatCount(kept)} notes ` +
    "before that are here, and if a checksum failed, words anywhere in it may have changed",
  ];

/** What a person wants to know when the run is over. */
export function summary(report: IngestReport): string {
  const { notes, splits: bySplit } = report;
  const lines = [
    ...report.inputs.slice(0, INPUTS_SHOWN).map(inputLine),
    ...(report.inputs.length > INPUTS_SHOWN
      ? [`and ${formatCount(report.inputs.length - INPUTS_SHOWN)} more inputs`]
      : []),
    ...report.inputs.flatMap(damageLine),
    `${formatCount(notes.kept)} notes of ${formatCount(report.patients)} patients kept, ${
      formatCount(notes.rejected)
    } rejected`,
  ];
  for (const split of splits) {
    const { notes, patients, characters } = bySplit[split];
    lines.push(
      `  ${split.padEnd(5)} ${formatCount(notes).padStart(9)} notes ${
        formatCount(patients).padStart(9)
      } patients ${formatCount(characters).padStart(13)} characters`,
    );
  }
  if (report.notes_without_patient > 0) {
    lines.push(
      `${
        formatCount(report.notes_without_patient)
      } notes name no patient: each counts as a patient of its own, so notes of one person may fall into different splits (name the column with --patient)`,
    );
  }
  for (const [reason, count] of Object.entries(report.rejected_by_reason)) {
    lines.push(`rejected  ${formatCount(count).padStart(9)}  ${reason}`);
  }
  for (const { notes, what } of Object.values(report.repairs)) {
    if (notes > 0) lines.push(`repaired  ${formatCount(notes).padStart(9)}  ${what}`);
  }
  if (report.notes_with_lost_characters > 0) {
    lines.push(
      `${
        formatCount(report.notes_with_lost_characters)
      } notes hold U+FFFD: characters lost before this program saw them`,
    );
  }
  return lines.join("\n");
}
