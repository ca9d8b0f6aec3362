/** `POST /v1/completions` and `GET /v1/models`, for clients that speak OpenAI's completions API. */

import { createRoute } from "@hono/zod-openapi";
import { openAiErrors, streamed } from "./answers.ts";
import type { TextSettings } from "./generate_text.ts";
import { GENERATION_TIME_LIMIT_MS, type Run } from "./limits.ts";
import { ProblemError } from "./problem.ts";
import type { Router } from "./router.ts";
import { type GenerateRequest, generateRequest, type GenerateResponse } from "./openai_request.ts";
import { generateResponse } from "./openai_request.ts";
import type { CompletionService, ComputeOptions } from "./service.ts";

const route = createRoute({
  method: "post",
  path: "/v1/completions",
  summary: "Generate text, in OpenAI's shape",
  description: "Raw generation without confidence budget or numbers policy: not for showing at a " +
    "caret. The placeholder of de-identification is never generated.",
  security: [{ bearer: [] }],
  request: {
    body: { required: true, content: { "application/json": { schema: generateRequest } } },
  },
  responses: {
    200: {
      description: "Generated text; as events where `stream` is true",
      content: {
        "application/json": { schema: generateResponse },
        "text/event-stream": { schema: { type: "string" } },
      },
    },
    ...openAiErrors,
  },
});

type Choice = GenerateResponse["choices"][number];

export function addOpenAiRoutes(app: Router, service: CompletionService, run: Run): void {
  addModelRoutes(app, service.info.name);
  app.openapi(route, async (c) => {
    const request = c.req.valid("json"), { name } = service.info;
    requireModel(request.model ?? name, name);
    const prompts = typeof request.prompt === "string" ? [request.prompt] : request.prompt;
    const { n, max_tokens } = { n: request.n ?? 1, max_tokens: request.max_tokens ?? 16 };
    const characters = prompts.reduce((sum, { length }) => sum + length, 0);
    const facts = Object.assign(c.get("facts"), { model: name, text_characters: characters });
    // Before anything is computed, prompts included.
    const admission = service.admit(c.get("caller"), prompts.length * n * max_tokens);
    const head = {
      id: `cmpl-${crypto.randomUUID()}`,
      object: "text_completion" as const,
      created: Math.floor(Date.now() / 1000),
      model: name,
    };
    const usage = { prompt_tokens: 0, completion_tokens: 0 };
    /** Computes every choice, one after the other, and hands out its pieces. */
    const pieces = async (onPiece: (choice: Choice) => void, gone?: AbortSignal) => {
      try {
        return await run(
          c,
          "",
          async (options: ComputeOptions) => {
            for (
              const [index, prompt] of prompts.flatMap((text) => Array(n).fill(text)).entries()
            ) {
              if (index % n === 0) usage.prompt_tokens += service.countTokens(prompt);
              const piece = { index, logprobs: null, finish_reason: null };
              if (request.echo) onPiece({ ...piece, text: prompt });
              const settings = settingsOf(request, index);
              let tokens = 0;
              const generation = { ...options, admission };
              for await (
                const { text, ...made } of service.generate(prompt, settings, generation)
              ) {
                tokens = made.tokens;
                onPiece({ ...piece, text, finish_reason: made.finish });
              }
              usage.completion_tokens += tokens;
            }
            facts.completions = prompts.length * n;
            facts.computed_tokens = usage.completion_tokens;
            return { ...usage, total_tokens: usage.prompt_tokens + usage.completion_tokens };
          },
          gone,
          GENERATION_TIME_LIMIT_MS,
        );
      } finally {
        admission.release();
      }
    };
    if (request.stream) {
      return streamed(c, async (send, gone) => {
        const total = await pieces((choice) => send({ ...head, choices: [choice] }), gone);
        if (request.stream_options?.include_usage) send({ ...head, choices: [], usage: total });
        send("[DONE]");
      });
    }
    const choices: Choice[] = [];
    const total = await pieces((piece) => {
      const choice = choices[piece.index] ??= { ...piece, text: "" };
      choice.text += piece.text;
      choice.finish_reason = piece.finish_reason;
    });
    return c.json({ ...head, choices, usage: total }, 200);
  });
}

/** The one model, by itself and as a list; and what a chat is answered. */
function addModelRoutes(app: Router, name: string): void {
  const model = { id: name, object: "model", created: 0, owned_by: "nano-med-gpt" };
  app.get("/v1/models", (c) => c.json({ object: "list", data: [model] }));
  app.get("/v1/models/:name{.+}", (c) => {
    requireModel(c.req.param("name"), name);
    return c.json(model);
  });
  app.all("/v1/chat/*", () => {
    throw new ProblemError(
      404,
      "This model completes notes and has no chat: send a prompt to POST /v1/completions, or the " +
        "text before the caret to POST /complete",
    );
  });
}

function requireModel(asked: string, served: string): void {
  if (asked === served) return;
  const problem = new ProblemError(404, `There is no such model here; the one served is ${served}`);
  throw Object.assign(problem, { code: "model_not_found", param: "model" });
}

function settingsOf(request: GenerateRequest, index: number): TextSettings {
  const { stop } = request;
  return {
    maxTokens: request.max_tokens ?? 16,
    temperature: request.top_p === 0 ? 0 : request.temperature ?? 1,
    topP: request.top_p || 1,
    seed: (request.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]) + index,
    stop: typeof stop === "string" ? [stop] : stop ?? [],
  };
}
