/**
 * Words that hide behind `___`: what stands between the same two words where nothing was taken out.
 * De-identification removes more than identifiers (`Neuts-70 ___ Monos-5`, `with ___ catheter`), and
 * the same places in other notes show what. A guess, from what enough patients share.
 */

import { LEAST_PATIENTS, PatientCount, type SampleNote } from "./shared.ts";

export interface HiddenWords {
  before: string;
  after: string;
  /** Patients of the sample with a redaction between the two words. */
  patients: number;
  /** What stands there otherwise. */
  words: { word: string; patients: number }[];
}

const CONTEXTS = 12;
const WORDS = 5;
const REDACTION = /^_{3}[.,;:)]*$/;

/** A word without case, numbers and the punctuation at its end: `Dr.` and `dr`, `12` and `5` are one. */
export const plainWord = (word: string): string =>
  word.toLowerCase().replace(/\p{N}+/gu, "9").replace(/(?<=.)[,;]+$/, "");

/** What hides between two words, the commonest places first. */
export function hiddenWords(sample: readonly SampleNote[]): HiddenWords[] {
  const places = redactedPlaces(sample.filter(({ text }) => text.includes("___")));
  if (places.size === 0) return [];
  eachTriple(sample, (before, word, after, patient) => {
    if (!REDACTION.test(word) && !word.includes("___")) {
      places.get(before)?.get(after)?.words.add(word, patient);
    }
  });
  return [...places].flatMap(([before, byAfter]) =>
    [...byAfter].map(([after, { redacted, words }]): HiddenWords => ({
      before,
      after,
      patients: redacted.size,
      words: words.shared().map(([word, patients]) => ({ word, patients }))
        .sort((a, b) => b.patients - a.patients).slice(0, WORDS),
    }))
  )
    .filter(({ words }) => words.length > 0)
    .sort((a, b) => b.patients - a.patients)
    .slice(0, CONTEXTS);
}

interface Place {
  redacted: Set<string>;
  words: PatientCount<string>;
}

/** The pairs of words between which enough patients have a redaction, by first and second word. */
function redactedPlaces(sample: readonly SampleNote[]): Map<string, Map<string, Place>> {
  const places = new Map<string, Map<string, Place>>();
  eachTriple(sample, (before, word, after, patient) => {
    if (!REDACTION.test(word) || before.includes("___") || after.includes("___")) return;
    const byAfter = places.get(before) ?? new Map<string, Place>();
    const place = byAfter.get(after) ?? { redacted: new Set(), words: new PatientCount() };
    place.redacted.add(patient);
    places.set(before, byAfter.set(after, place));
  });
  for (const byAfter of places.values()) {
    for (const [after, { redacted }] of byAfter) {
      if (redacted.size < LEAST_PATIENTS) byAfter.delete(after);
    }
  }
  return places;
}

/** Calls `see` with every word of every line and the words on either side of it. */
function eachTriple(
  sample: readonly SampleNote[],
  see: (before: string, word: string, after: string, patient: string) => void,
): void {
  for (const { text, patient } of sample) {
    for (const line of text.split("\n")) {
      const words = line.split(/\s+/).filter((word) => word !== "").map(plainWord);
      for (let at = 1; at + 1 < words.length; at++) {
        see(words[at - 1], words[at], words[at + 1], patient);
      }
    }
  }
}
