/**
 * Talks to `POST /complete`. One request at a time: a newer one cancels the older. An endpoint that
 * is slow, failing, limiting or gone costs the writer nothing but suggestions.
 */

import { type PatientOptions, PatientRecord, type Source } from "./patient.ts";
import { type Problem, problemOf, report } from "./problems.ts";

/** One suggestion of an answer. */
export interface Completion {
  /** To be inserted at the caret as it is. */
  text: string;
  /** Probability that the note goes on so: 0 to 1. */
  confidence: number;
  /** Where its words stand in the patient's context, most words first. */
  sources?: Source[];
}

/** Where and how to ask; only `endpoint` is a must. */
export interface ClientOptions extends PatientOptions {
  /** Base URL of the worker, e.g. `https://notes.example.org`. */
  endpoint: string;
  /** Bearer token for each request; called again with `true` when the endpoint refused the last. */
  getToken?: (refused: boolean) => string | undefined | Promise<string | undefined>;
  /** Milliseconds without typing before a request is sent. */
  debounce?: number;
  /** Milliseconds after which a request is given up. */
  timeout?: number;
  /** Most suggestions per caret; Alt+] shows the next. */
  n?: number;
  /** Longest suggestion, in words; by default the worker's. */
  maxWords?: number;
  /** By default what was calibrated for the model. */
  minConfidence?: number;
  /** Numbers and doses: never, only when very likely, or like any word; default `confident`. */
  numbers?: "never" | "confident" | "always";
  /** Called for whatever keeps suggestions from being shown; the console is told once a kind. */
  onError?: (problem: Problem) => void;
  /** Replaced in tests. */
  fetch?: typeof fetch;
}

/** What stands around a caret. */
export interface CompletionContext {
  /** All text before it; the last 8000 characters are sent. */
  before: string;
  /** All text behind it; the first 400 characters are sent. */
  after: string;
  /** Name of the section it is in, where `before` does not show its header. */
  section?: string;
  /** Key of the patient whose chart is open. */
  patient?: string;
}

/** What of a long note is sent: the model's context is far shorter. */
export const MAX_BEFORE = 8000;
/** As above, behind the caret. */
export const MAX_AFTER = 400;
/** Below the pauses of ordinary typing, so that a suggestion need not wait for the next key. */
const DEBOUNCE_MS = 30;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/** Asks for suggestions for one text field. */
export class CompletionClient {
  readonly #options: ClientOptions;
  /** One text field of one user and one patient: the endpoint remembers its text. */
  readonly #patient: PatientRecord;
  #current: AbortController | undefined;
  #pausedUntil = 0;
  #pause = 0;
  /** Milliseconds of each answered request, the last hundred. */
  readonly latencies: number[] = [];
  /** Requests that were sent. */
  requests = 0;
  /** Requests that failed, were refused or timed out; cancelled ones do not count. */
  failures = 0;

  /** Sends nothing yet. */
  constructor(options: ClientOptions) {
    const { endpoint } = options;
    if (typeof endpoint !== "string" || !URL.canParse(endpoint, globalThis.location?.href)) {
      throw new TypeError(
        `Cannot ask for suggestions: the endpoint is ${endpoint}, expected an address such as https://notes.example.org`,
      );
    }
    this.#options = { ...options, endpoint: endpoint.replace(/\/+$/, "") };
    this.#patient = new PatientRecord(options, (path, body) => this.#post(path, body));
  }

  /** Key of the patient whose chart is open now. */
  get patient(): string | undefined {
    return this.#patient.key;
  }

  /** Drops what is known of the patient, here and at the endpoint. */
  forget(): void {
    this.#patient.forget();
  }

  /** Whether the endpoint is left alone for a while because it failed. */
  get paused(): boolean {
    return Date.now() < this.#pausedUntil;
  }

  /** Gives up the request under way, and one that waits for its debounce. */
  cancel(): void {
    this.#current?.abort();
    this.#current = undefined;
  }

