/**
 * Keystroke savings at every confidence threshold from one decoding of each caret.
 *
 * A suggestion grows word by word while its confidence falls. What a system with threshold τ would
 * show is the best of its ends with confidence ≥ τ (decode/growth.ts). So each caret is decoded once, at the
 * lowest threshold, its growth is remembered, and the typist types the note once per threshold.
 */

import type { Decoder, SuggestSettings } from "../decode/decoder.ts";
import { bestEnd, type End } from "../decode/growth.ts";
import type { Policies } from "../decode/types.ts";
import { endsWord } from "../decode/words.ts";
import { type Passage, typeNote, type Typing } from "./typist.ts";

/** Ends at which a suggestion could be shown, shortest first. */
export type Growth = End[];

/** What each caret of a passage could be shown, by UTF-16 offset. */
export type Growths = ReadonlyMap<number, Growth>;

export const thresholds: readonly number[] = [
  0.05,
  0.1,
  0.15,
  0.2,
  0.3,
  0.4,
  0.5,
  0.6,
  0.7,
  0.8,
  0.9,
];

/** What would be shown at threshold `least`, if anything. */
export function shownAt(
  growth: Growth,
  least: number,
  length: Policies["length"] = "gain",
): End | undefined {
  return bestEnd(growth, least, length);
}

/** Every end that the best suggestion behind `before` grows to, down to confidence `least`. */
export async function growthOf(
  decoder: Decoder,
  before: string,
  settings: SuggestSettings,
  least: number,
): Promise<Growth> {
  const growth: Growth = [];
  const [best] = await decoder.suggest(before, {
    ...settings,
    n: 1,
    minConfidence: least,
    length: "longest", // of all ends, what each threshold would show is chosen later
    onGrow: (_index, { text, confidence }) => growth.push({ text, confidence }),
  });
  // What came after an end may have shown that it goes too far: into the next section, say.
  return growth.filter(({ text }) => best !== undefined && text.length <= best.text.length);
}

/**
 * Suggestions that were shown: how sure the system was, and whether it was right (1) or not (0). Only
 * new ones: he has refused the rest of the one before already, so that it is wrong whatever the
 * system thinks of it.
 */
export interface Claims {
  confidence: Float32Array;
  right: Uint8Array;
}

/** What the typist did at one threshold. */
export interface ThresholdTyping {
  whole: Typing;
  byWord: Typing;
  /** Of `whole`. */
  claims: Claims;
}

/** The typist's figures for a passage at each of `levels`, in their order. */
export async function typeAtThresholds(
  note: string,
  growths: Growths,
  passage: Passage = { from: 0, to: note.length },
  levels: readonly number[] = thresholds,
  length: Policies["length"] = "gain",
): Promise<ThresholdTyping[]> {
  const typings: ThresholdTyping[] = [];
  for (const least of levels) {
    const shown = (before: string) => shownAt(growths.get(before.length) ?? [], least, length);
    const confidence: number[] = [], right: number[] = [];
    const whole = await typeNote(note, (before) => shown(before)?.text, passage, {
      onShown(caret, text, _right, isNew) {
        if (!isNew) return;
        confidence.push(shownAt(growths.get(caret)!, least, length)!.confidence);
        // Of the note: what ends behind the passage is no less right for it.
        const follows = note.startsWith(text, caret);
        right.push(follows && endsAfter(note, caret + text.length) ? 1 : 0);
      },
    });
    const byWord = await typeNote(note, (before) => shown(before)?.text, passage, { byWord: true });
    typings.push({
      whole,
      byWord,
      claims: { confidence: Float32Array.from(confidence), right: Uint8Array.from(right) },
    });
  }
  return typings;
}

/** Whether a word of `note` ends at `at`, as confidence says that it does. */
function endsAfter(note: string, at: number): boolean {
  const byte = (index: number) => index < note.length ? Math.min(note.charCodeAt(index), 0xff) : -1;
  return endsWord(byte(at - 1), byte(at));
}
