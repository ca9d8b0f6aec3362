/**
 * The one port of several processes: passes each request on to the process of its session. No TLS and
 * no login: those belong to a proxy of the hospital and to the processes.
 */

import { sessionOf } from "./session_route.ts";
import { availablePort } from "./start_worker.ts";

/** Where a request may go. */
export interface Target {
  worker?: { url: string };
  inFlight: number;
}

export interface FrontOptions {
  port: number;
  /** Host names that are answered; the processes see only their own. */
  hosts: readonly string[];
  /** The targets that could answer what `key` names, the best first. */
  ranked(key: string): Target[];
}

/** Hop by hop: not passed on. The length is that of the body that is sent. */
const DROPPED = [
  "connection",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
  "host",
  "te",
  "trailer",
]
  .concat("content-length", "expect", "proxy-connection");

const PROBES = ["/healthz", "/readyz"];

/** Largest body that is passed on; the processes refuse smaller ones. */
const MAX_BODY_BYTES = 2 ** 21;

/** Listens on the loopback interface; throws a `Deno.errors.AddrInUse` where something else does. */
export function openPort({ port, hosts, ranked }: FrontOptions) {
  const options = { hostname: "127.0.0.1", port: availablePort(port), onListen() {} };
  const server = Deno.serve(options, async (request) => {
    const { hostname, pathname, search } = new URL(request.url);
    if (!hosts.includes(hostname) && !PROBES.includes(pathname)) {
      return problem(
        421,
        "Misdirected Request",
        "This worker does not answer under that host name",
      );
    }
    const body = await bodyOf(request);
    if (body === "too large") {
      return problem(413, "Content Too Large", `The body is larger than ${MAX_BODY_BYTES} bytes`);
    }
    const text = body === null ? "" : new TextDecoder().decode(body);
    const credentials = request.headers.get("authorization") ?? request.headers.get("x-api-key");
    const session = sessionOf(text);
    const key = session === "" ? crypto.randomUUID() : `${credentials} ${session}`;
    return await send(request, `${pathname}${search}`, body, ranked(key));
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    /** Takes no more, and waits for what was begun, but not for longer than `milliseconds`. */
    async close(milliseconds: number): Promise<void> {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise((resolve) => timer = setTimeout(resolve, milliseconds));
      await Promise.race([server.shutdown(), late]);
      clearTimeout(timer);
    },
  };
}

async function bodyOf(request: Request): Promise<Uint8Array<ArrayBuffer> | null | "too large"> {
  if (request.body === null) return null;
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of request.body) {
    length += part.length;
    if (length > MAX_BODY_BYTES) return "too large";
    parts.push(part);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Asks the first target; the next where it ends before it has answered: nothing is written here. */
async function send(
  request: Request,
  path: string,
  body: Uint8Array<ArrayBuffer> | null,
  targets: Target[],
): Promise<Response> {
  const headers = new Headers(request.headers);
  for (const name of DROPPED) headers.delete(name);
  const init = { method: request.method, headers, body, redirect: "manual" as const };
  for (const target of targets) {
    if (!target.worker) continue;
    target.inFlight++;
    const done = once(() => target.inFlight--);
    try {
      const { signal } = request;
      const answer = await fetch(`${target.worker.url}${path}`, { ...init, signal });
      if (!answer.body) {
        done();
        return answer;
      }
      return new Response(counted(answer.body, done), answer);
    } catch {
      done();
      if (request.signal.aborted) break;
    }
  }
  return problem(503, "Service Unavailable", "No process answers; try again soon");
}

function once(run: () => void): () => void {
  let first = true;
  return () => {
    if (first) run();
    first = false;
  };
}

/** The same stream, with `done` called when it has ended, however it did. */
function counted(body: ReadableStream<Uint8Array>, done: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { value, done: ended } = await reader.read();
        if (!ended) return controller.enqueue(value);
        controller.close();
      } catch (error) {
        controller.error(error);
      }
      done();
    },
    async cancel(reason) {
      done();
      await reader.cancel(reason).catch(() => {});
    },
  });
}

function problem(status: number, title: string, detail: string): Response {
  const headers = {
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    ...(status === 503 && { "retry-after": "1" }),
  };
  return new Response(JSON.stringify({ type: "about:blank", title, status, detail }), {
    status,
    headers,
  });
}
