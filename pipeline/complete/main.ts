/**
 * `deno task complete TEXT`: what the run's model would show in grey behind a text, with the same
 * decoding as the worker; or, with --generate, what it goes on to write.
 */

import { workspace } from "../artifacts.ts";
import { readJson } from "../lib/base/files.ts";
import { defineTask, runTask, UsageError } from "../lib/base/cli.ts";
import { Decoder } from "../lib/gpt/decode/decoder.ts";
import { numbersPolicies, type NumbersPolicy } from "../lib/gpt/decode/policy.ts";
import { suggestDefaults } from "../lib/gpt/decode/suggest.ts";
import { createTokenizer } from "../lib/gpt/decode/tokenizer.ts";
import { readRunCheckpoint } from "../lib/gpt/model/checkpoint.ts";
import { openMixture } from "../artifacts/mixture.ts";
import { modelFromTensors } from "../lib/gpt/onnx/session.ts";

export const task = defineTask({
  name: "complete",
  summary: "Completes a text with the model of a run.",
  positional: "TEXT",
  flags: {
    run: { type: "string", default: "latest", placeholder: "NAME", help: "run to load" },
    n: { type: "integer", default: 3, min: 1, max: 10, help: "most alternatives" },
    "max-words": {
      type: "integer",
      default: suggestDefaults.maxWords,
      min: 1,
      help: "longest suggestion, in words",
    },
    "min-confidence": {
      type: "number",
      default: 0.05,
      min: 0,
      max: 1,
      help: "least probability that a suggestion is right; the worker shows fewer",
    },
    numbers: {
      type: "string",
      choices: numbersPolicies,
      default: suggestDefaults.numbers,
      help: "numbers and doses",
    },
    "line-breaks": { type: "boolean", help: "let a suggestion go on in the next line" },
    "no-mixture": { type: "boolean", help: "the GPT alone, without the n-grams that eval fitted" },
    section: { type: "string", default: "", help: "name of the section the text belongs to" },
    generate: { type: "integer", min: 1, help: "instead, write so many tokens, sampled" },
    temperature: { type: "number", default: 0.8, min: 0, help: "of --generate; 0 is greedy" },
    seed: { type: "integer", default: 1, help: "of --generate" },
  },
  examples: [
    'deno task complete "Patient is a"',
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
    const { config, parameters, folder } = await readRunCheckpoint(run);
    const tokenizer = createTokenizer(await readJson(run.tokenizer, "deno task train"));
    const model = await modelFromTensors(config, parameters);
    const opened = flags.noMixture ? "" : await openMixture(run, folder, paths.ngram);
    if (typeof opened !== "string") console.error(`With the n-grams of ${run.mixture}`);
    else if (opened !== "") console.error(`The GPT alone: ${opened}`);
    const mixture = typeof opened === "string" ? undefined : opened.mixture;
    const decoder = new Decoder(model, tokenizer, { mixture });
    try {
      if (flags.generate === undefined) {
        await printSuggestions(decoder, text, {
          n: flags.n,
          maxWords: flags.maxWords,
          minConfidence: flags.minConfidence,
          numbers: flags.numbers as NumbersPolicy,
          lineBreaks: flags.lineBreaks,
          section: flags.section,
        });
      } else {
        const { temperature, seed, generate: maxTokens } = flags;
        await printGenerated(decoder, text, { temperature, seed, maxTokens });
      }
    } finally {
      await model.close();
    }
  },
});

/** One line per alternative: confidence, then the text with the suggestion in bold. */
async function printSuggestions(
  decoder: Decoder,
  text: string,
  settings: Parameters<Decoder["suggest"]>[1] & { minConfidence: number },
): Promise<void> {
  const suggestions = await decoder.suggest(text, settings);
  for (const suggestion of suggestions) {
    const share = `${(100 * suggestion.confidence).toFixed(0)}%`.padStart(4);
    console.log("%s%c%s", `${share}  ${text}`, "font-weight: bold", suggestion.text);
  }
  if (suggestions.length === 0) {
    console.log(
      `Nothing reaches a confidence of ${settings.minConfidence}; lower --min-confidence, or see what the model writes with --generate 40`,
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
