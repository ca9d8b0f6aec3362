/** Savings at every confidence threshold, and which threshold to serve at. */

import { bootstrap, type Estimate } from "../../base/bootstrap.ts";
import type { NoteResult } from "./note_worker.ts";
import { thresholds, type ThresholdTyping } from "./thresholds.ts";
import { savings, sumTyping } from "./typist.ts";

/** Reading costs that net savings are reported at, in keys. */
export const readingCosts: readonly number[] = [0, 0.25, 0.5, 1, 2];

/** Half of suggestions get a glance that lasts as long as a key. An assumption. */
export const DEFAULT_READING_COST = 0.5;

/** One threshold of the savings curve. */
export interface CurvePoint {
  threshold: number;
  /** 1 − keystrokes / characters: reading is free. */
  savings: Estimate;
  /** 1 − (keystrokes + cost · read) / characters at the chosen reading cost. */
  netSavings: Estimate;
  /** The same at other costs, in keys a suggestion read. */
  netAtCost: { cost: number; value: number }[];
  /** Savings of the typist who accepts word by word. */
  wordByWord: Estimate;
  /** Share of carets at which something was shown. */
  shownRate: number;
  /** Share of carets at which there was something new to read. */
  readRate: number;
  /** Accepted / shown. */
  acceptance: number;
  /** Mean code points of an accepted suggestion. */
  acceptedLength: number;
}

/** The savings curve of a system over the notes it typed at `levels`. */
export function savingsCurve(
  notes: readonly Pick<NoteResult, "typings">[],
  readingCost: number,
  levels: readonly number[] = thresholds,
): CurvePoint[] {
  return levels.map((threshold, index) =>
    curvePoint(threshold, notes.map(({ typings }) => typings[index]), readingCost)
  );
}

/** Thresholds of a system: where it saves most net of reading, and where it would if reading were free. */
export interface ChosenThresholds {
  best: number;
  mostSavings: number;
}

/** The thresholds with the highest savings on `curve`. */
export function chooseThresholds(curve: readonly CurvePoint[]): ChosenThresholds {
  const highest = (figure: (point: CurvePoint) => number) =>
    curve.reduce((a, b) => figure(b) > figure(a) ? b : a).threshold;
  return {
    best: highest(({ netSavings }) => netSavings.value),
    mostSavings: highest((point) => point.savings.value),
  };
}

function curvePoint(
  threshold: number,
  typings: readonly ThresholdTyping[],
  readingCost: number,
): CurvePoint {
  const whole = typings.map((typing) => typing.whole);
  const total = sumTyping(whole);
  const { shown, read, accepted, acceptedCharacters, keystrokes } = total;
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
