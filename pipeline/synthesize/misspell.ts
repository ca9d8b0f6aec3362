/** Typing errors: real notes have them, and they are why a vocabulary never stops growing. */

import type { Random } from "./random.ts";

/** The keys beside each key of a QWERTY keyboard. */
const neighbours: Record<string, string> = {};
for (const row of ["qwertyuiop", "asdfghjkl", "zxcvbnm"]) {
  for (const [at, key] of [...row].entries()) {
    neighbours[key] = `${row[at - 1] ?? ""}${row[at + 1] ?? ""}`;
  }
}

/** Shorter words are typed right: they are also the ones whose slips are other words. */
const word = /(?<![A-Za-z])[a-z]{6,}(?![A-Za-z])/g;

/**
 * `text` with a slip every `spacing` characters on average (exponential gaps), each in the next
 * lower-case word of six letters or more that `spared` does not hold. First letters stay.
 */
export function misspell(
  text: string,
  spacing: number,
  spared: ReadonlySet<string>,
  random: Random,
): string {
  if (spacing === Infinity) return text;
  let result = "", copied = 0;
  for (;;) {
    word.lastIndex = copied + Math.floor(-spacing * Math.log(1 - random.next()));
    const found = word.exec(text);
    if (!found) return result + text.slice(copied);
    const end = found.index + found[0].length;
    result += text.slice(copied, found.index) +
      (spared.has(found[0]) ? found[0] : slip(found[0], random));
    copied = end;
  }
}

/** A letter left out, typed twice, two swapped, or the key beside it. */
function slip(letters: string, random: Random): string {
  const at = random.integer(1, letters.length - 2);
  const before = letters.slice(0, at), here = letters[at], after = letters.slice(at + 1);
  switch (random.weighted([4, 2, 4, 1])) {
    case 0:
      return before + after;
    case 1:
      return before + here + here + after;
    case 2:
      return before + after[0] + here + after.slice(1);
    default:
      return before + random.pick([...neighbours[here]]) + after;
  }
}
