/** From what a system did with notes to its row in eval.json. */

import { createHash } from "node:crypto";
import { bootstrap } from "../../lib/base/bootstrap.ts";
import type { CalibratedSystem } from "../../artifacts/calibration.ts";
import { bitsPerCharacter } from "../../lib/gpt/scoring/language_model.ts";
import type { NoteRequest, NoteResult } from "../../lib/gpt/typing/note_worker.ts";
import { thresholds } from "../../lib/gpt/typing/thresholds.ts";
import type { Passage } from "../../lib/gpt/typing/typist.ts";
import type { ModelResult } from "../result.ts";
import { byPosition, bySection, type PieceBits } from "./breakdown.ts";
import { countRanks, isText, keystrokeResult, nextWordResult } from "./figures.ts";
import { noteScores } from "./score.ts";

/** A system of the calibration, or one without thresholds, and what it did with each note. */
export interface Measured {
  system:
    & Pick<CalibratedSystem, "name" | "kind">
    & Partial<Pick<CalibratedSystem, "best" | "mostSavings">>;
  /** Notes with the bits of each piece; null where it cannot give them. */
  pieces: PieceBits[] | null;
  /** Notes it has typed, with what it did; null where it suggests nothing. */
  typed: { request: NoteRequest; result: NoteResult }[] | null;
}

/** The notes that are counted: all, or those that repeat no training note. */
export type Counted = (text: string) => boolean;

/** The system's figures over the notes that are `counted`. */
export function modelResult(
  { system: { name, kind, best, mostSavings }, ...measured }: Measured,
  readingCost: number,
  counted: Counted = () => true,
): ModelResult {
  const pieces = measured.pieces?.filter(({ document }) => counted(document.text)) ?? null;
  const typed = best === undefined
    ? null
    : measured.typed?.filter(({ request }) => counted(request.text)) ?? null;
  const scores = pieces && noteScores(pieces);
  const results = typed && typed.map(({ result }) => result);
  const at = thresholds.indexOf(best!);
  return {
    name,
    kind,
    ours: kind === "gpt" || kind === "gpt+mixture",
    bitsPerCharacter: scores && bootstrap(scores, bitsPerCharacter),
    bySection: pieces && bySection(pieces),
    byPosition: pieces && byPosition(pieces),
    nextWord: results && nextWordResult(results),
    keystrokes: results &&
      keystrokeResult(results, readingCost, { best: best!, mostSavings: mostSavings! }),
    perNote: {
      scored: (scores ?? []).map(({ bits, characters }, note) => ({
        note: noteKey(pieces![note].document.text),
        bits,
        characters,
      })),
      typed: (typed ?? []).map(({ request: { text, passage }, result: { words, typings } }) => {
        const { characters, keystrokes, read } = typings[at].whole;
        return {
          note: noteKey(text, passage),
          ...countRanks(words.filter(isText), 0),
          characters,
          keystrokes,
          read,
        };
      }),
    },
  };
}

/**
 * Names a note without showing it, so that evaluations of different runs can be paired: the first 48
 * bits of the text's SHA-256, and the passage of it that was typed.
 */
function noteKey(text: string, passage?: Passage): string {
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 12);
  return passage === undefined ? hash : `${hash}:${passage.from}-${passage.to}`;
}
