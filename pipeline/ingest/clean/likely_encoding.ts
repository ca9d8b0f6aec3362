/** Which encoding bytes that are not UTF-8 are likely in. */

import { concat } from "../read/byte_stream.ts";

/** Encodings that Windows-1252 reads as well, or nearly. */
const LIKE_CP1252 = /^(?:ascii|utf-8|iso-8859-1|windows-1252)$/i;
const TWO_BYTES = /^(?:shift_jis|euc-|gb|big5)/i;
/** Below this the statistics of letters say nothing. */
const FEWEST_BYTES = 6;

/** Its name for --encoding, or null where Windows-1252 is as likely or there is too little to tell. */
export async function likelyEncoding(sample: readonly Uint8Array[]): Promise<string | null> {
  if (sample.length === 0) return null;
  const bytes = concat([...sample]);
  const high = bytes.reduce((count, byte) => byte > 0x7f ? count + 1 : count, 0);
  if (high < FEWEST_BYTES) return null;
  const { analyse } = await import("chardet"); // Most notes never need it.
  const candidates = analyse(bytes).filter(({ name }) => isDecodable(name, bytes));
  const wide = candidates.find(({ name }) => TWO_BYTES.test(name));
  const best = wide && looksWide(bytes, high) ? wide : candidates[0];
  return best === undefined || LIKE_CP1252.test(best.name) ? null : best.name.toLowerCase();
}

/**
 * Many bytes in 0x80-0x9F, where Windows-1252 has rare signs but for quotation marks, dashes and the
 * ellipsis: leading bytes of East Asian characters lie there. chardet alone needs a longer text.
 */
function looksWide(bytes: Uint8Array, high: number): boolean {
  let signs = 0;
  for (const byte of bytes) {
    const punctuation = (byte >= 0x91 && byte <= 0x97) || byte === 0x80 || byte === 0x85;
    if (byte >= 0x80 && byte <= 0x9f && !punctuation) signs++;
  }
  return signs * 4 > high;
}

function isDecodable(name: string, bytes: Uint8Array): boolean {
  try {
    new TextDecoder(name, { fatal: true }).decode(bytes);
    return true;
  } catch (error) {
    // A multi-byte character may be cut where a sample ends.
    return error instanceof TypeError && TWO_BYTES.test(name);
  }
}
