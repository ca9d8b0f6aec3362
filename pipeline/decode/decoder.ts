/** A model, its tokenizer and the memory of recent texts: what callers hold on to. */

import { type GeneratedToken, type GenerateOptions, generateTokens } from "./generate.ts";
import type { Suggestion } from "./growth.ts";
import { PrefixCache, type PrefixCacheLimits } from "./prefix_cache.ts";
import { seededRandom } from "./random.ts";
import { suggest, suggestDefaults, type SuggestOptions } from "./suggest.ts";
import type { NextTokenModel, Tokenizer } from "./types.ts";
import { Vocabulary } from "./vocabulary.ts";
import { fitWindow } from "./window.ts";

/** What a caller may set; the rest is `suggestDefaults`. */
export type SuggestSettings = Partial<Omit<SuggestOptions, "random">> & { seed?: number };

/**
 * ```ts
 * const decoder = new Decoder(model, tokenizer);
 * const [best] = await decoder.suggest("The patient is", { maxWords: 4 });
 * ```
 * One decoder serves one text after another: each call reuses what the last ones computed.
 */
export class Decoder<S = unknown> {
  readonly tokenizer: Tokenizer;
  readonly cache: PrefixCache<S>;
  readonly #vocabulary: Vocabulary;
  /** Every token that holds an underscore. */
  readonly #placeholders: readonly number[];

  constructor(model: NextTokenModel<S>, tokenizer: Tokenizer, limits?: PrefixCacheLimits) {
    if (model.vocabSize !== tokenizer.vocabSize) {
      throw new RangeError(
        `Cannot decode: the model has ${model.vocabSize} tokens, the tokenizer ${tokenizer.vocabSize}; they come from different runs`,
      );
    }
    this.tokenizer = tokenizer;
    this.cache = new PrefixCache(model, limits);
    this.#vocabulary = new Vocabulary(tokenizer);
    this.#placeholders = this.#vocabulary.bytes.flatMap((bytes, token) =>
      bytes.includes("_") ? token : []
    );
  }

  /** What may stand behind the caret after `text`, the most confident first; often nothing. */
  suggest(text: string, { seed = 1, ...settings }: SuggestSettings = {}): Promise<Suggestion[]> {
    const { cache, tokenizer } = this;
    const means = { cache, tokenizer, vocabulary: this.#vocabulary };
    const options = { ...suggestDefaults, ...settings, random: seededRandom(seed) };
    return suggest(means, text, options);
  }

  /**
   * The tokens that the model writes after `text`, one by one (see `generateTokens`), without the
   * placeholder `___` of de-identification: it stands for what nobody may invent.
   */
  generate(text: string, options?: Omit<GenerateOptions, "avoid">): AsyncGenerator<GeneratedToken> {
    const room = Math.min(options?.maxTokens ?? 64, this.cache.contextLength >> 1);
    const context = fitWindow(text, this.tokenizer, this.cache.contextLength - room);
    return generateTokens(this.cache, context, this.tokenizer.endOfText, {
      ...options,
      avoid: this.#placeholders,
    });
  }
}
