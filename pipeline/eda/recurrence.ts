/**
 * Templated text: sentences that recur from note to note, and the share of the text they make up.
 * Sentences are compared without case, with their numbers as one sign, and counted by a 52-bit
 * hash; on a large corpus a fixed share of the notes, evenly spread, is counted.
 */

import { PatientCount, type SampleNote } from "./shared.ts";
import { type SentenceCounts, SentenceTable } from "./sentence_table.ts";

/** A sentence that stands in at least this many of the counted notes is templated. */
export const TEMPLATED_NOTES = 10;
/** Shorter pieces recur for reasons of language, not of copying. */
const SHORTEST = 40;
const NOTES_COUNTED = 40_000;

/** Every how many-th note is counted. */
export const recurrenceStride = (notes: number): number =>
  Math.max(1, Math.ceil(notes / NOTES_COUNTED));

export interface RecurrencePart {
  notes: number;
  characters: number;
  sentences: SentenceCounts;
}

export interface RecurrenceReport {
  notes_counted: number;
  every: number;
  distinct: number;
  /** Sentences found in at least two, and in at least `TEMPLATED_NOTES`, of the counted notes. */
  share_of_text_recurring: number;
  share_of_text_templated: number;
  templated: number;
  /** The commonest sentences that enough patients share (shared.ts). */
  top: { sentence: string; notes: number; share: number }[];
}

export class RecurrenceScan {
  readonly #sentences = new SentenceTable();
  #notes = 0;
  #characters = 0;

  add(text: string): void {
    this.#notes++;
    this.#characters += text.length;
    for (const sentence of sentencesOf(text)) {
      this.#sentences.add(hashOf(normalized(sentence)), this.#notes, sentence.length);
    }
  }

  part(): RecurrencePart {
    return {
      notes: this.#notes,
      characters: this.#characters,
      sentences: this.#sentences.take(),
    };
  }
}

/**
 * Pieces between sentence ends, empty lines and list marks, without section headers. Wrapped lines
 * are joined.
 */
export function* sentencesOf(text: string): Generator<string> {
  for (const piece of text.split(/\n\s*\n|(?<=[.!?:])\s+|\n(?=\s*(?:[-*•#]|\d{1,2}[.)]\s))/)) {
    const sentence = piece.trim().replace(/\s+/g, " ");
    if (sentence.length >= SHORTEST && !sentence.endsWith(":")) yield sentence;
  }
}

/** Case and numbers do not make a sentence another one. */
const normalized = (sentence: string) => sentence.toLowerCase().replace(/\d+(?:[.,]\d+)*/g, "9");

/** Two FNV-1a hashes with different start values, joined to 52 bits. */
function hashOf(text: string): number {
  let low = 0x811c9dc5, high = 0x01234567;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x01000197);
  }
  return (high >>> 12) * 2 ** 32 + (low >>> 0) || 1;
}

/** Merged counts by sentence hash. */
export interface Recurrence {
  report: Omit<RecurrenceReport, "top" | "every">;
  /** Hashes of the templated sentences with their numbers of notes. */
  templated: Map<number, number>;
}

const TOP = 20;

/** Merges what the workers found. */
export function mergeRecurrence(parts: RecurrencePart[]): Recurrence {
  const table = new SentenceTable();
  for (const part of parts) table.merge(part.sentences);
  const { hashes, notes, characters } = table.take();
  const text = parts.reduce((sum, part) => sum + part.characters, 0);
  let recurring = 0, templatedText = 0;
  const templated = new Map<number, number>();
  notes.forEach((count, index) => {
    if (count >= 2) recurring += characters[index];
    if (count < TEMPLATED_NOTES) return;
    templatedText += characters[index];
    templated.set(hashes[index], count);
  });
  return {
    report: {
      notes_counted: parts.reduce((sum, part) => sum + part.notes, 0),
      distinct: hashes.length,
      share_of_text_recurring: recurring / text,
      share_of_text_templated: templatedText / text,
      templated: templated.size,
    },
    templated,
  };
}

/**
 * How the commonest sentences read that enough patients of the sample share: the first of each, with
 * its numbers as 9.
 */
export function spellOut(
  { templated }: Recurrence,
  sample: Iterable<SampleNote>,
  notesCounted: number,
): RecurrenceReport["top"] {
  const spelled = new Map<number, string>();
  const patients = new PatientCount<number>();
  for (const { text, patient } of sample) {
    for (const sentence of sentencesOf(text)) {
      const hash = hashOf(normalized(sentence));
      if (!templated.has(hash)) continue;
      patients.add(hash, patient);
      if (!spelled.has(hash)) spelled.set(hash, sentence.replace(/\d+(?:[.,]\d+)*/g, "9"));
    }
  }
  return patients.shared()
    .map(([hash]) => ({ hash, notes: templated.get(hash)! }))
    .sort((a, b) => b.notes - a.notes || a.hash - b.hash)
    .slice(0, TOP)
    .map(({ hash, notes }) => ({
      sentence: spelled.get(hash)!,
      notes,
      share: notes / notesCounted,
    }));
}
