/**
 * What suggests text in an evaluation: the GPT, the n-gram table, both together, or a word n-gram.
 * A `SystemSpec` is plain data, so that it can be sent to a worker, which opens its own system.
 */

import { readJson, readTokens } from "../artifacts.ts";
import { Decoder } from "../decode/decoder.ts";
import { mixture, ngramAlone } from "../decode/mixture.ts";
import { NgramModel, readNgramTable } from "../decode/ngram.ts";
import { suggestDefaults } from "../decode/suggest.ts";
import { createTokenizer } from "../decode/tokenizer.ts";
import type { NextTokenModel, Tokenizer } from "../decode/types.ts";
import { readCheckpoint } from "../model/checkpoint.ts";
import { loadRuntime } from "../onnx/runtime.ts";
import { modelFromTensors, type OnnxModel } from "../onnx/session.ts";
import { documentsOf, spread } from "../measure/documents.ts";
import type { NextWords } from "./next_word.ts";
import { type Growth, growthOf, thresholds } from "./thresholds.ts";
import { WordNgram } from "./word_ngram.ts";
import { leadingWord } from "./words.ts";

/** Files that all systems of one evaluation share. */
export interface Sources {
  /** tokenizer.json */
  tokenizer: string;
  /** Checkpoint folder. */
  checkpoint: string;
  /** train.bin, for the word n-grams, and how many of its notes they count. */
  trainTokens: string;
  trainNotes: number;
  /** ngram.bin */
  ngram: string;
}

export type SystemSpec =
  & { sources: Sources }
  & (
    | { kind: "gpt" }
    | { kind: "table" }
    | { kind: "mixture"; weights: number[] }
    | { kind: "words"; order: number }
  );

export interface System {
  nextWords: NextWords;
  /** Every end of the best suggestion, down to the lowest threshold. */
  grow(before: string): Promise<Growth>;
  close(): Promise<void>;
}

/** Loads what `spec` names; models run on one thread, because workers share the cores. */
export async function openSystem(spec: SystemSpec): Promise<System> {
  const { sources } = spec;
  const tokenizer = createTokenizer(await readJson(sources.tokenizer, "deno task tokenize"));
  if (spec.kind === "words") return await openWords(sources, spec.order, tokenizer);
  const { config, parameters } = await readCheckpoint(sources.checkpoint);
  if (spec.kind === "table") {
    return decoding(ngramAlone(await openNgram(sources.ngram), config.n_positions), tokenizer);
  }
  const gpt = await modelFromTensors(config, parameters, await loadRuntime({ threads: 1 }));
  if (spec.kind === "gpt") return decoding(gpt, tokenizer, gpt);
  return decoding(mixture(gpt, await openNgram(sources.ngram), spec.weights), tokenizer, gpt);
}

/** The n-gram table in the file at `path`. */
export async function openNgram(path: string): Promise<NgramModel> {
  return new NgramModel(readNgramTable(await Deno.readFile(path)));
}

const { minConfidence: _, ...settings } = suggestDefaults;

function decoding<S>(
  model: NextTokenModel<S>,
  tokenizer: Tokenizer,
  toClose?: OnnxModel,
): System {
  const decoder = new Decoder(model, tokenizer);
  return {
    async nextWords(before) {
      const found = await decoder.suggest(before, {
        n: 3,
        maxWords: 1,
        minConfidence: 0,
        numbers: "always",
      });
      const words = found.map(({ text }) => leadingWord(text.trimStart()));
      return words.filter((word) => word !== undefined);
    },
    grow: (before) => growthOf(decoder as Decoder, before, settings),
    close: async () => await toClose?.close(),
  };
}

async function openWords(
  { trainTokens, trainNotes }: Sources,
  order: number,
  tokenizer: Tokenizer,
): Promise<System> {
  const train = spread(documentsOf(await readTokens(trainTokens), tokenizer), trainNotes);
  const ngram = new WordNgram(train.map(({ text }) => text), order);
  return {
    nextWords: (before) => Promise.resolve(ngram.nextWords(before, 3)),
    grow: (before) =>
      Promise.resolve(ngram.growth(before, thresholds[0], suggestDefaults.maxWords)),
    close: () => Promise.resolve(),
  };
}
