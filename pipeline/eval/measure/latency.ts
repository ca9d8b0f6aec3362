/**
 * How long a suggestion takes on this machine, on one thread: at a caret in a note it has not seen
 * (the whole window is read), and at each further keystroke (what was computed before is reused).
 */

import type { NextTokenModel, Tokenizer } from "../../lib/gpt/decode/types.ts";
import { Decoder } from "../../lib/gpt/decode/decoder.ts";
import type { Mixture } from "../../lib/gpt/decode/mixture.ts";
import { suggestDefaults } from "../../lib/gpt/decode/suggest.ts";
import type { Passage } from "../../lib/gpt/typing/typist.ts";

export interface LatencyResult {
  engine: string;
  /** Milliseconds of the first suggestion in a note. */
  first: Quantiles;
  /** Milliseconds of a suggestion at each further keystroke. */
  next: Quantiles;
}

export interface Quantiles {
  p50: number;
  p95: number;
  count: number;
}

/** Notes, and keystrokes of each, that are timed. */
const NOTES = 8;
const KEYSTROKES = 25;

/** One fresh decoder a note; suggestions down to the served confidence. */
export async function measureLatency(
  engine: string,
  { model, tokenizer, mixture }: {
    model: NextTokenModel;
    tokenizer: Tokenizer;
    mixture?: Mixture;
  },
  notes: readonly { text: string; passage: Passage }[],
  minConfidence: number,
): Promise<LatencyResult> {
  const first: number[] = [], next: number[] = [];
  const timed = async (decoder: Decoder, text: string, into: number[]) => {
    const started = performance.now();
    await decoder.suggest(text, { ...suggestDefaults, minConfidence });
    into.push(performance.now() - started);
  };
  // The first note warms up the compiler and the runtime, and is not counted.
  for (const [index, { text, passage }] of notes.slice(0, NOTES + 1).entries()) {
    const decoder = new Decoder(model, tokenizer, { mixture });
    const counted = index > 0;
    await timed(decoder, text.slice(0, passage.from), counted ? first : []);
    const to = Math.min(passage.to, passage.from + KEYSTROKES);
    for (let caret = passage.from + 1; caret < to; caret++) {
      await timed(decoder, text.slice(0, caret), counted ? next : []);
    }
  }
  return { engine, first: quantiles(first), next: quantiles(next) };
}

function quantiles(values: number[]): Quantiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  return { p50: at(0.5), p95: at(0.95), count: sorted.length };
}
