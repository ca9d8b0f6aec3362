/**
 * Looks for what must not come out of the model: names after titles, telephone numbers, e-mail
 * addresses, links, dates, record numbers. Training notes are de-identified, so anything found was
 * invented or slipped through; either way nobody should see it in a chart. Findings are masked.
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
  /** A few, with every letter and digit replaced. */
  masked: string[];
}

const EXAMPLES = 3;

/** What of each kind `texts` hold, kinds without a finding included. */
export function findIdentifiers(texts: readonly string[]): Finding[] {
  return Object.entries(identifierPatterns).map(([kind, pattern]) => {
    const found = texts.flatMap((text) => text.match(pattern) ?? []);
    return { kind, count: found.length, masked: found.slice(0, EXAMPLES).map(mask) };
  });
}

const mask = (text: string) =>
  text.replace(/\p{Lu}/gu, "X").replace(/\p{Ll}/gu, "x").replace(/\p{N}/gu, "9");
