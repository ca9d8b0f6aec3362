/** Text from generated tokens: whole characters only, and nothing of a stop sequence. */

import type { Decoder } from "../../pipeline/lib/gpt/decode/decoder.ts";
import type { ComputeOptions } from "./service.ts";

/** How text is generated. */
export interface TextSettings {
  /** Most tokens that are generated. */
  maxTokens: number;
  /** 0 takes the likeliest token; above 0 tokens are drawn. */
  temperature: number;
  /** Draws only from the likeliest tokens that together have this probability: (0, 1]. */
  topP: number;
  /** Decides what is drawn. */
  seed: number;
  /** The text ends before any of these. */
  stop: readonly string[];
}

/** A part of generated text. */
export interface TextPiece {
  /** Whole characters; may be empty in the last piece. */
  text: string;
  /** Tokens generated so far. */
  tokens: number;
  /** In the last piece: `stop` at a stop sequence or the end of the note, else `length`. */
  finish: "stop" | "length" | null;
}

/** What the model writes behind `prompt`, piece by piece; the last piece has the finish reason. */
export async function* generateText<S>(
  decoder: Decoder<S>,
  prompt: string,
  { stop, ...sampling }: TextSettings,
  options: ComputeOptions = {},
): AsyncGenerator<TextPiece> {
  const utf8 = new TextDecoder();
  // A stop sequence may begin in one piece and end in the next: so much is held back.
  const held = Math.max(0, ...stop.map((sequence) => sequence.length - 1));
  let pending = "", tokens = 0;
  for await (const { token } of decoder.generate(prompt, { ...sampling, ...options })) {
    tokens++;
    pending += utf8.decode(decoder.tokenizer.tokenBytes(token), { stream: true });
    const end = firstOf(stop, pending);
    if (end >= 0) {
      yield { text: pending.slice(0, end), tokens, finish: "stop" };
      return;
    }
    const ready = pending.slice(0, Math.max(0, pending.length - held));
    pending = pending.slice(ready.length);
    if (ready !== "") yield { text: ready, tokens, finish: null };
  }
  const finish = tokens < sampling.maxTokens ? "stop" : "length";
  yield { text: pending + utf8.decode(), tokens, finish };
}

/** Where the first of `sequences` begins in `text`, −1 if none does. */
function firstOf(sequences: readonly string[], text: string): number {
  const places = sequences.filter((sequence) => sequence !== "")
    .map((sequence) => text.indexOf(sequence)).filter((place) => place >= 0);
  return places.length === 0 ? -1 : Math.min(...places);
}
