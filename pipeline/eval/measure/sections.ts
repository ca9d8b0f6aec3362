/**
 * The sections of a note, by its headers: `Physical Exam:` alone on its line, or capitals at the
 * beginning of a line (`PLAN: rest`), as MIMIC-IV-Note and transcription services write them.
 */

export interface Section {
  /** In capitals, single spaces; "" before the first header. */
  name: string;
  /** UTF-16 offset at which it begins, the header included. */
  start: number;
}

const HEADER =
  /^[ \t]*(?:([A-Z][A-Za-z][A-Za-z ,/&()'-]{1,48}):[ \t]*$|([A-Z][A-Z][A-Z ,/&()'-]{1,48}):)/gm;
const MOST_WORDS = 7;

/** All sections of `note`, in order; the first begins at 0. */
export function sectionsOf(note: string): Section[] {
  const sections: Section[] = [{ name: "", start: 0 }];
  for (const match of note.matchAll(HEADER)) {
    const name = (match[1] ?? match[2]).trim().replace(/\s+/g, " ").toUpperCase();
    if (name.split(" ").length > MOST_WORDS) continue;
    if (match.index === 0) sections.pop();
    sections.push({ name, start: match.index });
  }
  return sections;
}
