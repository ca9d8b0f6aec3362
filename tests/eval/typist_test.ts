import { assertAlmostEquals, assertEquals } from "@std/assert";
import { savings, sumTyping, typeNote } from "../../pipeline/eval/typist.ts";

Deno.test("without suggestions every character is a keystroke", async () => {
  const typing = await typeNote("½ tablet 💊", () => Promise.resolve(undefined));
  assertEquals(typing, {
    characters: 10,
    keystrokes: 10,
    shown: 0,
    accepted: 0,
    acceptedCharacters: 0,
  });
  assertEquals(savings(typing), 0);
});

Deno.test("a right suggestion costs one key, a wrong one nothing", async () => {
  const carets: string[] = [];
  const typing = await typeNote("no acute distress", (before) => {
    carets.push(before);
    if (before === "no ") return Promise.resolve("acute distress");
    return Promise.resolve(before === "" ? "yes" : undefined);
  });
  assertEquals(carets, ["", "n", "no", "no "]);
  assertEquals(typing, {
    characters: 17,
    keystrokes: 4,
    shown: 2,
    accepted: 1,
    acceptedCharacters: 14,
  });
  assertAlmostEquals(savings(typing), 1 - 4 / 17);
});

Deno.test("a suggestion that runs past the end of the note is wrong", async () => {
  const typing = await typeNote(
    "ab",
    (before) => Promise.resolve(before === "a" ? "bc" : undefined),
  );
  assertEquals([typing.keystrokes, typing.shown, typing.accepted], [2, 1, 0]);
});

Deno.test("savings of several notes are those of all their characters, not a mean of shares", () => {
  const one = { characters: 10, keystrokes: 5, shown: 1, accepted: 1, acceptedCharacters: 6 };
  const two = { characters: 90, keystrokes: 90, shown: 0, accepted: 0, acceptedCharacters: 0 };
  assertAlmostEquals(savings(sumTyping([one, two])), 0.05);
  assertEquals(savings(sumTyping([])), 0);
});
