/**
 * Whose note is it, where the source does not say? Notes that share a long passage are taken for
 * those of one person: near copies, and what is copied forward from note to note. So a phrase that
 * stands in eight copies of one social history counts once, not eight times.
 *
 * A passage that many notes share is a template, and joins nobody: no patient has so many notes. Too
 * much is joined rather than too little, which costs phrases, never privacy; what is not joined are
 * notes of one person without a passage in common, as in any two notes of strangers.
 */

import { mix32 } from "../lib/base/random.ts";
import { wordsOf } from "../lib/clinical/words.ts";

/** Words in a row that strangers' notes hardly share unless a template says them. */
export const COPIED_WORDS = 12;

/** A passage in more notes than this is a template. */
export const TEMPLATE_NOTES = 50;

/** A note, and whose it is; undefined where the source does not say. */
export interface Authored {
  text: string;
  patient?: string;
}

/**
 * A number for each note, the same for all that are of one patient, or taken for it. Passages are
 * looked for in notes without a patient, and in all others where there are any of those.
 */
export function clusterNotes(notes: readonly Authored[]): number[] {
  const clusters = new Clusters(notes.length);
  const first = new Map<string, number>();
  notes.forEach(({ patient }, note) => {
    if (patient === undefined) return;
    if (first.has(patient)) clusters.join(first.get(patient)!, note);
    else first.set(patient, note);
  });
  if (notes.some(({ patient }) => patient === undefined)) joinCopies(notes, clusters);
  const number = new Map<number, number>();
  return notes.map((_, note) => {
    const root = clusters.rootOf(note);
    if (!number.has(root)) number.set(root, number.size);
    return number.get(root)!;
  });
}

/** Joins a note without a patient to those that share a passage with it. */
function joinCopies(notes: readonly Authored[], clusters: Clusters): void {
  const passages = notes.map(({ text }) => new Set(passagesOf(wordsOf(text.toLowerCase()))));
  const holders = new Map<number, number>();
  for (const here of passages) {
    for (const passage of here) holders.set(passage, (holders.get(passage) ?? 0) + 1);
  }
  /** The first unnamed note with a passage, and the named ones before it. */
  const unnamed = new Map<number, number>(), named = new Map<number, number[]>();
  passages.forEach((here, note) => {
    for (const passage of here) {
      const count = holders.get(passage)!;
      if (count < 2 || count > TEMPLATE_NOTES) continue;
      const other = unnamed.get(passage);
      if (other !== undefined) clusters.join(other, note);
      else if (notes[note].patient === undefined) {
        unnamed.set(passage, note);
        for (const earlier of named.get(passage) ?? []) clusters.join(earlier, note);
      } else named.set(passage, [...named.get(passage) ?? [], note]);
    }
  });
}

/** A hash of 52 bits of every COPIED_WORDS words in a row, by two polynomials modulo 2^32. */
function* passagesOf(words: readonly string[]): Generator<number> {
  const A = 0x2c1b3c6d, B = 0x297a2d39;
  let powerA = 1, powerB = 1;
  for (let i = 0; i < COPIED_WORDS; i++) {
    powerA = Math.imul(powerA, A);
    powerB = Math.imul(powerB, B);
  }
  const hashes = words.map(hashOf);
  let a = 0, b = 0;
  for (let at = 0; at < hashes.length; at++) {
    a = Math.imul(a, A) + hashes[at] | 0;
    b = Math.imul(b, B) + mix32(hashes[at]) | 0;
    if (at >= COPIED_WORDS) {
      const gone = hashes[at - COPIED_WORDS];
      a = a - Math.imul(powerA, gone) | 0;
      b = b - Math.imul(powerB, mix32(gone)) | 0;
    }
    if (at >= COPIED_WORDS - 1) yield (mix32(a) >>> 6) * 2 ** 26 + (mix32(b) >>> 6);
  }
}

function hashOf(word: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193);
  return mix32(hash);
}

/** Sets that grow together (union-find with path halving). */
class Clusters {
  readonly #parent: Uint32Array;

  constructor(size: number) {
    this.#parent = Uint32Array.from({ length: size }, (_, note) => note);
  }

  rootOf(note: number): number {
    const parent = this.#parent;
    while (parent[note] !== note) note = parent[note] = parent[parent[note]];
    return note;
  }

  join(a: number, b: number): void {
    const [low, high] = [this.rootOf(a), this.rootOf(b)].sort((x, y) => x - y);
    this.#parent[high] = low;
  }
}
