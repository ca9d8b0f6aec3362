/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

// /plugin.d.ts is written by hand, for people to read. Type checking this file compares it with the
// module: what one side has and the other lacks does not compile.

import { assertEquals } from "@std/assert";
import type * as made from "../../../worker/plugin/mod.ts";
import type * as told from "../../../worker/plugin/plugin.d.ts";

/** Whether each is assignable to the other, and both have the same optional properties. */
type Same<A, B> = [A, B] extends [B, A] ? [keyof A, keyof B] extends [keyof B, keyof A] ? true
  : false
  : false;

/** One `true` each; a type that differs makes this line an error. */
const same: Record<string, true> = {
  attachOptions: true satisfies Same<made.AttachOptions, told.AttachOptions>,
  clientOptions: true satisfies Same<made.ClientOptions, told.ClientOptions>,
  completion: true satisfies Same<made.Completion, told.Completion>,
  context: true satisfies Same<made.CompletionContext, told.CompletionContext>,
  caret: true satisfies Same<made.Caret, told.Caret>,
  handle: true satisfies Same<made.Handle, told.Handle>,
  problem: true satisfies Same<made.Problem, told.Problem>,
  stats: true satisfies Same<made.Stats, told.Stats>,
  sessionOptions: true satisfies Same<made.SessionOptions, told.SessionOptions>,
  attach: true satisfies Same<typeof made.attach, typeof told.attach>,
  client: true satisfies Same<
    Pick<made.CompletionClient, keyof told.CompletionClient>,
    told.CompletionClient
  >,
  session: true satisfies Same<
    Pick<made.SuggestionSession, keyof told.SuggestionSession>,
    told.SuggestionSession
  >,
  // A class with private members is compared by what others can use of it.
  element: true satisfies Same<
    Pick<made.NoteComplete, keyof told.NoteComplete>,
    Pick<told.NoteComplete, keyof made.NoteComplete>
  >,
  names: true satisfies Same<keyof typeof made, keyof typeof told>,
};

Deno.test("plugin.d.ts says what plugin.js has", () => {
  assertEquals(Object.values(same).every((value) => value), true);
});