  /**
   * Suggestions for a caret, after the debounce. Never rejects: `undefined` if a newer call or
   * `cancel` came between or the endpoint failed.
   */
  async complete(context: CompletionContext): Promise<Completion[] | undefined> {
    this.cancel();
    if (this.paused) return;
    const current = this.#current = new AbortController();
    const { signal } = current;
    await wait(this.#options.debounce ?? DEBOUNCE_MS, signal);
    if (signal.aborted) return;
    const limit = setTimeout(() => current.abort("timeout"), this.#options.timeout ?? 5000);
    const started = performance.now();
    try {
      const completions = await this.#request(context, signal);
      this.#pause = 0;
      this.latencies.push(performance.now() - started);
      if (this.latencies.length > 100) this.latencies.shift();
      return signal.aborted ? undefined : completions;
    } catch (error) {
      if (!signal.aborted || signal.reason === "timeout") {
        this.#backOff(error);
        const status = error instanceof EndpointError ? error.status : undefined;
        const { endpoint, onError } = this.#options;
        report(problemOf(endpoint, status, signal.reason ?? error), onError);
      }
      return;
    } finally {
      clearTimeout(limit);
      if (this.#current === current) this.#current = undefined;
    }
  }

  async #request(context: CompletionContext, signal: AbortSignal): Promise<Completion[]> {
    const patient = this.patient;
    let response = await this.#ask(context, patient, signal);
    if (await this.#patient.resent(response)) {
      response = await this.#ask(context, patient, signal);
    }
    // Another chart has been opened meanwhile.
    if (this.patient !== patient) return [];
    // A newer request of this session came: not a failure of the endpoint.
    if (response.status === 409) return [];
    if (!response.ok) throw new EndpointError(response.status, response.headers.get("retry-after"));
    return validCompletions(await response.json());
  }

  #ask(
    { before, after, section }: CompletionContext,
    patient: string | undefined,
    signal: AbortSignal,
  ): Promise<Response> {
    const { n = 3, maxWords, minConfidence, numbers } = this.#options;
    this.requests++;
    return this.#post("/complete", {
      text: before.slice(-MAX_BEFORE),
      text_after: after.slice(0, MAX_AFTER),
      section: typeof section === "string" ? section : undefined,
      ...this.#patient.fieldsFor(patient),
      n,
      max_words: maxWords,
      min_confidence: minConfidence,
      numbers,
    }, signal);
  }

  /** Sends `body`; once more with a fresh token if the endpoint refuses the first. */
  async #post(path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
    const response = await this.#send(path, body, signal, false);
    if (response.status !== 401 || !this.#options.getToken) return response;
    await response.body?.cancel();
    return await this.#send(path, body, signal, true);
  }

  async #send(
    path: string,
    body: unknown,
    signal: AbortSignal | undefined,
    refused: boolean,
  ): Promise<Response> {
    const { endpoint, getToken } = this.#options;
    const headers: Record<string, string> = { "content-type": "application/json" };
    let token: string | undefined;
    try {
      token = await getToken?.(refused);
    } catch (error) {
      throw new EndpointError(401, null, { cause: error });
    }
    if (token) headers.authorization = `Bearer ${token}`;
    signal?.throwIfAborted();
    const send = this.#options.fetch ?? fetch;
    return await send(`${endpoint}${path}`, {
      method: "POST",
      headers,
      signal,
      credentials: "omit",
      cache: "no-store",
      referrerPolicy: "no-referrer",
      body: JSON.stringify(body),
    });
  }

  /** Leaves the endpoint alone: as long as it asks for, else twice as long as the last time. */
  #backOff(error: unknown): void {
    this.failures++;
    this.#pause = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, 2 * this.#pause));
    const asked = error instanceof EndpointError ? 1000 * Number(error.retryAfter) : 0;
    this.#pausedUntil = Date.now() + Math.max(this.#pause, asked || 0);
  }
}

/** The completions of an answer; a TypeError for anything else, which must not reach a note. */
function validCompletions(answer: { completions?: Completion[] }): Completion[] {
  const { completions } = answer;
  const valid = Array.isArray(completions) &&
    completions.every((completion) => typeof completion?.text === "string");
  if (!valid) throw new TypeError("The endpoint answered something else than completions");
  return completions.filter(({ text }) => text !== "");
}

class EndpointError extends Error {
  constructor(readonly status: number, readonly retryAfter: string | null, options?: ErrorOptions) {
    super(`The endpoint answered ${status}`, options);
  }
}

function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
