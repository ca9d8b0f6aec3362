/**
 * Notes that repeat a training note: a patient's earlier note copied forward, two notes dictated from
 * one template. What a model says of them it may have learned by heart, so every figure is also given
 * without them.
 *
 * A note's runs of RUN words (lower case, cut at white space) are looked up in all training notes.
 * Runs that BOILERPLATE or more training notes share are not counted: those the next patient's note
 * will share as well. A near copy has at least SHARE of its runs in a training note.
 */

import type { Document } from "../../lib/gpt/scoring/documents.ts";

const RUN = 12;
const BOILERPLATE = 10;
const SHARE = 0.05;

/** What is said of near copies in the report. */
export const nearCopyDefinition =
  `at least ${100 * SHARE}% of the note's runs of ${RUN} words stand in a training note as well; ` +
  `runs that ${BOILERPLATE} or more training notes share are boilerplate and do not count`;

/** Of `notes`, those that repeat a note of `train`. */
export function nearCopies(
  notes: readonly Pick<Document, "text">[],
  train: readonly Pick<Document, "text">[],
  onProgress: (notes: number) => void = () => {},
): Set<Pick<Document, "text">> {
  const words = new Map<string, number>();
  const intern = (word: string) => {
    let id = words.get(word);
    if (id === undefined) words.set(word, id = words.size + 1);
    return id;
  };
  const runs = notes.map(({ text }) => new Set(runsOf(text, intern)));
  /** How many training notes hold a run, and the last of them. */
  const found = new Map<number, { notes: number; last: number }>();
  for (const own of runs) for (const run of own) found.set(run, { notes: 0, last: -1 });
  // A word that no note has ends a run: 0 is such a word.
  const known = (word: string) => words.get(word) ?? 0;
  train.forEach(({ text }, index) => {
    for (const run of runsOf(text, known)) {
      const seen = found.get(run);
      if (seen === undefined || seen.last === index) continue;
      seen.notes++;
      seen.last = index;
    }
    onProgress(index + 1);
  });
  const isCopied = (run: number) => {
    const { notes } = found.get(run)!;
    return notes > 0 && notes < BOILERPLATE;
  };
  return new Set(notes.filter((_, index) => {
    const own = [...runs[index]];
    return own.length > 0 && own.filter(isCopied).length >= SHARE * own.length;
  }));
}

const BASES: readonly number[] = [0x01000193, 0x9e3779b1];

/** A number for each run of RUN words of `text`: two polynomial hashes, 53 bits of them. */
function runsOf(text: string, idOf: (word: string) => number): number[] {
  const ids = (text.toLowerCase().match(/\S+/g) ?? []).map(idOf);
  const outgoing = BASES.map((base) => power(base, RUN));
  const hashes = BASES.map(() => 0);
  const runs: number[] = [];
  let length = 0;
  ids.forEach((id, at) => {
    if (id === 0) {
      length = 0;
      hashes.fill(0);
      return;
    }
    const gone = length >= RUN ? ids[at - RUN] : 0;
    BASES.forEach((base, i) => {
      hashes[i] = (Math.imul(hashes[i], base) + id - Math.imul(gone, outgoing[i])) | 0;
    });
    if (++length >= RUN) runs.push((hashes[0] >>> 0) * 2 ** 21 + (hashes[1] >>> 11));
  });
  return runs;
}

function power(base: number, exponent: number): number {
  let value = 1;
  for (let i = 0; i < exponent; i++) value = Math.imul(value, base);
  return value;
}
