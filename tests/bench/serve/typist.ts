/** Simulated clinicians who ask for a suggestion at every keystroke. */

import { seededRandom } from "../../../pipeline/lib/base/random.ts";

export interface Ask {
  (text: string, session: string): Promise<{ status: number; computed: number }>;
}

export interface Answered {
  milliseconds: number;
  status: number;
  /** Tokens that went through the model. */
  computed: number;
}

/** Longest wait for an answer: a worker that hangs is an error, not a benchmark that never ends. */
export const PATIENCE_MS = 60_000;

/** An `Ask` for the worker at `url`: the whole suggestion counts, however unlikely. */
export function asker(url: string, words: number): Ask {
  return async (text, session) => {
    const response = await fetch(`${url}/complete`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        text,
        session,
        max_words: words,
        min_confidence: 0,
        numbers: "always",
      }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const answer = await response.text();
    const computed = response.ok ? JSON.parse(answer).usage.computed_tokens : 0;
    return { status: response.status, computed };
  };
}

async function timed(ask: Ask, text: string, session: string): Promise<Answered> {
  const started = performance.now();
  const { status, computed } = await ask(text, session);
  return { milliseconds: performance.now() - started, status, computed };
}

/** One typist who waits for each answer: `keys` keystrokes of `note` from character `from` on. */
export async function typeOneByOne(
  ask: Ask,
  note: string,
  from: number,
  keys: number,
): Promise<Answered[]> {
  const answers: Answered[] = [];
  for (let caret = from; caret < Math.min(from + keys, note.length); caret++) {
    answers.push(await timed(ask, note.slice(0, caret), "one"));
  }
  return answers;
}

/** Mean pause between keystrokes: 60 words of five letters and a space per minute. */
const MEAN_PAUSE_MS = 200;

/**
 * Typists who do not wait (open loop), one per note, for `seconds`: pauses are exponential with the
 * mean of a fair typist, so that requests overlap as they come.
 */
export async function typeTogether(
  ask: Ask,
  notes: readonly string[],
  from: number,
  seconds: number,
): Promise<Answered[]> {
  const end = performance.now() + 1000 * seconds;
  const answers: Promise<Answered>[] = [];
  await Promise.all(notes.map(async (note, typist) => {
    const random = seededRandom(typist + 1);
    for (let caret = from; caret < note.length && performance.now() < end; caret++) {
      answers.push(timed(ask, note.slice(0, caret), `typist ${typist}`));
      const pause = -MEAN_PAUSE_MS * Math.log(1 - random());
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }));
  return await Promise.all(answers);
}
