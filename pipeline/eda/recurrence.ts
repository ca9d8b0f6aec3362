/**
 * Templated text: sentences that recur from note to note, and the share of the text they make up.
 * Sentences are compared without case, with their numbers as one sign, and counted by a 52-bit
 * hash; on a large corpus a fixed share of the notes, evenly spread, is counted.
 */

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
  /** Hashes of the sentences that stand in the most notes, with those numbers of notes. */
  commonest: Map<number, number>;
}

const TOP = 20;

/** Merges what the workers found. */
export function mergeRecurrence(parts: RecurrencePart[]): Recurrence {
  const table = new SentenceTable();
  for (const part of parts) table.merge(part.sentences);
  const { hashes, notes, characters } = table.take();
  const text = parts.reduce((sum, part) => sum + part.characters, 0);
  let recurring = 0, templatedText = 0;
  const templated: number[] = [];
  notes.forEach((count, index) => {
    if (count >= 2) recurring += characters[index];
    if (count < TEMPLATED_NOTES) return;
    templatedText += characters[index];
    templated.push(index);
  });
  const commonest = templated
    .sort((a, b) => notes[b] - notes[a] || hashes[a] - hashes[b])
    .slice(0, TOP)
    .map((index): [number, number] => [hashes[index], notes[index]]);
  return {
    report: {
      notes_counted: parts.reduce((sum, part) => sum + part.notes, 0),
      distinct: hashes.length,
      share_of_text_recurring: recurring / text,
      share_of_text_templated: templatedText / text,
      templated: templated.length,
    },
    commonest: new Map(commonest),
  };
}

/** How the commonest sentences read: the first of each in `texts`, with its numbers as 9. */
export function spellOut(
  { commonest }: Recurrence,
  texts: Iterable<string>,
  notesCounted: number,
): RecurrenceReport["top"] {
  const spelled = new Map<number, string>();
  for (const text of texts) {
    for (const sentence of sentencesOf(text)) {
      const hash = hashOf(normalized(sentence));
      if (commonest.has(hash) && !spelled.has(hash)) {
        spelled.set(hash, sentence.replace(/\d+(?:[.,]\d+)*/g, "9"));
      }
    }
    if (spelled.size === commonest.size) break;
  }
  return [...commonest].filter(([hash]) => spelled.has(hash)).map(([hash, notes]) => ({
    sentence: spelled.get(hash)!,
    notes,
    share: notes / notesCounted,
  }));
}
