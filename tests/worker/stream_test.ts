// Streams, sessions, limits, CORS, audit lines and the documents of the API.

import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import OpenAI from "openai";
import { localRateLimiter } from "../../worker/src/limits.ts";
import { post, tinyApp } from "../helpers/tiny_service.ts";

/** The events of a text/event-stream. */
async function events(response: Response): Promise<{ event: string; data: unknown }[]> {
  assertMatch(response.headers.get("content-type")!, /^text\/event-stream/);
  const blocks = (await response.text()).split("\n\n").filter((block) => block !== "");
  return blocks.map((block) => ({
    event: /^event: (.*)$/m.exec(block)?.[1] ?? "message",
    data: JSON.parse(/^data: (.*)$/m.exec(block)![1]),
  }));
}

Deno.test("a streamed completion grows word by word and ends with the whole answer", async () => {
  const { app } = tinyApp();
  const plain = await (await app.request("/complete", post({ text: "The patient" }))).json();
  const response = await app.request("/complete", post({ text: "The patient", stream: true }));
  assertEquals(response.headers.get("cache-control"), "no-store");
  const all = await events(response);
  const texts = all.slice(0, -1).map(({ event, data }) => {
    assertEquals(event, "suggestion");
    return (data as { text: string }).text;
  });
  assertEquals(texts, [
    " has",
    " has hypertension",
    " has hypertension and",
    " has hypertension and chest",
    " has hypertension and chest pain",
  ]);
  const { event, data } = all.at(-1)!;
  assertEquals(event, "done");
  assertEquals((data as typeof plain).completions, plain.completions);
});

Deno.test("an error in a stream is an event", async () => {
  const { app } = tinyApp({}, 20);
  const older = app.request("/complete", post({ text: "The", session: "a", stream: true }));
  const [first] = await Promise.all([
    events(await older),
    app.request("/complete", post({ text: "The p", session: "a" })),
  ]);
  const last = first.at(-1)!;
  assertEquals(last.event, "error");
  assertEquals((last.data as { status: number }).status, 409);
});

Deno.test("a newer request of the session ends the older; other sessions go on", async () => {
  const { app } = tinyApp({}, 10);
  const ask = (text: string, session: string) => app.request("/complete", post({ text, session }));
  const [older, other, newer] = await Promise.all([
    ask("The", "a"),
    ask("The", "b"),
    ask("The p", "a"),
  ]);
  assertEquals([older.status, other.status, newer.status], [409, 200, 200]);
  assertStringIncludes((await older.json()).detail, "newer request");
});

Deno.test("more than can be served in time are told at once, or when they have waited too long", async () => {
  const authenticate = (request: Request) => Promise.resolve(request.headers.get("x-api-key")!);
  const { app } = tinyApp({ authenticate }, 10);
  const started = performance.now();
  const answers = await Promise.all(
    Array.from({ length: 110 }, async (_, typist) => {
      const caller = { "x-api-key": `clinic ${typist % 2}` };
      const request = post({ text: "The patient", session: `${typist}` }, caller);
      const { status, headers } = await app.request("/complete", request);
      return { status, wait: headers.get("retry-after"), after: performance.now() - started };
    }),
  );
  const [served, refused] = [200, 503].map((wanted) =>
    answers.filter(({ status }) => status === wanted)
  );
  assertEquals(served.length + refused.length, answers.length);
  assert(served.length > 5, `only ${served.length} were served`);
  assert(refused.every(({ wait }) => wait === "1"));
  // One is computed, a hundred wait.
  assertEquals(refused.filter(({ after }) => after < 1500).length, 9);
  assert(answers.every(({ after }) => after < 8000), "somebody waited for too long");
  const later = await app.request("/complete", post({ text: "The patient" }, { "x-api-key": "a" }));
  assertEquals(later.status, 200);
});

Deno.test("a client that goes away ends the computation", async () => {
  const { app, model } = tinyApp({}, 10);
  const gone = new AbortController();
  const request = new Request("http://worker/complete", {
    ...post({ text: "The" }),
    signal: gone.signal,
  });
  const response = app.request(request);
  setTimeout(() => gone.abort(), 25);
  assertEquals((await response).status, 499);
  const calls = model.fed.length;
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert(model.fed.length <= calls + 1, "it went on computing");

  const streamed = await app.request("/complete", post({ text: "The pat", stream: true }));
  await streamed.body!.cancel();
  const before = model.fed.length;
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert(model.fed.length <= before + 1, "the stream went on computing");
});

Deno.test("sessions do not share remembered text", async () => {
  const { app } = tinyApp();
  const computed = async (session: string) => {
    const response = await app.request("/complete", post({ text: "The patient", session }));
    return (await response.json()).usage.computed_tokens;
  };
  const first = await computed("a");
  assert(first > 0);
  assertEquals(await computed("a"), 0);
  assertEquals(await computed("b"), first);
});

