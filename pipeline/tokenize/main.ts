/** `deno task tokenize`: notes.parquet → tokenizer.json, {train,val,test}.bin, tokens.json. */

import { join } from "@std/path";
import { readJson, type Workspace, workspace, writeJson } from "../artifacts.ts";
import { defineTask, format, Progress, runTask, UsageError } from "../cli.ts";
import { createTokenizer } from "../decode/tokenizer.ts";
import { trainBpe } from "./bpe_trainer.ts";
import { encodeNotes } from "./encode_notes.ts";
import { countNotes, readNoteBatches } from "./note_batches.ts";
import { PATTERN } from "./pre_tokenizer.ts";
import { sha256File, tokensReport, tokenUsage } from "./report.ts";
import { type Fingerprint, FORMAT, Staging } from "./staging.ts";
import {
  bpeTokenizerJson,
  CHARACTERS,
  charTokenizerJson,
  readVocabulary,
  tokenizerConfig,
  type TokenizerJson,
} from "./tokenizer_json.ts";
import { BYTE_TOKENS } from "./vocabulary.ts";
import { WordCounts } from "./word_counts.ts";
import { WorkerPool } from "./worker_pool.ts";

const DEFAULT_VOCAB_SIZE = 4096;

/** A pair that occurs once only teaches the vocabulary that one place. */
const MIN_FREQUENCY = 2;

await runTask(defineTask({
  name: "tokenize",
  summary: "Learns a tokenizer from the training notes and turns all notes into tokens.",
  flags: {
    kind: {
      type: "string",
      choices: ["bpe", "char"],
      default: "bpe",
      help: "byte-level BPE, or the original's 37 characters",
    },
    "vocab-size": {
      type: "integer",
      min: BYTE_TOKENS + 1,
      max: 65536,
      help: `number of BPE tokens, ${DEFAULT_VOCAB_SIZE} if absent`,
    },
  },
  examples: ["deno task tokenize --vocab-size 2048", "deno task tokenize --kind char"],
  async run({ kind, vocabSize, data }) {
    if (kind === "char" && vocabSize !== undefined) {
      throw new UsageError("--vocab-size is of no use with --kind char; leave it out");
    }
    const paths = workspace(data);
    const staging = new Staging(paths.processed);
    await staging.recover();
    const notes = await countNotes(paths.notes);
    const fingerprint: Fingerprint = {
      format: FORMAT,
      notesSha256: await sha256File(paths.notes),
      kind: kind === "char" ? "char" : "bpe",
      vocabSize: kind === "char" ? CHARACTERS.length + 1 : vocabSize ?? DEFAULT_VOCAB_SIZE,
      pattern: kind === "char" ? "" : PATTERN,
    };
    const pool = new WorkerPool();
    try {
      await tokenize(pool, paths, staging, fingerprint, notes);
    } finally {
      pool.close();
    }
  },
}));

async function tokenize(
  pool: WorkerPool,
  paths: Workspace,
  staging: Staging,
  fingerprint: Fingerprint,
  notes: { train: number; val: number; test: number },
): Promise<void> {
  const resume = await staging.open(fingerprint);
  const tokenizerPath = join(staging.folder, "tokenizer.json");
  let json: TokenizerJson;
  if (resume !== undefined) {
    console.log(`Going on after ${format(resume.notes)} notes of an earlier run.`);
    json = await readJson<TokenizerJson>(tokenizerPath, "deno task tokenize");
  } else {
    json = fingerprint.kind === "char"
      ? charTokenizerJson()
      : await learnBpe(pool, paths.notes, fingerprint.vocabSize, notes.train);
    await writeJson(tokenizerPath, json);
    await writeJson(join(staging.folder, "tokenizer_config.json"), tokenizerConfig());
  }
  await pool.all("load", fingerprint.kind === "char" ? null : readVocabulary(json));

  const total = notes.train + notes.val + notes.test;
  const encoding = new Progress("encode", total, "notes");
  const splits = await encodeNotes(pool, {
    notesPath: paths.notes,
    staging,
    fingerprint,
    resume,
    onProgress: (done) => encoding.update(done),
  });
  const tokenizer = createTokenizer(json);
  const report = tokensReport({
    fingerprint,
    tokenizer,
    tokenizerSha256: await sha256File(tokenizerPath),
    splits,
    usage: await tokenUsage(join(staging.folder, "train.bin"), tokenizer.vocabSize),
  });
  await writeJson(join(staging.folder, "tokens.json"), report);
  await staging.commit();
  const { train, val, test } = report.splits;
  encoding.finish(`${format(train.tokens + val.tokens + test.tokens)} tokens`);
  console.log(
    `${format(tokenizer.vocabSize)} tokens in the vocabulary, ${
      train.charactersPerToken.toFixed(2)
    } characters per token, ${format(train.tokensPerNote)} tokens per note
train ${format(train.tokens)}, val ${format(val.tokens)}, test ${
      format(test.tokens)
    } tokens in ${paths.processed}
Next: deno task train`,
  );
}

async function learnBpe(
  pool: WorkerPool,
  notesPath: string,
  vocabSize: number,
  trainNotes: number,
): Promise<TokenizerJson> {
  const counting = new Progress("count", trainNotes, "notes");
  let done = 0;
  for await (
    const { notes } of pool.map("count", readNoteBatches(notesPath, { split: "train" }))
  ) {
    counting.update(done += notes);
  }
  const words = new WordCounts();
  for (const counts of await pool.all("takeCounts", null)) words.addAll(counts);
  counting.finish(`${format(words.words.size)} different pre-tokens`);

  const merging = new Progress("merge", vocabSize, "tokens");
  const vocabulary = trainBpe(words.words, words.counts, {
    vocabSize,
    minFrequency: MIN_FREQUENCY,
    onProgress: (tokens) => merging.update(tokens),
  });
  merging.finish(`${format(vocabulary.tokens.length)} tokens`);
  return bpeTokenizerJson(vocabulary);
}
