/** Which part of a long note is typed: notes repeat themselves less than they differ. */

import type { Passage } from "./typist.ts";

/**
 * About `length` UTF-16 units of `note` (0: all of it) that begin and end between words. `index`
 * moves the place from note to note, so that all sections are met: a golden-ratio sequence.
 */
export function passageOf(note: string, length: number, index: number): Passage {
  if (length === 0 || note.length <= length) return { from: 0, to: note.length };
  const place = (0.5 + index * 0.6180339887) % 1;
  const from = wordStart(note, Math.floor(place * (note.length - length)));
  return { from, to: wordStart(note, from + length) };
}

/** The first place from `at` on that stands behind white space, or the end. */
function wordStart(note: string, at: number): number {
  if (at === 0) return 0;
  while (at < note.length && !/\s/.test(note[at - 1])) at++;
  return at;
}
