import { assert, assertEquals } from "@std/assert";
import { wordSamples } from "../../../../pipeline/lib/gpt/typing/next_word.ts";
import { passageOf } from "../../../../pipeline/lib/gpt/typing/requests.ts";
import { typeNote } from "../../../../pipeline/lib/gpt/typing/typist.ts";

const note = Array.from({ length: 400 }, (_, index) => `word${index}`).join(" ");

Deno.test("passages begin and end between words, lie all over the note, and can be all of it", () => {
  assertEquals(passageOf(note, 0, 3), { from: 0, to: note.length });
  assertEquals(passageOf("short", 100, 3), { from: 0, to: 5 });
  const starts = Array.from({ length: 20 }, (_, index) => {
    const { from, to } = passageOf(note, 300, index);
    assert(from === 0 || note[from - 1] === " ");
    assert(to === note.length || note[to - 1] === " ");
    assert(to - from >= 300 && to - from < 320, `${to - from}`);
    return from / note.length;
  });
  assert(Math.min(...starts) < 0.1 && Math.max(...starts) > 0.8);
});

Deno.test("only the passage is typed; what precedes it is seen, what follows is not accepted", async () => {
  const text = "seen before. no acute distress today";
  const carets: string[] = [];
  const typing = await typeNote(text, (before) => {
    carets.push(before);
    return Promise.resolve(before.endsWith("no ") ? "acute distress today" : undefined);
  }, { from: 13, to: 22 });
  assertEquals(carets[0], "seen before. ");
  assertEquals([typing.characters, typing.keystrokes, typing.shown, typing.accepted], [9, 9, 1, 0]);
});

Deno.test("next words are those that begin in the passage", () => {
  const samples = wordSamples("one two three four", { from: 4, to: 14 }, 1);
  assertEquals(samples.map(({ start }) => start), [4, 8]);
});
