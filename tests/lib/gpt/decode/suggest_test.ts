import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Decoder, type SuggestSettings } from "../../../../pipeline/lib/gpt/decode/decoder.ts";
import { bestEnd, type Suggestion } from "../../../../pipeline/lib/gpt/decode/growth.ts";
import { corpusModel, modelOf, pieceTokenizer } from "../../../helpers/tiny_language.ts";

const tokenizer = pieceTokenizer(
  "The| patient| has| hypertension| hyper|tension| diabetes| and| chest| pain| was| given| Lasix| mg| daily| for| home| no| fever|Plan|___| Dr| admitted| to"
    .split("|"),
);

const suggester = (documents: string[], contextLength = 64) => {
  const model = corpusModel(tokenizer, documents, contextLength);
  const decoder = new Decoder(model, tokenizer);
  return { model, decoder };
};

/** The texts suggested behind `text` by a model that knows `documents` by heart. */
async function texts(documents: string[], text: string, settings: SuggestSettings = {}) {
  const { decoder } = suggester(documents);
  return (await decoder.suggest(text, settings)).map((suggestion) => suggestion.text);
}

async function first(documents: string[], text: string, settings: SuggestSettings = {}) {
  const { decoder } = suggester(documents);
  return (await decoder.suggest(text, settings)).at(0);
}

const history = ["The patient has hypertension and chest pain"];

Deno.test("the rest of the note, when it is certain", async () => {
  const suggestion = await first(history, "The patient");
  assertEquals(suggestion?.text, " has hypertension and chest pain");
  assertEquals(suggestion?.finish, "end");
  assertAlmostEquals(suggestion!.confidence, 1, 0.01);
});

Deno.test("wherever the caret stands in a word, the suggestion completes the note", async () => {
  const { decoder } = suggester(history);
  for (let caret = 1; caret < history[0].length - 1; caret++) {
    const [suggestion] = await decoder.suggest(history[0].slice(0, caret));
    assertEquals(suggestion?.text, history[0].slice(caret), `caret at ${caret}`);
  }
});

Deno.test("keystrokes that follow the suggestion cost almost no model calls", async () => {
  const { decoder, model } = suggester(history);
  await decoder.suggest("The patient has h");
  const before = model.fed.length;
  await decoder.suggest("The patient has hy");
  await decoder.suggest("The patient has hyp");
  // Known from the first call, but for the way over the shorter token " hyper".
  assert(model.fed.length - before <= 1, `${model.fed.length - before} calls`);
});

Deno.test("confidence is the probability of the text and of a word's end behind it", async () => {
  const documents = [
    "The patient has chest pain",
    "The patient has chest pain",
    "The patient has chest fever",
    "The patient was given",
  ];
  const sure = await first(documents, "The patient", { minConfidence: 0.6 });
  assertEquals(sure?.text, " has chest");
  assertAlmostEquals(sure!.confidence, 3 / 4, 0.01);
  const bold = await first(documents, "The patient", { minConfidence: 0.4, length: "longest" });
  assertEquals(bold?.text, " has chest pain");
  assertAlmostEquals(bold!.confidence, 1 / 2, 0.01);
  assertEquals(await first(documents, "The patient", { minConfidence: 0.8 }), undefined);
});

Deno.test("of the ends that are sure enough, that which promises most keys is shown", () => {
  const ends = [
    { text: " has", confidence: 0.9 },
    { text: " has chest", confidence: 0.7 },
    { text: " has chest pain", confidence: 0.4 },
  ];
  // 0.81 · 3, 0.49 · 9, 0.16 · 14
  assertEquals(bestEnd(ends, 0.1, "gain"), ends[1]);
  assertEquals(bestEnd(ends, 0.1, "longest"), ends[2]);
  assertEquals(bestEnd(ends, 0.8, "gain"), ends[0]);
  assertEquals(bestEnd(ends, 0.95, "gain"), undefined);
  assertEquals(bestEnd([], 0, "longest"), undefined);
});

