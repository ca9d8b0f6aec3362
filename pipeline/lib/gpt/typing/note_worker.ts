/** A worker that types notes with a few systems side by side: first their specs, then the notes. */

import { answerCalls } from "../../base/threads.ts";
import type { PatientContext } from "../decode/context/context.ts";
import type { ContextItem } from "../decode/context/types.ts";
import { type Grounding, groundingOf, type Shown } from "./grounded.ts";
import { type RankedWord, rankWord, type WordSample } from "./next_word.ts";
import {
  openContextReader,
  openSystems,
  type Sources,
  type System,
  type SystemSpec,
} from "./systems.ts";
import {
  type Growth,
  shownAt,
  thresholds,
  type ThresholdTyping,
  typeAtThresholds,
} from "./thresholds.ts";
import { type Passage, placeholderEnd, typeNote } from "./typist.ts";

export interface NoteRequest {
  text: string;
  /** What of it is typed. */
  passage: Passage;
  /** Words of the passage to be predicted. */
  words: WordSample[];
  /** Whether the growth at every caret is wanted as well, for examples. */
  withGrowths: boolean;
  /** What is known of the patient, for systems that are told. */
  context?: readonly ContextItem[];
}

/** What one system did with a note. */
export interface NoteResult {
  words: RankedWord[];
  /** One per threshold. */
  typings: ThresholdTyping[];
  growths?: Map<number, Growth>;
  /** At the lowest threshold; only where the note has a context. */
  grounding?: Grounding;
}

export interface Opening {
  specs: SystemSpec[];
  sources: Sources;
  /** Thresholds to type at; the first is the lowest. */
  levels: readonly number[];
}

let systems: System[] = [];
let readContext: (items: readonly ContextItem[]) => PatientContext;
let levels = thresholds;

const methods = {
  async open({ specs, sources, levels: asked }: Opening): Promise<void> {
    systems = await openSystems(specs, sources);
    readContext = await openContextReader(sources);
    levels = asked;
  },
  /** One result per system. */
  measure: (note: NoteRequest): Promise<NoteResult[]> => measureNote(systems, note),
};

export type NoteMethods = typeof methods;

answerCalls(methods);

/** Caret by caret, so that what one system has computed is still there for the next. */
async function measureNote(
  list: readonly System[],
  { text, passage, words, withGrowths, context }: NoteRequest,
): Promise<NoteResult[]> {
  for (const system of list) system.setContext?.(context);
  const read = context && readContext(context);
  const growths = list.map(() => new Map<number, Growth>());
  const ranked = list.map((): RankedWord[] => []);
  const samples = new Map(words.map((word) => [word.start, word]));
  for (let caret = passage.from; caret < passage.to;) {
    const before = text.slice(0, caret);
    const sample = samples.get(caret);
    const end = placeholderEnd(text, caret);
    for (const [index, system] of list.entries()) {
      if (end === caret) growths[index].set(caret, await system.grow(before, levels[0]));
      if (sample) ranked[index].push(await rankWord(text, sample, system.nextWords));
    }
    caret = end > caret ? end : caret + (text.codePointAt(caret)! > 0xffff ? 2 : 1);
  }
  return await Promise.all(list.map(async ({ length }, index) => ({
    words: ranked[index],
    typings: await typeAtThresholds(text, growths[index], passage, levels, length),
    ...(withGrowths ? { growths: growths[index] } : {}),
    ...(read ? { grounding: await groundingAt(text, growths[index], passage, length, read) } : {}),
  })));
}

/** What the context did at the lowest threshold. */
async function groundingAt(
  text: string,
  growths: ReadonlyMap<number, Growth>,
  passage: Passage,
  length: System["length"],
  context: PatientContext,
): Promise<Grounding> {
  const shown = new Map<number, Shown>();
  const suggest = (before: string) =>
    shownAt(growths.get(before.length) ?? [], levels[0], length)?.text;
  await typeNote(text, suggest, passage, {
    onShown: (caret, text, right, isNew) => shown.set(caret, { text, right, isNew }),
  });
  return groundingOf(text, passage, shown, context);
}
