/** Decides, note by note and in order, what is kept, under which ids, and in which split. */

import { createHash } from "node:crypto";
import { parseContext } from "../../artifacts/note_contexts.ts";
import type { ContextKind } from "../../lib/gpt/decode/context/types.ts";
import type { Note, Split } from "../../artifacts.ts";
import { type Repair, repairNames } from "../clean/clean_text.ts";
import { cleanBytes } from "../clean/clean_bytes.ts";
import { NearDuplicates } from "./near_duplicates.ts";
import type { RawNote } from "../read/note_source.ts";
import type { Scans } from "../clean/scans.ts";
import { splitOf } from "./split.ts";

export interface SiftOptions {
  /** What the texts of the context column are, where they do not say so themselves. */
  contextKind?: ContextKind;
  clean: "standard" | "original";
  /** Notes at least this similar to an earlier one are dropped; 0 keeps them. */
  nearDuplicates: number;
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
}

/** Keeps or drops notes; holds a hash and a signature of every note kept, not its text. */
export class Sift {
  readonly counts: SiftCounts = {
    repairs: Object.fromEntries(Object.keys(repairNames).map((name) => [name, 0])) as Record<
      Repair,
      number
    >,
    lostCharacters: 0,
    withoutPatient: 0,
    withoutId: 0,
  };
  readonly #options: SiftOptions;
  readonly #scans: Scans;
  readonly #ids = new Set<string>();
  readonly #byContent = new Map<string, string>();
  readonly #near: NearDuplicates | undefined;
  /** Ids in the order in which `#near` numbers its notes. */
  readonly #nearIds: string[] = [];
  readonly #patients = new Map<string, { split: Split; notes: number }>();

  constructor(options: SiftOptions, scans: Scans) {
    this.#options = options;
    this.#scans = scans;
    if (options.nearDuplicates > 0) this.#near = new NearDuplicates(options.nearDuplicates, scans);
  }

  /** The row of notes.parquet that `raw` becomes, or why it becomes none. */
  take(raw: RawNote, source: string): SiftedNote | Dropped {
    const cleaned = cleanBytes(raw, this.#options.clean, this.#scans);
    const { bytes: text, characters, repairs, replacementCharacters } = cleaned;
    const unusable = this.#unusable(cleaned.trimmed);
    if (unusable) return unusable;
    const context = this.#context(raw);
    if (context !== null && typeof context === "object") return context;
    const content = createHash("sha256").update(text).digest("hex").slice(0, 32);
    const noteId = raw.note_id ?? content.slice(0, 16);
    const duplicate = this.#duplicate(text, content, noteId);
    if (duplicate) return duplicate;

    for (const repair of repairs) this.counts.repairs[repair]++;
    if (replacementCharacters > 0) this.counts.lostCharacters++;
    if (raw.note_id === null) this.counts.withoutId++;
    if (raw.subject_id === null) this.counts.withoutPatient++;
    const subjectId = withoutFraction(raw.subject_id) ?? noteId;
    const patient = this.#patient(subjectId);
    patient.notes++;
    return {
      note_id: noteId,
      subject_id: subjectId,
      hadm_id: withoutFraction(raw.hadm_id),
      note_type: raw.note_type ?? "note",
      note_seq: sequence(raw.note_seq, patient.notes),
      charttime: raw.charttime,
      storetime: raw.storetime,
      text,
      characters,
      split: patient.split,
      source,
      context,
    };
  }

  /** The texts known when the note was written, as JSON; null without any. */
  #context({ context }: RawNote): string | Dropped | null {
    if (context === null || context === undefined || context.trim() === "") return null;
    try {
      return JSON.stringify(parseContext(context, "context", this.#options.contextKind));
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

  #duplicate(text: Uint8Array, content: string, noteId: string): Dropped | undefined {
    const same = this.#byContent.get(content);
    if (same !== undefined) return { reason: "exact duplicate", detail: `same text as ${same}` };
    if (this.#ids.has(noteId)) {
      return { reason: "id used twice", detail: `another note is ${noteId}` };
    }
    const near = this.#near?.add(text);
    if (near) {
      const similarity = near.similarity.toFixed(2);
      return { reason: "near duplicate", detail: `${similarity} like ${this.#nearIds[near.of]}` };
    }
    if (this.#near) this.#nearIds.push(noteId);
    this.#byContent.set(content, noteId);
    this.#ids.add(noteId);
    return undefined;
  }

  #patient(subjectId: string) {
    const known = this.#patients.get(subjectId);
    if (known) return known;
    const split = this.#options.public ? "train" as const : splitOf(subjectId);
    const patient = { split, notes: 0 };
    this.#patients.set(subjectId, patient);
    return patient;
  }
}

/** The number given, if the column of 32 bits can hold it, or the how many-th note of the patient. */
function sequence(given: string | null, count: number): number {
  const number = Number(given ?? NaN);
  return (number | 0) === number ? number : count;
}

/** Programs that keep ids as floating-point numbers write 22595853 as `22595853.0`. */
const withoutFraction = (id: string | null): string | null =>
  id?.replace(/^(\d+)\.0$/, "$1") ?? null;
