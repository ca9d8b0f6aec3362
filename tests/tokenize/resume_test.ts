// A run that is stopped goes on where it was, and ends with the very files of one that was not.

import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  type Split,
  type SplitCounts,
  splits,
  TOKEN_HEADER_BYTES,
  tokenHeader,
  type TokensReport,
  type Workspace,
} from "../../pipeline/artifacts.ts";
import { readJson } from "../../pipeline/lib/base/files.ts";
import { createTokenizer } from "../../pipeline/lib/gpt/decode/tokenizer.ts";
import { PATTERN } from "../../pipeline/tokenize/pre_tokenizer.ts";
import { FORMAT, type Progress } from "../../pipeline/tokenize/staging.ts";
import { huggingFace } from "./fixture.ts";
import { hashes, type TestNote, tokenize, tokenizeCommand, withNotes } from "./notes_parquet.ts";

const notes: TestNote[] = Array.from({ length: 3000 }, (_, i) => ({
  text: `${i} ${huggingFace.corpus[i * 7 % huggingFace.corpus.length]}`,
  split: splits[i % 3],
}));

/** processed.partial as a run leaves it that died some time after saving `progress`. */
async function leaveStopped(paths: Workspace, progress: Progress): Promise<void> {
  const partial = `${paths.processed}.partial`;
  await Deno.mkdir(partial);
  for (const name of ["tokenizer.json", "tokenizer_config.json"]) {
    await Deno.copyFile(`${paths.processed}/${name}`, `${partial}/${name}`);
  }
  for (const split of splits) {
    const all = await Deno.readFile(paths.tokens(split));
    const kept = all.slice(0, TOKEN_HEADER_BYTES + 2 * progress.splits[split].tokens + 77);
    kept.set(tokenHeader(0));
    kept.fill(0xff, kept.length - 77); // Written after the progress was saved: not to be trusted.
    await Deno.writeFile(`${partial}/${split}.bin`, kept);
  }
  await Deno.writeTextFile(`${partial}/progress.json`, JSON.stringify(progress));
}

async function progressAfter(paths: Workspace, done: number): Promise<Progress> {
  const tokenizer = createTokenizer(JSON.parse(await Deno.readTextFile(paths.tokenizer)));
  const count = (split: Split): SplitCounts => {
    const texts = notes.slice(0, done).filter((note) => note.split === split)
      .map(({ text }) => text);
    const sum = (size: (text: string) => number) => texts.reduce((n, text) => n + size(text), 0);
    return {
      notes: texts.length,
      tokens: sum((text) => 1 + tokenizer.encode(text).length),
      characters: sum((text) => [...text].length),
      bytes: sum((text) => new TextEncoder().encode(text).length),
      words: sum((text) => text.match(/\S+/g)!.length),
    };
  };
  const { lineage } = await readJson<TokensReport>(paths.tokensReport, "");
  const notesSha256 = lineage.from["interim/notes.parquet"];
  return {
    fingerprint: { format: FORMAT, notesSha256, kind: "bpe", vocabSize: 400, pattern: PATTERN },
    notes: done,
    splits: { train: count("train"), val: count("val"), test: count("test") },
  };
}

Deno.test("resume: what was encoded is kept, what was written after it is not", () =>
  withNotes(notes, async (paths) => {
    assertEquals((await tokenize(paths, "--vocab-size", "400")).code, 0);
    const expected = await hashes(paths.processed);
    await leaveStopped(paths, await progressAfter(paths, 2301));
    const resumed = await tokenize(paths, "--vocab-size", "400");
    assertEquals(resumed.code, 0, resumed.stderr);
    assertStringIncludes(resumed.stdout, "Going on after 2,301 notes");
    assertEquals(await hashes(paths.processed), expected);

    // Other options: nothing of the stopped run may be used.
    await leaveStopped(paths, await progressAfter(paths, 2301));
    const other = await tokenize(paths, "--vocab-size", "300");
    assertEquals(other.stdout.includes("Going on"), false);
    assertEquals((await readJson<TokensReport>(paths.tokensReport, "")).vocabSize, 300);
  }));

Deno.test("killed at any moment, the files in processed/ stay whole", () =>
  withNotes(notes, async (paths) => {
    assertEquals((await tokenize(paths, "--vocab-size", "300")).code, 0);
    const before = await hashes(paths.processed);
    for (const milliseconds of [150, 300, 450]) {
      const child = tokenizeCommand(paths, "--vocab-size", "400").spawn();
      const timer = setTimeout(() => child.kill("SIGKILL"), milliseconds);
      const { success } = await child.output();
      clearTimeout(timer);
      if (!success) assertEquals(await hashes(paths.processed), before);
      else await tokenize(paths, "--vocab-size", "300");
    }
    assertEquals((await tokenize(paths, "--vocab-size", "300")).code, 0);
    assertEquals(await hashes(paths.processed), before);
  }));

Deno.test("a commit cut short between its two renames is undone by the next run", () =>
  withNotes(notes, async (paths) => {
    assertEquals((await tokenize(paths, "--vocab-size", "300")).code, 0);
    const before = await hashes(paths.processed);
    await Deno.rename(paths.processed, `${paths.processed}.previous`);
    await Deno.writeTextFile(paths.notes, "no parquet");
    assertEquals((await tokenize(paths, "--vocab-size", "300")).code, 1);
    assertEquals(await hashes(paths.processed), before);
  }));
