/**
 * Whose turn it is at the model, which computes one thing at a time. Suggestions are short: computed
 * whole and in turn, each is there sooner than if all took turns token by token. Generation is long:
 * it takes its turns a few tokens at a time, and a suggestion need not wait for more than that.
 *
 * Who would wait too long is told at once.
 */

import { ProblemError } from "./problem.ts";

/** How often a waiting request looks whether it is its turn, beside being told. */
const POLL_MS = 50;
/** A suggestion that comes later than this is for a text that nobody has any more. */
const MAX_WAIT_MS = 2000;
/** So many cannot all be served in that time. */
const MAX_WAITING = 100;
/** Suggestions of one caller that may wait: none can take the places of all others. */
const MAX_WAITING_OF_CALLER = 60;
/** As long as both wait, generation has every fourth turn. */
const SUGGESTIONS_PER_GENERATION = 3;
/** Weight of the newest measurement in a running mean. */
const NEWEST = 0.1;

/** Tokens that one caller may have in flight: two requests of the largest size. */
export const MAX_TOKENS_OF_CALLER = 2048;
/** Work that may be in flight in all: whoever is let in is answered soon (limits.ts ends it at 60 s). */
const MAX_BACKLOG_MS = 10_000;

/** Tokens that a generation may still make. */
export interface Admission {
  /** Who generates. */
  readonly caller: string;
  /** Tokens that are left. */
  remaining: number;
  /** When it was let in, in ms of `performance.now()`. */
  readonly since: number;
  /** Gives back what was not used. */
  release(): void;
}

export interface Turn {
  caller: string;
  /** Ends the wait with the signal's reason. */
  signal?: AbortSignal;
  /** Of a generation; a suggestion has none. */
  admission?: Admission;
}

export interface Turns {
  /** Runs `task` when it is its turn; throws a 429 or 503 `ProblemError` if that would be too late. */
  run<T>(turn: Turn, task: () => Promise<T>): Promise<T>;
  /** Lets a generation of at most `tokens` begin; throws a 429 or 503 `ProblemError` at once if not. */
  admit(caller: string, tokens: number): Admission;
  /** Tells that `tokens` took `milliseconds`. */
  made(admission: Admission, tokens: number, milliseconds: number): void;
}

interface Ticket extends Turn {
  started: boolean;
  start: () => void;
}

const tooMany = (status: 429 | 503, detail: string, seconds = 1) =>
  new ProblemError(status, detail, { "retry-after": `${Math.max(1, Math.ceil(seconds))}` });

/** The turns at one model. */
export function turns(): Turns {
  const waiting: Ticket[] = [];
  const admitted = new Set<Admission>();
  /** When a caller's suggestion was last computed, counted in turns. */
  const served = new Map<string, number>();
  let running = false, suggestionsInARow = 0, count = 0;
  let millisecondsPerToken = 8;

  const remaining = (of: Iterable<Admission>) =>
    [...of].reduce((sum, { remaining }) => sum + remaining, 0);

  /** Callers in turn, those of one caller as they came. */
  const nextSuggestion = (tickets: readonly Ticket[]) =>
    tickets.reduce((best, ticket) =>
      (served.get(ticket.caller) ?? 0) < (served.get(best.caller) ?? 0) ? ticket : best
    );

  /** The shortest rest first; what has waited counts as done, so that a long one gets there too. */
  const nextGeneration = (tickets: readonly Ticket[]) => {
    const rest = ({ admission }: Ticket) =>
      admission!.remaining * millisecondsPerToken + admission!.since;
    return tickets.reduce((best, ticket) => rest(ticket) < rest(best) ? ticket : best);
  };

  function startNext(): void {
    if (running || waiting.length === 0) return;
    const suggestions = waiting.filter(({ admission }) => !admission);
    const generations = waiting.filter(({ admission }) => admission);
    const ticket = suggestions.length > 0 &&
        (generations.length === 0 || suggestionsInARow < SUGGESTIONS_PER_GENERATION)
      ? nextSuggestion(suggestions)
      : nextGeneration(generations);
    suggestionsInARow = ticket.admission ? 0 : suggestionsInARow + 1;
    if (served.size > 1000) served.clear();
    if (!ticket.admission) served.set(ticket.caller, ++count);
    waiting.splice(waiting.indexOf(ticket), 1);
    running = ticket.started = true;
    ticket.start();
  }

  function requirePlace(caller: string): void {
    const suggestions = waiting.filter(({ admission }) => !admission);
    const own = suggestions.filter((ticket) => ticket.caller === caller).length;
    if (own >= MAX_WAITING_OF_CALLER) {
      throw tooMany(429, `${own} requests of this caller are waiting; try again soon`);
    }
    if (suggestions.length >= MAX_WAITING) throw busy();
  }

  return {
    async run(turn, task) {
      if (!turn.admission) requirePlace(turn.caller);
      const ticket: Ticket = { ...turn, started: false, start: () => {} };
      const { signal } = turn, since = performance.now();
      const told = new Promise<void>((resolve) => ticket.start = resolve);
      const gone = new Promise<void>((resolve) =>
        signal?.addEventListener("abort", () => resolve())
      );
      waiting.push(ticket);
      startNext();
      try {
        // workerd ends a request that waits for nothing but another request's promise: look as well.
        while (!ticket.started) {
          let timer: ReturnType<typeof setTimeout> | undefined;
          const poll = new Promise((resolve) => timer = setTimeout(resolve, POLL_MS));
          await Promise.race([told, gone, poll]);
          clearTimeout(timer);
          signal?.throwIfAborted();
          const late = performance.now() - since > MAX_WAIT_MS;
          if (late && !ticket.started && !turn.admission) throw busy();
        }
        signal?.throwIfAborted();
        return await task();
      } finally {
        if (ticket.started) running = false;
        else waiting.splice(waiting.indexOf(ticket), 1);
        startNext();
      }
    },

    admit(caller, tokens) {
      const own = remaining([...admitted].filter((admission) => admission.caller === caller));
      const all = remaining(admitted);
      if (own > 0 && own + tokens > MAX_TOKENS_OF_CALLER) {
        throw tooMany(
          429,
          `This caller has ${own} tokens in flight, at most ${MAX_TOKENS_OF_CALLER} may be`,
          own * millisecondsPerToken / 1000,
        );
      }
      if (all > 0 && (all + tokens) * millisecondsPerToken > MAX_BACKLOG_MS) {
        throw tooMany(
          503,
          "Too many tokens are being generated; try again soon",
          all * millisecondsPerToken / 1000,
        );
      }
      const admission: Admission = {
        caller,
        remaining: tokens,
        since: performance.now(),
        release: () => void admitted.delete(admission),
      };
      admitted.add(admission);
      return admission;
    },

    made(admission, tokens, milliseconds) {
      admission.remaining = Math.max(0, admission.remaining - tokens);
      if (tokens > 0) {
        millisecondsPerToken += NEWEST * (milliseconds / tokens - millisecondsPerToken);
      }
    },
  };
}

const busy = () => tooMany(503, "Too many requests at once; try again soon");
