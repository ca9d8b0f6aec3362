/**
 * Templated text: sentences that recur from note to note, and the share of the text they make up.
 * Sentences are compared without case, with their numbers as one sign, and counted by a 52-bit
 * hash; on a large corpus a fixed share of the notes, evenly spread, is counted.
 */

/** A sentence that stands in at least this many of the counted notes is templated. */
export const TEMPLATED_NOTES = 10;
/** Shorter pieces recur for reasons of language, not of copying. */
const SHORTEST = 40;
const NOTES_COUNTED = 40_000;

/** Every how many-th note is counted. */
export const recurrenceStride = (notes: number): number =>
  Math.max(1, Math.ceil(notes / NOTES_COUNTED));

interface Sentence {
  notes: number;
  characters: number;
}

export interface RecurrencePart {
  notes: number;
  characters: number;
  hashes: Float64Array<ArrayBuffer>;
  notesWith: Uint32Array<ArrayBuffer>;
  sentenceCharacters: Float64Array<ArrayBuffer>;
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
  readonly #sentences = new Map<number, Sentence>();
  #notes = 0;
  #characters = 0;

  add(text: string): void {
    this.#notes++;
    this.#characters += text.length;
    const here = new Set<number>();
    for (const sentence of sentencesOf(text)) {
      const hash = hashOf(normalized(sentence));
      const entry = this.#sentences.get(hash);
      if (entry === undefined) this.#sentences.set(hash, { notes: 1, characters: sentence.length });
      else {
        entry.characters += sentence.length;
        if (!here.has(hash)) entry.notes++;
      }
      here.add(hash);
    }
  }

  part(): RecurrencePart {
    const entries = [...this.#sentences.values()];
    return {
      notes: this.#notes,
      characters: this.#characters,
      hashes: Float64Array.from(this.#sentences.keys()),
      notesWith: Uint32Array.from(entries, ({ notes }) => notes),
      sentenceCharacters: Float64Array.from(entries, ({ characters }) => characters),
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
  return (high >>> 12) * 2 ** 32 + (low >>> 0);
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
  const sentences = new Map<number, Sentence>();
  for (const { hashes, notesWith, sentenceCharacters } of parts) {
    hashes.forEach((hash, index) => {
      const entry = sentences.get(hash) ?? { notes: 0, characters: 0 };
      entry.notes += notesWith[index];
      entry.characters += sentenceCharacters[index];
      sentences.set(hash, entry);
    });
  }
  const text = parts.reduce((sum, part) => sum + part.characters, 0);
  let recurring = 0, templatedText = 0, templated = 0;
  for (const { notes, characters } of sentences.values()) {
    if (notes >= 2) recurring += characters;
    if (notes < TEMPLATED_NOTES) continue;
    templatedText += characters;
    templated++;
  }
  const commonest = [...sentences]
    .filter(([, { notes }]) => notes >= TEMPLATED_NOTES)
    .sort((a, b) => b[1].notes - a[1].notes)
    .slice(0, TOP)
    .map(([hash, { notes }]): [number, number] => [hash, notes]);
  return {
    report: {
      notes_counted: parts.reduce((sum, part) => sum + part.notes, 0),
      distinct: sentences.size,
      share_of_text_recurring: recurring / text,
      share_of_text_templated: templatedText / text,
      templated,
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
