/**
 * `deno task complete TEXT`: what the worker would show in grey behind a text, from the same weights,
 * kernels, n-grams and confidence; or, with --generate, what the model goes on to write.
 */

import { workspace } from "../artifacts.ts";
import { readJson } from "../lib/base/files.ts";
import { defineTask, runTask, UsageError } from "../lib/base/cli.ts";
import { parseContext } from "../artifacts/note_contexts.ts";
import {
  type ContextItem,
  type ContextKind,
  contextKinds,
  MAX_CONTEXT,
} from "../lib/gpt/decode/context/types.ts";
import { Decoder } from "../lib/gpt/decode/decoder.ts";
import type { Suggestion } from "../lib/gpt/decode/growth.ts";
import { numbersPolicies, type NumbersPolicy } from "../lib/gpt/decode/policy.ts";
import { suggestDefaults } from "../lib/gpt/decode/suggest.ts";
import { createTokenizer } from "../lib/gpt/decode/tokenizer.ts";
import { openServed } from "./served.ts";

export const task = defineTask({
  name: "complete",
  summary: "Completes a text with the model of a run.",
  positional: "TEXT",
  flags: {
    run: { type: "string", default: "latest", placeholder: "NAME", help: "run to load" },
    n: {
      type: "integer",
      default: suggestDefaults.n,
      min: 1,
      max: 10,
      help: "maximum number of alternatives",
    },
    "max-words": {
      type: "integer",
      default: suggestDefaults.maxWords,
      min: 1,
      help: "maximum number of words in a suggestion",
    },
    "min-confidence": {
      type: "number",
      min: 0,
      max: 1,
      help: "minimum probability that a suggestion is right (default: as served)",
    },
    numbers: {
      type: "string",
      choices: numbersPolicies,
      default: suggestDefaults.numbers,
      help: "when to suggest numbers and doses",
    },
    "line-breaks": { type: "boolean", help: "let a suggestion continue on the next line" },
    "no-mixture": {
      type: "boolean",
      help: "the GPT alone, without the n-grams that are served with it",
    },
    context: {
      type: "string",
      placeholder: "FILE",
      help:
        "what is known of the patient: a text, or a JSON list of texts with source, kind and date",
    },
    "context-kind": {
      type: "string",
      choices: contextKinds,
      default: "conversation",
      placeholder: "KIND",
      help: "what a plain text in --context is",
    },
    section: { type: "string", default: "", help: "name of the section the text belongs to" },
    json: { type: "boolean", help: "print the worker's answer to POST /complete as JSON" },
    generate: {
      type: "integer",
      min: 1,
      help: "write this many sampled tokens instead of suggestions",
    },
    temperature: {
      type: "number",
      default: 0.8,
      min: 0,
      help: "sampling temperature of --generate; 0 is greedy",
    },
    seed: { type: "integer", default: 1, help: "seed of --generate" },
  },
  examples: [
    'deno task complete "Patient is a"',
    'deno task complete "Patient is a" --n 3 --min-confidence 0.05',
    'deno task complete "Patient is a" --generate 80',
  ],
  async run(flags, args) {
    if (args.length !== 1) {
      throw new UsageError(
        `Expected one TEXT, got ${args.length} arguments; quote it: deno task complete "Patient is a"`,
      );
    }
    const [text] = args;
    const paths = workspace(flags.data), run = paths.run(flags.run);
    const { model, mixture, minConfidence, origin } = await openServed(
      paths,
      flags.run,
      flags.noMixture,
    );
    console.error(origin);
    const tokenizer = createTokenizer(await readJson(run.tokenizer, "deno task train"));
    const decoder = new Decoder(model, tokenizer, { mixture });
    if (flags.generate !== undefined) {
      const { temperature, seed, generate: maxTokens } = flags;
      return await printGenerated(decoder as Decoder, text, { temperature, seed, maxTokens });
    }
    const settings = {
      context: flags.context === undefined
        ? undefined
        : decoder.contextOf(await readContext(flags.context, flags.contextKind as ContextKind)),
      n: flags.n,
      maxWords: flags.maxWords,
      minConfidence: flags.minConfidence ?? minConfidence,
      numbers: flags.numbers as NumbersPolicy,
      lineBreaks: flags.lineBreaks,
      section: flags.section,
    };
    const suggestions = await decoder.suggest(text, settings);
    if (flags.json) printJson(suggestions, flags.run);
    else printSuggestions(suggestions, text, settings.minConfidence);
  },
});

/** The texts in the file at `path`; a UsageError for more than the worker would take. */
async function readContext(path: string, kind: ContextKind): Promise<ContextItem[]> {
  const text = await Deno.readTextFile(path).catch(() => {
    throw new UsageError(`Cannot read --context ${path}: there is no such file, or it is no text`);
  });
  const items = parseContext(text, path, kind);
  const characters = items.reduce((sum, { text }) => sum + text.length, 0);
  if (characters <= MAX_CONTEXT) return items;
  throw new UsageError(
    `Cannot use ${path}: it has ${characters} characters, expected at most ${MAX_CONTEXT}`,
  );
}

/** The fields of the worker's answer that do not depend on where and when it is asked. */
function printJson(suggestions: readonly Suggestion[], model: string): void {
  const completions = suggestions.map(({ text, confidence, tokens, finish, sources }) => ({
    text,
    confidence: Number(confidence.toFixed(4)),
    tokens,
    finish_reason: finish,
    ...(sources && { sources }),
  }));
  console.log(JSON.stringify({ completions, model }, null, 2));
}

/** One line per alternative: confidence, then the text with the suggestion in bold. */
function printSuggestions(
  suggestions: readonly Suggestion[],
  text: string,
  minConfidence: number,
): void {
  for (const suggestion of suggestions) {
    const share = `${(100 * suggestion.confidence).toFixed(0)}%`.padStart(4);
    console.log("%s%c%s", `${share}  ${text}`, "font-weight: bold", suggestion.text);
    for (const { kind, place, date } of suggestion.sources ?? []) {
      console.log(`      from: ${[kind, date, place].filter(Boolean).join(", ")}`);
    }
  }
  if (suggestions.length === 0) {
    console.log(
      `Nothing reaches a confidence of ${minConfidence}; lower --min-confidence, or see what the model writes with --generate 40`,
    );
  }
}

async function printGenerated(
  decoder: Decoder,
  text: string,
  options: Parameters<Decoder["generate"]>[1],
): Promise<void> {
  const tokens: number[] = [];
  for await (const { token } of decoder.generate(text, options)) tokens.push(token);
  console.log("%s%c%s", text, "font-weight: bold", decoder.tokenizer.decode(tokens));
}

if (import.meta.main) await runTask(task);
