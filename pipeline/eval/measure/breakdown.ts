/**
 * Where in the notes a language model does well: bits per character by section, and by how much of
 * the note stands before. Intervals are over notes.
 */

import type { Tokenizer } from "../../lib/gpt/decode/types.ts";
import { bootstrap, type Estimate } from "../../lib/base/bootstrap.ts";
import type { Document } from "../../lib/gpt/scoring/documents.ts";
import { bitsPerCharacter, type NoteScore } from "../../lib/gpt/scoring/language_model.ts";
import { sectionsOf } from "../../lib/clinical/headers.ts";
import { discoverHeaders } from "../../lib/clinical/sections.ts";

/** A note as pieces (tokens, or characters), with the bits a model needs for each. */
export interface PieceBits {
  document: Document;
  bits: ArrayLike<number>;
  /** Code points of each piece. */
  lengths: ArrayLike<number>;
}

export interface GroupResult {
  group: string;
  bitsPerCharacter: Estimate;
  characters: number;
}

/** Where position classes begin, in code points before a piece. */
const POSITIONS: readonly number[] = [0, 250, 500, 1000, 2000, 4000];

/** Sections reported by name: those that hold most text, of those that some notes have. */
const SECTIONS = 12;
const LEAST_NOTES = 5;
const OTHER = "other sections";
const BEFORE = "before the first header";

/** Code points of each token: its bytes that begin a UTF-8 character. */
export function tokenLengths(tokens: ArrayLike<number>, tokenizer: Tokenizer): Uint8Array {
  return Uint8Array.from(tokens, (token) => {
    let length = 0;
    for (const byte of tokenizer.tokenBytes(token)) if ((byte & 0xc0) !== 0x80) length++;
    return length;
  });
}

/** By how many code points of the note stand before. */
export function byPosition(notes: readonly PieceBits[]): GroupResult[] {
  const label = (index: number) =>
    index + 1 < POSITIONS.length
      ? `${POSITIONS[index]}–${POSITIONS[index + 1] - 1}`
      : `${POSITIONS[index]} and more`;
  const scores = notes.map((note) =>
    grouped(note, (at) => label(POSITIONS.findLastIndex((bound) => at >= bound)))
  );
  return POSITIONS.map((_, index) => label(index)).flatMap((group) => resultOf(group, scores));
}

/** By section, those of eda: the largest by name, the others together. */
export function bySection(notes: readonly PieceBits[]): GroupResult[] {
  const { sections } = discoverHeaders(notes.map(({ document }) => document.text));
  const keys = new Set(sections.map(({ key }) => key));
  const scores = notes.map((note) => {
    const starts = codePointStarts(note.document.text, keys);
    let current = 0;
    return grouped(note, (at) => {
      while (current + 1 < starts.length && starts[current + 1].start <= at) current++;
      return starts[current].name === "" ? BEFORE : starts[current].name;
    });
  });
  const sizes = new Map<string, { characters: number; notes: number }>();
  for (const note of scores) {
    for (const [name, { characters }] of note) {
      const size = sizes.get(name) ?? { characters: 0, notes: 0 };
      sizes.set(name, { characters: size.characters + characters, notes: size.notes + 1 });
    }
  }
  const largest = [...sizes]
    .filter(([name, size]) => name !== BEFORE && size.notes >= Math.min(LEAST_NOTES, notes.length))
    .sort((a, b) => b[1].characters - a[1].characters)
    .slice(0, SECTIONS).map(([name]) => name);
  const named = new Set([BEFORE, ...largest]);
  const merged = scores.map((note) => {
    const groups = new Map<string, NoteScore>();
    for (const [name, score] of note) add(groups, named.has(name) ? name : OTHER, score);
    return groups;
  });
  return [...largest, OTHER, BEFORE].flatMap((group) => resultOf(group, merged));
}

/** The sections of a text with their starts in code points. */
function codePointStarts(text: string, keys: ReadonlySet<string>) {
  const sections = sectionsOf(text, (key) => keys.has(key));
  let unit = 0, point = 0;
  return sections.map(({ name, start }) => {
    for (; unit < start; point++) unit += text.codePointAt(unit)! > 0xffff ? 2 : 1;
    return { name, start: point };
  });
}

/** Sums of a note's pieces by the group of their first code point. */
function grouped(
  { bits, lengths }: PieceBits,
  groupAt: (codePoint: number) => string,
): Map<string, NoteScore> {
  const groups = new Map<string, NoteScore>();
  for (let piece = 0, at = 0; piece < bits.length; at += lengths[piece++]) {
    add(groups, groupAt(at), { bits: bits[piece], tokens: 1, characters: lengths[piece] });
  }
  return groups;
}

function add(groups: Map<string, NoteScore>, name: string, score: NoteScore): void {
  const sum = groups.get(name) ?? { bits: 0, tokens: 0, characters: 0 };
  sum.bits += score.bits;
  sum.tokens += score.tokens;
  sum.characters += score.characters;
  groups.set(name, sum);
}

function resultOf(group: string, notes: readonly ReadonlyMap<string, NoteScore>[]): GroupResult[] {
  const scores = notes.map((note) => note.get(group)).filter((score) => score !== undefined);
  const characters = scores.reduce((sum, score) => sum + score.characters, 0);
  if (characters === 0) return [];
  return [{ group, bitsPerCharacter: bootstrap(scores, bitsPerCharacter), characters }];
}
