/** All of the stage, from notes.parquet to a finished processed/ folder. */

import { join, relative } from "@std/path";
import { type Split, splits, type TokensReport, type Workspace } from "../artifacts.ts";
import { openSources } from "../artifacts/chain.ts";
import { lineageOf, nameOf, type Sources } from "../artifacts/lineage.ts";
import { exists, readJson, writeAtomic, writeJson } from "../lib/base/files.ts";
import { format, Progress } from "../lib/base/cli.ts";
import { createTokenizer } from "../lib/gpt/decode/tokenizer.ts";
import { trainBpe } from "./bpe_trainer.ts";
import { encodeNotes } from "./encode_notes.ts";
import { encodingOf, type GivenTokenizer } from "./given_tokenizer.ts";
import { countNotes, readNoteBatches } from "./note_batches.ts";
import { PATTERN } from "./pre_tokenizer.ts";
import { tokensReport, tokenUsage } from "./report.ts";
import { type Fingerprint, FORMAT, Staging } from "./staging.ts";
import {
  bpeTokenizerJson,
  CHARACTERS,
  charTokenizerJson,
  tokenizerConfig,
  type TokenizerJson,
} from "./tokenizer_json.ts";
import {
  encodePublic,
  type PublicSource,
  readPublicSources,
  weightOfNotes,
} from "./public_texts.ts";
import { type PackedCounts, WordCounts } from "./word_counts.ts";
import { bytesOf, startWorkers, type WorkerPool } from "./worker_pool.ts";

/** A pair that occurs once only teaches the vocabulary that one place. */
const MIN_FREQUENCY = 2;

export type TokenizeOptions =
  | { kind: "bpe"; vocabSize: number }
  | { kind: "char" }
  | { kind: "given"; given: GivenTokenizer };

/** Replaces the processed/ folder, or throws and leaves it as it was. */
export async function tokenizeNotes(
  paths: Workspace,
  options: TokenizeOptions,
): Promise<TokensReport> {
  const staging = new Staging(paths.processed);
  await staging.recover();
  const sources = await openSources({ paths }, "tokenize", ["notes", "public"]);
  const publicSources = await readPublicSources(paths);
  // A workspace of public texts alone makes a base for others' notes.
  const hasNotes = publicSources.length === 0 || await exists(paths.notes);
  const notes = hasNotes ? await countNotes(paths.notes) : { train: 0, val: 0, test: 0 };
  const fingerprint: Fingerprint = {
    format: FORMAT,
    notesSha256: sources[nameOf({ paths }, paths.notes)] ?? "none",
    ...(publicSources.length > 0
      ? { publicSha256: sources[nameOf({ paths }, paths.publicReport)] }
      : {}),
    ...decided(options),
  };
  using pool = startWorkers();
  const given = options.kind === "given" ? options.given : undefined;
  return await run(pool, paths, staging, { fingerprint, given, notes, publicSources, sources });
}

function decided(
  options: TokenizeOptions,
): Omit<Fingerprint, "format" | "notesSha256" | "publicSha256"> {
  switch (options.kind) {
    case "char":
      return { kind: "char", vocabSize: CHARACTERS.length + 1, pattern: "" };
    case "bpe":
      return { kind: "bpe", vocabSize: options.vocabSize, pattern: PATTERN };
    case "given": {
      const { sha256: tokenizerSha256, json, tokenizer: { vocabSize } } = options.given;
      const kind = encodingOf(json).kind === "characters" ? "char" : "bpe";
      return { kind, vocabSize, pattern: "", tokenizerSha256 };
    }
  }
}

