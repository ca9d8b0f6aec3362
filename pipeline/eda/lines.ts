/** The shape of the text on the page: wrapping, empty lines, lists, laboratory and drug lines. */

/** Longer lines count as this long. */
const LONGEST = 400;

/** Kinds of lines worth counting; a line can be of several. */
const lineKinds: readonly { kind: string; example: string; regex: RegExp }[] = [
  { kind: "bulleted item", example: "- item", regex: /^\s*[-*•]\s+\S/ },
  { kind: "numbered item", example: "1. item", regex: /^\s*\d{1,2}[.)]\s+\S/ },
  { kind: "problem heading", example: "#Problem", regex: /^\s*#+\s?[A-Za-z]/ },
  {
    kind: "laboratory results",
    example: "BLOOD WBC-5.1 RBC-3.92*",
    regex: /\b[A-Z][A-Za-z]{0,9}[-–]\d[\d.]*\*?(?:\s.*\b[A-Z][A-Za-z]{0,9}[-–]\d|\s*$)/,
  },
  {
    kind: "drug order",
    example: "10 mg PO DAILY",
    regex:
      /\b(?:PO|IV|IM|SC|SQ|SL|IH|TD|PR|p\.o\.|by mouth)\b.*\b(?:daily|BID|TID|QID|QHS|QPM|QAM|Q\d+H|PRN|ONCE|b\.i\.d|t\.i\.d|q\.?d|every)/i,
  },
  { kind: "capitals only", example: "ADMISSION LABS", regex: /^[^a-z]*[A-Z]{3}[^a-z]*$/ },
  { kind: "ruled line", example: "=======", regex: /^\s*[=_*-]{4,}\s*$/ },
];

/** Not the full stop of `1. item`. */
const SENTENCE_END = /[a-z)_]\.( +)\S/;

export interface LinePart {
  lines: number;
  empty: number;
  /** Lines that end in a space. */
  trailingSpace: number;
  /** Lines by their length without trailing spaces. */
  lengths: Float64Array<ArrayBuffer>;
  /** Of these, lines that go on in the next: it is not empty, and no sentence ends between them. */
  broken: Float64Array<ArrayBuffer>;
  kinds: { lines: number; notes: number }[];
  /** The first sentence end within a line, by the number of spaces after it: one, more. */
  sentenceSpaces: [one: number, two: number];
}

export interface LineReport {
  lines: number;
  empty_share: number;
  trailing_space_share: number;
  /** Hard-wrapped notes break their prose at about this many characters; null if they do not. */
  wrapped_at: number | null;
  /** Lines that are not empty, by length; the last bin holds everything longer. */
  length_histogram: { length: number; lines: number }[];
  median_length: number;
  kinds: { kind: string; example: string; lines: number; share: number; notes: number }[];
  /** Of the lines with a sentence end inside, the share with two spaces after it. */
  two_spaces_share: number | null;
}

export class LineScan {
  readonly #part: LinePart = {
    lines: 0,
    empty: 0,
    trailingSpace: 0,
    lengths: new Float64Array(LONGEST + 1),
    broken: new Float64Array(LONGEST + 1),
    kinds: lineKinds.map(() => ({ lines: 0, notes: 0 })),
    sentenceSpaces: [0, 0],
  };
  readonly #inNote = lineKinds.map(() => 0);

  add(lines: readonly string[]): void {
    const part = this.#part;
    this.#inNote.fill(0);
    part.lines += lines.length;
    for (const [index, line] of lines.entries()) {
      const visible = line.trimEnd();
      if (visible.length < line.length) part.trailingSpace++;
      if (visible.length === 0) {
        part.empty++;
        continue;
      }
      const length = Math.min(LONGEST, visible.length);
      part.lengths[length]++;
      if (goesOn(visible, lines[index + 1])) part.broken[length]++;
      lineKinds.forEach(({ regex }, kind) => regex.test(visible) && this.#inNote[kind]++);
      const end = visible.includes(". ") ? SENTENCE_END.exec(visible) : null;
      if (end !== null) part.sentenceSpaces[end[1].length === 1 ? 0 : 1]++;
    }
    this.#inNote.forEach((count, kind) => {
      part.kinds[kind].lines += count;
      if (count > 0) part.kinds[kind].notes++;
    });
  }

  part(): LinePart {
    return this.#part;
  }
}

/** Whether a line ends in the middle of a sentence and the next one continues it. */
const goesOn = (visible: string, next: string | undefined) =>
  next !== undefined && !/[.!?:;]$/.test(visible) && /^\s*[\p{L}\p{N}_(]/u.test(next);

/** Merges what the workers found. */
export function lineReport(parts: LinePart[]): LineReport {
  const sum = (pick: (part: LinePart) => number) =>
    parts.reduce((total, part) => total + pick(part), 0);
  const lengths = Array.from({ length: LONGEST + 1 }, (_, i) => sum((part) => part.lengths[i]));
  const broken = Array.from({ length: LONGEST + 1 }, (_, i) => sum((part) => part.broken[i]));
  const lines = sum((part) => part.lines);
  const filled = lines - sum((part) => part.empty);
  const [one, two] = [sum((part) => part.sentenceSpaces[0]), sum((part) => part.sentenceSpaces[1])];
  return {
    lines,
    empty_share: sum((part) => part.empty) / lines,
    trailing_space_share: sum((part) => part.trailingSpace) / lines,
    wrapped_at: wrapWidth(lengths, broken, filled),
    length_histogram: lengths.map((count, length) => ({ length, lines: count })).slice(1),
    median_length: quantile(lengths, filled, 0.5),
    kinds: lineKinds.map(({ kind, example }, index) => ({
      kind,
      example,
      lines: sum((part) => part.kinds[index].lines),
      share: sum((part) => part.kinds[index].lines) / lines,
      notes: sum((part) => part.kinds[index].notes),
    })),
    two_spaces_share: one + two === 0 ? null : two / (one + two),
  };
}

/** Fewer broken lines are no evidence of wrapping. */
const LEAST_BROKEN = 10;

/**
 * Wrapped prose fills its lines to just below one width and almost never beyond, and most of these
 * lines break a sentence. The width is the 98th percentile of line length, if a fifth of the lines
 * reach its last ten characters and half of those go on in the next line.
 */
function wrapWidth(lengths: number[], broken: number[], filled: number): number | null {
  const width = quantile(lengths, filled, 0.98);
  if (width >= LONGEST) return null;
  const near = (counts: number[]) =>
    counts.slice(Math.max(0, width - 10), width + 1).reduce((a, b) => a + b, 0);
  const wrapped = near(broken);
  const evident = wrapped >= LEAST_BROKEN && wrapped >= near(lengths) / 2;
  return evident && near(lengths) >= 0.2 * filled ? width : null;
}

function quantile(counts: number[], total: number, q: number): number {
  let seen = 0;
  const index = counts.findIndex((count) => (seen += count) >= q * total && seen > 0);
  return Math.max(0, index);
}
