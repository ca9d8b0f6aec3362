/**
 * Cleaning of a note as bytes. Nearly all notes are plain ASCII without a control character: one
 * scan finds that out, and they never become a string.
 */

import { cleanText, originalCleanUp, type Repair } from "./clean_text.ts";
import { decodeText } from "./decode_text.ts";
import type { RawNote } from "../read/note_source.ts";
import type { Scans } from "./scans.ts";

export interface CleanedBytes {
  /** UTF-8; the bytes given, where nothing had to be changed. */
  bytes: Uint8Array;
  /** UTF-16 code units, and how many of them are between the first and the last visible one. */
  characters: number;
  trimmed: number;
  repairs: readonly Repair[];
  replacementCharacters: number;
}

const encoder = new TextEncoder();

export function cleanBytes(
  { text: raw, decodedAsCp1252: decodedBefore }: Pick<RawNote, "text" | "decodedAsCp1252">,
  how: "standard" | "original",
  scans: Scans,
): CleanedBytes {
  if (how === "standard" && !decodedBefore && scans.isPlain(raw)) {
    const characters = raw.length;
    return { bytes: raw, characters, trimmed: trimmed(raw), repairs: [], replacementCharacters: 0 };
  }
  const { text: decoded, decodedAsCp1252 } = decodeText(raw);
  const cleaned = cleanText(decoded, decodedBefore || decodedAsCp1252);
  const text = how === "original" ? originalCleanUp(cleaned.text) : cleaned.text;
  const { repairs, replacementCharacters } = cleaned;
  return {
    bytes: encoder.encode(text),
    characters: text.length,
    trimmed: text.trim().length,
    repairs,
    replacementCharacters,
  };
}

/** The length of plain text without white space around it. */
function trimmed(plain: Uint8Array): number {
  let from = 0, to = plain.length;
  while (from < to && plain[from] <= 0x20) from++;
  while (to > from && plain[to - 1] <= 0x20) to--;
  return to - from;
}
