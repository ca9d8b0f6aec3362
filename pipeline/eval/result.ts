/**
 * The fields of eval.json. Shares and savings are fractions of 1; an `Estimate` is a value with its
 * 95% interval over notes (`value`, `low`, `high`, `notes`).
 */

import type { Calibration as CalibrationFile } from "../artifacts/calibration.ts";
import type { Lineage } from "../artifacts/lineage.ts";
import type { SystemKind } from "../artifacts/reports.ts";
import type { SuggestOptions } from "../lib/gpt/decode/suggest.ts";
import type { Difference, Estimate } from "../lib/base/bootstrap.ts";
import type { ChosenThresholds, CurvePoint } from "../lib/gpt/typing/curve.ts";
import type { AblationResult } from "./measure/ablation.ts";
import type { GroupResult } from "./measure/breakdown.ts";
import type { Calibration } from "./measure/calibration_error.ts";
import type { Example } from "./measure/examples.ts";
import { nearCopyDefinition } from "./measure/near_copies.ts";
import type { LatencyResult } from "./measure/latency.ts";
import type { WordClass } from "../lib/clinical/word_classes.ts";

/** Thresholds are those that `deno task calibrate` found best on validation notes. */
export interface KeystrokeResult extends ChosenThresholds {
  curve: CurvePoint[];
  /** At `best`; null where too little was shown. */
  calibration: Calibration | null;
}

/** Counts over words. */
export interface WordCounts {
  words: number;
  top1: number;
  top3: number;
}

/** Shares over words, in all (but for `___`) and by class (counts, `___` among them). */
export interface WordAccuracy {
  words: number;
  top1: Estimate;
  top3: Estimate;
  byClass: Record<WordClass, WordCounts>;
}

/** At word boundaries; `midWord[i]` after i + 1 letters, where the word is longer than that. */
export interface NextWordResult extends WordAccuracy {
  midWord: (WordAccuracy & { typedLetters: number })[];
  /** Words that the training notes do not hold; null if none were looked at. */
  outOfVocabulary: WordCounts & { share: Estimate } | null;
}

export interface SplitScore {
  notes: number;
  tokens: number;
  characters: number;
  bitsPerCharacter: Estimate;
  /** Mean −ln p of a token (loss), and its exponential. */
  natsPerToken: Estimate;
  perplexity: number;
}

/** One note's sums, for paired comparisons. `note` is the start of the text's SHA-256. */
export interface ScoredNoteRow {
  note: string;
  bits: number;
  characters: number;
}

export interface TypedNoteRow {
  /** Of the note, with the passage: `1a2b3c4d5e6f:100-700`. */
  note: string;
  words: number;
  top1: number;
  top3: number;
  characters: number;
  /** At the threshold `keystrokes.best`. */
  keystrokes: number;
  read: number;
}

export interface ModelResult {
  name: string;
  kind: SystemKind;
  /** Whether this project would serve it; the others are what it has to beat. */
  ours: boolean;
  /** null where a model cannot give it. */
  bitsPerCharacter: Estimate | null;
  bySection: GroupResult[] | null;
  byPosition: GroupResult[] | null;
  nextWord: NextWordResult | null;
  keystrokes: KeystrokeResult | null;
  perNote: { scored: ScoredNoteRow[]; typed: TypedNoteRow[] };
}

/** A measure in which one of ours is set against a baseline on the same notes. */
export interface Contest {
  ours: string;
  baseline: string;
  measure: string;
  /** Ours minus baseline. */
  difference: Difference;
  /** `difference.p` corrected for the number of contests (Holm). */
  adjustedP: number;
  /** beaten: ours is better and `adjustedP` below 0.05; behind: the baseline is ahead. */
  outcome: "beaten" | "not told apart" | "behind";
}

/** What is measured of a set of notes. */
export interface Figures {
  models: ModelResult[];
  contests: Contest[];
}

/** Notes that repeat a training note. */
export interface NearCopies {
  definition: string;
  /** Of the scored notes, and of the typed ones. */
  scored: number;
  typed: number;
  /** All figures of the other notes; null where fewer than two are left. */
  without: Figures & { scored: number; typed: number } | null;
}

