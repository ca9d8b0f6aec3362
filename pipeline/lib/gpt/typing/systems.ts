/**
 * What suggests text in an evaluation: the GPT, the n-gram table, both together, or a word n-gram.
 * A `SystemSpec` is plain data, so that it can be sent to a worker, which opens its own system.
 */

import { readJson } from "../../base/files.ts";
import { createContext, type PatientContext } from "../decode/context/context.ts";
import type { ContextItem } from "../decode/context/types.ts";
import type { ContextWeights } from "../decode/context/weights.ts";
import { Decoder, type SuggestSettings } from "../decode/decoder.ts";
import { type Mixture, ngramAlone } from "../decode/mixture.ts";
import { NgramModel, readNgramTable } from "../decode/ngram.ts";
import { PrefixCache } from "../decode/prefix_cache.ts";
import { suggestDefaults } from "../decode/suggest.ts";
import { createTokenizer } from "../decode/tokenizer.ts";
import { Vocabulary } from "../decode/vocabulary.ts";
import type { NextTokenModel, Policies, Tokenizer } from "../decode/types.ts";
import { readCheckpoint } from "../model/checkpoint.ts";
import { WordNgram } from "../ngram/word_ngram.ts";
import { wasmModelFromTensors } from "../wasm/from_tensors.ts";
import { rememberingTokenizer } from "./fast_tokenizer.ts";
import type { NextWords } from "./next_word.ts";
import { type Growth, growthOf } from "./thresholds.ts";
import { leadingWord } from "../../clinical/words.ts";

/** Files that all systems of one evaluation share. */
export interface Sources {
  /** tokenizer.json */
  tokenizer: string;
  /** Checkpoint folder. */
  checkpoint: string;
  /** ngram.bin */
  ngram: string;
  /** What wasm/compile.ts makes, compiled once for all workers. */
  kernels: Uint8Array<ArrayBuffer>;
}

/** A grounded system is told the context of each note, where there is one. */
export type SystemSpec =
  | { kind: "gpt"; mixture?: MixtureSpec; policies?: Partial<Policies>; grounded?: boolean }
  | { kind: "table" }
  /** A word n-gram of these training notes. */
  | { kind: "words"; order: number; notes: readonly string[] };

/** The mixture of a system: the λ of the n-gram table, the α of the note's own n-grams. */
export interface MixtureSpec {
  table?: readonly number[];
  note?: readonly number[];
  /** λ of a patient's context. */
  context?: ContextWeights;
}

export interface System {
  nextWords: NextWords;
  /** Which of the ends it shows; "gain" if absent. */
  length?: Policies["length"];
  /** Every end of the best suggestion, down to confidence `least`. */
  grow(before: string, least: number): Promise<Growth>;
  /** Tells it what is known of the patient from now on; undefined for nothing. */
  setContext?(items: readonly ContextItem[] | undefined): void;
}

/**
 * Loads what `specs` name, to read the same text side by side. There is one GPT for all of them, and
 * what it has computed for one the others find. It is the worker's: int8, on one thread.
 */
export async function openSystems(
  specs: readonly SystemSpec[],
  sources: Sources,
): Promise<System[]> {
  const tokenizer = await openTokenizer(sources.tokenizer);
  const neural = specs.some(({ kind }) => kind !== "words");
  const { config, parameters } = neural
    ? await readCheckpoint(sources.checkpoint)
    : { config: undefined, parameters: undefined };
  const needsGpt = specs.some(({ kind }) => kind === "gpt");
  const gpt = needsGpt
    ? await wasmModelFromTensors(config!, parameters!, sources.kernels)
    : undefined;
  const needsTable = specs.some((spec) =>
    spec.kind === "table" || (spec.kind === "gpt" && spec.mixture?.table !== undefined)
  );
  const table = needsTable ? await openNgram(sources.ngram) : undefined;
  const shared = gpt && sharedModel(gpt);
  const open = (spec: SystemSpec): System => {
    switch (spec.kind) {
      case "words":
        return openWords(spec.notes, spec.order);
      case "table":
        return decoding(ngramAlone(table!, config!.n_positions), tokenizer);
      case "gpt":
        return decoding(shared!, tokenizer, {
          policies: spec.policies,
          grounded: spec.grounded,
          mixture: spec.mixture && beside(spec.mixture, table),
        });
    }
  };
  return specs.map(open);
}

