/** A worker that types notes with one system: first a spec, then note after note. */

import { nextWords, type NextWordScores } from "./next_word.ts";
import { openSystem, type System, type SystemSpec } from "./systems.ts";
import { typeAtThresholds } from "./thresholds.ts";
import type { Passage, Typing } from "./typist.ts";

export interface NoteRequest {
  text: string;
  /** What of it is typed. */
  passage: Passage;
  /** Every how many words the next one is predicted. */
  stride: number;
}

export interface NoteResult {
  nextWord: NextWordScores;
  /** One per threshold. */
  typings: Typing[];
}

export type Request = { open: SystemSpec } | { note: NoteRequest } | { close: true };
export type Reply = { done: NoteResult | null } | { error: string };

let system: System | undefined;

async function answer(request: Request): Promise<NoteResult | null> {
  if ("open" in request) {
    system = await openSystem(request.open);
    return null;
  }
  if ("close" in request) {
    await system?.close();
    return null;
  }
  const { text, passage, stride } = request.note;
  return {
    nextWord: await nextWords(text, stride, system!.nextWords, passage),
    typings: await typeAtThresholds(text, system!.grow, passage),
  };
}

/** This worker's side of the channel, which the window types of Deno do not know. */
const channel = self as unknown as MessagePort;

channel.onmessage = async ({ data }: MessageEvent<Request>) => {
  let reply: Reply;
  try {
    reply = { done: await answer(data) };
  } catch (error) {
    reply = { error: error instanceof Error ? error.message : String(error) };
  }
  channel.postMessage(reply);
};
