/** The pattern in use, those it was chosen over, and what is left when one of its ideas is taken out. */

import { PATTERN } from "../../../pipeline/tokenize/pre_tokenizer.ts";

const digit = "[\\x00-\\x09\\x0b\\x0c\\x0e-/:-@\\[-^`{-\\x7f]?[0-9]";

/** PATTERN with one part exchanged. */
function variant(part: string, by: string): string {
  if (!PATTERN.includes(part)) throw new Error(`The pattern has no ${part} any more`);
  return PATTERN.replace(part, () => by);
}

export const patterns: Record<string, string> = {
  "ours": PATTERN,
  "GPT-2": "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  "GPT-4 (cl100k)": [
    "'(?:[sdmtSDMT]|ll|ve|re|LL|VE|RE)",
    "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+",
    "\\p{N}{1,3}",
    " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*",
    "\\s*[\\r\\n]",
    "\\s+(?!\\S)",
    "\\s+",
  ].join("|"),
  "numbers to 3 digits": variant(digit, `${digit}{1,3}`),
  "digits without the character before": variant(digit, "[0-9]"),
  "numbers to 3 digits, without it": variant(digit, "[0-9]{1,3}"),
  "decimal numbers whole": variant(digit, `${digit}+(?:\\.[0-9]+)?`),
  "words with a space before only": PATTERN.replace(/^[^?]+/, " "),
  "line breaks apart from punctuation": variant("]+[\\r\\n]*", "]+"),
  "___ apart from its space": variant(" ?_+", "_+"),
  "___ as punctuation": PATTERN.replace("| ?_+", "").replaceAll("-^`", "-`"),
};
