/**
 * Cleaning of a note as bytes. Nearly all notes are plain ASCII without a control character: one
 * scan finds that out, and they never become a string.
 */

import { cleanText, originalCleanUp, type Repair } from "./clean.ts";
import { decodeText } from "./decode_text.ts";
import type { RawNote } from "./note_source.ts";

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
): CleanedBytes {
  if (how === "standard" && !decodedBefore && isPlain(raw)) {
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

/** 1 for every byte but tab, line feed and printable ASCII. */
const needsALook = Uint8Array.from({ length: 256 }, (_, byte) => {
  const plain = byte === 0x09 || byte === 0x0a || byte >= 0x20 && byte < 0x7f;
  return plain ? 0 : 1;
});

function isPlain(bytes: Uint8Array): boolean {
  let found = 0;
  for (let at = 0; at < bytes.length; at++) found |= needsALook[bytes[at]];
  return found === 0;
}

/** The length of plain text without white space around it. */
function trimmed(plain: Uint8Array): number {
  let from = 0, to = plain.length;
  while (from < to && plain[from] <= 0x20) from++;
  while (to > from && plain[to - 1] <= 0x20) to--;
  return to - from;
}
