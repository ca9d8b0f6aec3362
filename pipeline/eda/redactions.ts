/**
 * What is de-identified: how many `___`, where, and what the words around them say about what was
 * taken out. The kind of a redaction is a guess from its neighbours by the rules below.
 */

import type { HeaderSet } from "../lib/clinical/sections.ts";
import type { Segment } from "./sections.ts";

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
  by_section: { name: string; count: number; share: number }[];
  by_kind: { kind: string; count: number; share: number }[];
  words_before: { word: string; count: number; share: number }[];
  words_after: { word: string; count: number; share: number }[];
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
    let count = 0;
    for (let at = line.indexOf("___"); at >= 0;) {
      let end = at + 3;
      while (line.charCodeAt(end) === 0x5f) end++;
      // A longer run is a line drawn across the page or a blank to fill in.
      if (end - at === 3) {
        count++;
        this.#addContext(line.slice(Math.max(0, at - CONTEXT), at), line.slice(end, end + CONTEXT));
      }
      at = line.indexOf("___", end);
    }
    return count;
  }

  #addContext(before: string, after: string): void {
    const { byKind, before: wordsBefore, after: wordsAfter } = this.#part;
    increment(byKind, kindOf(before, after));
    increment(wordsBefore, neighbour(/(\S+)\s*$/.exec(before)?.[1], "(line start)"));
    increment(wordsAfter, neighbour(/^\s*(\S+)/.exec(after)?.[1], "(line end)"));
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

/** A neighbouring word without case, numbers or punctuation at its end. */
function neighbour(word: string | undefined, absent: string): string {
  if (word === undefined) return absent;
  const plain = word.toLowerCase().replace(/\d+/g, "9").replace(/(?<=.)[,;]+$/, "");
  return plain.includes("___") ? "___" : plain;
}

function increment(counts: Counts, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
  if (counts.size <= MOST_CONTEXTS) return;
  for (const [word, count] of counts) if (count === 1) counts.delete(word);
}

const TOP = 25;
/** Rarer neighbours could themselves say something about a person. */
const FEWEST_SHOWN = 5;

/** Merges what the workers found. */
export function redactionReport(headers: HeaderSet, parts: RedactionPart[]): RedactionReport {
  const total = parts.reduce((sum, part) => sum + part.total, 0);
  const ranked = (pick: (part: RedactionPart) => Counts) => {
    const merged: Counts = new Map();
    for (const part of parts) {
      for (const [key, count] of pick(part)) merged.set(key, (merged.get(key) ?? 0) + count);
    }
    return [...merged].sort((a, b) => b[1] - a[1]);
  };
  const words = (pick: (part: RedactionPart) => Counts) =>
    ranked(pick).filter(([, count]) => count >= FEWEST_SHOWN).slice(0, TOP).map((
      [word, count],
    ) => ({ word, count, share: count / total }));
  const names = [...headers.sections.map(({ form }) => form), "(before the first section)"];
  return {
    total,
    notes_with: parts.reduce((sum, part) => sum + part.notesWith, 0),
    by_section: names
      .map((name, index) => {
        const count = parts.reduce((sum, part) => sum + part.bySection[index], 0);
        return { name, count, share: count / total };
      })
      .filter(({ count }) => count > 0)
      .sort((a, b) => b.count - a.count),
    by_kind: ranked((part) => part.byKind).map(([kind, count]) => ({
      kind,
      count,
      share: count / total,
    })),
    words_before: words((part) => part.before),
    words_after: words((part) => part.after),
    placeholders: placeholders.map(({ style }, index) => ({
      style,
      notes: parts.reduce((sum, part) => sum + part.placeholders[index].notes, 0),
      matches: parts.reduce((sum, part) => sum + part.placeholders[index].matches, 0),
    })).filter(({ matches }) => matches > 0),
  };
}
