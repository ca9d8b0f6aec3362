/** Decides, note by note and in order, what is kept, under which ids, and in which split. */

import { createHash } from "node:crypto";
import { type Note, type Split, splits } from "../../artifacts.ts";
import type { parseContext } from "../../artifacts/note_contexts.ts";
import type { ContextKind } from "../../lib/gpt/decode/context/types.ts";
import { cleanBytes } from "../clean/clean_bytes.ts";
import { type Repair, repairNames } from "../clean/clean_text.ts";
import type { Scans } from "../clean/scans.ts";
import type { RawNote } from "../read/note_source.ts";
import { DigestTable } from "./hash_table.ts";
import { NearDuplicates } from "./near_duplicates.ts";
import { Numbers } from "./numbers.ts";
import { splitOf } from "./split.ts";
import { StringTable } from "./string_table.ts";

export interface SiftOptions {
  /** What the texts of the context column are, where they do not say so themselves. */
  contextKind?: ContextKind;
  clean: "standard" | "original";
  /** Notes at least this similar to an earlier one are dropped; 0 keeps them. */
  nearDuplicates: number;
  /** Drop them also where the earlier one is about another patient. */
  acrossPatients: boolean;
  minChars: number;
  maxChars: number;
  /** Public texts: nobody's, so that none is held out. */
  public?: boolean;
}

/** A row of notes.parquet; the text is valid as long as that of the raw note. */
export interface SiftedNote extends Omit<Note, "text"> {
  /** UTF-8. */
  text: Uint8Array;
  /** Of the text, in UTF-16 code units. */
  characters: number;
  /** Whether this is the first note of its patient. */
  firstOfPatient: boolean;
}

export interface Dropped {
  reason: string;
  detail: string;
}

/** Tallies over all notes seen so far. */
export interface SiftCounts {
  repairs: Record<Repair, number>;
  /** Notes that still hold U+FFFD: characters that were lost before this program saw them. */
  lostCharacters: number;
  withoutPatient: number;
  withoutId: number;
  /** Notes with the text of a note of another patient, kept. */
  sameTextOtherPatient: number;
  /** Notes whose id another file or resource type uses too: theirs got a name in front. */
  idsMadeUnique: number;
}

/** Where a note comes from, as far as ids go. */
export interface Source {
  /** What `source` says in notes.parquet. */
  name: string;
  /** Ids are unique among all files of this scope: MIMIC's are, those of two exports may not be. */
  idScope: string;
}

const SAMPLE_BYTES = 1 << 15;

/** Keeps or drops notes; holds their ids and a few numbers of every note kept, not its text. */
export class Sift {
  readonly counts: SiftCounts = {
    repairs: Object.fromEntries(Object.keys(repairNames).map((name) => [name, 0])) as Record<
      Repair,
      number
    >,
    lostCharacters: 0,
    withoutPatient: 0,
    withoutId: 0,
    sameTextOtherPatient: 0,
    idsMadeUnique: 0,
  };
  /** Lines with bytes that are not UTF-8, to tell what they are. */
  readonly sample: Uint8Array[] = [];
  #sampled = 0;
  readonly #options: SiftOptions;
  readonly #scans: Scans;
  readonly #near: NearDuplicates | undefined;
  /** Ids of the notes kept; a note's number is that of its id. */
  readonly #ids = new StringTable();
  /** Of each note kept, its patient's number and that of its scope. */
  readonly #patientOf = new Numbers();
  readonly #scopeOf = new Numbers();
  readonly #byContent = new DigestTable();
  readonly #scopes = new StringTable();
  /** The number of the scope that was asked for last. */
  #lastSource: Source | undefined;
  #lastType = "";
  #lastScope = 0;
  readonly #patients = new StringTable();
  readonly #notesOf = new Numbers();
  /** Of each patient, the place of the split in `splits`. */
  readonly #splitOf = new Numbers();
  /** Of patients that a source names; the others are known by their one note. */
  readonly #named = new Numbers();

  readonly #parseContext: typeof parseContext | undefined;

  /** `parse` reads contexts; a run without a column of them does not load it. */
  constructor(options: SiftOptions, scans: Scans, parse?: typeof parseContext) {
    this.#options = options;
    this.#parseContext = parse;
    this.#scans = scans;
    if (options.nearDuplicates > 0) this.#near = new NearDuplicates(options.nearDuplicates, scans);
  }

  get patients(): number {
    return this.#patients.length;
  }

