/**
 * Cleaning of one note's text. Every repair has a name and is counted in ingest.json; nothing
 * else about the text is changed.
 */

/** What can be repaired, by the name under which it is counted. */
export const repairNames = {
  cp1252: "bytes that are not UTF-8, read as Windows-1252",
  mojibake: "UTF-8 that had been read as Windows-1252 and stored again",
  control: "NUL and other control characters, removed; form feeds and vertical tabs, made LF",
  newlines: "CR LF and lone CR, made LF",
  mark: "byte order marks, zero-width spaces and word joiners, removed",
} as const;
export type Repair = keyof typeof repairNames;

export interface Cleaned {
  text: string;
  repairs: Repair[];
  /** U+FFFD is left where an earlier program already lost the character. */
  replacementCharacters: number;
}

/** What ends a page or a line: between two words it is all that parts them. */
// deno-lint-ignore no-control-regex
const PAGE_BREAKS = /[\x0b\x0c]/g;
/** Anything else in C0 but tab, LF and CR, and DEL. */
// deno-lint-ignore no-control-regex
const CONTROLS = /[\0-\x08\x0e-\x1f\x7f]/g;
/** Zero-width joiner and non-joiner are none of these: Persian, Hindi and emoji are spelled with them. */
const MARKS = /[\ufeff\u200b\u2060]/g;

/** Characters that Windows-1252 has at 0x80-0x9F, in that order; 0 where it has none. */
const CP1252_HIGH = "€\0‚ƒ„…†‡ˆ‰Š‹Œ\0Ž\0\0‘’“”•–—˜™š›œ\0žŸ";
const cp1252Byte = new Map(
  [...CP1252_HIGH].flatMap((char, index) => char === "\0" ? [] : [[char, 0x80 + index]]),
);
/** A UTF-8 continuation byte, shown as its Windows-1252 character. */
const CONTINUATION = `[\\u0080-\\u00bf${CP1252_HIGH.replaceAll("\0", "")}]`;
/**
 * UTF-8 shown as Windows-1252: Latin (`Ã©`), Greek (`Î¼`), punctuation (`â€™`), a byte order mark
 * and emoji. Other lead bytes are left alone: `café”–` would turn into Chinese.
 */
const MOJIBAKE = new RegExp(
  `[ÂÃÎÏ]${CONTINUATION}|â${CONTINUATION}{2}|ï»¿|ðŸ${CONTINUATION}{2}`,
  "g",
);
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Repairs the damage that exports and transfers do to text. */
export function cleanText(raw: string, decodedAsCp1252 = false): Cleaned {
  const repairs: Repair[] = decodedAsCp1252 ? ["cp1252"] : [];
  let text = raw;
  const apply = (name: Repair, repaired: string) => {
    if (repaired !== text) repairs.push(name);
    text = repaired;
  };
  apply("newlines", text.replace(/\r\n?/g, "\n"));
  apply("control", text.replace(PAGE_BREAKS, "\n").replace(CONTROLS, ""));
  apply("mojibake", withoutMojibake(text));
  apply("mark", text.replace(MARKS, ""));
  return { text, repairs, replacementCharacters: text.split("\ufffd").length - 1 };
}

/**
 * Only a text whose letters beyond ASCII are all of that kind has been stored so: `IRMÃ”` with a
 * quotation mark behind it stands beside other accents that are whole.
 */
function withoutMojibake(text: string): string {
  if (!/[ÂÃÎÏâïð]/.test(text)) return text;
  const rest = text.replace(MOJIBAKE, "");
  return /[À-ÖØ-öø-ÿ]/.test(rest) ? text : text.replace(MOJIBAKE, undoCp1252);
}

/** `â€™` back to `’`; what is not UTF-8 after all stays. */
function undoCp1252(run: string): string {
  const bytes = Uint8Array.from(run, (char) => cp1252Byte.get(char) ?? char.charCodeAt(0));
  try {
    return utf8.decode(bytes);
  } catch {
    return run;
  }
}

/**
 * The clean-up of the original Nano Med GPT: lower case, ASCII, letters and digits only, single
 * spaces. Accented letters lose their accents. What is left are the 37 symbols of its tokenizer.
 */
export function originalCleanUp(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, " ")
    .trim();
}
