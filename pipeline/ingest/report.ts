/** Counts of one ingest, as ingest.json and as a few lines in the terminal. */

import { format as formatCount } from "../lib/base/cli.ts";
import { type Split, splits } from "../artifacts.ts";
import type { Lineage } from "../artifacts/lineage.ts";
import { repairNames } from "./clean/clean_text.ts";
import type { IngestOptions } from "./ingest.ts";
import type { Skipped } from "./read/find_files.ts";
import type { Format, SourceField } from "./read/note_source.ts";
import { type MimicFacts, type MimicReport } from "./identity/mimic_facts.ts";
import { likelyEncoding } from "./clean/likely_encoding.ts";
import type { Sift, SiftedNote } from "./identity/sift.ts";
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
  /** Bytes behind the end of the gzip data, passed over. */
  trailing_bytes: number;
  /** Which column filled which field. */
  columns: Partial<Record<SourceField, string>>;
  read: number;
  kept: number;
  rejected: number;
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
  /** Files of folders that hold no notes, and why. */
  skipped: Skipped[];
  notes: { read: number; kept: number; rejected: number };
  patients: number;
  /** Notes whose source names no patient: each is taken as a patient of its own. */
  notes_without_patient: number;
  /** Notes whose source gives no id: it is made from the text's SHA-256. */
  notes_without_id: number;
  /** Kept notes with the text of a note of another patient (an ordinary chest X-ray). */
  same_text_other_patients: number;
  /** Ids that two files or resource types share: one got the name of its file or type in front. */
  ids_made_unique: number;
  /** Notes by type, the most frequent first. */
  note_types: Record<string, number>;
  /** What is known of MIMIC's own files; null where there is none. */
  mimic: MimicReport | null;
  /** What bytes that are not UTF-8 seem to be, where they are not Windows-1252. */
  likely_encoding: string | null;
  split_rule: string;
  splits: Record<Split, SplitCount>;
  /** Notes repaired, by kind of repair; one note can count under several. */
  repairs: Record<string, { notes: number; what: string }>;
  /** Notes in which an earlier program had already lost characters (U+FFFD). */
  notes_with_lost_characters: number;
  /** All of them, one a line, are in rejects.jsonl. */
  rejected_by_reason: Record<string, number>;
}

const MOST_TYPES = 50;

/** Adds up while notes pass. */
export class Tally {
  kept = 0;
  rejected = 0;
  readonly reasons: Record<string, number> = {};
  readonly types = new Map<string, number>();
  readonly splits = Object.fromEntries(
    splits.map((split) => [split, { notes: 0, patients: 0, characters: 0 }]),
  ) as Record<Split, SplitCount>;

  keep(note: SiftedNote): void {
    this.kept++;
    const count = this.splits[note.split];
    count.notes++;
    count.characters += note.characters;
    if (note.firstOfPatient) count.patients++;
    const known = this.types.has(note.note_type) || this.types.size < MOST_TYPES;
    const type = known ? note.note_type : "(others)";
    this.types.set(type, (this.types.get(type) ?? 0) + 1);
  }

  reject(reason: string): void {
    this.rejected++;
    this.reasons[reason] = (this.reasons[reason] ?? 0) + 1;
  }
}

/** What a report is made of. */
export interface ReportParts {
  options: IngestOptions;
  origin: { lineage: Lineage; synthetic: boolean };
  inputs: InputReport[];
  skipped: Skipped[];
  tally: Tally;
  sift: Sift;
  mimic: MimicFacts;
  duckdb: string | null;
  seconds: number;
}

/** The content of ingest.json. */
export async function reportOf(
  { options: { inputs: _, ...options }, origin, inputs, skipped, tally, sift, mimic, ...run }:
    ReportParts,
): Promise<IngestReport> {
  const { counts } = sift;
  return {
    version: 2,
    ...origin,
    created: new Date().toISOString(),
    seconds: Number(run.seconds.toFixed(2)),
    software: { deno: Deno.version.deno, duckdb: run.duckdb },
    options,
    inputs,
    skipped,
    notes: { read: tally.kept + tally.rejected, kept: tally.kept, rejected: tally.rejected },
    patients: sift.patients,
    notes_without_patient: counts.withoutPatient,
    notes_without_id: counts.withoutId,
    same_text_other_patients: counts.sameTextOtherPatient,
    ids_made_unique: counts.idsMadeUnique,
    note_types: Object.fromEntries([...tally.types].sort((a, b) => b[1] - a[1])),
    mimic: mimic.report(),
    likely_encoding: await likelyEncoding(sift.sample),
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

const SKIPPED_SHOWN = 5;

function skippedLines({ skipped }: IngestReport): string[] {
  const lines = skipped.slice(0, SKIPPED_SHOWN).map(({ name, why }) => `skipped ${name}: ${why}`);
  const more = skipped.length - lines.length;
  return more > 0 ? [...lines, `and ${formatCount(more)} more, listed in ingest.json`] : lines;
}

/** How to keep what was rejected, where a flag does. */
function keepingFlag(reason: string, { options }: IngestReport): string {
  const across = options.acrossPatients
    ? " (of other patients too; --across-patients asked for it)"
    : "";
  if (reason === "near duplicate") return `${across}; --near-duplicates 0 keeps them`;
  if (reason === "exact duplicate") return across;
  if (/^status (preliminary|registered|partial)$/.test(reason)) return "; --preliminary keeps them";
  return "";
}

const damageLine = ({ name, damage, trailing_bytes, kept }: InputReport): string[] =>
  damage === null
    ? trailing_bytes === 0 ? [] : [
      `${name}: ${formatCount(trailing_bytes)} bytes behind the end of the gzip data passed over`,
    ]
    : [
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
    ...skippedLines(report),
    ...(report.mimic?.warnings ?? []).map((warning) => `WARNING: ${warning}`),
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
  if (report.same_text_other_patients > 0) {
    lines.push(
      `${
        formatCount(report.same_text_other_patients)
      } notes have the text of a note of another patient: kept, drop them with --across-patients`,
    );
  }
  if (report.ids_made_unique > 0) {
    lines.push(
      `${
        formatCount(report.ids_made_unique)
      } notes share their id with a note of another file or type: kept as FILE#ID or TYPE/ID`,
    );
  }
  for (const [reason, count] of Object.entries(report.rejected_by_reason)) {
    const hint = keepingFlag(reason, report);
    lines.push(`rejected  ${formatCount(count).padStart(9)}  ${reason}${hint}`);
  }
  for (const { notes, what } of Object.values(report.repairs)) {
    if (notes > 0) lines.push(`repaired  ${formatCount(notes).padStart(9)}  ${what}`);
  }
  if (report.likely_encoding !== null) {
    lines.push(
      `WARNING: bytes that are not UTF-8 look like ${report.likely_encoding}, not like ` +
        `Windows-1252; if so, ingest again with --encoding ${report.likely_encoding}`,
    );
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
