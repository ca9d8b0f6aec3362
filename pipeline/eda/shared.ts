/**
 * What a report may show of the notes: only what at least five patients share. Counted over a sample
 * of the notes (all of them, if there are few), so that what is shown is shared for sure, while
 * something rare that five patients of a large corpus share may be left out.
 */

import { wordsOf } from "../lib/clinical/words.ts";

/** So many patients have to share a word, a sentence, a header or a sign before it is shown. */
export const LEAST_PATIENTS = 5;

/** A note of the sample; `patient` is the note's own id where the source names no patients. */
export interface SampleNote {
  text: string;
  patient: string;
}

/** Counts the patients of each key. */
export class PatientCount<K> {
  readonly #patients = new Map<K, Set<string>>();

  add(key: K, patient: string): void {
    const patients = this.#patients.get(key);
    if (patients === undefined) this.#patients.set(key, new Set([patient]));
    else patients.add(patient);
  }

  of(key: K): number {
    return this.#patients.get(key)?.size ?? 0;
  }

  isShared(key: K): boolean {
    return this.of(key) >= LEAST_PATIENTS;
  }

  /** The keys that enough patients share, with their numbers of patients. */
  shared(): [key: K, patients: number][] {
    return [...this.#patients]
      .map(([key, patients]): [K, number] => [key, patients.size])
      .filter(([, patients]) => patients >= LEAST_PATIENTS);
  }
}

/** As lib/clinical/words.ts has them, in lower case, letter by letter as vocabulary.ts does it. */
export const lowerWords = (text: string): string[] =>
  wordsOf(text).map((word) => /[^a-z\d]/.test(word) ? lower(word) : word);

const lower = (word: string) => Array.from(word, (letter) => letter.toLowerCase()).join("");

/** Which of some words, characters and pieces of text enough patients of the sample share. */
export interface Shared {
  word(word: string): boolean;
  character(character: string): boolean;
  /** For the few pieces that are asked for: this reads the sample. */
  piece(piece: string): boolean;
}

export function sharedIn(sample: readonly SampleNote[]): Shared {
  const words = new PatientCount<string>(), characters = new PatientCount<string>();
  for (const { text, patient } of sample) {
    for (const word of new Set(lowerWords(text))) words.add(word, patient);
    for (const character of new Set(text)) characters.add(character, patient);
  }
  return {
    word: (word) => words.isShared(word),
    character: (character) => characters.isShared(character),
    piece: (piece) => {
      const patients = new Set<string>();
      for (const { text, patient } of sample) {
        if (text.includes(piece)) patients.add(patient);
        if (patients.size >= LEAST_PATIENTS) return true;
      }
      return false;
    },
  };
}
