/**
 * Looks for what must not come out of the model: names after titles, telephone numbers, e-mail
 * addresses, links, dates, record numbers. Training notes should be de-identified, so that what is
 * found was invented or slipped through. Which of the two, the training notes tell: an identifier
 * that stands in exactly one of them has leaked, unless it does so by chance, as some of those in
 * notes of unseen patients do too. Findings are masked.
 */

import {
  type Identifier,
  identifierKinds,
  identifiersIn,
  mask,
} from "../lib/clinical/identifiers.ts";

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

/** The identifiers of a text, with single spaces. */
const identifiersOf = (text: string): Identifier[] =>
  identifiersIn(text).map(({ kind, text }) => ({ kind, text: text.replace(/\s+/g, " ") }));

/** What each of several sets of texts holds, beside the training `notes`, which are read once. */
export function findIdentifiers<Name extends string>(
  sets: Record<Name, readonly string[]>,
  notes: Iterable<string>,
): Record<Name, Identifiers> {
  const names = Object.keys(sets) as Name[];
  const found = names.map((name) => sets[name].flatMap(identifiersOf));
  /** In how many notes each identifier of the sets stands. */
  const holders = new Map(found.flat().map(({ text }) => [text, 0]));
  for (const note of notes) {
    const here = new Set(identifiersOf(note).map(({ text }) => text));
    for (const identifier of here) {
      const known = holders.get(identifier);
      if (known !== undefined) holders.set(identifier, known + 1);
    }
  }
  const count = (identifiers: readonly string[], held: (notes: number) => boolean) =>
    identifiers.filter((identifier) => held(holders.get(identifier)!)).length;
  return Object.fromEntries(names.map((name, set) => [name, {
    characters: sets[name].reduce((sum, text) => sum + text.length, 0),
    kinds: identifierKinds.map((kind) => {
      const identifiers = found[set].filter((found) => found.kind === kind).map(({ text }) => text);
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