  /** The row of notes.parquet that `raw` becomes, or why it becomes none. */
  take(raw: RawNote, source: Source): SiftedNote | Dropped {
    if (/^(?:1|1\.0|true|y|yes)$/i.test(raw.error?.trim() ?? "")) {
      return { reason: "marked as an error", detail: "" };
    }
    const cleaned = cleanBytes(raw, this.#options.clean, this.#scans);
    const { bytes: text, characters, repairs, replacementCharacters } = cleaned;
    const unusable = this.#unusable(cleaned.trimmed);
    if (unusable) return unusable;
    const context = this.#context(raw);
    if (context !== null && typeof context === "object") return context;
    const digest = createHash("sha256").update(text).digest("hex");
    const givenPatient = withoutFraction(given(raw.subject_id));
    const patientKnown = givenPatient !== null;
    const givenId = withoutFraction(given(raw.note_id));
    const known = givenPatient === null ? undefined : this.#patients.find(givenPatient);
    const copy = this.#copyOf(digest, patientKnown, known);
    if (copy !== undefined) {
      return { reason: "exact duplicate", detail: `same text as ${this.#ids.get(copy)}` };
    }
    const scope = this.#scopeNumber(source, raw.scope ?? "");
    const noteId = givenId === null
      ? this.#idFrom(digest, givenPatient)
      : this.#uniqueId(givenId, scope, source, raw.scope);
    if (noteId === undefined) {
      return { reason: "id used twice", detail: `another note is ${givenId}` };
    }
    const near = this.#nearCopy(text, patientKnown, known);
    if (near) return near;
    const subjectId = givenPatient ?? noteId;
    if (givenId !== null && noteId !== givenId) this.counts.idsMadeUnique++;

    for (const repair of repairs) this.counts.repairs[repair]++;
    if (repairs.includes("cp1252") && !raw.decodedAsCp1252) this.#addSample(raw.text);
    if (replacementCharacters > 0) this.counts.lostCharacters++;
    if (givenId === null) this.counts.withoutId++;
    if (!patientKnown) this.counts.withoutPatient++;
    const patient = this.#keep(noteId, subjectId, patientKnown, scope, digest);
    return {
      note_id: noteId,
      subject_id: subjectId,
      hadm_id: withoutFraction(given(raw.hadm_id)),
      note_type: given(raw.note_type) ?? "note",
      note_seq: sequence(given(raw.note_seq), patient.notes),
      charttime: given(raw.charttime),
      storetime: given(raw.storetime),
      text,
      characters,
      firstOfPatient: patient.notes === 1,
      split: patient.split,
      source: source.name,
      context,
    };
  }

  /** The texts known when the note was written, as JSON; null without any. */
  #context({ context }: RawNote): string | Dropped | null {
    const parse = this.#parseContext;
    if (!parse || !context || context.trim() === "") return null;
    try {
      return JSON.stringify(parse(context, "context", this.#options.contextKind));
    } catch {
      return { reason: "malformed context", detail: "a JSON list, but not of texts with a kind" };
    }
  }

  #unusable(length: number): Dropped | undefined {
    const { minChars, maxChars } = this.#options;
    if (length === 0) return { reason: "empty text", detail: "" };
    if (length < minChars) return { reason: "too short", detail: `${length} characters` };
    if (length > maxChars) return { reason: "too long", detail: `${length} characters` };
    return undefined;
  }

  #scopeNumber(source: Source, type: string): number {
    if (source !== this.#lastSource || type !== this.#lastType) {
      this.#lastSource = source;
      this.#lastType = type;
      this.#lastScope = this.#scopes.add(`${source.idScope}\n${type}`);
    }
    return this.#lastScope;
  }

  /** An id made of the text; of the patient as well where another patient's note has that text. */
  #idFrom(digest: string, patient: string | null): string {
    const id = digest.slice(0, ID_DIGITS);
    if (this.#ids.find(id) === undefined) return id;
    const both = createHash("sha256").update(digest).update(patient ?? "").digest("hex");
    return both.slice(0, ID_DIGITS);
  }

