/** From what a system did with each note to the figures of eval.json. */

import { bootstrap } from "../../lib/base/bootstrap.ts";
import { calibrationOf } from "./calibration_error.ts";
import { type RankedWord, typedLetters } from "../../lib/gpt/typing/next_word.ts";
import type { NoteResult } from "../../lib/gpt/typing/note_worker.ts";
import type { KeystrokeResult, NextWordResult, WordAccuracy, WordCounts } from "../result.ts";
import { type ChosenThresholds, savingsCurve } from "../../lib/gpt/typing/curve.ts";
import { thresholds } from "../../lib/gpt/typing/thresholds.ts";
import { type WordClass, wordClasses } from "../../lib/clinical/word_classes.ts";

/** A system's savings on notes, at the thresholds that calibration chose for it. */
export function keystrokeResult(
  notes: readonly Pick<NoteResult, "typings">[],
  readingCost: number,
  { best, mostSavings }: ChosenThresholds,
  levels: readonly number[] = thresholds,
): KeystrokeResult {
  const claims = notes.map(({ typings }) => typings[levels.indexOf(best)].claims);
  return {
    best,
    mostSavings,
    curve: savingsCurve(notes, readingCost, levels),
    calibration: calibrationOf(claims),
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
  const counts = notes.map((words) => countRanks(words.filter(isText), typed));
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
  const words = notes.map((note) =>
    note.filter((word) => word.known !== undefined && isText(word))
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

/** What de-identification left is no word that could be known or offered. */
export const isText = (word: Pick<RankedWord, "class">): boolean => word.class !== "redacted";

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
