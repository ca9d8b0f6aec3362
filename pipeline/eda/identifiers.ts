/**
 * A scan for identifiers that de-identification may have missed. It counts, and shows what was
 * found only with its letters and digits masked: never the text itself.
 */

import {
  type IdentifierKindName,
  identifierPatterns as patterns,
  identifiersIn,
  mask,
} from "../lib/clinical/identifiers.ts";

/** Matches, notes with a match, and matches by masked form. */
interface Found {
  matches: number;
  notes: number;
  masks: Map<string, number>;
}

export type IdentifierPart = Record<string, Found>;

export interface IdentifierKind {
  kind: IdentifierKindName;
  what: string;
  matches: number;
  notes: number;
  /** The commonest forms: letters as x, capitals as X, digits as 9. */
  examples: { masked: string; count: number }[];
}

const EXAMPLES = 3;
/** Masked forms kept by kind; URLs and e-mails have almost as many forms as matches. */
const MASKS_KEPT = 10_000;

/** Scans the notes given to one worker. */
export class IdentifierScan {
  readonly #found = Object.fromEntries(
    patterns.map(({ kind }): [string, Found] => [kind, { matches: 0, notes: 0, masks: new Map() }]),
  );

  add(text: string): void {
    const kinds = new Set<string>();
    for (const { kind, text: identifier } of identifiersIn(text)) {
      const found = this.#found[kind];
      found.matches++;
      if (!kinds.has(kind)) found.notes++;
      kinds.add(kind);
      count(found.masks, mask(identifier), 1);
    }
  }

  part(): IdentifierPart {
    return this.#found;
  }
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
