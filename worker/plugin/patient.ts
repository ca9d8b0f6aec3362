/**
 * What is known of the patient whose chart is open. It is sent once, and named by its id afterwards;
 * when the key of the patient changes, all of it is dropped here and at the worker.
 */

import { safely } from "./problems.ts";

/** A text that the record, or the visit, holds. */
export interface ContextItem {
  /** What it is called where it comes from. */
  source?: string;
  /** What it is. */
  kind:
    | "conversation"
    | "note"
    | "problems"
    | "medications"
    | "allergies"
    | "results"
    | "phrases"
    | "other";
  /** ISO 8601; without one it is taken as of now. */
  date?: string;
  /** All of it. */
  text: string;
}

/** Where words of a suggestion come from. */
export interface Source {
  /** Of the text that they stand in. */
  kind: ContextItem["kind"];
  /** What the page calls that text. */
  source: string;
  /** When it was written, ISO 8601; empty where the page named no date. */
  date: string;
  /** The header or line that they stand under. */
  place: string;
  /** Words of the suggestion that stand there. */
  words: number;
}

/** Whose chart is open, and what is known of him. */
export interface PatientOptions {
  /**
   * Key of the patient whose chart is open: any name that no other patient has. It is looked at
   * before each request and while a suggestion is shown; empty or undefined means nobody.
   */
  patient?: string | (() => string | undefined);
  /**
   * What is known of that patient; called once for each patient that is opened. Needs `patient`.
   * Suggestions go on without it until it is there.
   */
  context?: (patient: string) => readonly ContextItem[] | Promise<readonly ContextItem[]>;
}

type Post = (path: string, body: unknown) => Promise<Response>;

/** Type of the problem on which the texts are sent again. */
const UNKNOWN = "urn:nano-med-gpt:problem:context-unknown";

export class PatientRecord {
  readonly #options: PatientOptions;
  readonly #post: Post;
  #session = randomName();
  #patient: string | undefined;
  #items: readonly ContextItem[] = [];
  #id: string | undefined;

  /** Throws a TypeError for a context without a patient: nobody could tell whose it is. */
  constructor(options: PatientOptions, post: Post) {
    if (options.context && options.patient === undefined) {
      throw new TypeError(
        "Cannot use a context without the key of its patient: give patient as well",
      );
    }
    this.#options = options;
    this.#post = post;
  }

  /** The key of the patient whose chart is open now. */
  get key(): string | undefined {
    const { patient } = this.#options;
    let key: string | undefined;
    safely(() => key = typeof patient === "function" ? patient() : patient);
    return key || undefined;
  }

  /** What a request says of the patient `key`; drops all of another one. */
  fieldsFor(key: string | undefined): { session: string; patient?: string; context?: string } {
    if (key !== this.#patient) this.#open(key);
    return {
      session: this.#session,
      ...(key !== undefined && { patient: key }),
      ...(this.#id !== undefined && { context: this.#id }),
    };
  }

  /** Sends the texts again if `answer` says that they are not known; true if that was done. */
  async resent(answer: Response): Promise<boolean> {
    if (answer.status !== 404 || this.#id === undefined) return false;
    const { type } = await answer.clone().json().catch(() => ({}));
    if (type !== UNKNOWN) return false;
    this.#id = undefined;
    await this.#send(this.#patient!);
    return true;
  }

  #open(key: string | undefined): void {
    this.forget();
    this.#patient = key;
    if (key === undefined || !this.#options.context) return;
    const asked = Promise.resolve().then(() => this.#options.context!(key));
    asked.then(async (items) => {
      if (this.#patient !== key) return;
      this.#items = items;
      await this.#send(key);
    }).catch((error) =>
      safely(() => {
        throw error;
      })
    );
  }

  async #send(patient: string): Promise<void> {
    if (this.#items.length === 0) return;
    const session = this.#session;
    const response = await this.#post("/context", { session, patient, context: this.#items });
    if (!response.ok) return void response.body?.cancel();
    const { id } = await response.json();
    if (this.#session === session) this.#id = id || undefined;
  }

  /** Drops everything, here and at the worker. */
  forget(): void {
    if (this.#id !== undefined) {
      const body = { session: this.#session, patient: this.#patient, context: [] };
      this.#post("/context", body).then((response) => response.body?.cancel()).catch(() => {});
    }
    this.#session = randomName();
    this.#items = [];
    this.#id = this.#patient = undefined;
  }
}

/** `medications`, `note of 3 March`: where most of a suggestion comes from; empty if from nowhere. */
export function placeOf(sources: readonly Source[] | undefined, language?: string): string {
  const [first] = sources ?? [];
  if (!first) return "";
  const day = /^\d{4}-\d{2}-\d{2}/.exec(first.date)?.[0];
  if (first.kind !== "note" || day === undefined) return first.kind;
  const date = new Intl.DateTimeFormat(language || "en", {
    day: "numeric",
    month: "long",
    timeZone: "UTC",
  });
  return `note of ${date.format(new Date(day))}`;
}

/** 36 characters. Not `crypto.randomUUID`, which a page without TLS does not have. */
const randomName = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(18)), (b) => b.toString(16).padStart(2, "0"))
    .join("");
