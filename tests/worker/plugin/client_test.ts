import { assert, assertEquals } from "@std/assert";
import { type ClientOptions, CompletionClient } from "../../../worker/plugin/client.ts";

interface Sent {
  url: string;
  headers: Record<string, string>;
  // deno-lint-ignore no-explicit-any
  body: any;
}

/** A client whose endpoint answers from `answers`, one after the other, the last again and again. */
function client(
  answers: (() => Response | Promise<Response>)[],
  options: Partial<ClientOptions> = {},
) {
  const sent: Sent[] = [];
  const made = new CompletionClient({
    endpoint: "https://notes.example.org/",
    debounce: 0,
    fetch: (url, init) => {
      const { signal, headers, body } = init!;
      sent.push({
        url: String(url),
        headers: headers as Record<string, string>,
        body: JSON.parse(body as string),
      });
      const answer = answers.length > 1 ? answers.shift()! : answers[0];
      return new Promise((resolve, reject) => {
        signal!.addEventListener("abort", () => reject(signal!.reason));
        Promise.resolve(answer()).then(resolve, reject);
      });
    },
    ...options,
  });
  return { made, sent };
}

const ok = (...texts: string[]) => () =>
  Response.json({ completions: texts.map((text) => ({ text, confidence: 0.5 })) });
const status = (code: number, headers: Record<string, string> = {}) => () =>
  new Response(null, { status: code, headers });
const never = () => new Promise<Response>(() => {});
const caret = { before: "no", after: "" };

Deno.test("a request carries the caret, the section and the settings; nothing goes into the URL", async () => {
  const { made, sent } = client([ok(" acute")], {
    n: 2,
    maxWords: 5,
    numbers: "never",
    getToken: () => "secret",
  });
  const answer = await made.complete({ before: "no", after: "\nnext", section: "Exam" });
  assertEquals(answer, [{ text: " acute", confidence: 0.5 }]);
  const [{ url, headers, body }] = sent;
  assertEquals(url, "https://notes.example.org/complete");
  assertEquals(headers.authorization, "Bearer secret");
  const { session, ...rest } = body;
  assertEquals(rest, {
    text: "no",
    text_after: "\nnext",
    section: "Exam",
    n: 2,
    max_words: 5,
    numbers: "never",
  });
  assert(/^[\w-]{36}$/.test(session));
  assertEquals(made.latencies.length, 1);
});

Deno.test("a long note is cut to what the model can use", async () => {
  const { made, sent } = client([ok()]);
  await made.complete({ before: "a".repeat(50_000) + "END", after: "b".repeat(9000) });
  assertEquals(sent[0].body.text.length, 8000);
  assert(sent[0].body.text.endsWith("END"));
  assertEquals(sent[0].body.text_after.length, 400);
});

Deno.test("a newer call cancels the older, whether it waits or is under way", async () => {
  const { made, sent } = client([never, ok("b")]);
  const first = made.complete(caret);
  await new Promise((resolve) => setTimeout(resolve, 20));
  const second = made.complete({ before: "now", after: "" });
  assertEquals([await first, (await second)?.[0].text], [undefined, "b"]);
  assertEquals([sent.length, made.failures], [2, 0]);
  const { made: slow, sent: none } = client([ok("x")], { debounce: 10_000 });
  const waiting = slow.complete(caret);
  slow.cancel();
  assertEquals([await waiting, none.length], [undefined, 0]);
});

Deno.test("a failure, a limit and a lost network pause the client; it never throws", async () => {
  for (
    const answer of [
      status(500),
      status(429, { "retry-after": "7" }),
      () => Promise.reject(new TypeError("offline")),
      () => new Response("no json"),
    ]
  ) {
    const { made, sent } = client([answer, ok("again")]);
    assertEquals(await made.complete(caret), undefined);
    assertEquals([made.failures, made.paused], [1, true]);
    assertEquals(await made.complete(caret), undefined, "left alone while paused");
    assertEquals(sent.length, 1);
  }
});

Deno.test("an endpoint that does not answer is given up", async () => {
  const { made } = client([never], { timeout: 30 });
  assertEquals(await made.complete(caret), undefined);
  assertEquals(made.failures, 1);
});

Deno.test("a refused token is renewed once", async () => {
  const asked: boolean[] = [];
  const getToken = (refused: boolean) => {
    asked.push(refused);
    return refused ? "new" : "old";
  };
  const { made, sent } = client([status(401), ok("in")], { getToken });
  assertEquals((await made.complete(caret))?.[0].text, "in");
  assertEquals(asked, [false, true]);
  assertEquals(sent.map(({ headers }) => headers.authorization), ["Bearer old", "Bearer new"]);
  const { made: out } = client([status(401)], { getToken });
  assertEquals([await out.complete(caret), out.paused], [undefined, true]);
});

Deno.test("being overtaken in the worker is no failure", async () => {
  const { made } = client([status(409)]);
  assertEquals([await made.complete(caret), made.failures], [[], 0]);
});
