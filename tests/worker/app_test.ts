import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { createApp } from "../../worker/src/app.ts";
import { ProblemError } from "../../worker/src/problem.ts";
import { type CompleteRequest, MAX_TEXT } from "../../worker/src/request.ts";
import type { CompletionService } from "../../worker/src/service.ts";

/** A note that must turn up in no error. */
const SENTINEL = "Mrs Sentinelle";

const answer = {
  completions: [{ text: " 45-year-old", confidence: 0.5, tokens: 3, finish_reason: "words" }],
  model: "stub",
  usage: { text_characters: 4, computed_tokens: 3 },
  timing: { total_ms: 1 },
};

function stub(overrides: Partial<CompletionService> = {}) {
  const requests: CompleteRequest[] = [];
  const service: CompletionService = {
    info: { name: "stub" },
    complete: (request) => {
      requests.push(request);
      return Promise.resolve(answer);
    },
    ready: () => Promise.resolve(),
    countTokens: () => 0,
    readContext: () => Promise.reject(new Error("not asked for")),
    admit: () => {
      throw new Error("not asked for");
    },
    generate: () => {
      throw new Error("not asked for");
    },
    ...overrides,
  };
  const app = createApp(service, { authenticate: () => Promise.resolve("test") });
  return { app, requests };
}

const post = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json", ...headers },
  body: typeof body === "string" ? body : JSON.stringify(body),
});

Deno.test("POST /complete answers with the service's completions", async () => {
  const { app, requests } = stub();
  const response = await app.request("/complete", post({ text: "The patient is a" }));
  assertEquals(response.status, 200);
  assertEquals(await response.json(), answer);
  assertEquals(requests[0], {
    text: "The patient is a",
    text_after: "",
    section: "",
    max_words: 8,
    n: 1,
    numbers: "confident",
    line_breaks: false,
    stop: [],
    temperature: 0,
    seed: 1,
    session: "",
    patient: "",
    max_copied_words: 12,
    stream: false,
  });
});

Deno.test("every field of a request reaches the service", async () => {
  const { app, requests } = stub();
  const request = {
    text: "a",
    text_after: "b",
    section: "Plan",
    max_words: 3,
    n: 2,
    min_confidence: 0.4,
    numbers: "never",
    line_breaks: true,
    stop: ["\n"],
    temperature: 1,
    seed: 9,
    session: "field 1",
    patient: "p1",
    max_copied_words: 5,
    stream: false,
  };
  assertEquals((await app.request("/complete", post(request))).status, 200);
  assertEquals<unknown>(requests, [request]);
});

Deno.test("GET /healthz and /readyz", async () => {
  const { app } = stub();
  assertEquals(await (await app.request("/healthz")).json(), { status: "ok" });
  assertEquals(await (await app.request("/readyz")).json(), { status: "ready" });
  const failing = stub({ ready: () => Promise.reject(new ProblemError(503, "not loaded")) });
  assertEquals((await failing.app.request("/healthz")).status, 200);
  assertEquals((await failing.app.request("/readyz")).status, 503);
});

const mistakes: [string, RequestInit, number, string][] = [
  ["no JSON", post(`{"text": "${SENTINEL}`), 400, "The body is not valid JSON"],
  ["empty body", post(""), 400, "The body is not valid JSON"],
  ["an array", post([SENTINEL]), 422, "expected object"],
  ["no text", post({}), 422, "text: Invalid input: expected string"],
  ["text is a number", post({ text: 5 }), 422, "text: Invalid input: expected string"],
  ["text is null", post({ text: null }), 422, "text: Invalid input: expected string"],
  ["too long", post({ text: SENTINEL.repeat(MAX_TEXT / 10) }), 422, "text: Too big"],
  ["unknown field", post({ text: "a", [SENTINEL]: 1 }), 422, "expected only the fields text,"],
  ["unknown policy", post({ text: "a", numbers: SENTINEL }), 422, "numbers: Invalid option"],
  ["max_words 0", post({ text: "a", max_words: 0 }), 422, "max_words: Too small"],
  ["n 1.5", post({ text: "a", n: 1.5 }), 422, "n: Invalid input: expected int"],
  ["confidence 2", post({ text: "a", min_confidence: 2 }), 422, "min_confidence: Too big"],
  ["empty stop", post({ text: "a", stop: [""] }), 422, "stop.0: Too small"],
  ["text/plain", post({ text: "a" }, { "content-type": "text/plain" }), 415, "application/json"],
  ["a form", post("text=a", { "content-type": "application/x-www-form-urlencoded" }), 415, "JSON"],
  ["GET", { method: "GET" }, 405, "Send POST"],
  ["PUT", { ...post({ text: "a" }), method: "PUT" }, 405, "Send POST"],
  ["a huge body", post({ text: "x".repeat(1_100_000) }), 413, "larger than 1048576 bytes"],
];

for (const [name, init, status, detail] of mistakes) {
  Deno.test(`a mistake is answered ${status} with a reason: ${name}`, async () => {
    const { app, requests } = stub();
    const response = await app.request("/complete", init);
    assertEquals(response.status, status);
    assertEquals(response.headers.get("content-type"), "application/problem+json");
    const text = await response.text();
    const problem = JSON.parse(text);
    assertEquals(problem.status, status);
    assertStringIncludes(problem.detail.toLowerCase(), detail.toLowerCase());
    assertFalse(text.includes(SENTINEL), text);
    assertEquals(requests, []);
  });
}

Deno.test("several wrong fields are all named", async () => {
  const { app } = stub();
  const response = await app.request("/complete", post({ n: 0, stop: "x" }));
  const { errors } = await response.json();
  assertEquals(errors.map(({ field }: { field: string }) => field), ["text", "n", "stop"]);
});

Deno.test("an unknown path is a problem, too", async () => {
  const { app } = stub();
  const response = await app.request(`/${encodeURIComponent(SENTINEL)}`);
  assertEquals(response.status, 404);
  assertFalse((await response.text()).includes("Sentinelle"));
});

Deno.test("an unexpected failure is a 500 that tells nothing", async () => {
  const { app } = stub({ complete: () => Promise.reject(new TypeError(`bad ${SENTINEL}`)) });
  const printed: unknown[] = [];
  const log = console.log;
  console.log = (...values) => printed.push(...values);
  let response: Response;
  try {
    response = await app.request("/complete", post({ text: SENTINEL }));
  } finally {
    console.log = log;
  }
  assertEquals(response.status, 500);
  assertEquals(await response.json(), {
    type: "about:blank",
    title: "Internal Server Error",
    status: 500,
    detail: "The request could not be completed",
  });
  assertFalse(printed.join().includes(SENTINEL), printed.join());
  assertStringIncludes(printed.join(), "TypeError");
});

Deno.test("nothing is stored on the way, and browsers are told to be strict", async () => {
  const { app } = stub();
  for (const path of ["/healthz", "/complete", "/nowhere"]) {
    const init = path === "/complete" ? post({ text: "a" }) : {};
    const { headers } = await app.request(path, init);
    assertEquals(headers.get("cache-control"), "no-store", path);
    assertEquals(headers.get("x-content-type-options"), "nosniff", path);
    assert(headers.get("strict-transport-security"), path);
  }
});