Deno.test("the official OpenAI client works, streaming included", async () => {
  const { app } = tinyApp();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => app.fetch(request),
  );
  const client = new OpenAI({
    apiKey: "any",
    baseURL: `http://127.0.0.1:${server.addr.port}/v1`,
    maxRetries: 0,
  });
  const prompt = "The patient has";
  const whole = await client.completions.create({
    model: "tiny",
    prompt,
    max_tokens: 20,
    temperature: 0,
  });
  assertEquals(whole.choices[0].text, " hypertension and chest pain");
  assertEquals(whole.choices[0].finish_reason, "stop");
  assertEquals(whole.usage, { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 });

  let text = "", finish: string | null = null;
  const stream = await client.completions.create({
    model: "tiny",
    prompt,
    max_tokens: 2,
    temperature: 0,
    stream: true,
  });
  for await (const { choices: [choice] } of stream) {
    text += choice.text;
    finish = choice.finish_reason;
  }
  assertEquals([text, finish], [" hypertension and", "length"]);

  const stopped = await client.completions.create({
    model: "tiny",
    prompt,
    max_tokens: 20,
    temperature: 0,
    stop: [" and che"],
    n: 2,
  });
  assertEquals(stopped.choices.map((choice) => choice.text), [" hypertension", " hypertension"]);

  const { data } = await client.models.list();
  assertEquals(data.map(({ id }) => id), ["tiny"]);
  const error = await client.completions.create({ model: "tiny", prompt, max_tokens: 0 })
    .catch((error) => error);
  assertEquals(error.status, 422);
  await server.shutdown();
});

Deno.test("each caller has its own number of requests per period", async () => {
  const { app } = tinyApp({
    authenticate: (request) => Promise.resolve(request.headers.get("x-api-key")!),
    rateLimiter: localRateLimiter(2, 3600),
  });
  const ask = async (key: string) =>
    (await app.request("/complete", post({ text: "a" }, { "x-api-key": key }))).status;
  assertEquals([await ask("a"), await ask("a"), await ask("a"), await ask("b")], [
    200,
    200,
    429,
    200,
  ]);
});

Deno.test("browsers may read answers on allowed origins only", async () => {
  const { app } = tinyApp({ allowedOrigins: ["https://ehr.example"] });
  const allowed = async (origin: string) => {
    const { headers } = await app.request("/complete", post({ text: "a" }, { origin }));
    return headers.get("access-control-allow-origin");
  };
  assertEquals(await allowed("https://ehr.example"), "https://ehr.example");
  assertEquals(await allowed("https://evil.example"), null);
  const preflight = await app.request("/complete", {
    method: "OPTIONS",
    headers: { origin: "https://ehr.example", "access-control-request-method": "POST" },
  });
  assertEquals(preflight.status, 204);
  assertStringIncludes(preflight.headers.get("access-control-allow-headers")!, "authorization");
});

Deno.test("each request leaves one line that tells who and how long, and nothing of the note", async () => {
  const lines: string[] = [];
  const { app } = tinyApp({ log: (line) => lines.push(line) });
  const response = await app.request("/complete", post({ text: "The patient", section: "Plan" }));
  const id = response.headers.get("x-request-id");
  await app.request("/patient/The%20patient?name=The", post({ text: 5 }));
  await (await app.request("/complete", post({ text: "The patient", stream: true }))).text();
  const [first, second, third] = lines.map((line) => JSON.parse(line));
  assertEquals({ ...first, time: "", ms: 0 }, {
    event: "request",
    time: "",
    request_id: id,
    method: "POST",
    path: "/complete",
    status: 200,
    outcome: "answered",
    ms: 0,
    caller: "test",
    model: "tiny",
    text_characters: 11,
    completions: 1,
    computed_tokens: first.computed_tokens,
  });
  assertEquals([second.path, second.outcome], ["(other)", "refused"]);
  assertEquals([third.path, third.completions], ["/complete", 1]);
  assertFalse(/patient|Plan/.test(lines.join()), lines.join());
});

Deno.test("the API describes itself", async () => {
  const { app } = tinyApp();
  const document = await (await app.request("/openapi.json")).json();
  assertEquals(document.openapi, "3.1.0");
  assertEquals(Object.keys(document.paths), ["/complete", "/context", "/v1/completions"]);
  const fields = Object.keys(document.components.schemas.CompleteRequest.properties);
  for (const field of ["text", "text_after", "section", "numbers", "stream", "session"]) {
    assert(fields.includes(field), field);
  }
  const page = await app.request("/docs");
  const html = await page.text();
  for (const field of fields) assertStringIncludes(html, `<code>${field}</code>`);
  assertFalse(/https?:\/\/|<script/.test(html), "the page loads something");
  const nonce = /nonce="([^"]+)"/.exec(html)![1];
  assertStringIncludes(page.headers.get("content-security-policy")!, `'nonce-${nonce}'`);
});

Deno.test("GET /model tells what is served", async () => {
  const { app } = tinyApp();
  assertEquals(await (await app.request("/model")).json(), { name: "tiny" });
});
