import { assertAlmostEquals, assertEquals } from "@std/assert";
import { savings, sumTyping, typeNote } from "../../../../pipeline/lib/gpt/typing/typist.ts";

Deno.test("without suggestions every character is a keystroke", async () => {
  const typing = await typeNote("½ tablet 💊", () => Promise.resolve(undefined));
  assertEquals(typing, {
    characters: 10,
    keystrokes: 10,
    shown: 0,
    read: 0,
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
    read: 2,
    accepted: 1,
    acceptedCharacters: 14,
  });
  assertAlmostEquals(savings(typing), 1 - 4 / 17);
  assertAlmostEquals(savings(typing, 0.5), 1 - 5 / 17);
});

Deno.test("a suggestion that runs past the end of the note is wrong", async () => {
  const typing = await typeNote(
    "ab",
    (before) => Promise.resolve(before === "a" ? "bc" : undefined),
  );
  assertEquals([typing.keystrokes, typing.shown, typing.accepted], [2, 1, 0]);
});

Deno.test("savings of several notes are those of all their characters, not a mean of shares", () => {
  const one = { characters: 10, keystrokes: 5, shown: 1, read: 1, accepted: 1 };
  const two = { characters: 90, keystrokes: 90, shown: 0, read: 0, accepted: 0 };
  assertAlmostEquals(
    savings(sumTyping([
      { ...one, acceptedCharacters: 6 },
      { ...two, acceptedCharacters: 0 },
    ])),
    0.05,
  );
  assertEquals(savings(sumTyping([])), 0);
});

Deno.test("the rest of a suggestion has been read already; another one has not", async () => {
  const shown: Record<string, string> = { "": "no pain", n: "o pain", no: " acute pain" };
  const typing = await typeNote("no acute distress", (before) => shown[before]);
  assertEquals([typing.shown, typing.read, typing.accepted], [3, 2, 0]);
});

Deno.test("word by word: each right word costs one key, and the rest stays", async () => {
  const asked: string[] = [];
  const suggest = (before: string) => {
    asked.push(before);
    return before === "no" ? " acute distress today" : undefined;
  };
  const typing = await typeNote("no acute distress.", suggest, undefined, { byWord: true });
  // n, o, two words, and the full stop, before which " today" stood there to no avail.
  assertEquals([typing.keystrokes, typing.shown, typing.read, typing.accepted], [5, 3, 1, 2]);
  assertEquals(typing.acceptedCharacters, " acute distress".length);
  assertEquals(asked, ["", "n", "no"]);
});

Deno.test("who watches is told what was shown where, whether it was right, and new", async () => {
  const seen: unknown[] = [];
  const suggestions: Record<string, string> = { "": "ax", "a": "x", "ab": " cd" };
  await typeNote("ab cd", (before) => suggestions[before], undefined, {
    onShown: (...shown) => seen.push(shown),
  });
  // "x" is what is left of "ax", which he has refused.
  assertEquals(seen, [[0, "ax", false, true], [1, "x", false, false], [2, " cd", true, true]]);
});

Deno.test("what de-identification left stands there already: neither typed nor counted", async () => {
  const note = "Dr. ___ saw ___, and ________";
  const asked: string[] = [];
  const typing = await typeNote(note, (before) => {
    asked.push(before);
    return before.endsWith("___") ? " saw " : undefined;
  });
  // "Dr. ", " saw " (one key), ", and ".
  assertEquals([typing.characters, typing.keystrokes], [4 + 5 + 6, 4 + 1 + 6]);
  assertEquals(asked.some((before) => /(^|[^_])_{1,2}$/.test(before)), false);
  assertEquals(savings(typing), 1 - 11 / 15);
  const hyphen = await typeNote("a__b", () => undefined);
  assertEquals(hyphen.characters, 4, "two underscores are text");
});
