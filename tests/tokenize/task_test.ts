// `deno task tokenize` as a whole: what it writes, what it refuses, and what survives a failure.

import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { join } from "@std/path";
import {
  readTokens,
  type Split,
  splits,
  type TokensReport,
  type Workspace,
} from "../../pipeline/artifacts.ts";
import { createTokenizer } from "../../pipeline/lib/gpt/decode/tokenizer.ts";
import gpt2 from "../fixtures/gpt2_tokenizer/expected.json" with { type: "json" };
import { huggingFace } from "./fixture.ts";
import { hashes, type TestNote, tokenize, withNotes, writeNotes } from "./notes_parquet.ts";

const splitOf = (i: number): Split => i % 10 === 3 ? "val" : i % 10 === 7 ? "test" : "train";

const notes: TestNote[] = Array.from({ length: 1000 }, (_, i) => ({
  text: `${i}: ${huggingFace.corpus[i % huggingFace.corpus.length]}`,
  split: splitOf(i),
}));
notes[0].text = "";
notes[1].text = "é <|endoftext|> 🙂";

async function expectTokens(paths: Workspace, notes: TestNote[]): Promise<void> {
  const tokenizer = createTokenizer(JSON.parse(await Deno.readTextFile(paths.tokenizer)));
  for (const split of splits) {
    const expected = notes.filter((note) => note.split === split)
      .flatMap(({ text }) => [tokenizer.endOfText, ...tokenizer.encode(text)]);
    const found = await readTokens(paths.tokens(split));
    assertEquals(found.findIndex((token, i) => token !== expected[i]), -1, split);
    assertEquals(found.length, expected.length, split);
  }
}