/** What `spec` names, ready for a decoder. */
export const beside = (
  { table, note, context }: MixtureSpec,
  ngram: NgramModel | undefined,
): Mixture => ({
  ...(table ? { table: { ngram: ngram!, weights: table } } : {}),
  ...(note ? { note } : {}),
  ...(context ? { context } : {}),
});

/** The n-gram table in the file at `path`. */
export async function openNgram(path: string): Promise<NgramModel> {
  return new NgramModel(readNgramTable(await Deno.readFile(path)));
}

/** Reads contexts as the decoders of `sources` do. */
export async function openContextReader({ tokenizer: path }: Sources) {
  const tokenizer = await openTokenizer(path), vocabulary = new Vocabulary(tokenizer);
  return (items: readonly ContextItem[]) => createContext(items, tokenizer, vocabulary);
}

async function openTokenizer(path: string): Promise<Tokenizer> {
  const json = await readJson<{ decoder?: { type?: string } }>(path, "deno task tokenize");
  const tokenizer = createTokenizer(json);
  return json.decoder?.type === "ByteLevel" ? rememberingTokenizer(tokenizer) : tokenizer;
}

const { minConfidence: _, ...settings } = suggestDefaults;

/**
 * Tokens that a next word is looked for behind: the likeliest token need not begin the likeliest
 * word, and two may begin the same. Letters that are typed already leave fewer to choose from.
 */
const BEGINNINGS = 8;

/** `model` behind the decoder that the worker uses. */
function decoding<S>(
  model: NextTokenModel<S>,
  tokenizer: Tokenizer,
  { policies = {}, mixture, grounded = false }: {
    policies?: Partial<Policies>;
    mixture?: Mixture;
    grounded?: boolean;
  } = {},
): System {
  const decoder = new Decoder(model, tokenizer, { mixture });
  const chosen: SuggestSettings = { ...settings, ...policies };
  let context: PatientContext | undefined;
  return {
    async nextWords(before, typed) {
      const found = await decoder.suggest(before, {
        n: typed === "" ? BEGINNINGS : BEGINNINGS / 2,
        maxWords: 1,
        minCharacters: 1,
        minConfidence: 0,
        numbers: "always",
        context,
      });
      // Behind white space a suggestion may repeat none of it; inside a word it goes on with it.
      const words = found.map(({ text }) =>
        leadingWord(typed === "" ? text.trimStart() : typed + text)
      );
      return words.filter((word) => word !== undefined);
    },
    length: chosen.length,
    grow: (before, least) => growthOf(decoder as Decoder, before, { ...chosen, context }, least),
    setContext: (items) => {
      context = grounded && items ? decoder.contextOf(items) : undefined;
    },
  };
}

function openWords(notes: readonly string[], order: number): System {
  const ngram = new WordNgram(notes, order);
  return {
    nextWords: (before, typed) => Promise.resolve(ngram.nextWords(before, 3, typed)),
    grow: (before, least) => Promise.resolve(ngram.growth(before, least, suggestDefaults.maxWords)),
  };
}

/** Token sequences remembered for all decoders together. */
const ENTRIES = 160;

/**
 * One model for several decoders that read the same text side by side: what one of them has
 * computed the others find. The GPT alone, with n-grams and with a rule switched off mostly ask for
 * the same tokens. Its state is only the tokens so far; keys and values stay in the shared memory.
 */
export function sharedModel<S>(model: NextTokenModel<S>): NextTokenModel<readonly number[]> {
  const cache = new PrefixCache(model, { maxEntries: ENTRIES });
  return {
    vocabSize: model.vocabSize,
    contextLength: model.contextLength,
    async feed(tokens, state = []) {
      const all = [...state, ...tokens];
      return { logits: await cache.logitsAfter(all), state: all };
    },
    truncate: (state, length) => state.slice(0, length),
  };
}
