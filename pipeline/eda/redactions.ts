/**
 * What is de-identified: how many `___`, where, and what the words around them say about what was
 * taken out. The kind of a redaction is a guess from its neighbours by the rules below.
 */

import type { HeaderSet } from "../lib/clinical/sections.ts";
import { type HiddenWords, hiddenWords, plainWord } from "./hidden_words.ts";
import type { SectionPart, Segment } from "./sections.ts";
import { PatientCount, type SampleNote } from "./shared.ts";

/** The first rule that fits names the kind. `before` ends, and `after` starts, at the redaction. */
const kinds: readonly { kind: string; before?: RegExp; after?: RegExp }[] = [
  { kind: "person (after a title)", before: /\b(?:dr|mr|ms|mrs|miss|prof)\.?\s*$/i },
  {
    kind: "person (name field)",
    before: /\b(?:name|attending|provider|physician|pcp|team)\s*:\s*$/i,
  },
  { kind: "record number", before: /\b(?:unit no|mrn|record number|account)\s*:?\s*$/i },
  {
    kind: "telephone",
    before: /\b(?:phone|telephone|tel|fax|pager?|call(?: us)?(?: at)?)\s*:?\s*$/i,
  },
  { kind: "time stamp of a result", after: /^\s+\d{1,2}:\d{2}\s*[AP]M\b/ },
  { kind: "age", after: /^[ -]?(?:years?[ -]?old|year-old|yo\b|y\/o|y\.o\.|yrs?\b)/i },
  { kind: "age", before: /\baged?\s*$/i },
  { kind: "age or number before sex", after: /^\s?(?:[FM]\b|female\b|male\b|woman\b|man\b)/ },
  { kind: "date", before: /\b(?:date|birth|on|since|until|till|as of|dated|through|by)\s*:?\s*$/i },
  {
    kind: "number before a unit",
    after: /^\s?(?:mg|mcg|ml|units?|g|kg|lbs?|mmhg|mm|cm|meq|%|tablets?)\b/i,
  },
  { kind: "number in a lab value", before: /\b[A-Z][A-Za-z]{0,9}[- ]$/ },
  { kind: "list or section left empty", before: /(?:^|:)\s*$/, after: /^\s*$/ },
  {
    kind: "place or service",
    before: /\b(?:at|from|to|in|near|hospital|clinic|facility)\s*:?\s*$/i,
  },
  {
    kind: "place or service",
    after: /^\s*(?:hospital|clinic|center|medical|clinic|rehab|house)\b/i,
  },
];
const UNCLEAR = "unclear";

/** Other ways in which corpora hide identifiers. */
const placeholders: readonly { style: string; regex: RegExp }[] = [
  { style: "[**...**]  (MIMIC-III)", regex: /\[\*\*[^\]]*\*\*\]/g },
  {
    style: "[NAME], <DATE> ...",
    regex:
      /[[<](?:[A-Z ]+[ _-])?(?:NAME|DATE|TIME|AGE|ID|MRN|PHONE|LOCATION|HOSPITAL|PATIENT|DOCTOR|ADDRESS|REDACTED|PERSON)(?:[ _-]?\d+)?[\]>]/g,
  },
  { style: "XXXX", regex: /\bX{3,}\b/g },
];

/** Characters looked at on either side; a MIMIC header line has 21 spaces after a `___`. */
const CONTEXT = 48;
/** Context words kept; beyond, those seen once are forgotten (their counts are then lower bounds). */
const MOST_CONTEXTS = 100_000;

type Counts = Map<string, number>;

export interface RedactionPart {
  notesWith: number;
  total: number;
  bySection: Float64Array<ArrayBuffer>;
  byKind: Counts;
  before: Counts;
  after: Counts;
  placeholders: { notes: number; matches: number }[];
}

export interface RedactionReport {
  total: number;
  notes_with: number;
  /** `per_1000`: redactions in 1,000 characters of the section. */
  by_section: { name: string; count: number; share: number; per_1000: number }[];
  by_kind: { kind: string; count: number; share: number }[];
  /** Here and below only what enough patients share (shared.ts). */
  words_before: { word: string; count: number; share: number }[];
  words_after: { word: string; count: number; share: number }[];
  hidden_words: HiddenWords[];
  placeholders: { style: string; notes: number; matches: number }[];
}

export class RedactionScan {
  readonly #part: RedactionPart;