const entries = async (folder: string) =>
  (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();

Deno.test("bpe: every note's tokens in order, in its split, and the numbers about them", () =>
  withNotes(notes, async (paths) => {
    const { code, stdout, stderr } = await tokenize(paths, "--vocab-size", "400");
    assertEquals(code, 0, stderr);
    assertStringIncludes(stdout, "Next: deno task train");
    await expectTokens(paths, notes);
    assertEquals(await entries(paths.processed), [
      "test.bin",
      "tokenizer.json",
      "tokenizer_config.json",
      "tokens.json",
      "train.bin",
      "val.bin",
    ]);
    const report: TokensReport = JSON.parse(await Deno.readTextFile(paths.tokensReport));
    assertEquals(report.vocabSize, 400);
    for (const split of splits) {
      const texts = notes.filter((note) => note.split === split).map(({ text }) => text);
      const { notes: count, characters, bytes, words, tokens } = report.splits[split];
      assertEquals(count, texts.length);
      assertEquals(characters, texts.reduce((sum, text) => sum + [...text].length, 0));
      assertEquals(bytes, new TextEncoder().encode(texts.join("")).length);
      assertEquals(words, texts.reduce((sum, text) => sum + (text.match(/\S+/g) ?? []).length, 0));
      assertEquals(tokens, (await readTokens(paths.tokens(split))).length);
    }
    const train = await readTokens(paths.tokens("train"));
    const [{ token, count }] = report.mostFrequent;
    assertEquals(count, train.filter((id) => id === token).length);
    assertEquals(report.unused.count, 400 - new Set(train).size);
  }));

Deno.test("char: 38 ids, and what a run decodes is the original's text", () =>
  withNotes(notes, async (paths) => {
    const { code, stderr } = await tokenize(paths, "--kind", "char");
    assertEquals(code, 0, stderr);
    await expectTokens(paths, notes);
    const tokenizer = createTokenizer(JSON.parse(await Deno.readTextFile(paths.tokenizer)));
    const [first, ...rest] = await readTokens(paths.tokens("val"));
    assertEquals(first, tokenizer.endOfText);
    const text = notes[3].text.toLowerCase().replace(/\s/g, " ").replace(/[^0-9a-z ]/g, "");
    assertEquals(tokenizer.decode(rest.slice(0, text.length)), text);
  }));

Deno.test("--tokenizer: a run's own gives its tokens again, byte for byte", () =>
  withNotes(notes, async (paths) => {
    for (const learn of [["--kind", "char"], ["--vocab-size", "400"]]) {
      assertEquals((await tokenize(paths, ...learn)).code, 0);
      const before = await hashes(paths.processed);
      const model = join(paths.root, "model", "best");
      await Deno.mkdir(model, { recursive: true });
      const kept = join(paths.root, "model", "tokenizer.json"); // beside its checkpoints
      await Deno.copyFile(paths.tokenizer, kept);
      await Deno.remove(paths.processed, { recursive: true });
      const { code, stdout, stderr } = await tokenize(paths, "--tokenizer", model);
      assertEquals(code, 0, stderr);
      assertStringIncludes(stdout, `Next: deno task train --init-from ${model}`);
      const after = await hashes(paths.processed);
      for (const file of ["tokenizer.json", "train.bin", "val.bin", "test.bin"]) {
        assertEquals(after[file], before[file], file);
      }
    }
  }));

Deno.test("--tokenizer: one built as GPT-2's encodes as Hugging Face does, under its own ids", () => {
  const folder = new URL("../fixtures/gpt2_tokenizer", import.meta.url).pathname;
  const texts = (gpt2.encoded as [string, number[]][]).map(([text]) => ({
    text,
    split: "train" as const,
  }));
  return withNotes(texts, async (paths) => {
    const { code, stderr } = await tokenize(paths, "--tokenizer", folder);
    assertEquals(code, 0, stderr);
    const expected = (gpt2.encoded as [string, number[]][])
      .flatMap(([, ids]) => [gpt2.end_of_text, ...ids]);
    assertEquals([...await readTokens(paths.tokens("train"))], expected);
    assertEquals(
      await Deno.readFile(paths.tokenizer),
      await Deno.readFile(join(folder, "tokenizer.json")),
    );
    const report: TokensReport = JSON.parse(await Deno.readTextFile(paths.tokensReport));
    assertEquals([report.kind, report.vocabSize], ["bpe", 401]);

    const none = await tokenize(paths, "--tokenizer", paths.root);
    assertEquals(none.code, 1);
    assertStringIncludes(none.stderr, `Cannot find ${join(paths.root, "tokenizer.json")}`);
    assertEquals((await tokenize(paths, "--tokenizer", folder, "--vocab-size", "400")).code, 2);
  });
});

Deno.test("a failed run leaves the previous files as they were", () =>
  withNotes(notes, async (paths) => {
    assertEquals((await tokenize(paths, "--vocab-size", "300")).code, 0);
    const before = await hashes(paths.processed);
    await Deno.writeTextFile(paths.notes, "no parquet");
    const { code, stderr } = await tokenize(paths, "--vocab-size", "400");
    assertEquals(code, 1);
    assertMatch(stderr, /^error: Cannot read notes .*run "deno task ingest" again\n$/);
    assertEquals(await hashes(paths.processed), before);
    await writeNotes(paths.notes, notes.slice(0, 50));
    assertEquals((await tokenize(paths, "--vocab-size", "300")).code, 0);
    await expectTokens(paths, notes.slice(0, 50));
  }));

Deno.test("bad input: one line that names the command to run", async () => {
  await withNotes(notes.slice(0, 30), async (paths) => {
    await writeNotes(paths.notes, [{ text: "only for validation", split: "val" }]);
    assertStringIncludes((await tokenize(paths)).stderr, "no notes in the train split");
    await Deno.remove(paths.notes);
    const missing = await tokenize(paths);
    assertEquals(missing.code, 1);
    assertMatch(
      missing.stderr,
      /^error: Cannot find .*notes\.parquet; run "deno task ingest" first\n$/,
    );
    const contradiction = await tokenize(paths, "--kind", "char", "--vocab-size", "500");
    assertEquals(contradiction.code, 2);
    assertEquals((await tokenize(paths, "--vocab-size", "256")).code, 2);
    assertEquals((await tokenize(paths, "--kind", "words")).code, 2);
    assertEquals(await entries(paths.root), ["interim"]);
  });
});

Deno.test("a vocabulary larger than the notes can fill ends where pairs occur once", () =>
  withNotes(notes.slice(0, 100), async (paths) => {
    const { code, stderr } = await tokenize(paths, "--vocab-size", "60000");
    assertEquals(code, 0, stderr);
    const report: TokensReport = JSON.parse(await Deno.readTextFile(paths.tokensReport));
    assertGreater(report.vocabSize, 300);
    assert(report.vocabSize < 5000);
    await expectTokens(paths, notes.slice(0, 100));
  }));
