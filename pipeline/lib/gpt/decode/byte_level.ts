/**
 * GPT-2's byte alphabet: every byte has one printable character, so that a vocabulary of byte
 * strings can be written as JSON. Printable Latin-1 bytes stand for themselves; the other 68 take
 * the characters from U+0100 on, in order. A space is `Ġ`, a newline `Ċ`.
 */

const stands = (byte: number) =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;

/** The character of each byte. */
export const byteToCharacter: readonly string[] = (() => {
  let next = 0x100;
  return Array.from(
    { length: 256 },
    (_, byte) => String.fromCharCode(stands(byte) ? byte : next++),
  );
})();

const characterToByte = new Map(byteToCharacter.map((character, byte) => [character, byte]));

/** `[0x20, 0x61]` → `"Ġa"`. */
export function toByteLevel(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byteToCharacter[byte];
  return text;
}

/** `"Ġa"` → `[0x20, 0x61]`; throws a `RangeError` for a character outside the alphabet. */
export function fromByteLevel(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => {
    const byte = characterToByte.get(character);
    if (byte === undefined) {
      throw new RangeError(
        `Cannot read token ${JSON.stringify(text)}: ${
          JSON.stringify(character)
        } is no character of the byte alphabet; run "deno task tokenize" again`,
      );
    }
    return byte;
  });
}
