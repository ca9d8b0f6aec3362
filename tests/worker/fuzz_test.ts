// Malformed and hostile requests: no 5xx, and nothing of what was sent in any error or log line.

import { assert, assertEquals, assertLess } from "@std/assert";
import { seededRandom } from "../../pipeline/decode/random.ts";
import { tinyApp } from "../helpers/tiny_service.ts";

const SENTINEL = "Sentinelle";
const REQUESTS = 10_000;

const random = seededRandom(20260101);
const below = (limit: number) => Math.floor(random() * limit);
const pick = <T>(items: readonly T[]): T => items[below(items.length)];

const strings = [
  "",
  SENTINEL,
  `${SENTINEL}\0\ud800 \udfff`,
  `<|endoftext|>${SENTINEL}`,
  `{{${SENTINEL}}} \${${SENTINEL}} <script>${SENTINEL}</script>`,
  `___ ${SENTINEL} `.repeat(50),
  "\u202e" + SENTINEL,
  "é".repeat(300) + SENTINEL,
];

const odd = (): unknown =>
  pick<() => unknown>([
    () => null,
    () => pick(strings),
    () => below(3) - 1,
    () => pick([1e308, -0, 0.5, 2 ** 53, 1e-320]),
    () => random() < 0.5,
    () => [odd()],
    () => ({ [pick(strings)]: pick(strings) }),
  ])();

const fields = [
  "text",
  "text_after",
  "section",
  "max_words",
  "n",
  "min_confidence",
  "numbers",
  "line_breaks",
  "stop",
  "temperature",
  "seed",
  "session",
  "stream",
  "prompt",
  "max_tokens",
  "top_p",
  "__proto__",
  "constructor",
  SENTINEL,
];

/** A body that is half right, or not JSON at all. */
function body(): string {
  const object: Record<string, unknown> = { text: pick(strings), prompt: pick(strings) };
  for (let count = below(4); count > 0; count--) {
    Object.defineProperty(object, pick(fields), {
      value: odd(),
      enumerable: true,
      configurable: true,
    });
  }
  const json = JSON.stringify(pick([object, object, object, odd()])) ?? "";
  return pick([json, json, json, json.slice(0, below(json.length + 1)), `[${json}`, SENTINEL]);
}

function request(): Request {
  const path = pick([
    "/complete",
    "/complete",
    "/v1/completions",
    `/${SENTINEL}`,
    `/complete/${SENTINEL}`,
    `/docs?${SENTINEL}`,
    "/healthz",
  ]);
  const method = pick(["POST", "POST", "POST", "POST", "GET", "PUT", "DELETE", "OPTIONS"]);
  const headers: Record<string, string> = {
    "content-type": pick([
      "application/json",
      "application/json",
      "application/json; charset=utf-8",
      "text/plain",
      `multipart/form-data; boundary=${SENTINEL}`,
      SENTINEL,
    ]),
    origin: `https://${SENTINEL}.example`,
    "x-forwarded-for": SENTINEL,
  };
  if (random() < 0.1) headers["content-length"] = pick(["-1", "9".repeat(30), "x"]);
  const init = method === "GET" ? { method, headers } : { method, headers, body: body() };
  return new Request(`http://worker${path}`, init);
}

Deno.test(`${REQUESTS} hostile requests: no 5xx, no crash, no echo, nothing printed`, async () => {
  const printed: string[] = [];
  const print = (...values: unknown[]) => void printed.push(values.join(" "));
  const original = { log: console.log, error: console.error, warn: console.warn };
  Object.assign(console, { log: print, error: print, warn: print });
  const statuses = new Map<number, number>();
  const leaks: string[] = [];
  try {
    const { app } = tinyApp({ log: print });
    for (let count = 0; count < REQUESTS; count++) {
      const response = await app.request(request());
      const text = await response.text();
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
      if (response.status >= 400 && text.includes(SENTINEL)) leaks.push(text);
      for (const [name, value] of response.headers) {
        if (value.toLowerCase().includes(SENTINEL.toLowerCase())) leaks.push(`${name}: ${value}`);
      }
    }
  } finally {
    Object.assign(console, original);
  }
  assertEquals(leaks, []);
  assertEquals(printed.filter((line) => line.toLowerCase().includes("sentinelle")), []);
  assertEquals(printed.filter((line) => !line.startsWith('{"event":"request"')), []);
  assertEquals(printed.length, REQUESTS);
  for (const [status, count] of statuses) assertLess(status, 500, `${count} times`);
  for (const status of [200, 400, 404, 405, 415, 422]) {
    assert((statuses.get(status) ?? 0) > 50, `the fuzzer hardly reaches ${status}`);
  }
});
