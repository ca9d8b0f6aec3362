/**
 * Hugging Face's tokenizer.json and tokenizer_config.json, as `tokenizers` (Rust, Python),
 * `@huggingface/tokenizers` and transformers.js read them.
 */

import { PATTERN } from "./pre_tokenizer.ts";
import { END_OF_TEXT, END_OF_TEXT_ID, type Vocabulary } from "./vocabulary.ts";

/** The parts of a tokenizer.json that our own code reads back. */
export interface TokenizerJson {
  version: string;
  model: { type: string; vocab: Record<string, number>; merges: (string | [string, string])[] };
  [key: string]: unknown;
}

const common = {
  version: "1.0",
  truncation: null,
  padding: null,
  added_tokens: [{
    id: END_OF_TEXT_ID,
    content: END_OF_TEXT,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }],
};

const bpeModel = {
  type: "BPE",
  dropout: null,
  unk_token: null,
  continuing_subword_prefix: null,
  end_of_word_suffix: null,
  fuse_unk: false,
  byte_fallback: false,
  ignore_merges: false,
};

/** Byte-level BPE with our pre-tokenization. */
export function bpeTokenizerJson({ tokens, merges }: Vocabulary): TokenizerJson {
  return {
    ...common,
    normalizer: null,
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Split", pattern: { Regex: PATTERN }, behavior: "Isolated", invert: false },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      ...bpeModel,
      vocab: vocab(tokens),
      merges: merges.map(({ left, right }) => [tokens[left], tokens[right]]),
    },
  };
}

/** The original Nano Med GPT's alphabet, in its order. */
export const CHARACTERS = " 0123456789abcdefghijklmnopqrstuvwxyz";

/** One token per character, after lower-casing, with what is not in the alphabet dropped. */
export function charTokenizerJson(): TokenizerJson {
  const replace = (Regex: string, content: string) => ({
    type: "Replace",
    pattern: { Regex },
    content,
  });
  return {
    ...common,
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "Lowercase" },
        replace("[\\x09-\\x0d]", " "),
        replace("[^0-9a-z ]", ""),
      ],
    },
    pre_tokenizer: null,
    post_processor: null,
    decoder: { type: "Fuse" },
    model: { ...bpeModel, vocab: vocab([END_OF_TEXT, ...CHARACTERS]), merges: [] },
  };
}

// Object.fromEntries, not assignment: a token may be called "__proto__".
const vocab = (tokens: string[]) => Object.fromEntries(tokens.map((token, id) => [token, id]));

/** The companion file that tells transformers which class to make and which token ends a text. */
export function tokenizerConfig() {
  return {
    tokenizer_class: "PreTrainedTokenizerFast",
    bos_token: END_OF_TEXT,
    eos_token: END_OF_TEXT,
    unk_token: END_OF_TEXT,
    // Without token_type_ids, which transformers 4 returns by default and GPT-2 takes for tokens.
    model_input_names: ["input_ids", "attention_mask"],
    clean_up_tokenization_spaces: false,
    add_prefix_space: false,
  };
}

/** Merges as pairs: older files have both tokens in one string, with a space in between. */
export const mergePairs = (merges: TokenizerJson["model"]["merges"]): [string, string][] =>
  merges.map((merge) => typeof merge === "string" ? split(merge) : merge);

function split(merge: string): [string, string] {
  const at = merge.indexOf(" ");
  return [merge.slice(0, at), merge.slice(at + 1)];
}

/** The vocabulary of a BPE tokenizer.json. */
export function readVocabulary({ model }: TokenizerJson): Vocabulary {
  const tokens: string[] = [];
  const ids = new Map(Object.entries(model.vocab));
  for (const [token, id] of ids) tokens[id] = token;
  const id = (token: string): number => {
    const found = ids.get(token);
    if (found === undefined) {
      throw new RangeError(
        `Cannot read tokenizer.json: ${
          JSON.stringify(token)
        } is merged but not in the vocabulary; run "deno task tokenize" again`,
      );
    }
    return found;
  };
  const merges = mergePairs(model.merges).map(([left, right]) => ({
    left: id(left),
    right: id(right),
    token: id(left + right),
  }));
  return { tokens, merges };
}
