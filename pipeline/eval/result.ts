/** What an evaluation says: the object in eval.json, and how raw counts become its figures. */

import type { SuggestOptions } from "../decode/suggest.ts";
import { bootstrap, type Estimate } from "../measure/bootstrap.ts";
import type { NoteResult } from "./note_worker.ts";
import { type NextWordScores, sumNextWords } from "./next_word.ts";
import { thresholds } from "./thresholds.ts";
import { savings, sumTyping, type Typing } from "./typist.ts";
import type { WordClass } from "./words.ts";

/** One threshold of the savings curve. */
export interface CurvePoint {
  threshold: number;
  savings: Estimate;
  /** Share of carets at which something was shown. */
  shownRate: number;
  /** Accepted / shown. */
  acceptance: number;
  /** Mean code points of an accepted suggestion. */
  acceptedLength: number;
}

export interface NextWordResult {
  words: number;
  top1: Estimate;
  top3: Estimate;
  byClass: Record<WordClass, { words: number; top1: number; top3: number }>;
}

export interface ModelResult {
  name: string;
  /** Whether this project would serve it; the others are what it has to beat. */
  ours: boolean;
  /** null where a model cannot give it. */
  bitsPerCharacter: Estimate | null;
  nextWord: NextWordResult | null;
  /** The curve, and the threshold with the highest savings. */
  keystrokes: { curve: CurvePoint[]; best: number } | null;
}

export interface EvalReport {
  version: 1;
  created: string;
  run: string;
  checkpoint: { step: number | null; parameters: number };
  split: string;
  /** `excerpt`: characters typed of each note, 0 for all. */
  notes: { scored: number; typed: number; excerpt: number; baselines: number };
  definitions: Record<string, string>;
  suggestions: Omit<SuggestOptions, "random" | "signal" | "onGrow" | "minConfidence">;
  models: ModelResult[];
}

export const definitions = {
  bitsPerCharacter:
    "sum of -log2 p(token | at least half a context before it) over all tokens of the notes, divided by their Unicode code points; the end-of-text token before a note is not counted",
  nextWord:
    "at a caret where a word (letters, digits, underscores; single - ' . / inside) begins, with the white space before it given: share of words that are the first, or among the first three, of the system's distinct candidates; ___ is never offered and so always counts as missed",
  keystrokes:
    "a passage of each note is typed character by character, with what precedes it there already; before each keystroke one suggestion may be shown; if all of it equals the text that follows it is accepted with one key, else one character is typed; savings = 1 - keystrokes / characters",
  threshold: "least confidence at which a suggestion is shown",
  interval: "95% percentile bootstrap over notes, 1000 resamples, fixed seed",
};

/** Next-word figures of a system's notes. */
export function nextWordResult(notes: readonly NoteResult[]): NextWordResult {
  const scores = notes.map(({ nextWord }) => nextWord);
  const share = (key: "top1" | "top3") => (sample: readonly NextWordScores[]) => {
    const sum = sumNextWords(sample, "all");
    return sum.words === 0 ? 0 : sum[key] / sum.words;
  };
  return {
    words: sumNextWords(scores, "all").words,
    top1: bootstrap(scores, share("top1")),
    top3: bootstrap(scores, share("top3")),
    byClass: {
      word: sumNextWords(scores, "word"),
      number: sumNextWords(scores, "number"),
      redacted: sumNextWords(scores, "redacted"),
    },
  };
}

/** The savings curve of a system's notes. */
export function keystrokeResult(notes: readonly NoteResult[]): ModelResult["keystrokes"] {
  const curve = thresholds.map((threshold, index) =>
    curvePoint(threshold, notes.map(({ typings }) => typings[index]))
  );
  const best = curve.reduce((a, b) => b.savings.value > a.savings.value ? b : a);
  return { curve, best: best.threshold };
}

function curvePoint(threshold: number, typings: readonly Typing[]): CurvePoint {
  const { shown, accepted, acceptedCharacters, keystrokes } = sumTyping(typings);
  return {
    threshold,
    savings: bootstrap(typings, (sample) => savings(sumTyping(sample))),
    shownRate: shown / keystrokes,
    acceptance: shown === 0 ? 0 : accepted / shown,
    acceptedLength: accepted === 0 ? 0 : acceptedCharacters / accepted,
  };
}
