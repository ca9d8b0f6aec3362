/**
 * Cuts a corpus into blocks of patients that can be written in any order and by any number of
 * workers: everything a block needs follows from the seed and from where the block begins.
 */

import { acquireConditions, Admission, leaveHospital } from "./admission.ts";
import { writeAddendum } from "./addendum.ts";
import type { Knowledge } from "./knowledge.ts";
import { writeNote } from "./note.ts";
import { admissionCount, createPatient, nextPresentation, stream } from "./patient.ts";
import { Random } from "./random.ts";
import { drawStyle } from "./style.ts";

/** A row of discharge.csv. */
export interface NoteRow {
  note_id: string;
  subject_id: number;
  hadm_id: number;
  note_type: "DS" | "AD";
  note_seq: number;
  charttime: string;
  storetime: string;
  text: string;
}

export const columns = "note_id,subject_id,hadm_id,note_type,note_seq,charttime,storetime,text\n";

/** Consecutive patients; `firstNote` counts the corpus's notes before them. */
export interface Block {
  seed: number;
  firstPatient: number;
  firstNote: number;
  notes: number;
}

/** Notes in a block: large enough to compress well, small enough to keep memory flat. */
const BLOCK_NOTES = 256;

/** The blocks of a corpus of exactly `notes` notes. */
export function* planBlocks(seed: number, notes: number): Generator<Block> {
  let patient = 0;
  for (let written = 0; written < notes;) {
    const block: Block = { seed, firstPatient: patient, firstNote: written, notes: 0 };
    while (block.notes < BLOCK_NOTES && written < notes) {
      const count = Math.min(noteCount(seed, patient++), notes - written);
      block.notes += count;
      written += count;
    }
    yield block;
  }
}

/** One stay in about 70 gets an addendum, a row of its own. */
const ADDENDUM_SHARE = 1 / 70;

/** Which stays of a patient have an addendum. */
function addenda(seed: number, patient: number, admissions: number): boolean[] {
  const random = new Random(seed, stream.addendum, patient);
  return Array.from({ length: admissions }, () => random.chance(ADDENDUM_SHARE));
}

function noteCount(seed: number, patient: number): number {
  const admissions = admissionCount(seed, patient);
  return admissions + addenda(seed, patient, admissions).filter(Boolean).length;
}

/** All rows of a block, patient by patient, in order of time. */
export function* blockRows(knowledge: Knowledge, block: Block): Generator<NoteRow> {
  let left = block.notes;
  let serial = block.firstNote;
  for (let index = block.firstPatient; left > 0; index++) {
    for (const row of patientRows(knowledge, block.seed, index, serial)) {
      if (left-- === 0) return;
      serial++;
      yield row;
    }
  }
}

function* patientRows(
  knowledge: Knowledge,
  seed: number,
  index: number,
  firstSerial: number,
): Generator<NoteRow> {
  for (const { rows } of admissionsOf(knowledge, seed, index, firstSerial)) yield* rows;
}

/** A patient's stays one after another, each with its note and, rarely, an addendum. */
export function* admissionsOf(
  knowledge: Knowledge,
  seed: number,
  index: number,
  firstSerial: number,
): Generator<{ admission: Admission; rows: NoteRow[] }> {
  const { patient, first, random } = createPatient(knowledge, seed, index);
  const times = new Random(seed, stream.times, index);
  const subject = subjectId(seed, index);
  const admissions = admissionCount(seed, index);
  const withAddendum = addenda(seed, index, admissions);
  const seen = new Set<string>();
  let day = Date.UTC(times.integer(2110, 2195), times.integer(0, 11), times.integer(1, 28));
  let noteSeq = times.integer(2, 24);
  let serial = firstSerial;
  let years = 1;
  for (let visit = 0; visit < admissions; visit++) {
    const presentation = visit === 0 ? first : nextPresentation(knowledge, patient, seen, random);
    acquireConditions(knowledge, patient, presentation, years, random);
    const stay = new Random(seed, stream.admission, index, visit);
    const isLast = visit === admissions - 1;
    const admission = new Admission(
      knowledge,
      patient,
      presentation,
      drawStyle(stay),
      stay,
      isLast,
    );
    day += admission.days * DAY;
    const hadm = admissionId(serial);
    const row = (type: "DS" | "AD", text: string): NoteRow => ({
      note_id: `${subject}-${type}-${noteSeq}`,
      subject_id: subject,
      hadm_id: hadm,
      note_type: type,
      note_seq: noteSeq++,
      charttime: stamp(day),
      storetime: times.chance(0.03) ? "" : stamp(day + times.integer(10, 96 * 60) * 60_000),
      text,
    });
    const rows = [row("DS", writeNote(admission))];
    if (withAddendum[visit]) rows.push(row("AD", writeAddendum(admission)));
    serial += rows.length;
    yield { admission, rows };
    seen.add(presentation.name);
    leaveHospital(admission);
    const gap = Math.ceil(-times.pick([30, 120, 400]) * Math.log(1 - times.next())) + 3;
    day += gap * DAY;
    years = gap / 365 / 8;
    patient.elapsed += gap / 365;
    patient.age = Math.min(OLDEST, patient.firstAge + Math.floor(patient.elapsed));
    noteSeq += times.integer(0, 6);
  }
}

/** Nobody is older: every age must have presentations to come back with. */
const OLDEST = 96;

const DAY = 86_400_000;

const stamp = (time: number) => new Date(time).toISOString().slice(0, 19).replace("T", " ");

/** Eight digits for the first 333,333 patients, increasing, different for different seeds. */
function subjectId(seed: number, index: number): number {
  return 10_000_000 + index * 27 + new Random(seed, stream.plan, index, 1).integer(0, 26);
}

/** Unique for the first ten million notes: multiplying by a number coprime to 10⁷ permutes. */
const admissionId = (serial: number) =>
  20_000_000 + Number(BigInt(serial) * 7_368_787n % 10_000_000n);

/** A CSV record as MIMIC's files have it: only the text is quoted. */
export function csvRecord(row: NoteRow): string {
  return `${row.note_id},${row.subject_id},${row.hadm_id},${row.note_type},${row.note_seq},` +
    `${row.charttime},${row.storetime},"${row.text.replaceAll('"', '""')}"\n`;
}