Deno.test("max_words and max_tokens shorten, at a whole word", async () => {
  assertEquals(await texts(history, "The", { maxWords: 2 }), [" patient has"]);
  assertEquals(await texts(history, "The pat", { maxWords: 1 }), ["ient"]);
  const [few] = await texts(history, "The", { maxTokens: 3 });
  assertEquals(few, " patient has hypertension");
});

Deno.test("alternatives, the most confident first", async () => {
  const documents = ["The patient has fever", "The patient has fever", "The patient was given"];
  assertEquals(await texts(documents, "The patient", { n: 3, minConfidence: 0.1 }), [
    " has fever",
    " was given",
  ]);
});

Deno.test("numbers and doses: never, when very likely, always", async () => {
  const certain = ["was given Lasix 40 mg daily for home"];
  const unsure = [...certain, "was given Lasix 20 mg daily for home"];
  const given = "was given";
  assertEquals(await texts(certain, given, { numbers: "never" }), [" Lasix"]);
  assertEquals(await texts(certain, given), [" Lasix 40 mg daily for home"]);
  assertEquals(await texts(unsure, given, { numbers: "confident" }), [" Lasix"]);
  const [bold] = await texts(unsure, given, { numbers: "always" });
  assert(/^ Lasix [24]0 mg daily for home$/.test(bold), bold);
  // The unit of a number that the clinician typed is part of the dose.
  assertEquals(await texts(certain, "was given Lasix 40", { numbers: "never" }), []);
  assertEquals(await texts(certain, "was given Lasix 40 mg", { numbers: "never" }), [
    " daily for home",
  ]);
});

Deno.test("the placeholder of de-identification is never offered", async () => {
  const documents = ["The patient was admitted to Dr ___ for chest pain"];
  assertEquals(await texts(documents, "The patient", { numbers: "always" }), [
    " was admitted to Dr",
  ]);
  assertEquals(await texts(documents, "The patient was admitted to Dr"), []);
  assertEquals(await texts(documents, "The patient was admitted to Dr _"), []);
  const settings = { placeholders: true, maxWords: 2 };
  assertEquals(await texts(documents, "was admitted to Dr", settings), [" ___ for chest"]);
});

Deno.test("a suggestion ends with its section, at a stop, before the text behind it", async () => {
  const lineBreaks = true;
  const note = ["has chest pain\n \nPlan:\nhome"];
  assertEquals(await texts(note, "has", { lineBreaks }), [" chest pain"]);
  assertEquals(await texts(["has chest pain\nPlan:\nhome"], "has", { lineBreaks }), [
    " chest pain",
  ]);
  assertEquals(await texts(history, "The", { stop: [" and"] }), [" patient has hypertension"]);
  assertEquals(await texts(history, "The", { after: " and chest pain" }), [
    " patient has hypertension",
  ]);
  assertEquals(await texts(history, "The pat", { after: "ient" }), []);
});

Deno.test("loops are offered only where asked for", async () => {
  const loop = ["no fever no fever no fever no fever"];
  assertEquals(await texts(loop, "no", { maxWords: 20 }), [" fever"]);
  assertEquals(await texts(loop, "no", { maxWords: 3, loopStops: false }), [" fever no fever"]);
});

Deno.test("a suggestion stays in its line unless asked to go on", async () => {
  const note = ["no fever\nno chest pain\n \nPlan:\nhome"];
  assertEquals(await texts(note, "no"), [" fever"]);
  assertEquals(await texts(note, "no fever"), []);
  assertEquals(await texts(note, "no fever\n"), ["no chest pain"]);
  assertEquals(await texts(note, "no", { lineBreaks: true }), [" fever\nno chest pain"]);
  assertEquals(await texts(note, "no", { lineBreaks: true, sectionStops: false }), [
    " fever\nno chest pain\n \nPlan:\nhome",
  ]);
});

Deno.test("what a rule forbids costs no model call", async () => {
  const { decoder, model } = suggester(["no fever\nno chest pain"]);
  assertEquals(await decoder.suggest("no fever", { heal: false }), []);
  assertEquals(model.fed, [4], "more than the text was computed");
});