async function run(
  pool: WorkerPool,
  paths: Workspace,
  staging: Staging,
  { fingerprint, given, notes, publicSources, sources }: {
    fingerprint: Fingerprint;
    given: GivenTokenizer | undefined;
    notes: Record<Split, number>;
    publicSources: readonly PublicSource[];
    sources: Sources;
  },
): Promise<TokensReport> {
  const { kind, vocabSize } = fingerprint;
  const resume = await staging.open(fingerprint);
  const tokenizerPath = join(staging.folder, "tokenizer.json");
  let json: TokenizerJson;
  if (resume !== undefined) {
    console.log(`Going on after ${format(resume.notes)} notes of an earlier run.`);
    json = await readJson<TokenizerJson>(tokenizerPath, "deno task tokenize");
  } else if (given) {
    json = given.json;
    await writeAtomic(tokenizerPath, given.bytes);
    await writeAtomic(join(staging.folder, "tokenizer_config.json"), given.configBytes);
  } else {
    json = kind === "char"
      ? charTokenizerJson()
      : await learnBpe(pool, paths, vocabSize, { notes: notes.train, publicSources });
    await writeJson(tokenizerPath, json);
    await writeJson(join(staging.folder, "tokenizer_config.json"), tokenizerConfig());
  }
  await pool.all("load", [encodingOf(json)]);

  const publicTokens = await encodePublic(pool, paths, publicSources, staging.folder);
  const encoding = new Progress("encode", notes.train + notes.val + notes.test, "notes");
  const counts = await encodeNotes(pool, {
    notesPath: notes.train > 0 ? paths.notes : undefined,
    staging,
    fingerprint,
    resume,
    onProgress: (done) => encoding.update(done),
  });
  const tokenizer = createTokenizer(json);
  const report = tokensReport({
    fingerprint,
    tokenizer,
    lineage: await lineageOf(
      { paths },
      sources,
      [
        paths.tokenizer,
        ...splits.map(paths.tokens),
        ...(publicTokens === undefined ? [] : [paths.publicTokens]),
      ],
      (path) => join(staging.folder, relative(paths.processed, path)),
    ),
    splits: counts,
    usage: await tokenUsage(join(staging.folder, "train.bin"), tokenizer.vocabSize),
    public: publicTokens === undefined
      ? undefined
      : { tokens: publicTokens, sources: [...publicSources] },
  });
  await writeJson(join(staging.folder, "tokens.json"), report);
  await staging.commit();
  encoding.finish(`${format(counts.train.tokens + counts.val.tokens + counts.test.tokens)} tokens`);
  return report;
}

/** Learned from the notes and, where there are some, the public texts: see public_texts.ts. */
async function learnBpe(
  pool: WorkerPool,
  paths: Workspace,
  vocabSize: number,
  { notes, publicSources }: { notes: number; publicSources: readonly PublicSource[] },
): Promise<TokenizerJson> {
  const total = publicSources.reduce((sum, { texts }) => sum + texts, notes);
  const counting = new Progress("count", total, "texts");
  let done = 0;
  const countedIn = async (path: string, split?: Split): Promise<PackedCounts[]> => {
    const batches = readNoteBatches(path, { split });
    for await (const texts of pool.map("count", batches, { transfer: bytesOf })) {
      counting.update(done += texts);
    }
    return await pool.all("takeCounts", []);
  };
  const ofNotes = notes > 0 ? await countedIn(paths.notes, "train") : [];
  const ofPublic: PackedCounts[] = [];
  for (const { name } of publicSources) ofPublic.push(...await countedIn(paths.publicTexts(name)));
  const weight = notes > 0 ? weightOfNotes(ofNotes, ofPublic) : 1;
  const words = new WordCounts();
  for (const counts of ofNotes) words.addAll(counts, weight);
  for (const counts of ofPublic) words.addAll(counts);
  counting.finish(`${format(words.words.size)} different pre-tokens`);

  const merging = new Progress("merge", vocabSize, "tokens");
  const vocabulary = trainBpe(words.words, words.counts, {
    vocabSize,
    minFrequency: MIN_FREQUENCY * weight,
    onProgress: (tokens) => merging.update(tokens),
  });
  merging.finish(`${format(vocabulary.tokens.length)} tokens`);
  return bpeTokenizerJson(vocabulary);
}
