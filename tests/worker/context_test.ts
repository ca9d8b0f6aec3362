import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { createApp } from "../../worker/src/app.ts";
import { CONTEXT_UNKNOWN } from "../../worker/src/context_route.ts";
import { ContextStore } from "../../worker/src/context_store.ts";
import { type CompletionService, completionService } from "../../worker/src/service.ts";
import type { PatientContext } from "../../pipeline/lib/gpt/decode/context/context.ts";
import { modelOf, pieceTokenizer } from "../helpers/tiny_language.ts";
import { trustedWeights } from "../helpers/trusted_context.ts";
import { post } from "../helpers/tiny_service.ts";

const tokenizer = pieceTokenizer(
  // Names that begin alike, so that the model has no reason to prefer one.
  "The| patient| takes| Zarontin| Zemplar| daily| for| seizures| Zab| Zac| Zad| Zag| Zak| Zal| Zam"
    .split("|"),
);

/** An app that knows no drug; `x-api-key` names the caller. */
function contextApp() {
  const model = modelOf(tokenizer, () => new Map(), 64);
  let reads = 0;
  const lines: string[] = [];
  const service = completionService({ name: "tiny" }, tokenizer, () => model, {
    context: trustedWeights,
  });
  const counting: CompletionService = {
    ...service,
    readContext: (items) => {
      reads++;
      return service.readContext(items);
    },
  };
  const app = createApp(counting, {
    authenticate: (request) => Promise.resolve(request.headers.get("x-api-key") ?? "anyone"),
    log: (line) => lines.push(line),
  });
  const send = async (path: string, body: unknown, caller = "a") => {
    const response = await app.request(path, post(body, { "x-api-key": caller }));
    return { status: response.status, body: await response.json() };
  };
  return { send, lines, reads: () => reads };
}

const list = (text: string) => [{ kind: "medications", source: "List", date: "2026-03-03", text }];
const asked = { text: "The patient takes Za", min_confidence: 0.2, max_words: 1 };
const first = (answer: { body: { completions: { text: string; sources?: unknown }[] } }) =>
  answer.body.completions[0];

Deno.test("a suggestion copies from the patient's list and names it", async () => {
  const { send } = contextApp();
  assertEquals(first(await send("/complete", asked)), undefined);
  const answer = await send("/complete", {
    ...asked,
    patient: "p1",
    context: list("Zarontin daily for seizures"),
  });
  assertEquals(answer.status, 200);
  assertEquals(first(answer).text, "rontin");
  assertEquals(first(answer).sources, [
    { kind: "medications", source: "List", date: "2026-03-03", place: "line 1", words: 1 },
  ]);
});

Deno.test("sent once, a context is named by its id", async () => {
  const { send, reads, lines } = contextApp();
  const sent = { session: "s", patient: "p1", context: list("Zarontin daily for seizures") };
  const { status, body: { id, characters } } = await send("/context", sent);
  assertEquals([status, characters], [200, 31]);
  assert(/^[0-9a-f]{64}$/.test(id));
  const request = { ...asked, session: "s", patient: "p1", context: id };
  assertEquals(first(await send("/complete", request)).text, "rontin");
  // The same again, in either way, is not read again.
  assertEquals((await send("/context", sent)).body.id, id);
  assertEquals(
    first(await send("/complete", { ...request, context: sent.context })).text,
    "rontin",
  );
  assertEquals(reads(), 1);
  assertFalse(lines.some((line) => line.includes("Zarontin") || line.includes("p1")));
  assertEquals(JSON.parse(lines[0]).context_characters, 31);
});

Deno.test("no other caller, session or patient finds it, and the client is told to send it", async () => {
  const { send } = contextApp();
  const sent = { session: "s", patient: "p1", context: list("Zarontin daily for seizures") };
  const { body: { id } } = await send("/context", sent);
  const request = { ...asked, session: "s", patient: "p1", context: id };
  for (
    const [other, caller] of [
      [request, "b"],
      [{ ...request, session: "t" }, "a"],
      [{ ...request, context: "0".repeat(64) }, "a"],
      [{ ...request, patient: "p2" }, "a"],
      // The other patient's request has ended it.
      [request, "a"],
    ] as const
  ) {
    const { status, body } = await send("/complete", other, caller);
    assertEquals([status, body.type], [404, CONTEXT_UNKNOWN]);
    assertStringIncludes(body.detail, "POST /context");
  }
});

