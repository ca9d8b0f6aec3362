/** A model, its tokenizer and the memory of recent texts: what callers hold on to. */

import { createContext, type PatientContext } from "./context/context.ts";
import type { ContextItem } from "./context/types.ts";
import { keysOfTokens } from "./context/units.ts";
import { type GeneratedToken, type GenerateOptions, generateTokens } from "./generate.ts";
import type { Suggestion } from "./growth.ts";
import { checkMixture, mixed, type Mixture } from "./mixture.ts";
import { type NextTokens, PrefixCache, type PrefixCacheLimits } from "./prefix_cache.ts";
import { seededRandom } from "../../base/random.ts";
import { suggest, suggestDefaults, type SuggestOptions } from "./suggest.ts";
import type { NextTokenModel, Tokenizer } from "./types.ts";
import { Vocabulary } from "./vocabulary.ts";
import { fitWindow } from "./window.ts";

/** What a caller may set; the rest is `suggestDefaults`. */
export type SuggestSettings = Partial<Omit<SuggestOptions, "random">> & { seed?: number };

/** How a decoder is set up once. */
export interface DecoderSettings extends PrefixCacheLimits {
  /** What the model is mixed with, if anything. */
  mixture?: Mixture;
}

/** As much of the text before the caret as is searched for what the note has said already. */
const NOTE_CHARACTERS = 12_000;

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
  readonly #mixture: Mixture | undefined;
  /** The last text that was searched, and the model that knows what it has said. */
  #note:
    | { scope?: string; text: string; context?: PatientContext; model: NextTokens }
    | undefined;
  readonly #vocabulary: Vocabulary;
  /** Every token that holds an underscore. */
  readonly #placeholders: readonly number[];

  constructor(model: NextTokenModel<S>, tokenizer: Tokenizer, settings: DecoderSettings = {}) {
    if (model.vocabSize !== tokenizer.vocabSize) {
      throw new RangeError(
        `Cannot decode: the model has ${model.vocabSize} tokens, the tokenizer ${tokenizer.vocabSize}; they come from different runs`,
      );
    }
    this.tokenizer = tokenizer;
    if (settings.mixture) checkMixture(settings.mixture, model.vocabSize);
    this.#mixture = settings.mixture;
    this.cache = new PrefixCache(model, settings);
    this.#vocabulary = new Vocabulary(tokenizer);
    this.#placeholders = this.#vocabulary.bytes.flatMap((bytes, token) =>
      bytes.includes("_") ? token : []
    );
  }

  /** What may stand behind the caret after `text`, the most confident first; often nothing. */
  suggest(text: string, { seed = 1, ...settings }: SuggestSettings = {}): Promise<Suggestion[]> {
    const model = this.#modelFor(text, settings.scope, settings.context);
    const parts = { model, tokenizer: this.tokenizer, vocabulary: this.#vocabulary };
    const options = { ...suggestDefaults, ...settings, random: seededRandom(seed) };
    return suggest(parts, text, options);
  }

  /**
   * The tokens that the model writes after `text`, one by one (see `generateTokens`), without the
   * placeholder `___` of de-identification: it stands for what nobody may invent.
   */
  generate(text: string, options?: Omit<GenerateOptions, "avoid">): AsyncGenerator<GeneratedToken> {
    const room = Math.min(options?.maxTokens ?? 64, this.cache.contextLength >> 1);
    const context = fitWindow(text, this.tokenizer, this.cache.contextLength - room);
    return generateTokens(this.#modelFor(text, options?.scope), context, this.tokenizer.endOfText, {
      ...options,
      avoid: this.#placeholders,
    });
  }

  /**
   * The model, with the mixture's knowledge of what `text` has said where there is one: without its
   * unfinished word, and remembered from one keystroke to the next.
   */
  #modelFor(text: string, scope?: string, context?: PatientContext): NextTokens {
    if (this.#mixture === undefined && context === undefined) return this.cache;
    const mixture = this.#mixture ?? {};
    const said = mixture.note === undefined && context === undefined
      ? ""
      : text.slice(-NOTE_CHARACTERS).replace(/\S+$/, "");
    const known = this.#note;
    if (known?.text === said && known.scope === scope && known.context === context) {
      return known.model;
    }
    const tokens = this.tokenizer.encode(said);
    const grounds = context && {
      context,
      mentioned: keysOfTokens(tokens, this.#vocabulary.bytes),
    };
    const model = mixed(this.cache, mixture, tokens, grounds);
    this.#note = { scope, text: said, context, model };
    return model;
  }

  /** Reads what is known of a patient, for `suggest`. */
  contextOf(items: readonly ContextItem[]): PatientContext {
    return createContext(items, this.tokenizer, this.#vocabulary);
  }
}
