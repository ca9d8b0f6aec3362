/** Bytes to text: UTF-8, and Windows-1252 where they are not. */

import { Buffer, isAscii } from "node:buffer";

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const cp1252 = new TextDecoder("windows-1252");
/** A run of bytes that is valid UTF-8 beyond ASCII; everything else above 0x7F is damage. */
const utf8Run =
  /(?:[\xC2-\xDF][\x80-\xBF]|[\xE0-\xEF][\x80-\xBF]{2}|[\xF0-\xF4][\x80-\xBF]{3})+|[\x80-\xFF]+?/g;

/** UTF-8 where it is valid; single bytes that are not are read as Windows-1252. */
export function decodeText(bytes: Uint8Array): { text: string; decodedAsCp1252: boolean } {
  if (isAscii(bytes)) return { text: latin1(bytes), decodedAsCp1252: false };
  try {
    return { text: strictUtf8.decode(bytes), decodedAsCp1252: false };
  } catch {
    const text = latin1(bytes).replace(utf8Run, (run) => {
      const part = Uint8Array.from(run, (char) => char.charCodeAt(0));
      try {
        return strictUtf8.decode(part);
      } catch {
        return cp1252.decode(part);
      }
    });
    return { text, decodedAsCp1252: true };
  }
}

/** Each byte as the character of the same number; `TextDecoder("latin1")` would be cp1252. */
const latin1 = ({ buffer, byteOffset, length }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, length).toString("latin1");
