/**
 * Suggestions in their context, right ones and wrong ones, as a reader of the report would have
 * seen them. They are passages of notes, so they are shown only where the notes are synthetic, or
 * where somebody asks for them.
 */

import { type Growths, shownAt } from "../../lib/gpt/typing/thresholds.ts";
import { type Passage, typeNote } from "../../lib/gpt/typing/typist.ts";

export interface Example {
  /** What stands before the caret, the end of it. */
  before: string;
  suggestion: string;
  confidence: number;
  /** What the note really goes on with, as long as the suggestion and a little more. */
  follows: string;
}

const CONTEXT = 110;
const EACH = 8;

/** What the typist was shown in some notes at threshold `least`: longest accepted, surest wrong. */
export async function examplesOf(
  notes: readonly { text: string; passage: Passage; growths: Growths }[],
  least: number,
): Promise<{ accepted: Example[]; wrong: Example[] }> {
  const accepted: Example[] = [], wrong: Example[] = [];
  for (const { text, passage, growths } of notes) {
    const found = { accepted: [] as Example[], wrong: [] as Example[] };
    await typeNote(
      text,
      (before) => shownAt(growths.get(before.length) ?? [], least)?.text,
      passage,
      {
        onShown(caret, suggestion, right) {
          // Right, but beyond the end of what is typed.
          if (!right && text.startsWith(suggestion, caret)) return;
          found[right ? "accepted" : "wrong"].push({
            before: text.slice(Math.max(0, caret - CONTEXT), caret),
            suggestion,
            confidence: shownAt(growths.get(caret)!, least)!.confidence,
            follows: text.slice(caret, caret + suggestion.length + 12),
          });
        },
      },
    );
    // One note must not fill the page.
    found.accepted.sort((a, b) => b.suggestion.length - a.suggestion.length);
    found.wrong.sort((a, b) => b.confidence - a.confidence);
    accepted.push(...found.accepted.slice(0, 2));
    wrong.push(...found.wrong.slice(0, 2));
  }
  return { accepted: accepted.slice(0, EACH), wrong: wrong.slice(0, EACH) };
}