Deno.test("without healing the model goes on from the tokens as typed", async () => {
  const { decoder, model } = suggester(history);
  // " hyper" was never followed by "tension" here: that is another token.
  const [off] = await decoder.suggest("The patient has hyper", { heal: false });
  assertEquals(off, undefined);
  assertEquals(model.fed, [tokenizer.encode("The patient has hyper").length + 1]);
  const [on] = await decoder.suggest("The patient has hyper");
  assertEquals(on.text, "tension and chest pain");
});

Deno.test("without whole words a suggestion may end behind any token", async () => {
  const documents = ["The patient has hyperglycemia", "The patient has hyperacusis"];
  assertEquals(await texts(documents, "The patient has", { minConfidence: 0.9 }), []);
  assertEquals(
    await texts(documents, "The patient has", { minConfidence: 0.9, wholeWords: false }),
    [" hyper"],
  );
});

Deno.test("the section's name steers a text that does not show it", async () => {
  const documents = ["Plan:\nThe patient was given Lasix", "The patient has hypertension"];
  assertEquals(await texts(documents, "The patient", { section: "Plan" }), [" was given Lasix"]);
  assertEquals(await texts(documents, "The patient", { minConfidence: 0.9 }), [
    " has hypertension",
  ]);
});

Deno.test("a long note is completed from its end", async () => {
  const text = "no fever and no pain. ".repeat(200) + "The patient has hyper";
  assertEquals(await texts(history, text), ["tension and chest pain"]);
});

Deno.test("empty text: how notes begin", async () => {
  assertEquals(await texts(history, "", { maxWords: 2 }), ["The patient"]);
});

Deno.test("characters of several bytes are never cut in two", async () => {
  const documents = ["The patient has Ménière and chest pain"];
  assertEquals(await texts(documents, "The patient has M", { maxWords: 1 }), ["énière"]);
  const { decoder } = suggester(documents);
  for (const maxTokens of [1, 2, 3, 4, 5]) {
    for (const { text } of await decoder.suggest("The patient has", { maxTokens })) {
      assert(!text.includes("\ufffd"), text);
    }
  }
});

Deno.test("bytes that are no text are never offered", async () => {
  // After " has" come a lone continuation byte and a space, or a control character.
  for (const byte of [0x80, 0xc3, 0x07]) {
    const next = new Map([[byte, 0x20], [0x20, tokenizer.encode("home")[0]]]);
    const model = modelOf(tokenizer, (tokens) => new Map([[next.get(tokens.at(-1)!) ?? byte, 1]]));
    const decoder = new Decoder(model, tokenizer);
    assertEquals(await decoder.suggest("The patient has"), [], `byte ${byte}`);
  }
});

Deno.test("with a temperature the seed decides", async () => {
  const documents = ["has fever", "has chest", "has pain", "has diabetes"];
  const drawn = async (seed: number) =>
    (await first(documents, "has", { temperature: 1, seed, minConfidence: 0.05 }))?.text;
  assertEquals(await drawn(1), await drawn(1));
  const seen = new Set(await Promise.all(Array.from({ length: 40 }, (_, seed) => drawn(seed))));
  assertEquals(seen, new Set([" fever", " chest", " pain", " diabetes"]));
});

Deno.test("a suggestion reports its growth word by word", async () => {
  const { decoder } = suggester(history);
  const grown: Suggestion[] = [];
  await decoder.suggest("The patient", { onGrow: (_, suggestion) => grown.push(suggestion) });
  assertEquals(grown.map(({ text }) => text), [
    " has",
    " has hypertension",
    " has hypertension and",
    " has hypertension and chest",
    " has hypertension and chest pain",
  ]);
});

Deno.test("an aborted request stops with the reason", async () => {
  const { decoder } = suggester(history);
  await assertRejects(
    () => decoder.suggest("The", { signal: AbortSignal.abort(new Error("superseded")) }),
    Error,
    "superseded",
  );
});

Deno.test("a tokenizer of another run is refused", () => {
  const model = corpusModel(pieceTokenizer([]), []);
  assertThrows(
    () => new Decoder(model, tokenizer),
    RangeError,
    `the model has 257 tokens, the tokenizer ${tokenizer.vocabSize}; they come from different runs`,
  );
});
