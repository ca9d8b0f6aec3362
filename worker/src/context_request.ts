/** What `POST /context` takes and gives, and what a context is in `POST /complete`. */

import { z } from "@hono/zod-openapi";
import {
  type ContextItem,
  contextKinds,
  MAX_CONTEXT,
} from "../../pipeline/lib/gpt/decode/context/types.ts";

/** Most texts of one patient. */
const MAX_ITEMS = 500;

const contextItem = z.strictObject({
  source: z.string().max(200).default("").openapi({
    description: "What the text is called where it comes from.",
    example: "Discharge summary",
  }),
  kind: z.enum(contextKinds).openapi({ description: "What the text is." }),
  date: z.string().max(40).regex(/^(?:\d{4}(?:-\d{2}(?:-\d{2}(?:[T ][\d:.+Z-]*)?)?)?)?$/, {
    message: "expected a date or time in ISO 8601, or nothing",
  }).default("").openapi({
    description: "When it was written or measured; without a date it is taken as of now.",
    example: "2026-03-03",
  }),
  text: z.string().max(MAX_CONTEXT).openapi({ description: "The text itself." }),
}).openapi("ContextItem") satisfies z.ZodType<ContextItem>;

/** All that is known of one patient. */
export const contextItems = z.array(contextItem).max(MAX_ITEMS).refine(
  (items) => charactersOf(items) <= MAX_CONTEXT,
  { message: `expected at most ${MAX_CONTEXT} characters in all texts together`, abort: true },
);

/** Characters (UTF-16 units) of all texts together. */
export const charactersOf = (items: readonly ContextItem[]): number =>
  items.reduce((sum, { text, source }) => sum + text.length + source.length, 0);

/** A patient's key: opaque, and needed wherever there is a context. */
export const patientKey = z.string().max(200).openapi({
  description:
    "Any key of the patient whose chart is open. A context belongs to it, and is used for no other.",
  example: "3f1c-77",
});

/** A patient's texts, or the id of those sent before. */
export const contextOrId = z.union([
  contextItems,
  z.string().regex(/^[0-9a-f]{64}$/, { message: "expected an id from POST /context" }),
]);

const sessionName = z.string().min(1).max(64).openapi({
  description: "The session of the requests that will use it; it holds one context at a time.",
});

export const contextRequest = z.strictObject({
  session: sessionName,
  patient: patientKey.min(1),
  context: contextItems.openapi({
    description: "What is known of the patient. An empty list forgets what the session holds.",
  }),
}).openapi("ContextRequest");

export const contextResponse = z.object({
  id: z.string().openapi({
    description:
      "Send it as `context` of POST /complete instead of the texts; empty if there were none.",
  }),
  characters: z.int().openapi({ description: "Characters that are now remembered." }),
}).openapi("ContextResponse");

export const contextSource = z.object({
  kind: z.enum(contextKinds),
  source: z.string(),
  date: z.string(),
  place: z.string().openapi({ example: "Medications, line 2" }),
  words: z.int().openapi({ description: "Words of the suggestion that stand there." }),
}).openapi("ContextSource");
