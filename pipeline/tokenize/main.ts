/** `deno task tokenize`: notes.parquet → tokenizer.json, {train,val,test}.bin, tokens.json. */

import { workspace } from "../artifacts.ts";
import { defineTask, format, nextCommand, runTask, UsageError } from "../lib/base/cli.ts";
import { readGivenTokenizer } from "./given_tokenizer.ts";
import { tokenizeNotes } from "./tokenize_notes.ts";
import { BYTE_TOKENS } from "./vocabulary.ts";

const DEFAULT_VOCAB_SIZE = 4096;

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
    tokenizer: {
      type: "string",
      placeholder: "DIR",
      help: "use the tokenizer.json of a run or a Hugging Face folder instead of learning one",
    },
  },
  examples: [
    "deno task tokenize --vocab-size 2048",
    "deno task tokenize --kind char",
    "deno task tokenize --tokenizer data/runs/latest",
  ],
  async run({ kind, vocabSize, tokenizer, data }) {
    if (kind === "char" && vocabSize !== undefined) {
      throw new UsageError("--vocab-size is of no use with --kind char; leave it out");
    }
    if (tokenizer !== undefined && (kind === "char" || vocabSize !== undefined)) {
      throw new UsageError(
        "--tokenizer brings its own vocabulary; leave out --kind and --vocab-size",
      );
    }
    const paths = workspace(data);
    const given = tokenizer === undefined ? undefined : await readGivenTokenizer(tokenizer);
    const report = await tokenizeNotes(
      paths,
      given
        ? { kind: "given", given }
        : kind === "char"
        ? { kind }
        : { kind: "bpe", vocabSize: vocabSize ?? DEFAULT_VOCAB_SIZE },
    );
    const { train, val, test } = report.splits;
    console.log(
      `${format(report.vocabSize)} tokens in the vocabulary, ` +
        `${train.charactersPerToken.toFixed(2)} characters per token, ` +
        `${format(train.tokensPerNote)} tokens per note`,
    );
    console.log(
      `train ${format(train.tokens)}, val ${format(val.tokens)}, test ${format(test.tokens)} ` +
        `tokens in ${paths.processed}`,
    );
    if (report.public) {
      const names = report.public.sources.map(({ name, licence }) => `${name} (${licence})`);
      console.log(`public ${format(report.public.tokens)} tokens of ${names.join(", ")}`);
    }
    console.log(`Next: ${nextCommand("train", { data, "init-from": tokenizer })}`);
  },
}));