  constructor(sections: number) {
    this.#part = {
      notesWith: 0,
      total: 0,
      bySection: new Float64Array(sections + 1),
      byKind: new Map(),
      before: new Map(),
      after: new Map(),
      placeholders: placeholders.map(() => ({ notes: 0, matches: 0 })),
    };
  }

  /** Counts one note; returns its redactions. */
  add(text: string, lines: readonly string[], segments: readonly Segment[]): number {
    this.#countPlaceholders(text);
    if (!text.includes("___")) return 0;
    const part = this.#part;
    let count = 0;
    for (const { section, from, to } of segments) {
      let here = 0;
      for (let line = from; line < to; line++) {
        if (lines[line].includes("___")) here += this.#addLine(lines[line]);
      }
      part.bySection[section < 0 ? part.bySection.length - 1 : section] += here;
      count += here;
    }
    part.total += count;
    if (count > 0) part.notesWith++;
    return count;
  }

  #addLine(line: string): number {
    const { byKind, before: wordsBefore, after: wordsAfter } = this.#part;
    let count = 0;
    for (const [before, after] of redactionsIn(line)) {
      count++;
      increment(byKind, kindOf(before, after));
      increment(wordsBefore, wordBefore(before));
      increment(wordsAfter, wordAfter(after));
    }
    return count;
  }

  #countPlaceholders(text: string): void {
    if (!/\[[*A-Z]|<[A-Z]|XXX/.test(text)) return;
    placeholders.forEach(({ regex }, index) => {
      const matches = text.match(regex)?.length ?? 0;
      if (matches === 0) return;
      const tally = this.#part.placeholders[index];
      tally.notes++;
      tally.matches += matches;
    });
  }

  part(): RedactionPart {
    return this.#part;
  }
}

/** What was probably taken out between `before` and `after`. */
export function kindOf(before: string, after: string): string {
  const rule = kinds.find((rule) =>
    (rule.before?.test(before) ?? true) && (rule.after?.test(after) ?? true)
  );
  return rule?.kind ?? UNCLEAR;
}

/** What stands before and after each redaction of a line. */
function* redactionsIn(line: string): Generator<[before: string, after: string]> {
  for (let at = line.indexOf("___"); at >= 0;) {
    let end = at + 3;
    while (line.charCodeAt(end) === 0x5f) end++;
    // A longer run is a line drawn across the page or a blank to fill in.
    if (end - at === 3) {
      yield [line.slice(Math.max(0, at - CONTEXT), at), line.slice(end, end + CONTEXT)];
    }
    at = line.indexOf("___", end);
  }
}

const wordBefore = (before: string) => neighbour(/(\S+)\s*$/.exec(before)?.[1], "(line start)");
const wordAfter = (after: string) => neighbour(/^\s*(\S+)/.exec(after)?.[1], "(line end)");

function neighbour(word: string | undefined, absent: string): string {
  if (word === undefined) return absent;
  const plain = plainWord(word);
  return plain.includes("___") ? "___" : plain;
}

function increment(counts: Counts, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
  if (counts.size <= MOST_CONTEXTS) return;
  for (const [word, count] of counts) if (count === 1) counts.delete(word);
}

const TOP = 25;

/** Merges what the workers found. */
export function redactionReport(
  headers: HeaderSet,
  parts: RedactionPart[],
  sections: Pick<SectionPart, "characters">[],
  sample: readonly SampleNote[],
): RedactionReport {
  const sum = (pick: (part: RedactionPart) => number) =>
    parts.reduce((sum, part) => sum + pick(part), 0);
  const total = sum((part) => part.total);
  const shared = sharedNeighbours(sample);
  const words = (side: "before" | "after") =>
    ranked(parts.map((part) => part[side]))
      .filter(([word]) => shared[side].isShared(word)).slice(0, TOP)
      .map(([word, count]) => ({ word, count, share: count / total }));
  const names = [...headers.sections.map(({ form }) => form), "(before the first section)"];
  return {
    total,
    notes_with: sum((part) => part.notesWith),
    by_section: names
      .map((name, index) => {
        const count = sum((part) => part.bySection[index]);
        const characters = sections.reduce((sum, part) => sum + part.characters[index], 0);
        return { name, count, share: count / total, per_1000: 1000 * count / characters };
      })
      .filter(({ count }) => count > 0)
      .sort((a, b) => b.count - a.count),
    by_kind: ranked(parts.map((part) => part.byKind)).map(([kind, count]) => ({
      kind,
      count,
      share: count / total,
    })),
    words_before: words("before"),
    words_after: words("after"),
    hidden_words: hiddenWords(sample),
    placeholders: placeholders.map(({ style }, index) => ({
      style,
      notes: sum((part) => part.placeholders[index].notes),
      matches: sum((part) => part.placeholders[index].matches),
    })).filter(({ matches }) => matches > 0),
  };
}

/** Keys of all maps by their counts together, the largest first. */
function ranked(parts: Counts[]): [key: string, count: number][] {
  const merged: Counts = new Map();
  for (const part of parts) {
    for (const [key, count] of part) merged.set(key, (merged.get(key) ?? 0) + count);
  }
  return [...merged].sort((a, b) => b[1] - a[1]);
}

/** The patients of the sample with each word before and after a redaction. */
function sharedNeighbours(sample: readonly SampleNote[]) {
  const before = new PatientCount<string>(), after = new PatientCount<string>();
  for (const { text, patient } of sample) {
    for (const line of text.split("\n")) {
      for (const [left, right] of redactionsIn(line)) {
        before.add(wordBefore(left), patient);
        after.add(wordAfter(right), patient);
      }
    }
  }
  return { before, after };
}
