/** Numbers as they are said: `two hundred and fifty`, `twenty-five`, `two point five`. */

const names: Record<string, number> = Object.fromEntries(
  ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen " +
    "sixteen seventeen eighteen nineteen").split(" ").map((word, value) => [word, value]),
);
"twenty thirty forty fifty sixty seventy eighty ninety".split(" ").forEach((word, index) =>
  names[word] = 10 * (index + 2)
);

/** The value of one spoken word, or undefined. `twenty-five` is one word. */
function valueOf(word: string): number | undefined {
  if (Object.hasOwn(names, word)) return names[word];
  const [tens, ones, ...more] = word.split("-");
  if (more.length > 0 || !(names[tens] >= 20) || !(names[ones] > 0 && names[ones] < 10)) return;
  return names[tens] + names[ones];
}

/**
 * The number that begins at `words[at]`, in digits, and how many words it takes; 0 where there is
 * none. "one" alone is rather a pronoun: it counts only as part of a longer number.
 */
export function spokenNumber(
  words: readonly string[],
  at: number,
): { digits: string; length: number } {
  let total = 0, current = 0, length = 0;
  for (let i = at; i < words.length; i++) {
    const value = valueOf(words[i]);
    if (value !== undefined) {
      // "fifty eight" adds up; "one thirty" and "five six" are numbers side by side.
      const adds = current === 0 || (current % 100 === 0) ||
        (current % 10 === 0 && value < 10 && value > 0 && current % 100 >= 20);
      if (!adds) {
        // "one thirty" is 130, as pressures are said.
        if (length === 1 && current < 10 && value >= 10 && value < 100) {
          current = 100 * current + value;
          length = i + 1 - at;
          continue;
        }
        break;
      }
      current += value;
    } else if (words[i] === "hundred" && length > 0 && current > 0 && current < 100) {
      current *= 100;
    } else if (words[i] === "thousand" && length > 0 && current > 0) {
      total += 1000 * current;
      current = 0;
    } else if (
      words[i] === "and" && length > 0 && words[i - 1] === "hundred" &&
      valueOf(words[i + 1] ?? "") !== undefined
    ) {
      continue;
    } else break;
    length = i + 1 - at;
  }
  const decimals = length > 0 && words[at + length] === "point"
    ? decimalsFrom(words, at + length + 1)
    : "";
  if (decimals !== "") {
    return { digits: `${total + current}.${decimals}`, length: length + 1 + decimals.length };
  }
  if (length === 0 || (length === 1 && words[at] === "one")) return { digits: "", length: 0 };
  return { digits: String(total + current), length };
}

/** The digits that are said one by one from `words[at]` on. */
function decimalsFrom(words: readonly string[], at: number): string {
  let digits = "";
  for (let value; (value = valueOf(words[at] ?? "")) !== undefined && value < 10; at++) {
    digits += value;
  }
  return digits;
}
