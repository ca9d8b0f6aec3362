/** The shape of the page: fixed columns, section separators, hard wrapping. */

import type { Random } from "./random.ts";

/** Visible characters that fit on a line. */
export const LINE_WIDTH = 64;

/** A section boundary: a line that holds one space. */
export const RULE = " \n";

/**
 * Breaks lines longer than 64 characters at spaces; each but the last of a paragraph keeps one
 * trailing space. A `___` is as wide as the name or date it hides, because the original was wrapped
 * before it was de-identified.
 */
export function wrap(text: string, random: Random): string {
  let wrapped = "";
  for (const line of text.split("\n")) {
    if (wrapped !== "") wrapped += "\n";
    wrapped += line.length <= LINE_WIDTH && !line.includes("___") ? line : wrapLine(line, random);
  }
  return text.startsWith("\n") ? `\n${wrapped}` : wrapped;
}

function wrapLine(line: string, random: Random): string {
  let wrapped = "";
  let width = 0;
  let start = 0;
  while (start < line.length) {
    let end = start;
    while (end < line.length && line.charCodeAt(end) !== 32) end++;
    let next = end;
    while (next < line.length && line.charCodeAt(next) === 32) next++;
    const word = line.slice(start, end);
    const visible = word.length + (word.includes("___") ? random.integer(0, 9) : 0);
    if (width > 0 && width + visible > LINE_WIDTH) {
      wrapped = `${wrapped.trimEnd()} \n`;
      width = 0;
    }
    wrapped += line.slice(start, next);
    width += visible + (next - end);
    start = next;
  }
  return wrapped;
}

/** Name to attending: the lines above the first section. */
export function header(
  sex: string,
  service: string,
  allergies: string[],
  random: Random,
): string {
  return [
    " ",
    "Name:  ___".padEnd(31) + "Unit No:   ___",
    " ",
    "Admission Date:  ___".padEnd(34) + "Discharge Date:   ___",
    " ",
    "Date of Birth:  ___".padEnd(32) + `Sex:   ${sex}`,
    " ",
    `Service: ${service}`,
    " ",
    "Allergies: ",
    allergies.length === 0
      ? "No Known Allergies / Adverse Drug Reactions"
      : wrap(allergies.join(" / "), random),
    " ",
    "Attending: ___.",
    " ",
  ].join("\n") + "\n";
}

/** Sections that an extra empty line follows. */
const spaced = new Set([
  "Major Surgical or Invasive Procedure",
  "Discharge Medications",
  "Discharge Condition",
]);

export function section(title: string, body: string): string {
  return `${title}:\n${body}\n${spaced.has(title) ? "\n" : ""}${RULE}`;
}
