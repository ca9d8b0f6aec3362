/** `POST /v1/completions` and `GET /v1/models`, for clients that speak OpenAI's completions API. */

import { createRoute } from "@hono/zod-openapi";
import { computeErrors, streamed } from "./answers.ts";
import type { TextSettings } from "./generate_text.ts";
import type { Run } from "./limits.ts";
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
    ...computeErrors,
  },
});

type Choice = GenerateResponse["choices"][number];

export function addOpenAiRoutes(app: Router, service: CompletionService, run: Run): void {
  const { name } = service.info;
  app.get("/v1/models", (c) => {
    const model = { id: name, object: "model", created: 0, owned_by: "nano-med-gpt" };
    return c.json({ object: "list", data: [model] });
  });
  app.openapi(route, async (c) => {
    const request = c.req.valid("json");
    const prompt = Array.isArray(request.prompt) ? request.prompt[0] : request.prompt;
    const facts = c.get("facts");
    Object.assign(facts, { model: name, text_characters: prompt.length });
    const head = {
      id: `cmpl-${crypto.randomUUID()}`,
      object: "text_completion" as const,
      created: Math.floor(Date.now() / 1000),
      model: name,
    };
    const usage = { prompt_tokens: service.countTokens(prompt), completion_tokens: 0 };
    /** Computes every choice, one after the other, and hands out its pieces. */
    const pieces = (onPiece: (choice: Choice) => void, gone?: AbortSignal) =>
      run(c, "", async (options: ComputeOptions) => {
        for (let index = 0; index < (request.n ?? 1); index++) {
          const settings = settingsOf(request, index);
          let tokens = 0;
          for await (const piece of service.generate(prompt, settings, options)) {
            tokens = piece.tokens;
            onPiece({ index, text: piece.text, logprobs: null, finish_reason: piece.finish });
          }
          usage.completion_tokens += tokens;
        }
        facts.completions = request.n ?? 1;
        facts.computed_tokens = usage.completion_tokens;
        return { ...usage, total_tokens: usage.prompt_tokens + usage.completion_tokens };
      }, gone);
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

function settingsOf(request: GenerateRequest, index: number): TextSettings {
  const { stop } = request;
  return {
    maxTokens: request.max_tokens ?? 16,
    temperature: request.temperature ?? 1,
    topP: request.top_p ?? 1,
    seed: (request.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]) + index,
    stop: typeof stop === "string" ? [stop] : stop ?? [],
  };
}
