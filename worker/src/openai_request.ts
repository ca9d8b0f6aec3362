/** `POST /v1/completions` in OpenAI's shape, so that existing clients work: what it takes and gives. */

import { z } from "@hono/zod-openapi";
import { MAX_TEXT } from "./request.ts";

const prompt = z.string().max(MAX_TEXT);

/** Prompts of one request. */
const MAX_PROMPTS = 16;

/** A field that must be absent, null or as the API has it by default. */
const only = <T extends z.ZodType>(schema: T, why: string) =>
  z.union([schema, z.null()], { error: () => why }).optional();

/** Every field of OpenAI's: done, or refused with the reason. Only `user` is taken and not used. */
export const generateRequest = z.strictObject({
  model: z.string().max(200).optional().openapi({
    description: "Its name, as GET /v1/models has it.",
  }),
  prompt: z.union([prompt, z.array(prompt).min(1).max(MAX_PROMPTS)], {
    error: () =>
      `expected a text, or a list of 1 to ${MAX_PROMPTS}, each of at most ${MAX_TEXT} characters; ` +
      "tokens are not taken",
  }).openapi({ example: "The patient is a" }),
  max_tokens: z.int().min(1).max(256).nullish().openapi({ description: "Default 16." }),
  temperature: z.number().min(0).max(2).nullish().openapi({
    description: "Default 1; 0 is greedy.",
  }),
  top_p: z.number().min(0).max(1).nullish().openapi({ description: "Default 1; 0 is greedy." }),
  n: z.int().min(1).max(4).nullish(),
  stop: z.union([z.string().max(100), z.array(z.string().max(100)).max(4)]).nullish(),
  seed: z.int().nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().optional() }).nullish(),
  echo: z.boolean().nullish().openapi({ description: "Whether the text begins with the prompt." }),
  best_of: only(z.literal(1), "only 1 is supported: every choice is returned, ask for n"),
  logprobs: z.null({
    error: () => "not supported; the suggestions of POST /complete have a confidence",
  }).optional(),
  suffix: only(z.literal(""), "not supported; POST /complete takes what follows as text_after"),
  frequency_penalty: only(z.literal(0), "only 0 is supported"),
  presence_penalty: only(z.literal(0), "only 0 is supported"),
  logit_bias: only(z.record(z.string(), z.literal(0)), "not supported"),
  user: z.string().max(1000).nullish().openapi({ description: "Taken and not used." }),
}).openapi("GenerateRequest");

export type GenerateRequest = z.output<typeof generateRequest>;

export const generateResponse = z.object({
  id: z.string(),
  object: z.literal("text_completion"),
  created: z.int(),
  model: z.string(),
  choices: z.array(z.object({
    index: z.int(),
    text: z.string(),
    logprobs: z.null(),
    finish_reason: z.enum(["stop", "length"]).nullable(),
  })),
  usage: z.object({
    prompt_tokens: z.int(),
    completion_tokens: z.int(),
    total_tokens: z.int(),
  }).optional(),
}).openapi("GenerateResponse");

export type GenerateResponse = z.output<typeof generateResponse>;
