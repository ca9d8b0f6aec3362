/** What integrators are told when something is wrong: one line a kind, with the remedy. */

/** Something that keeps suggestions from being shown or taken. */
export interface Problem {
  /** What is wrong, the same word for the same cause. */
  kind:
    | "unreachable"
    | "refused token"
    | "refused request"
    | "too many requests"
    | "failing"
    | "slow"
    | "not completions"
    | "not inserted"
    | "callback";
  /** What is wrong and what to do about it; never text of a note. */
  message: string;
  /** HTTP status of the endpoint's answer, where there was one. */
  status?: number;
}

/** Kinds that were told by this page. */
const told = new Set<string>();

/** Writes a warning to the console, once a kind and page, and calls `onError` each time. */
export function report(problem: Problem, onError?: (problem: Problem) => void): void {
  if (!told.has(problem.kind)) {
    told.add(problem.kind);
    console.warn(`Nano Med GPT (${problem.kind}): ${problem.message}`);
  }
  safely(() => onError?.(problem));
}

/** Runs a callback of the page: what it throws is the page's affair, and costs no text. */
export function safely(callback: () => void): void {
  try {
    callback();
  } catch (error) {
    report({
      kind: "callback",
      message: "A callback of this page has thrown; suggestions go on without it.",
    });
    reportError(error);
  }
}

/** The problem behind a failed request. */
export function problemOf(endpoint: string, status: number | undefined, error: unknown): Problem {
  const check = `${endpoint}/check says more`;
  const of = (kind: Problem["kind"], message: string): Problem => ({ kind, message, status });
  if (status === 401 || status === 403) {
    return of(
      "refused token",
      `${endpoint} answered ${status}: getToken has to return a token that it accepts; ${check}.`,
    );
  }
  if (status === 429) {
    return of("too many requests", `${endpoint} is left alone for as long as it asks for.`);
  }
  if (status !== undefined && status >= 400 && status < 500) {
    return of(
      "refused request",
      `${endpoint} answered ${status}: is it the worker's address, and are the options of attach() as the README has them? ${check}.`,
    );
  }
  if (status !== undefined) {
    return of("failing", `${endpoint} answered ${status}; the worker's log says why.`);
  }
  if (error === "timeout") {
    return of("slow", `${endpoint} did not answer in time; it is asked again later.`);
  }
  if (error instanceof TypeError && /completions/.test(error.message)) {
    return of(
      "not completions",
      `${endpoint} answered something else; is it the worker's address?`,
    );
  }
  return of(
    "unreachable",
    `${endpoint} cannot be reached from this page. Its ALLOWED_ORIGINS need ${globalThis.location?.origin}, ` +
      `the page's connect-src needs ${endpoint}, and it must run; ${check}.`,
  );
}