  /**
   * The id, with its file or resource type in front where a note of another one has it too;
   * undefined where it is used twice in the same.
   */
  #uniqueId(
    id: string,
    scope: number,
    { name }: Source,
    type: string | undefined,
  ): string | undefined {
    const other = this.#ids.find(id);
    if (other === undefined) return id;
    if (this.#scopeOf.get(other) === scope) return undefined;
    const longer = [...(type ? [`${type}/${id}`] : []), `${name}#${id}`];
    return longer.find((one) => this.#ids.find(one) === undefined);
  }

  /**
   * An earlier note with the same text, unless both name a patient and not the same one. `patient`
   * is the number of the patient, if there are notes of that one.
   */
  #copyOf(digest: string, named: boolean, patient: number | undefined): number | undefined {
    const [high, low] = words(digest);
    const of = this.#byContent.get(high, low);
    if (of === undefined || this.#options.acrossPatients) return of;
    if (!this.#isOther(of, named, patient)) return of;
    const own = patient === undefined
      ? undefined
      : this.#byContent.get(...ofPatient(high, low, patient));
    if (own === undefined) this.counts.sameTextOtherPatient++;
    return own;
  }

  #nearCopy(text: Uint8Array, named: boolean, patient: number | undefined): Dropped | undefined {
    // A new patient's number is the next one; 0 stands for notes without.
    const group = named && !this.#options.acrossPatients
      ? 1 + (patient ?? this.#patients.length)
      : 0;
    const near = this.#near?.add(text, this.#ids.length, group);
    if (near === undefined) return undefined;
    const similarity = near.similarity.toFixed(2);
    return { reason: "near duplicate", detail: `${similarity} like ${this.#ids.get(near.of)}` };
  }

  /** Both notes name a patient, and not the same one. */
  #isOther(note: number, named: boolean, patient: number | undefined): boolean {
    const other = this.#patientOf.get(note);
    return named && this.#named.get(other) === 1 && other !== patient;
  }

  #keep(
    noteId: string,
    subjectId: string,
    named: boolean,
    scope: number,
    digest: string,
  ): { notes: number; split: Split } {
    const note = this.#ids.add(noteId);
    const patient = this.#patients.add(subjectId);
    if (patient === this.#notesOf.length) {
      this.#notesOf.push(0);
      this.#named.push(named ? 1 : 0);
      const split = this.#options.public ? "train" : splitOf(subjectId);
      this.#splitOf.push(splits.indexOf(split));
    }
    this.#patientOf.push(patient);
    this.#scopeOf.push(scope);
    const [high, low] = words(digest);
    if (this.#byContent.get(high, low) === undefined) this.#byContent.setIfAbsent(high, low, note);
    else this.#byContent.setIfAbsent(...ofPatient(high, low, patient), note);
    return {
      notes: this.#notesOf.increment(patient),
      split: splits[this.#splitOf.get(patient)],
    };
  }

  #addSample(text: Uint8Array): void {
    if (this.#sampled >= SAMPLE_BYTES) return;
    const piece = text.slice(0, 4096);
    this.#sampled += piece.length;
    this.sample.push(piece);
  }
}

/** Of an id that is made of a text. */
const ID_DIGITS = 16;

/** The first 64 bits of a digest. */
const words = (digest: string): [number, number] => [
  parseInt(digest.slice(0, 8), 16),
  parseInt(digest.slice(8, 16), 16),
];

const ofPatient = (high: number, low: number, patient: number): [number, number] => [
  (high ^ Math.imul(patient + 1, 0x9e3779b1)) >>> 0,
  (low ^ Math.imul(patient + 1, 0x85ebca6b)) >>> 0,
];

/** What programs write for what is missing. */
const MISSING = /^(?:null|\\n|nan|na|n\/a|#n\/a|<na>|none|nat)$/i;

/** A value without white space around it; null where it stands for none. */
function given(value: string | null | undefined): string | null {
  if (!value) return null;
  const { length } = value;
  const visible = value.charCodeAt(0) > 0x20 && value.charCodeAt(length - 1) > 0x20;
  if (length > 4 && visible && value.charCodeAt(0) < 0x7f && value.charCodeAt(length - 1) < 0x7f) {
    return value;
  }
  const trimmed = value.trim();
  return trimmed === "" || (trimmed.length <= 4 && MISSING.test(trimmed)) ? null : trimmed;
}

/** The number given, if the column of 32 bits can hold it, or the how many-th note of the patient. */
function sequence(value: string | null, count: number): number {
  const number = Number(value ?? NaN);
  return (number | 0) === number ? number : count;
}

/** Programs that keep ids as floating-point numbers write 22595853 as `22595853.0`. */
const withoutFraction = (id: string | null): string | null =>
  id === null ? null : id.endsWith(".0") ? id.replace(/^(\d+)\.0$/, "$1") : id;
