/**
 * A scan for identifiers that de-identification may have missed. It counts, and shows what was
 * found only with its letters and digits masked: never the text itself. Pattern matching finds
 * what has a shape; it can neither prove a corpus clean nor a hit to be a real identifier.
 */

interface Pattern {
  kind: string;
  /** What the pattern looks for, for the report. */
  what: string;
  regex: RegExp;
  /** Notes without this substring cannot match; spares most of them the regular expression. */
  needs?: string;
}

/** U.S. Safe Harbor identifiers (45 CFR 164.514(b)(2)) as far as they have a shape. */
const patterns: readonly Pattern[] = [
  {
    kind: "phone",
    what: "ten-digit phone or fax numbers",
    regex: /(?<![\d-])(?:\(\d{3}\)[ ]?|\d{3}[-. ])\d{3}[-.]\d{4}(?!\d)/g,
  },
  {
    kind: "email",
    what: "e-mail addresses",
    regex: /[\w.+-]+@[\w-]+\.[\w.-]*\w/g,
    needs: "@",
  },
  { kind: "url", what: "web addresses", regex: /\b(?:https?:\/\/|www\.)[^\s)>\]]+/gi },
  { kind: "ssn", what: "social security numbers", regex: /(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])/g },
  {
    kind: "record number",
    what: "numbers after MRN, record, account or unit number",
    regex:
      /\b(?:MRN|medical record(?: number| no\.?)?|account(?: number| no\.?)?|unit no)\b[:# ]{0,3}\d[\d-]{4,}/gi,
  },
  { kind: "long number", what: "runs of eight or more digits", regex: /(?<!\d)\d{8,}(?!\d)/g },
  {
    kind: "date",
    what: "dates with day and month",
    regex:
      /(?<![\d/.-])(?:\d{1,2}[/-]\d{1,2}[/-](?:\d{4}|\d{2})|\d{4}-\d{2}-\d{2})(?![\d/-])|\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}\b/g,
  },
  {
    kind: "age over 89",
    what: "ages of 90 and more, which Safe Harbor counts as identifying",
    regex: /\b(?:9\d|1[01]\d)[- ]?(?:years?|yrs?|y\.?\/?o\.?)\b/gi,
  },
  {
    kind: "name after title",
    what: "capitalised words after Dr., Mr., Ms., Mrs., Miss",
    regex: /\b(?:Dr|Mr|Ms|Mrs|Miss|Prof)\.? [A-Z][a-z]{2,}(?: [A-Z][a-z]{2,})?/g,
  },
  {
    kind: "street address",
    what: "house number, name and street word",
    regex:
      /\b\d{1,5} [A-Z][a-z]+(?: [A-Z][a-z]+)? (?:Street|St\.|Avenue|Ave\.?|Road|Rd\.?|Boulevard|Blvd\.?|Lane|Drive)(?![a-z])/g,
  },
];

/** Matches, notes with a match, and matches by masked form. */
interface Found {
  matches: number;
  notes: number;
  masks: Map<string, number>;
}

export type IdentifierPart = Record<string, Found>;

export interface IdentifierKind {
  kind: string;
  what: string;
  matches: number;
  notes: number;
  /** The commonest forms: letters as x, capitals as X, digits as 9. */
  examples: { masked: string; count: number }[];
}

const EXAMPLES = 3;
const LONGEST_MASK = 40;
/** Masked forms kept by kind; URLs and e-mails have almost as many forms as matches. */
const MASKS_KEPT = 10_000;

/** Scans the notes given to one worker. */
export class IdentifierScan {
  readonly #found: Found[] = patterns.map(() => ({ matches: 0, notes: 0, masks: new Map() }));

  add(text: string): void {
    patterns.forEach(({ regex, needs }, index) => {
      if (needs !== undefined && !text.includes(needs)) return;
      const matches = text.match(regex);
      if (matches === null) return;
      const found = this.#found[index];
      found.notes++;
      found.matches += matches.length;
      for (const match of matches) count(found.masks, mask(match), 1);
    });
  }

  part(): IdentifierPart {
    return Object.fromEntries(patterns.map(({ kind }, index) => [kind, this.#found[index]]));
  }
}

/** Letters become x, digits 9; punctuation stays, so that a person sees what kind of thing it is. */
export function mask(match: string): string {
  return match.slice(0, LONGEST_MASK)
    .replace(/\p{Lu}/gu, "X")
    .replace(/\p{L}/gu, (letter) => letter === "X" ? "X" : "x")
    .replace(/\d/g, "9")
    .replace(/\s+/g, " ");
}

function count(masks: Map<string, number>, masked: string, matches: number): void {
  if (masks.has(masked) || masks.size < MASKS_KEPT) {
    masks.set(masked, (masks.get(masked) ?? 0) + matches);
  }
}

/** Merges what the workers found. */
export function identifierReport(parts: IdentifierPart[]): IdentifierKind[] {
  return patterns.map(({ kind, what }) => {
    const masks = new Map<string, number>();
    let matches = 0, notes = 0;
    for (const { [kind]: found } of parts) {
      matches += found.matches;
      notes += found.notes;
      for (const [masked, times] of found.masks) count(masks, masked, times);
    }
    const examples = [...masks].sort((a, b) => b[1] - a[1]).slice(0, EXAMPLES);
    return {
      kind,
      what,
      matches,
      notes,
      examples: examples.map(([masked, times]) => ({ masked, count: times })),
    };
  });
}
