/**
 * Ctrl-C and `kill` while training: the first asks for an orderly end with a checkpoint, a later one
 * ends at once.
 *
 * One Ctrl-C can arrive twice: the terminal (or `timeout`, or a batch system) signals the whole
 * process group, and the task runner in that group passes on what it got. Repeats within
 * `REPEAT_MS` of the first are therefore the same request.
 */

export const REPEAT_MS = 1000;

export type Reaction = "stop" | "ignore" | "quit";

/** What a signal at `now` asks for, where the first came at `first` (both in milliseconds). */
export function reaction(first: number | undefined, now: number): Reaction {
  if (first === undefined) return "stop";
  return now - first < REPEAT_MS ? "ignore" : "quit";
}

/** Aborts `signal` at the first SIGINT or SIGTERM, after `onStop`, until disposed. */
export function listenForInterrupt(onStop: () => void): Disposable & { signal: AbortSignal } {
  const controller = new AbortController();
  let first: number | undefined;
  const listener = () => {
    const asked = reaction(first, performance.now());
    if (asked === "quit") Deno.exit(130);
    if (asked === "ignore") return;
    first = performance.now();
    onStop();
    controller.abort();
  };
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, listener);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const signal of signals) Deno.removeSignalListener(signal, listener);
    },
  };
}
