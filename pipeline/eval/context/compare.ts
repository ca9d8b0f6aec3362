/**
 * The served system without and with what is known of the patient, on the same passages: what is
 * saved, which words are offered, which numbers are right, and where accepted text comes from.
 */

import { type OpenCalibration, specOf } from "../../artifacts/calibration.ts";
import type { ContextOrigin } from "../../artifacts/note_contexts.ts";
import type { Lineage } from "../../artifacts/lineage.ts";
import { bootstrap, type Difference, type Estimate } from "../../lib/base/bootstrap.ts";
import { pairedBootstrap } from "../../lib/base/bootstrap.ts";
import type { ContextItem, ContextKind } from "../../lib/gpt/decode/context/types.ts";
import type { Document } from "../../lib/gpt/scoring/documents.ts";
import { type Grounding, sumGrounding } from "../../lib/gpt/typing/grounded.ts";
import { measureWithProgress } from "../../lib/gpt/typing/note_pool.ts";
import type { NoteRequest, NoteResult } from "../../lib/gpt/typing/note_worker.ts";
import { requestsFor } from "../../lib/gpt/typing/requests.ts";
import type { Sources } from "../../lib/gpt/typing/systems.ts";
import { savings, sumTyping } from "../../lib/gpt/typing/typist.ts";
import { countRanks, isText, sumCounts } from "../measure/figures.ts";

/** A figure without and with the context, and the second minus the first. */
export interface Compared {
  without: Estimate;
  with: Estimate;
  difference: Difference;
}

/** What becomes context.json. */
export interface ContextReport {
  version: 1;
  lineage: Lineage;
  run: string;
  split: string;
  origin: ContextOrigin;
  system: string;
  minConfidence: number;
  readingCost: number;
  /** Passages typed, one a note; characters of each (0: all); mean characters of a context. */
  passages: number;
  excerpt: number;
  contextCharacters: number;
  savings: Compared;
  netSavings: Compared;
  /** Net savings on the part of the passages that does not stand in the context word for word. */
  netSavingsOfRest: Compared;
  shareOfRest: number;
  words: number;
  top1: Compared;
  top3: Compared;
  /** Numbers shown, and the share of them that is right. */
  numbers: { shown: Record<"without" | "with", number>; right: Compared };
  /** Share of accepted characters that the context holds, by kind of text; with the context. */
  copied: Partial<Record<ContextKind, number>>;
}

export interface ContextInput {
  run: string;
  split: string;
  origin: ContextOrigin;
  calibration: OpenCalibration;
  /** Notes to type, each with what was known of its patient. */
  typed: readonly { document: Document; context: readonly ContextItem[] }[];
  excerpt: number;
  words: number;
  sources: Sources;
}

/** Types every passage without and with its context. */
export async function compareContexts(
  { run, split, origin, calibration: { file }, typed, excerpt, words, sources }: ContextInput,
): Promise<Omit<ContextReport, "lineage">> {
  const { served, mixture, typing: { readingCost } } = file;
  const spec = specOf(served, mixture, []);
  if (spec.kind !== "gpt") throw new TypeError("Cannot compare contexts: no GPT is served");
  const documents = typed.map(({ document }) => document);
  const requests = requestsFor({ typed: documents, excerpt, words, train: [] }, 0)
    .map((request, note): NoteRequest => ({ ...request, context: typed[note].context }));
  const [without, grounded] = await measureWithProgress(
    {
      specs: [spec, {
        ...spec,
        grounded: true,
        mixture: { ...spec.mixture, context: mixture.context },
      }],
      sources,
      levels: [served.minConfidence],
    },
    requests,
    "without and with context",
  );
  const pairs = without.map((result, note) => [result, grounded[note]] as const);
  const compared = (figure: (sample: readonly NoteResult[]) => number) => compare(pairs, figure);
  const total = sumGrounding(grounded.map(groundingOf));
  const counts = (sample: readonly NoteResult[]) =>
    sumCounts(sample.map((one) => countRanks(one.words.filter(isText), 0)));
  const whole = (sample: readonly NoteResult[]) =>
    sumTyping(sample.map(({ typings }) => typings[0].whole));
  const rest = (sample: readonly NoteResult[]) => sumGrounding(sample.map(groundingOf)).rest;
  const characters = whole(without).characters;
  return {
    version: 1,
    run,
    split,
    origin,
    system: served.system,
    minConfidence: served.minConfidence,
    readingCost,
    passages: requests.length,
    excerpt,
    contextCharacters: Math.round(
      typed.reduce((sum, { context }) => sum + charactersOf(context), 0) / typed.length,
    ),
    savings: compared((sample) => savings(whole(sample))),
    netSavings: compared((sample) => savings(whole(sample), readingCost)),
    netSavingsOfRest: compared((sample) => savings(rest(sample), readingCost)),
    shareOfRest: rest(without).characters / Math.max(1, characters),
    words: counts(without).words,
    top1: compared((sample) => share(counts(sample).top1, counts(sample).words)),
    top3: compared((sample) => share(counts(sample).top3, counts(sample).words)),
    numbers: {
      shown: {
        without: sumGrounding(without.map(groundingOf)).numbers,
        with: total.numbers,
      },
      right: compared((sample) => {
        const { numbers, rightNumbers } = sumGrounding(sample.map(groundingOf));
        return share(rightNumbers, numbers);
      }),
    },
    copied: Object.fromEntries(
      Object.entries(total.copied).map(([kind, copied]) => [kind, share(copied, total.accepted)]),
    ),
  };
}

function compare(
  pairs: readonly (readonly [NoteResult, NoteResult])[],
  figure: (sample: readonly NoteResult[]) => number,
): Compared {
  return {
    without: bootstrap(pairs.map(([without]) => without), figure),
    with: bootstrap(pairs.map(([, grounded]) => grounded), figure),
    difference: pairedBootstrap(pairs, figure),
  };
}

const groundingOf = ({ grounding }: NoteResult): Grounding => grounding!;
const share = (part: number, all: number) => all === 0 ? 0 : part / all;
const charactersOf = (items: readonly ContextItem[]) =>
  items.reduce((sum, { text }) => sum + text.length, 0);