export interface EvalReport extends Figures {
  version: 3;
  lineage: Lineage;
  created: string;
  run: string;
  /** `sha256` of its model.safetensors. */
  checkpoint: { step: number | null; parameters: number; sha256: string };
  split: string;
  /** Seconds of all measurements, and cores they had. */
  seconds: number;
  cores: number;
  /** `excerpt`: characters typed of each note, 0 for all. */
  notes: { scored: number; typed: number; excerpt: number; baselines: number };
  /** Keys that reading one new suggestion is taken to cost. */
  readingCost: number;
  /** What is served, from which confidence, and why: from calibration.json. */
  served: CalibrationFile["served"];
  /** null where notes are measured that the model was trained on. */
  nearCopies: NearCopies | null;
  /** What de-identification left (`___`) in the typed passages: neither typed nor counted. */
  placeholders: { characters: number; share: number };
  definitions: Record<string, string>;
  suggestions: Omit<SuggestOptions, "random" | "signal" | "onGrow" | "minConfidence">;
  /** The GPT alone, on a sample of every split. */
  bySplit: Record<string, SplitScore>;
  /** Bits per character of the validation notes, part by part; size of the n-gram table. */
  mixture: {
    validation: CalibrationFile["validation"];
    tableBytes: number;
    minPatients: number | null;
  };
  /** How long a suggestion of the GPT takes, by engine. */
  engines: LatencyResult[];
  ablation: AblationResult | null;
  /** null where the notes are not known to be synthetic and nobody asked for passages of them. */
  examples: { accepted: Example[]; wrong: Example[] } | null;
}

export const definitions = {
  bitsPerCharacter:
    "sum of -log2 p(token | at least half a context before it) over all tokens of the notes, divided by their Unicode code points; the end-of-text token before a note is not counted",
  nextWord:
    "at a caret where a word (letters, digits, underscores; single - ' . / inside) begins, with the white space before it given: share of words that are the first, or among the first three, of the system's distinct candidates; ___ is left out and counted apart",
  midWord:
    "the same after the word's first one, two or three letters, for words longer than that; ___ is left out",
  wordClasses:
    "medication: doses, their units, the word before a dose, and stems of international nonproprietary names; lab: the value behind the name of a test or vital sign; told apart by form, not by a list of drugs",
  outOfVocabulary: "share of words that do not occur in the training notes",
  keystrokes:
    "a passage of each note is typed character by character, with what precedes it there already; before each keystroke one suggestion may be shown; if all of it equals the text that follows it is accepted with one key, else one character is typed; savings = 1 - keystrokes / characters; ___ is neither typed nor counted",
  netSavings:
    "1 - (keystrokes + cost * read) / characters; read counts suggestions that are not merely the rest of the one shown a key before",
  readingCost:
    "an assumption, not a measurement: half a key for each new suggestion, as if a glance took as long as a key and every second one got a glance; --reading-cost of deno task calibrate changes it",
  wordByWord:
    "the typist accepts the first word of a suggestion with one key where it is what follows; what is left of the suggestion stays",
  threshold:
    "least confidence at which a suggestion is shown, of every system: the one at which it saved most on validation notes (deno task calibrate); nothing is chosen on the notes measured",
  engine:
    "bits per character of the GPT are those of its float32 weights; next words and keystrokes are measured with the int8 weights and WebAssembly kernels that the worker serves",
  nGrams:
    "how far to trust the n-grams combined with the GPT is fitted on validation notes; with --split val these are the notes measured, so that GPT + n-grams is flattered",
  nearCopies: nearCopyDefinition,
  calibration:
    "expected calibration error of the suggestions shown that are new (the rest of one he has typed past is wrong by construction of the typist), ten bins of equally many; right means that the text goes on with all of the suggestion and a word ends there",
  interval: "95% percentile bootstrap over notes, 1000 resamples, fixed seed",
  contest:
    "paired bootstrap over the same notes, 9999 resamples; two-sided p, corrected for the number of contests by Holm's method, beaten below 0.05",
};

/** The point of the curve at the threshold that would be served. */
export function bestPoint(keystrokes: ModelResult["keystrokes"]): CurvePoint | undefined {
  return keystrokes?.curve.find(({ threshold }) => threshold === keystrokes.best);
}

/** The point of the curve with the highest savings if reading were free. */
export function mostPoint(keystrokes: ModelResult["keystrokes"]): CurvePoint | undefined {
  return keystrokes?.curve.find(({ threshold }) => threshold === keystrokes.mostSavings);
}
