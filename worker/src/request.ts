/** What `POST /complete` takes and gives. The schemas state every field's limit, the API's pages show it. */

import { z } from "@hono/zod-openapi";
import type { ContextItem, ContextSource } from "../../pipeline/lib/gpt/decode/context/types.ts";
import { numbersPolicies, type NumbersPolicy } from "../../pipeline/lib/gpt/decode/policy.ts";
import { suggestDefaults } from "../../pipeline/lib/gpt/decode/suggest.ts";
import { contextOrId, contextSource, patientKey } from "./context_request.ts";

/** Longest text, in UTF-16 units: several times the longest discharge summaries. */
export const MAX_TEXT = 100_000;

const text = (description: string) => z.string().max(MAX_TEXT).openapi({ description });

export const completeRequest = z.strictObject({
  text: text("Text before the caret.").openapi({ example: "The patient is a" }),
  text_after: text("Text after the caret; a suggestion never repeats it.").default(""),
  section: z.string().max(200).default("").openapi({
    description: "Name of the section the caret is in, where `text` does not show its header.",
    example: "History of Present Illness",
  }),
  max_words: z.int().min(1).max(50).default(suggestDefaults.maxWords).openapi({
    description: "Longest suggestion, in words.",
  }),
  n: z.int().min(1).max(10).default(suggestDefaults.n).openapi({
    description: "Most alternatives, the most confident first.",
  }),
  min_confidence: z.number().min(0).max(1).optional().openapi({
    description:
      "Least probability that a suggestion is right. By default what was calibrated for the model.",
  }),
  numbers: z.enum(numbersPolicies).default(suggestDefaults.numbers).openapi({
    description:
      "Numbers and doses: `never`, only when very likely (`confident`), or like any word (`always`).",
  }),
  line_breaks: z.boolean().default(suggestDefaults.lineBreaks).openapi({
    description: "Whether a suggestion may go on in the next line.",
  }),
  stop: z.array(z.string().min(1).max(100)).max(8).default([]).openapi({
    description: "A suggestion ends before any of these.",
  }),
  temperature: z.number().min(0).max(2).default(0).openapi({
    description: "0 takes the likeliest words; above 0 draws them, repeatably by `seed`.",
  }),
  seed: z.int().min(0).max(2 ** 32 - 1).default(1).openapi({
    description: "Decides what is drawn at a temperature above 0.",
  }),
  session: z.string().max(64).default("").openapi({
    description:
      "Any name of one text field of one user: a newer request ends the older, and only requests of the same session share remembered text.",
  }),
  patient: patientKey.default(""),
  context: contextOrId.optional().openapi({
    description:
      "What is known of `patient`: texts, or the id that POST /context has answered with. Suggestions " +
      "may then copy from it, and name where from.",
  }),
  max_copied_words: z.int().min(0).max(50).default(suggestDefaults.maxCopiedWords).openapi({
    description: "Most words in a row that a suggestion may copy from the context.",
  }),
  stream: z.boolean().default(false).openapi({
    description: "Answer as text/event-stream: `suggestion` events as the text grows, then `done`.",
  }),
}).openapi("CompleteRequest") satisfies z.ZodType<CompleteRequest>;

/** The body of a request as `completeRequest` gives it, with defaults filled in. */
export interface CompleteRequest {
  /** Before the caret. */
  text: string;
  /** Behind the caret. */
  text_after: string;
  /** Name of the caret's section; empty if unknown. */
  section: string;
  /** Longest suggestion, in words. */
  max_words: number;
  /** Most alternatives. */
  n: number;
  /** Least probability that a suggestion is right; by default what was calibrated for the model. */
  min_confidence?: number;
  /** When numbers and doses may be suggested. */
  numbers: NumbersPolicy;
  /** Whether a suggestion may go on in the next line. */
  line_breaks: boolean;
  /** A suggestion ends before any of these. */
  stop: string[];
  /** 0 takes the likeliest words; above 0 draws them. */
  temperature: number;
  /** Decides what is drawn at a temperature above 0. */
  seed: number;
  /** One text field of one user; empty if the caller names none. */
  session: string;
  /** Key of the patient whose chart is open; empty if the caller names none. */
  patient: string;
  /** What is known of the patient, or the id of what was sent before. */
  context?: ContextItem[] | string;
  /** Most words in a row that a suggestion may copy from the context. */
  max_copied_words: number;
  /** Whether the answer comes as events. */
  stream: boolean;
}

export const completion = z.object({
  text: z.string().openapi({
    description: "To be inserted at the caret as it is; begins with a space where a word begins.",
    example: " 45-year-old",
  }),
  confidence: z.number().openapi({
    description: "Probability that the note goes on with this text and a word ends there.",
  }),
  tokens: z.int().openapi({ description: "Tokens computed for it." }),
  finish_reason: z.string().openapi({
    description:
      "Why it is not longer: confidence, words, tokens, number, copied, redaction, unreadable, section, line, stop, text_after, repetition, end.",
  }),
  sources: z.array(contextSource).optional().openapi({
    description: "Where its words stand in the context, most words first; absent without one.",
  }),
}).openapi("Completion");

export const completeResponse = z.object({
  completions: z.array(completion).openapi({
    description: "Empty where nothing is likely enough to be shown.",
  }),
  model: z.string().openapi({ description: "Name of the model, as in GET /model." }),
  usage: z.object({
    text_characters: z.int(),
    computed_tokens: z.int().openapi({
      description: "Tokens that went through the model; the rest was remembered from before.",
    }),
  }),
  timing: z.object({ total_ms: z.number() }),
}).openapi("CompleteResponse") satisfies z.ZodType<CompleteResponse>;

/** The body of an answer. */
export interface CompleteResponse {
  /** The most confident first; empty where nothing is likely enough to be shown. */
  completions: {
    text: string;
    confidence: number;
    tokens: number;
    finish_reason: string;
    /** Where its words stand in the patient's context; absent without one. */
    sources?: ContextSource[];
  }[];
  /** Name of the model. */
  model: string;
  /** Lengths: what came, and the tokens that were computed and not remembered. */
  usage: { text_characters: number; computed_tokens: number };
  /** Milliseconds from request to answer. */
  timing: { total_ms: number };
}
