// The worker's app around a model that knows a few sentences by heart.

import { type AppSettings, createApp } from "../../worker/src/app.ts";
import { completionService } from "../../worker/src/service.ts";
import type { NextTokenModel } from "../../pipeline/lib/gpt/decode/types.ts";
import { corpusModel, pieceTokenizer } from "./tiny_language.ts";

export const tokenizer = pieceTokenizer(
  "The| patient| has| hypertension| and| chest| pain| was| given| no| fever|___".split("|"),
);

export const documents = [
  "The patient has hypertension and chest pain",
  "The patient has hypertension and chest pain",
  "The patient was given ___",
];

/** `slow` delays every model call, as a real model would. */
export function tinyApp(settings: Partial<AppSettings> = {}, slowMs = 0) {
  const model = corpusModel(tokenizer, documents);
  const slow: NextTokenModel<readonly number[]> = {
    ...model,
    feed: async (tokens, state) => {
      await new Promise((resolve) => setTimeout(resolve, slowMs));
      return await model.feed(tokens, state);
    },
  };
  const service = completionService({ name: "tiny" }, tokenizer, () => Promise.resolve(slow));
  const app = createApp(service, {
    authenticate: () => Promise.resolve("test"),
    ...settings,
  });
  return { app, model };
}

/** A JSON request. */
export const post = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json", ...headers },
  body: typeof body === "string" ? body : JSON.stringify(body),
});
