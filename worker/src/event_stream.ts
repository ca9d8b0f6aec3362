/** Server-sent events that stop computing when nobody listens any more. */

export interface EventStream {
  response: Response;
  /** Resolves when the stream has ended, however it did. */
  ended: Promise<void>;
}

/** Sends an event; `data` is written as JSON, a string as it is. */
export type Send = (data: unknown, event?: string) => void;

/**
 * A text/event-stream of what `run` sends. `signal` is aborted when the client goes away. What
 * `run` throws is sent through `onError`.
 */
export function eventStream(
  run: (send: Send, signal: AbortSignal) => Promise<void>,
  onError: (error: unknown, send: Send) => void,
): EventStream {
  const encoder = new TextEncoder();
  const gone = new AbortController();
  let finish = () => {};
  const ended = new Promise<void>((resolve) => finish = resolve);
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send: Send = (data, event) => {
        if (gone.signal.aborted) return;
        const text = typeof data === "string" ? data : JSON.stringify(data);
        const head = event === undefined ? "" : `event: ${event}\n`;
        controller.enqueue(encoder.encode(`${head}data: ${text}\n\n`));
      };
      run(send, gone.signal)
        .catch((error) => onError(error, send))
        .finally(() => {
          if (!gone.signal.aborted) controller.close();
          finish();
        });
    },
    cancel() {
      gone.abort(new DOMException("The client has gone", "AbortError"));
    },
  });
  const headers = { "content-type": "text/event-stream; charset=utf-8" };
  return { response: new Response(body, { headers }), ended };
}
