/** The habits of the author of a note: what makes two notes on the same stay read differently. */

import type { Random } from "./random.ts";

export interface Style {
  /** How readily words are abbreviated, 0 to 1. */
  abbreviate: number;
  /** What follows a full stop: one space or two. */
  gap: " " | "  ";
  /** How much is written down: exponent of the chance to leave an optional line out. */
  detail: number;
  /** Turns a sub-header such as "admission labs" into this author's form. */
  subheader: (text: string) => string;
  /** Marks a problem of the hospital course. */
  problem: (title: string) => string;
  /** Column of the label table of exam.txt. */
  examLabels: number;
  examGap: string;
  vitals: number;
  /** Chemistry as `GLUCOSE-109*` in capitals, as some laboratories' reports read. */
  longLabNames: boolean;
  alphabeticalDrugs: boolean;
  prescriptions: boolean;
  bullet: string;
  letter: "prose" | "questions" | "capitals";
  diagnosis: "plain" | "headed" | "capitals" | "numbered";
  courseHeads: boolean;
  letterBlankLines: boolean;
  /** Mean characters of prose between two typing errors. */
  typingErrors: number;
}

const titled = (text: string) => text.replace(/(^|[ /])([a-z])/g, (_, a, b) => a + b.toUpperCase());

const subheaders: Style["subheader"][] = [
  (text) => `${text.toUpperCase()}:`,
  (text) => text.toUpperCase(),
  (text) => `${text.toUpperCase()}:\n${"=".repeat(text.length + 1)}`,
  (text) => `${text.toUpperCase()}\n${"=".repeat(text.length)}`,
  (text) => `${titled(text)}:`,
  (text) => `${titled(text)}:\n${"-".repeat(text.length + 1)}`,
  (text) => `**${text.toUpperCase()}**`,
  (text) => `[[${text.toUpperCase()}]]`,
];

const problems: Style["problem"][] = [
  (title) => `# ${title}:`,
  (title) => `#${title}: `.trimEnd(),
  (title) => `# ${title.toUpperCase()}:`,
  (title) => `#) ${title}:`,
  (title) => `${title}:`,
  (title) => `#${title}\n`,
  (title) => `# ${title}.`,
  (title) => `*${title.toUpperCase()}:`,
];

/** Set so that the median note has the 1,690 words of MIMIC-IV-Note's. */
const MEDIAN_DETAIL = 14;

export function drawStyle(random: Random): Style {
  return {
    abbreviate: random.pick([0.05, 0.15, 0.3, 0.5, 0.7, 0.85]),
    gap: random.chance(0.4) ? "  " : " ",
    detail: MEDIAN_DETAIL * Math.exp(0.65 * random.normal()),
    subheader: subheaders[random.weighted([5, 3, 4, 2, 4, 1, 1, 0.3])],
    problem: problems[random.weighted([6, 4, 4, 1, 2, 2, 1, 0.7])],
    examLabels: random.integer(0, 3),
    examGap: random.chance(0.85) ? " " : "  ",
    vitals: random.integer(0, 4),
    longLabNames: random.chance(0.2),
    alphabeticalDrugs: random.chance(0.85),
    prescriptions: random.chance(0.85),
    bullet: random.pick(["- ", "- ", "- ", "* ", "-", "+ "]),
    letter: random.pick(["prose", "questions", "capitals"] as const),
    diagnosis: random.pick(["plain", "headed", "capitals", "numbered"] as const),
    courseHeads: random.chance(0.55),
    letterBlankLines: random.chance(0.7),
    typingErrors: random.pick([Infinity, 20_000, 6000, 3000, 1500, 700]),
  };
}
