/** What the routes need of a model. The routes are tested with a stub of this. */

import type { PatientContext } from "../../pipeline/lib/gpt/decode/context/context.ts";
import type { ContextItem } from "../../pipeline/lib/gpt/decode/context/types.ts";
import { Decoder } from "../../pipeline/lib/gpt/decode/decoder.ts";
import type { Suggestion } from "../../pipeline/lib/gpt/decode/growth.ts";
import { suggestDefaults } from "../../pipeline/lib/gpt/decode/suggest.ts";
import type { Mixture } from "../../pipeline/lib/gpt/decode/mixture.ts";
import type { NextTokenModel, Tokenizer } from "../../pipeline/lib/gpt/decode/types.ts";
import { generateText, type TextPiece, type TextSettings } from "./generate_text.ts";
import { ProblemError } from "./problem.ts";
import { type Admission, turns } from "./turns.ts";
import type { CompleteRequest, CompleteResponse } from "./request.ts";

/** How an answer is computed, whatever is asked. */
export interface ComputeOptions {
  /** Ends the computation: the caller has gone, has typed on, or has waited too long. */
  signal?: AbortSignal;
  /** Whose remembered texts may be reused. */
  scope?: string;
  /** Who asks: callers take turns. */
  caller?: string;
  /** What `admit` gave for a generation. */
  admission?: Admission;
}

/** What `readContext` gave: opaque to whoever keeps it, and of use to the same service alone. */
export type ReadContext = object;

/** A model that completes and generates text. */
export interface CompletionService {
  /** What GET /model answers. */
  readonly info: ModelInfo;
  /** Resolves when the model can answer; loads it if need be. Throws a 503 `ProblemError`. */
  ready(): Promise<void>;
  /**
   * What may be shown at the caret, the most confident first. `onGrow` is told at every word that
   * a suggestion grows by. Throws a 503 `ProblemError` where it would wait too long, and the
   * signal's reason once that is aborted.
   */
  complete(
    request: CompleteRequest,
    options?: ComputeOptions & {
      onGrow?: (index: number, suggestion: Suggestion) => void;
      /** What is known of the patient; the request's own `context` is not looked at. */
      context?: ReadContext;
    },
  ): Promise<CompleteResponse>;
  /** Reads what is known of a patient, for `complete`. */
  readContext(items: readonly ContextItem[]): Promise<ReadContext>;
  /** Tokens that `text` has. */
  countTokens(text: string): number;
  /**
   * Lets a generation of at most `tokens` begin. Throws a 429 or 503 `ProblemError` at once where it
   * could not end in time.
   */
  admit(caller: string, tokens: number): Admission;
  /** Plain generation, piece by piece, some tokens at each of its turns. */
  generate(
    prompt: string,
    settings: TextSettings,
    options?: ComputeOptions,
  ): AsyncIterable<TextPiece>;
}

/** What the export says about the model; GET /model answers with it. */
export interface ModelInfo {
  /** Name of the run that was exported. */
  name: string;
  /** Confidence that calibration found best; `suggestDefaults` where there was none. */
  min_confidence?: number;
  /** Precision, checksum, n-grams and the model card, as the export has them. */
  [fact: string]: unknown;
}

/** Remembered logits, of 8 kB each in nano: each request leaves some ten. */
const MAX_ENTRIES = 256;

/** Tokens that a generation makes before others have a turn. */
const TOKENS_PER_TURN = 2;

/** Model calls between two pauses. */
const CALLS_PER_PAUSE = 4;

/** Lets waiting requests and cancellations through now and then: a model call blocks the thread. */
function pauses(): () => Promise<void> {
  let calls = 0;
  return async () => {
    if (++calls % CALLS_PER_PAUSE === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  };
}

/**
 * A service on a model that is loaded when it is first asked for, with its mixture in
 * `mixture`.
 */
export function completionService<S>(
  info: ModelInfo,
  tokenizer: Tokenizer,
  load: () => NextTokenModel<S> | Promise<NextTokenModel<S>>,
  mixture?: Mixture,
): CompletionService {
  let loading: Promise<Decoder<S>> | undefined;
  const turn = turns();
  const limits = { maxEntries: MAX_ENTRIES, pause: pauses() };
  const decoder = () =>
    loading ??= Promise.try(load)
      .then((model) => new Decoder(model, tokenizer, { ...limits, mixture }))
      .catch((error) => {
        loading = undefined; // the next request tries again
        console.log(JSON.stringify({ event: "model_not_loaded", error: String(error) }));
        throw new ProblemError(503, "The model is not loaded", { "retry-after": "5" });
      });
  return {
    info,
    ready: async () => void await decoder(),
    complete: async (request, options) => {
      const started = performance.now();
      const ready = await decoder();
      const compute = () => complete(info, ready, request, started, options);
      return await turn.run({ caller: options?.caller ?? "", signal: options?.signal }, compute);
    },
    readContext: async (items) => (await decoder()).contextOf(items),
    countTokens: (text) => tokenizer.encode(text).length,
    admit: turn.admit,
    async *generate(prompt, settings, options = {}) {
      const { caller = "", signal } = options;
      const admission = options.admission ?? turn.admit(caller, settings.maxTokens);
      const pieces = generateText(await decoder(), prompt, settings, options);
      try {
        for (let made = 0, done = false; !done;) {
          const some: TextPiece[] = [];
          await turn.run({ caller, signal, admission }, async () => {
            const started = performance.now(), before = made;
            while (!done && made < before + TOKENS_PER_TURN) {
              const { value, done: ended } = await pieces.next();
              if (ended) done = true;
              else some.push(value), made = value.tokens;
            }
            turn.made(admission, made - before, performance.now() - started);
          });
          yield* some;
        }
      } finally {
        if (!options.admission) admission.release();
      }
    },
  };
}

async function complete<S>(
  info: ModelInfo,
  decoder: Decoder<S>,
  request: CompleteRequest,
  started: number,
  options: Parameters<CompletionService["complete"]>[1],
): Promise<CompleteResponse> {
  let computed = 0;
  const suggestions = await decoder.suggest(request.text, {
    after: request.text_after,
    section: request.section,
    maxWords: request.max_words,
    n: request.n,
    minConfidence: request.min_confidence ?? info.min_confidence ?? suggestDefaults.minConfidence,
    numbers: request.numbers,
    lineBreaks: request.line_breaks,
    stop: request.stop,
    temperature: request.temperature,
    seed: request.seed,
    maxCopiedWords: request.max_copied_words,
    onFed: (tokens) => computed += tokens,
    ...options,
    context: options?.context as PatientContext | undefined,
  });
  return {
    completions: suggestions.map(completionOf),
    model: info.name,
    usage: { text_characters: request.text.length, computed_tokens: computed },
    timing: { total_ms: rounded(performance.now() - started, 1) },
  };
}

/** A suggestion in the words of the API. */
export const completionOf = ({ text, confidence, tokens, finish, sources }: Suggestion) => ({
  text,
  confidence: rounded(confidence, 4),
  tokens,
  finish_reason: finish,
  ...(sources && { sources }),
});

const rounded = (value: number, digits: number) => Number(value.toFixed(digits));
