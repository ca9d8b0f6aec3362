/** `POST /v1/completions` in OpenAI's shape, so that existing clients work: what it takes and gives. */

import { z } from "@hono/zod-openapi";
import { MAX_TEXT } from "./request.ts";

const prompt = z.string().max(MAX_TEXT);

/** Fields of OpenAI's that mean nothing here (user, logit_bias, …) are ignored. */
export const generateRequest = z.object({
  model: z.string().max(200).optional(),
  prompt: z.union([prompt, z.array(prompt).length(1)]).openapi({ example: "The patient is a" }),
  max_tokens: z.int().min(1).max(256).nullish().openapi({ description: "Default 16." }),
  temperature: z.number().min(0).max(2).nullish().openapi({
    description: "Default 1; 0 is greedy.",
  }),
  top_p: z.number().gt(0).max(1).nullish(),
  n: z.int().min(1).max(4).nullish(),
  stop: z.union([z.string().max(100), z.array(z.string().max(100)).max(4)]).nullish(),
  seed: z.int().nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().optional() }).nullish(),
  echo: z.literal(false).nullish(),
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
