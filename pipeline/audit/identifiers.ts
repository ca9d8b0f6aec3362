/**
 * Looks for what must not come out of the model: names after titles, telephone numbers, e-mail
 * addresses, links, dates, record numbers. Training notes should be de-identified, so that what is
 * found was invented or slipped through. Which of the two, the training notes tell: an identifier
 * that stands in exactly one of them has leaked, unless it does so by chance, as some of those in
 * notes of unseen patients do too. Findings are masked.
 */

export const identifierPatterns: Record<string, RegExp> = {
  "name after a title": /\b(?:Dr|Mr|Mrs|Ms|Miss|Prof)\.? +(?!___)[A-Z][a-z]{2,}/g,
  "telephone number": /\(?\b\d{3}\)?[-. ]\d{3}[-. ]\d{4}\b/g,
  "e-mail address": /\b[\w.+-]+@[\w-]+\.[a-z]{2,}\b/gi,
  "link": /\b(?:https?:\/\/|www\.)\S+/gi,
  "date": /\b(?:\d{1,2}\/\d{1,2}\/(?:19|20|21)?\d{2}|(?:19|20|21)\d{2}-\d{2}-\d{2})\b/g,
  "record number": /\b(?:MRN|SSN|record (?:no|number))\W{0,3}\d{5,}\b|\b\d{3}-\d{2}-\d{4}\b/gi,
};

export interface Finding {
  kind: string;
  /** How many in all texts. */
  count: number;
  /** Of these, how many stand word for word in some training note, and in exactly one. */
  inTraining: number;
  inOneNote: number;
  /** A few, with every letter and digit replaced. */
  masked: string[];
}

/** What some texts hold. */
export interface Identifiers {
  /** UTF-16 units of the texts. */
  characters: number;
  /** By kind; kinds without a finding included. */
  kinds: Finding[];
}

const EXAMPLES = 3;

/** The identifiers of one kind in a text, with single spaces. */
const matches = (text: string, pattern: RegExp): string[] =>
  (text.match(pattern) ?? []).map((found) => found.replace(/\s+/g, " "));

/** What each of several sets of texts holds, beside the training `notes`, which are read once. */
export function findIdentifiers<Name extends string>(
  sets: Record<Name, readonly string[]>,
  notes: Iterable<string>,
): Record<Name, Identifiers> {
  const kinds = Object.entries(identifierPatterns);
  const names = Object.keys(sets) as Name[];
  const found = names.map((name) =>
    kinds.map(([, pattern]) => sets[name].flatMap((text) => matches(text, pattern)))
  );
  /** In how many notes each identifier of the sets stands. */
  const holders = new Map(found.flat(2).map((identifier) => [identifier, 0]));
  for (const note of notes) {
    const here = new Set(kinds.flatMap(([, pattern]) => matches(note, pattern)));
    for (const identifier of here) {
      const known = holders.get(identifier);
      if (known !== undefined) holders.set(identifier, known + 1);
    }
  }
  const count = (identifiers: readonly string[], held: (notes: number) => boolean) =>
    identifiers.filter((identifier) => held(holders.get(identifier)!)).length;
  return Object.fromEntries(names.map((name, set) => [name, {
    characters: sets[name].reduce((sum, text) => sum + text.length, 0),
    kinds: kinds.map(([kind], index) => {
      const identifiers = found[set][index];
      return {
        kind,
        count: identifiers.length,
        inTraining: count(identifiers, (notes) => notes > 0),
        inOneNote: count(identifiers, (notes) => notes === 1),
        masked: identifiers.slice(0, EXAMPLES).map(mask),
      };
    }),
  }])) as Record<Name, Identifiers>;
}

/** A field of all kinds together. */
export const total = (
  { kinds }: Identifiers,
  field: "count" | "inTraining" | "inOneNote",
): number => kinds.reduce((sum, finding) => sum + finding[field], 0);

const mask = (text: string) =>
  text.replace(/\p{Lu}/gu, "X").replace(/\p{Ll}/gu, "x").replace(/\p{N}/gu, "9");
