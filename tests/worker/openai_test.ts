// What OpenAI's clients get: errors they can read, every option done or refused by name.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import OpenAI from "openai";
import { post, tinyApp } from "../helpers/tiny_service.ts";

const { app } = tinyApp();
const client = new OpenAI({
  baseURL: "http://tiny/v1",
  apiKey: "key",
  maxRetries: 0,
  fetch: async (input, init) => await app.request(new Request(input as string, init)),
});

type Options = Partial<OpenAI.CompletionCreateParamsNonStreaming>;

const create = (options: Options = {}) =>
  client.completions.create({
    model: "tiny",
    prompt: "The patient",
    max_tokens: 4,
    temperature: 0,
    ...options,
  });

/** `status code param message` of the error that the client throws. */
async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await assertRejects(() => promise, OpenAI.APIError);
  const { status, code, param, type, message } = error as InstanceType<typeof OpenAI.APIError>;
  assert(typeof type === "string");
  return `${status} ${code} ${param} ${message}`;
}

Deno.test("a wrong value is named to the client, with its field", async () => {
  const refused: [Options, string][] = [
    [{ max_tokens: 512 }, "max_tokens max_tokens: Too big"],
    [{ n: 5 }, "n n: Too big"],
    [{ prompt: [1, 2, 3] }, "prompt prompt: 422 prompt: expected a text, or a list of 1 to 16"],
    [{ prompt: [[1], [2]] }, "tokens are not taken"],
    [{ prompt: [] }, "prompt prompt: Too small"],
    [{ best_of: 3 }, "best_of best_of: only 1 is supported"],
    [{ logprobs: 2 }, "logprobs logprobs: not supported"],
    [{ suffix: " oriented" }, "suffix suffix: not supported"],
    [{ frequency_penalty: 1 }, "frequency_penalty frequency_penalty: only 0"],
    [{ presence_penalty: -1 }, "presence_penalty presence_penalty: only 0"],
    [{ logit_bias: { 50256: -100 } }, "logit_bias logit_bias: not supported"],
    [{ temprature: 1 } as Options, "null expected only the fields"],
  ];
  for (const [options, expected] of refused) {
    const found = (await refusal(create(options))).replace(/422 null (\w+) 422 /, "$1 ");
    for (const part of expected.split(": 422 ")) assertStringIncludes(found, part);
  }
});

Deno.test("what OpenAI's defaults say may be said", async () => {
  const plain = await create();
  const said = await create({
    best_of: 1,
    logprobs: null,
    suffix: null,
    frequency_penalty: 0,
    presence_penalty: 0,
    logit_bias: {},
    user: "somebody",
    echo: false,
  });
  assertEquals(said.choices, plain.choices);
});

Deno.test("prompts in a list, n of each, echoed", async () => {
  const one = (await create()).choices[0].text;
  const other = (await create({ prompt: "The patient was" })).choices[0].text;
  const { choices, usage } = await create({
    prompt: ["The patient", "The patient was"],
    n: 2,
    echo: true,
  });
  assertEquals(choices.map(({ index, text }) => [index, text]), [
    [0, `The patient${one}`],
    [1, `The patient${one}`],
    [2, `The patient was${other}`],
    [3, `The patient was${other}`],
  ]);
  assertEquals(usage!.total_tokens, usage!.prompt_tokens + usage!.completion_tokens);
  const greedy = await create({ top_p: 0, temperature: 1 });
  assertEquals(greedy.choices[0].text, one);
});

Deno.test("the model by its name, no other, and no chat", async () => {
  assertEquals((await client.models.retrieve("tiny")).id, "tiny");
  assertEquals((await client.models.list()).data.map(({ id }) => id), ["tiny"]);
  const missing =
    "404 model_not_found model 404 There is no such model here; the one served is tiny";
  assertEquals(await refusal(client.models.retrieve("gpt-x")), missing);
  assertEquals(await refusal(create({ model: "gpt-x" })), missing);
  const chat = client.chat.completions.create({
    model: "tiny",
    messages: [{ role: "user", content: "hi" }],
  });
  assertStringIncludes(await refusal(chat), "has no chat: send a prompt to POST /v1/completions");
  assertStringIncludes(
    await refusal(client.embeddings.create({ model: "tiny", input: "x" })),
    "There is nothing at this path",
  );
});

Deno.test("errors before and in a stream reach the client", async () => {
  const read = async (options: Options) => {
    const stream = await client.completions.create({
      model: "tiny",
      prompt: "The patient",
      ...options,
      stream: true,
    });
    for await (const _ of stream);
  };
  assertStringIncludes(await refusal(read({ max_tokens: 600 })), "max_tokens: Too big");
  const broken = tinyApp();
  broken.model.feed = () => Promise.reject(new Error("The patient"));
  const answer = await broken.app.request(
    "/v1/completions",
    post({ prompt: "The patient", stream: true }),
  );
  const text = await answer.text();
  assertEquals(JSON.parse(text.replace(/^data: /, "")).error.type, "server_error");
  assert(!text.includes("patient"));
});

Deno.test("401 and 429 in OpenAI's shape under /v1, as problems elsewhere", async () => {
  const { app } = tinyApp({
    rateLimiter: { limit: () => Promise.resolve({ success: false }) },
  });
  const limited = await app.request("/v1/completions", post({ prompt: "a" }));
  assertEquals([limited.status, limited.headers.get("retry-after")], [429, "10"]);
  assertEquals((await limited.json()).error.code, "rate_limit_exceeded");
  const problem = await app.request("/complete", post({ text: "a" }));
  assertEquals(problem.headers.get("content-type"), "application/problem+json");
  assertEquals((await problem.json()).status, 429);
});
