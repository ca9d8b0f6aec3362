/**
 * What the counts say: Zipf's law (count by rank), Heaps' law (different words by words read),
 * hapaxes (words seen once) and how few words cover most of the text.
 */

import type { Shared } from "./shared.ts";
import { wordAt, WordCounter, type WordCounts } from "./word_counter.ts";
import type { VocabularyPart } from "./vocabulary.ts";

export interface Vocabulary {
  raw_words: { total: number; distinct: number };
  words: { total: number; distinct: number; hapaxes: number };
  characters: { total: number; distinct: number; ascii_distinct: number };
  /** How many of the commonest words make up a share of the text. */
  coverage: { share: number; words: number; of_vocabulary: number }[];
  /** Here and below only what enough patients share (shared.ts). */
  top_words: { word: string; count: number; share: number }[];
  top_characters: { character: string; code: string; count: number; share: number }[];
  other_characters: { character: string; code: string; count: number }[];
  /** Count by rank, at ranks spaced evenly on a log scale. */
  zipf: { rank: number; count: number }[];
  /** Slope of log count over log rank, ranks 10 to 10,000; near -1 in natural text. */
  zipf_exponent: number | null;
  /** Different words among the first so many, in the order of notes.parquet. */
  heaps: { words: number; distinct: number }[];
  /** V = k·N^beta, fitted over the second half of the curve on log scales. */
  heaps_fit: { k: number; beta: number } | null;
}

const COVERAGES = [0.5, 0.9, 0.95, 0.99];
const TOP = 50;
/** Words looked at to find those to show. */
const CANDIDATES = 1000;
const CURVE_POINTS = 60;

/** Merges what the workers found. `wordsByNote` holds the words of each note, in order. */
export function vocabularyReport(
  parts: VocabularyPart[],
  wordsByNote: Uint32Array,
  shared: Shared,
): Vocabulary {
  const raw = merged(parts.map((part) => part.raw));
  const words = merged(parts.map((part) => part.words));
  const order = byCount(words);
  const counts = Float64Array.from(order, (word) => words.counts[word]);
  const total = sum(counts);
  const characters = mergedCharacters(parts);
  const zipf = logSpaced(counts.length).map((rank) => ({ rank, count: counts[rank - 1] }));
  const heaps = heapsCurve(words.firstNotes, wordsByNote);
  return {
    raw_words: { total: sum(raw.counts), distinct: raw.counts.length },
    words: {
      total,
      distinct: counts.length,
      hapaxes: counts.filter((count) => count === 1).length,
    },
    characters: characterSummary(characters),
    coverage: COVERAGES.map((share) => coverage(counts, total, share)),
    top_words: topWords(words, order, total, shared),
    ...characterTables(characters, shared),
    zipf,
    zipf_exponent: slope(
      zipf.filter(({ rank }) => rank >= 10 && rank <= 10_000).map((
        { rank, count },
      ) => [Math.log(rank), Math.log(count)]),
    )?.slope ?? null,
    heaps,
    heaps_fit: heapsFit(heaps),
  };
}

/** The commonest words of those that enough patients share. */
function topWords(
  words: WordCounts,
  order: Uint32Array,
  total: number,
  shared: Shared,
): Vocabulary["top_words"] {
  return Array.from(order.subarray(0, CANDIDATES), (index) => ({
    word: wordAt(words, index),
    count: words.counts[index],
    share: words.counts[index] / total,
  })).filter(({ word }) => shared.word(word)).slice(0, TOP);
}

function merged(parts: WordCounts[]): WordCounts {
  if (parts.length === 1) return parts[0];
  const table = new WordCounter();
  for (const part of parts) table.merge(part);
  return table.take();
}

/** Word numbers, commonest first; equal counts by first appearance. */
function byCount({ counts, firstNotes }: WordCounts): Uint32Array {
  const order = Uint32Array.from({ length: counts.length }, (_, index) => index);
  return order.sort((a, b) => counts[b] - counts[a] || firstNotes[a] - firstNotes[b] || a - b);
}

