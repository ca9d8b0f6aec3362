/** What is known of a patient while a note is typed, as callers hand it over. */

/** What a text of the context is; each kind has weights of its own. */
export const contextKinds = [
  "conversation",
  "note",
  "problems",
  "medications",
  "allergies",
  "results",
  "phrases",
  "other",
] as const;
/** One of `contextKinds`. */
export type ContextKind = (typeof contextKinds)[number];

/** A text that the patient's record, or the visit, holds. */
export interface ContextItem {
  /** What it is called where it comes from, such as "Discharge summary". */
  source: string;
  /** What it is. */
  kind: ContextKind;
  /** ISO date or time; empty if unknown. */
  date: string;
  /** All of it. */
  text: string;
}

/** Most characters (UTF-16 units) of a patient's context, all items together. */
export const MAX_CONTEXT = 200_000;

/** Where words of a suggestion stand in the context. */
export interface ContextSource {
  /** Of the text that they stand in. */
  kind: ContextKind;
  /** What that text is called. */
  source: string;
  /** When it was written, as it was given; empty if unknown. */
  date: string;
  /** The header or line that they stand under: "line 12", or "Medications, line 12". */
  place: string;
  /** Words of the suggestion that stand there. */
  words: number;
}