Deno.test("the next patient's context takes the place of the last one's", async () => {
  const { send } = contextApp();
  await send("/context", { session: "s", patient: "p1", context: list("Zarontin daily") });
  const { body: { id } } = await send("/context", {
    session: "s",
    patient: "p2",
    context: list("Zemplar daily"),
  });
  const ask = async (text: string) =>
    first(await send("/complete", { ...asked, text, session: "s", patient: "p2", context: id }))
      ?.text;
  assertEquals(await ask("The patient takes Ze"), "mplar");
  assertEquals(await ask("The patient takes Za"), undefined);
});

Deno.test("after a session has ended nothing of its context can be drawn", async () => {
  const { send } = contextApp();
  const sent = { session: "s", patient: "p1", context: list("Zarontin daily for seizures") };
  const { body: { id } } = await send("/context", sent);
  assertEquals(
    first(await send("/complete", { ...asked, session: "s", patient: "p1", context: id })).text,
    "rontin",
  );
  assertEquals((await send("/context", { ...sent, context: [] })).body, { id: "", characters: 0 });
  const again = await send("/complete", { ...asked, session: "s", patient: "p1", context: id });
  assertEquals(again.status, 404);
  // Every drug of the alphabet, for every caller, by every road: only what the model knows is left.
  const fresh = contextApp();
  for (const caller of ["a", "b"]) {
    for (const text of ["The patient takes Za", "The patient takes ", "Zarontin "]) {
      const request = {
        ...asked,
        text,
        n: 5,
        min_confidence: 0,
        numbers: "always",
        session: "s",
        patient: "p1",
      };
      assertEquals(
        (await send("/complete", request, caller)).body.completions,
        (await fresh.send("/complete", request, caller)).body.completions,
      );
    }
  }
});

Deno.test("the same texts of two sessions are read twice: no time tells of the other", async () => {
  const { send, reads } = contextApp();
  const sent = { session: "s", patient: "p1", context: list("Zarontin daily") };
  await send("/context", sent);
  await send("/context", { ...sent, session: "t" });
  await send("/context", sent, "b");
  assertEquals(reads(), 3);
});

Deno.test("two patients of one session share no remembered tokens", async () => {
  const { send } = contextApp();
  const tokens = async (patient: string) =>
    (await send("/complete", { ...asked, session: "s", patient })).body.usage.computed_tokens;
  const once = await tokens("p1");
  assert(once > 0);
  assertEquals(await tokens("p2"), once);
  assertEquals(await tokens("p2"), 0);
});

Deno.test("a context must name its patient and keep to the limits", async () => {
  const { send } = contextApp();
  const context = list("x");
  const big = (text: string) => [{ kind: "note", text }, { kind: "note", text }];
  const cases: [string, unknown, string][] = [
    ["/complete", { text: "a", context }, "patient: a context needs the key"],
    ["/complete", { text: "a", patient: "p", context: "abc" }, "context: expected an id"],
    ["/complete", { text: "a", patient: "p", context: [{ kind: "nose", text: "" }] }, "kind"],
    ["/complete", { text: "a", patient: "p", context: [{ kind: "note" }] }, "text"],
    ["/context", { patient: "p", context }, "session"],
    ["/context", { session: "s", context }, "patient"],
    ["/context", { session: "s", patient: "", context }, "patient"],
    [
      "/context",
      { session: "s", patient: "p", context: big("x".repeat(100_001)) },
      "context: expected at most 200000 characters",
    ],
    [
      "/context",
      { session: "s", patient: "p", context: [{ kind: "note", date: "3 March", text: "" }] },
      "expected a date",
    ],
  ];
  for (const [path, body, expected] of cases) {
    const { status, body: problem } = await send(path, body);
    assertEquals(status, 422, JSON.stringify(problem));
    assertStringIncludes(problem.detail, expected);
  }
  const fits = await send("/context", {
    session: "s",
    patient: "p",
    context: big("é".repeat(99_000)),
  });
  assertEquals(fits.status, 200);
});

Deno.test("the store forgets what is idle and what is too much, never the newest", async () => {
  let now = 0;
  const store = new ContextStore(() => now);
  const read = () => Promise.resolve({} as PatientContext);
  const item = (text: string) => [{ source: "", kind: "note" as const, date: "", text }];
  const ids: string[] = [];
  for (let session = 0; session < 7; session++) {
    now++;
    ids.push((await store.put(`s${session}`, "p", item("x".repeat(190_000)), read)).id);
  }
  assert(store.size <= 5);
  assert(store.get("s6", "p", ids[6]));
  assertEquals(store.get("s0", "p", ids[0]), undefined);
  now += 3_600_000;
  assertEquals(store.get("s6", "p", ids[6]), undefined);
  assertEquals(store.size, 0);
});
