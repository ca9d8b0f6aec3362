/** What the routes need of a model. The routes are tested with a stub of this. */

import { Decoder } from "../../pipeline/decode/decoder.ts";
import type { Suggestion } from "../../pipeline/decode/growth.ts";
import { suggestDefaults } from "../../pipeline/decode/suggest.ts";
import type { NextTokenModel, Tokenizer } from "../../pipeline/decode/types.ts";
import { ProblemError } from "./problem.ts";
import type { CompleteRequest, CompleteResponse } from "./request.ts";

export interface CompleteOptions {
  /** Ends the computation: the caller has gone, or has typed on. */
  signal?: AbortSignal;
  /** Told at every word that a suggestion grows by. */
  onGrow?: (index: number, suggestion: Suggestion) => void;
}

export interface CompletionService {
  complete(request: CompleteRequest, options?: CompleteOptions): Promise<CompleteResponse>;
  /** Resolves when the model can answer; loads it if need be. */
  ready(): Promise<void>;
}

/** What the export says about the model. */
export interface ModelInfo {
  name: string;
  /** Confidence that the evaluation found best; `suggestDefaults` where there was none. */
  minConfidence?: number;
}

/** How much memory the remembered texts may hold; an isolate has 128 MB in all. */
const CACHE_BYTES = 16e6;

/** A service on a model that is loaded when it is first asked for. */
export function completionService<S>(
  info: ModelInfo,
  tokenizer: Tokenizer,
  load: () => Promise<NextTokenModel<S>>,
): CompletionService {
  let loading: Promise<Decoder<S>> | undefined;
  const decoder = () =>
    loading ??= load().then((model) => new Decoder(model, tokenizer, { maxBytes: CACHE_BYTES }))
      .catch((error) => {
        loading = undefined; // the next request tries again
        console.log(JSON.stringify({ event: "model_not_loaded", error: String(error) }));
        throw new ProblemError(503, "The model is not loaded", { "retry-after": "5" });
      });
  return {
    ready: async () => void await decoder(),
    complete: async (request, options) => await complete(info, await decoder(), request, options),
  };
}

async function complete<S>(
  info: ModelInfo,
  decoder: Decoder<S>,
  request: CompleteRequest,
  { signal, onGrow }: CompleteOptions = {},
): Promise<CompleteResponse> {
  const started = performance.now();
  const fedBefore = decoder.cache.tokensFed;
  const suggestions = await decoder.suggest(request.text, {
    after: request.text_after,
    section: request.section,
    maxWords: request.max_words,
    n: request.n,
    minConfidence: request.min_confidence ?? info.minConfidence ?? suggestDefaults.minConfidence,
    numbers: request.numbers,
    stop: request.stop,
    temperature: request.temperature,
    seed: request.seed,
    signal,
    onGrow,
  });
  return {
    completions: suggestions.map(({ text, confidence, tokens, finish }) => ({
      text,
      confidence: rounded(confidence, 4),
      tokens,
      finish_reason: finish,
    })),
    model: info.name,
    usage: {
      text_characters: request.text.length,
      computed_tokens: decoder.cache.tokensFed - fedBefore,
    },
    timing: { total_ms: rounded(performance.now() - started, 1) },
  };
}

const rounded = (value: number, digits: number) => Number(value.toFixed(digits));
