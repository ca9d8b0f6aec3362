/**
 * Words fall into classes that matter differently at the bedside, told apart by their form and
 * neighbours, without a list of drugs:
 *
 *   redacted     `___`, the mark of de-identification
 *   medication   doses (`81` before `mg`, and the `mg`), the word before a dose, and words with a
 *                stem of WHO's International Nonproprietary Names (`metoprolol`, `heparin`)
 *   lab          the value behind a laboratory test or vital sign (`Na 138`, `Hgb-9.1`, `BP 120/80`)
 *   number       any other word that begins with a digit
 *   word         everything else
 */

import { isDose, isDoseUnit } from "./quantities.ts";
import { isRedaction, type PlacedWord, placedWords } from "./words.ts";

export const wordClasses = ["word", "number", "medication", "lab", "redacted"] as const;
export type WordClass = (typeof wordClasses)[number];

export interface ClassifiedWord extends PlacedWord {
  class: WordClass;
}

const STEM =
  /^[a-z]{2,}(?:olol|pril|sartan|statin|dipine|prazole|tidine|cillin|mycin|micin|cycline|floxacin|oxacin|azole|parin|gliptin|gliflozin|glitazone|formin|setron|triptan|azepam|zolam|oxetine|triptyline|gabalin|gabapentin|coxib|profen|thiazide|semide|lukast|terol|sone|solone|nide|vir|mab|tinib|caine|barbital|codone|morphone|xaban|grel|grelor|fibrate|dronate|afil|cef|aspirin|heparin|insulin|warfarin|digoxin|acetaminophen|metformin)$/i;

const TEST =
  /^(?:wbc|rbc|hgb|hct|hemoglobin|hematocrit|plt|platelets?|mcv|mch|mchc|rdw|na|sodium|k|potassium|cl|chloride|hco3|bicarbonate|co2|bun|urean|creat|creatinine|cr|glucose|glu|ca|calcium|mg|magnesium|phos|phosphate|inr|pt|ptt|ast|alt|sgot|sgpt|alkphos|totbili|bilirubin|albumin|lipase|amylase|troponin|ctropnt|ck|lactate|ph|pco2|po2|tsh|a1c|bp|hr|rr|temp|temperature|t|p|r|pulse|respirations?|pressure|rate|saturation|sat|sats|o2sat|spo2|weight)$/i;

/** `Na-138`, `Hgb-9.1*`: name and value as one word, as MIMIC prints them. */
const TEST_VALUE = /^\p{L}[\p{L}\p{N}]*-\d[\d.]*$/u;
const NUMBER = /^\p{N}/u;

/** Words between a test and its value: `blood pressure was 120/80`. */
const LINKING = /^(?:is|was|of|at|to|level|count|in|the)$/i;
const MOST_LINKING = 2;

/** All words of a note, in order. */
export function classifiedWords(note: string): ClassifiedWord[] {
  const words = placedWords(note);
  const texts = words.map(({ text }) => text);
  return words.map((word, at) => ({ ...word, class: classOf(texts, at) }));
}

function classOf(words: readonly string[], at: number): WordClass {
  const word = words[at];
  if (isRedaction(word)) return "redacted";
  if (NUMBER.test(word)) {
    if (isDoseAt(words, at)) return "medication";
    return followsTest(words, at) ? "lab" : "number";
  }
  if (TEST_VALUE.test(word)) return "lab";
  const unitOfDose = isDoseUnit(word) && at > 0 && NUMBER.test(words[at - 1]);
  const beforeDose = at + 1 < words.length && NUMBER.test(words[at + 1]) && isDoseAt(words, at + 1);
  return unitOfDose || beforeDose || STEM.test(word) ? "medication" : "word";
}

/** Whether the number at `at` has a unit: `81 mg`, `81mg`, `25-mg`. */
const isDoseAt = (words: readonly string[], at: number): boolean =>
  isDose(words[at]) || (at + 1 < words.length && isDoseUnit(words[at + 1]));

function followsTest(words: readonly string[], at: number): boolean {
  let before = at - 1;
  const limit = before - MOST_LINKING;
  while (before > limit && before >= 0 && LINKING.test(words[before])) before--;
  return before >= 0 && TEST.test(words[before]);
}