const sum = (values: Iterable<number>): number => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};

function coverage(counts: Float64Array, total: number, share: number) {
  let words = 0;
  for (let covered = 0; covered < share * total; words++) covered += counts[words];
  return { share, words, of_vocabulary: counts.length === 0 ? 0 : words / counts.length };
}

/** 1 … `last`, evenly spaced on a log scale, without repeats. */
function logSpaced(last: number): number[] {
  if (last === 0) return [];
  const ranks = Array.from(
    { length: CURVE_POINTS },
    (_, i) => Math.round(last ** (i / (CURVE_POINTS - 1))),
  );
  return [...new Set(ranks)];
}

/**
 * Distinct words after each of some notes. That a word's first note is known makes the curve the
 * same however the notes were dealt out to workers.
 */
function heapsCurve(firstNotes: Uint32Array, wordsByNote: Uint32Array) {
  const newWords = new Uint32Array(wordsByNote.length);
  for (const note of firstNotes) newWords[note]++;
  const total = sum(wordsByNote);
  const curve: { words: number; distinct: number }[] = [];
  let words = 0, distinct = 0;
  for (let note = 0; note < wordsByNote.length; note++) {
    words += wordsByNote[note];
    distinct += newWords[note];
    const last = note === wordsByNote.length - 1;
    if (words >= (curve.length + 1) * total / CURVE_POINTS || last) curve.push({ words, distinct });
  }
  return curve;
}

function heapsFit(curve: { words: number; distinct: number }[]) {
  const half = curve.slice(Math.floor(curve.length / 2));
  const fit = slope(half.map(({ words, distinct }) => [Math.log(words), Math.log(distinct)]));
  return fit && { k: Math.exp(fit.intercept), beta: fit.slope };
}

/** Least squares through (x, y); null for fewer than three points. */
function slope(points: number[][]): { slope: number; intercept: number } | null {
  if (points.length < 3) return null;
  const meanX = sum(points.map(([x]) => x)) / points.length;
  const meanY = sum(points.map(([, y]) => y)) / points.length;
  const covariance = sum(points.map(([x, y]) => (x - meanX) * (y - meanY)));
  const variance = sum(points.map(([x]) => (x - meanX) ** 2));
  if (variance === 0) return null;
  return { slope: covariance / variance, intercept: meanY - covariance / variance * meanX };
}

function mergedCharacters(parts: VocabularyPart[]): Map<number, number> {
  const characters = new Map<number, number>();
  for (const part of parts) {
    for (const [code, count] of part.characters) {
      characters.set(code, (characters.get(code) ?? 0) + count);
    }
  }
  return characters;
}

function characterSummary(characters: Map<number, number>) {
  return {
    total: sum(characters.values()),
    distinct: characters.size,
    ascii_distinct: [...characters.keys()].filter((code) => code < 0x80).length,
  };
}

function characterTables(characters: Map<number, number>, shared: Shared) {
  const total = sum(characters.values());
  const rows = [...characters]
    .filter(([code]) => shared.character(String.fromCodePoint(code)))
    .sort(([a, countA], [b, countB]) => countB - countA || a - b)
    .map(([code, count]) => ({
      character: characterName(code),
      code: `U+${code.toString(16).toUpperCase().padStart(4, "0")}`,
      count,
      share: count / total,
    }));
  const others = rows.filter(({ code }) => parseInt(code.slice(2), 16) >= 0x80);
  return {
    top_characters: rows.slice(0, TOP),
    other_characters: others.slice(0, TOP).map(({ share: _, ...row }) => row),
  };
}

const characterNames: Record<number, string> = { 9: "tab", 10: "line break", 32: "space" };
const characterName = (code: number) => characterNames[code] ?? String.fromCodePoint(code);
