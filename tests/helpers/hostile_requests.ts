// Malformed and hostile requests: half right, cut off, of the wrong type, full of control characters.

import { seededRandom } from "../../pipeline/lib/base/random.ts";

/** Stands in every request; must stand in no error and in nothing that is printed. */
export const SENTINEL = "Sentinelle";

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
  "patient",
  "context",
  "max_copied_words",
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

/** The next hostile request for the worker at `url`. The same process sends the same ones. */
export function hostileRequest(url: string): Request {
  const path = pick([
    "/complete",
    "/complete",
    "/context",
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
  return new Request(`${url}${path}`, init);
}

/** What a worker did under fuzz. */
export interface Fuzzed {
  /** How often it answered with each status. */
  statuses: Map<number, number>;
  /** Errors and headers that hold the sentinel. */
  leaks: string[];
}

/** Sends `count` hostile requests, one after the other, through `send`. */
export async function fuzz(
  count: number,
  url: string,
  send: (request: Request) => Promise<Response> | Response,
  progress: (sent: number) => void = () => {},
): Promise<Fuzzed> {
  const statuses = new Map<number, number>();
  const leaks: string[] = [];
  for (let sent = 0; sent < count; sent++) {
    const response = await send(hostileRequest(url));
    const text = await response.text();
    statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
    if (response.status >= 400 && text.includes(SENTINEL)) leaks.push(text);
    for (const [name, value] of response.headers) {
      if (value.toLowerCase().includes(SENTINEL.toLowerCase())) leaks.push(`${name}: ${value}`);
    }
    progress(sent + 1);
  }
  return { statuses, leaks };
}

/** Printed lines that hold the sentinel. */
export const leaked = (lines: readonly string[]): string[] =>
  lines.filter((line) => line.toLowerCase().includes(SENTINEL.toLowerCase()));
