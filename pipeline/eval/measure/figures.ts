/** From what a system did with each note to the figures of eval.json. */

import { bootstrap } from "../../lib/base/bootstrap.ts";
import { calibrationOf } from "./calibration_error.ts";
import { type RankedWord, typedLetters } from "../../lib/gpt/typing/next_word.ts";
import type { NoteResult } from "../../lib/gpt/typing/note_worker.ts";
import type {
  CurvePoint,
  KeystrokeResult,
  NextWordResult,
  WordAccuracy,
  WordCounts,
} from "../result.ts";
import { thresholds, type ThresholdTyping } from "../../lib/gpt/typing/thresholds.ts";
import { savings, sumTyping } from "../../lib/gpt/typing/typist.ts";
import { type WordClass, wordClasses } from "../../lib/clinical/word_classes.ts";

/** Reading costs that net savings are reported at, in keys. */
export const readingCosts: readonly number[] = [0, 0.25, 0.5, 1, 2];

/** Half of suggestions get a glance that lasts as long as a key: see `definitions.readingCost`. */
export const DEFAULT_READING_COST = 0.5;

/** The savings curve over `levels` of a system's notes, and the threshold to serve it at. */
export function keystrokeResult(
  notes: readonly Pick<NoteResult, "typings">[],
  readingCost: number,
  levels: readonly number[] = thresholds,
): KeystrokeResult {
  const at = (index: number) => notes.map(({ typings }) => typings[index]);
  const curve = levels.map((threshold, index) => curvePoint(threshold, at(index), readingCost));
  const highest = (figure: (point: CurvePoint) => number) =>
    curve.reduce((a, b) => figure(b) > figure(a) ? b : a).threshold;
  const best = highest(({ netSavings }) => netSavings.value);
  return {
    curve,
    best,
    mostSavings: highest((point) => point.savings.value),
    calibration: calibrationOf(at(levels.indexOf(best)).map(({ claims }) => claims)),
  };
}

function curvePoint(
  threshold: number,
  typings: readonly ThresholdTyping[],
  readingCost: number,
): CurvePoint {
  const whole = typings.map((typing) => typing.whole);
  const { shown, read, accepted, acceptedCharacters, keystrokes } = sumTyping(whole);
  const total = sumTyping(whole);
  return {
    threshold,
    savings: bootstrap(whole, (sample) => savings(sumTyping(sample))),
    netSavings: bootstrap(whole, (sample) => savings(sumTyping(sample), readingCost)),
    netAtCost: readingCosts.map((cost) => ({ cost, value: savings(total, cost) })),
    wordByWord: bootstrap(
      typings.map(({ byWord }) => byWord),
      (sample) => savings(sumTyping(sample)),
    ),
    shownRate: keystrokes === 0 ? 0 : shown / keystrokes,
    readRate: keystrokes === 0 ? 0 : read / keystrokes,
    acceptance: shown === 0 ? 0 : accepted / shown,
    acceptedLength: accepted === 0 ? 0 : acceptedCharacters / accepted,
  };
}

/** Next-word figures of a system's notes. */
export function nextWordResult(notes: readonly Pick<NoteResult, "words">[]): NextWordResult {
  const words = notes.map((note) => note.words);
  return {
    ...accuracy(words, 0),
    midWord: typedLetters.slice(1).map((typed) => ({
      typedLetters: typed,
      ...accuracy(words, typed),
    })),
    outOfVocabulary: outOfVocabulary(words),
  };
}

function accuracy(notes: readonly (readonly RankedWord[])[], typed: number): WordAccuracy {
  const counts = notes.map((words) => countRanks(words, typed));
  const byClass = Object.fromEntries(wordClasses.map((wordClass) => [
    wordClass,
    countRanks(notes.flat().filter((word) => word.class === wordClass), typed),
  ])) as Record<WordClass, WordCounts>;
  return {
    words: sumCounts(counts).words,
    top1: bootstrap(counts, (sample) => share(sumCounts(sample), "top1")),
    top3: bootstrap(counts, (sample) => share(sumCounts(sample), "top3")),
    byClass,
  };
}

function outOfVocabulary(
  notes: readonly (readonly RankedWord[])[],
): NextWordResult["outOfVocabulary"] {
  // What de-identification left is no word that could be known.
  const words = notes.map((note) =>
    note.filter((word) => word.known !== undefined && word.class !== "redacted")
  );
  if (words.every((note) => note.length === 0)) return null;
  const counts = words.map((note) => ({
    words: note.length,
    unknown: note.filter(({ known }) => !known).length,
  }));
  const unknown = words.flat().filter(({ known }) => !known);
  return {
    ...countRanks(unknown, 0),
    share: bootstrap(counts, (sample) => {
      const total = sample.reduce((sum, note) => sum + note.words, 0);
      return total === 0 ? 0 : sample.reduce((sum, note) => sum + note.unknown, 0) / total;
    }),
  };
}

/** How many words were asked for after `typed` letters, and how many of them were offered. */
export function countRanks(words: readonly RankedWord[], typed: number): WordCounts {
  const counts = { words: 0, top1: 0, top3: 0 };
  for (const { ranks } of words) {
    const rank = ranks[typed];
    if (rank === undefined) continue;
    counts.words++;
    if (rank === 1) counts.top1++;
    if (rank > 0) counts.top3++;
  }
  return counts;
}

/** Sums over notes. */
export function sumCounts(counts: readonly WordCounts[]): WordCounts {
  const total = { words: 0, top1: 0, top3: 0 };
  for (const { words, top1, top3 } of counts) {
    total.words += words;
    total.top1 += top1;
    total.top3 += top3;
  }
  return total;
}

const share = (counts: WordCounts, key: "top1" | "top3") =>
  counts.words === 0 ? 0 : counts[key] / counts.words;
