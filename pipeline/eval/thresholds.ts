/**
 * Keystroke savings at every confidence threshold from one decoding of each caret.
 *
 * A suggestion grows word by word while its confidence falls. What a system with threshold τ would
 * show is the longest text it grew to with confidence ≥ τ. So each caret is decoded once, at the
 * lowest threshold, its growth is remembered, and the typist types the note once per threshold.
 */

import type { Decoder, SuggestSettings } from "../decode/decoder.ts";
import { type Passage, typeNote, type Typing } from "./typist.ts";

/** Ends at which a suggestion could be shown, shortest first. */
export type Growth = { text: string; confidence: number }[];

export const thresholds: readonly number[] = [0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/** What would be shown at threshold `least`, if anything. */
export function shownAt(growth: Growth, least: number): string | undefined {
  return growth.findLast(({ confidence }) => confidence >= least)?.text;
}

/** Every end that the best suggestion behind `before` grows to, down to the lowest threshold. */
export async function growthOf(
  decoder: Decoder,
  before: string,
  settings: SuggestSettings,
): Promise<Growth> {
  const growth: Growth = [];
  const [best] = await decoder.suggest(before, {
    ...settings,
    n: 1,
    minConfidence: thresholds[0],
    onGrow: (_index, { text, confidence }) => growth.push({ text, confidence }),
  });
  // What came after an end may have shown that it goes too far: into the next section, say.
  return growth.filter(({ text }) => best !== undefined && text.length <= best.text.length);
}

/** The typist's figures for a passage at each of `thresholds`, in their order. */
export async function typeAtThresholds(
  note: string,
  grow: (before: string) => Promise<Growth>,
  passage: Passage = { from: 0, to: note.length },
): Promise<Typing[]> {
  const known = new Map<number, Growth>();
  const typings: Typing[] = [];
  for (const least of thresholds) {
    typings.push(
      await typeNote(note, async (before) => {
        let growth = known.get(before.length);
        if (growth === undefined) known.set(before.length, growth = await grow(before));
        return shownAt(growth, least);
      }, passage),
    );
  }
  return typings;
}
