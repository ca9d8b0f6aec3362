// Types of /plugin.js, served as /plugin.d.ts. A test compares them with the module itself.

/** One suggestion of an answer. */
export interface Completion {
  /** To be inserted at the caret as it is. */
  text: string;
  /** Probability that the note goes on so: 0 to 1. */
  confidence: number;
  /** Where its words stand in the patient's context, most words first. */
  sources?: Source[];
}

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
  text: string;
}

/** Where words of a suggestion come from. */
export interface Source {
  kind: ContextItem["kind"];
  source: string;
  date: string;
  /** The header or line that they stand under. */
  place: string;
  /** Words of the suggestion that stand there. */
  words: number;
}

/** Whose chart is open, and what is known of him. */
export interface PatientOptions {
  /** Key of the patient whose chart is open; when it changes, all that is known is dropped. */
  patient?: string | (() => string | undefined);
  /** What is known of that patient; called once for each patient. Needs `patient`. */
  context?: (patient: string) => readonly ContextItem[] | Promise<readonly ContextItem[]>;
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

/** What stands around a collapsed caret; undefined where nothing may be suggested. */
export type Caret = CompletionContext | undefined;

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

/** Where and how to ask; only `endpoint` is a must. */
export interface ClientOptions extends PatientOptions {
  /** Base URL of the worker, e.g. `https://notes.example.org`. */
  endpoint: string;
  /** Bearer token for each request; called again with `true` when the endpoint refused the last. */
  getToken?: (refused: boolean) => string | undefined | Promise<string | undefined>;
  /** Milliseconds without typing before a request is sent; 40 by default. */
  debounce?: number;
  /** Milliseconds after which a request is given up; 5000 by default. */
  timeout?: number;
  /** Most suggestions per caret; 3 by default. */
  n?: number;
  /** Longest suggestion, in words; by default the worker's. */
  maxWords?: number;
  /** By default what the model's evaluation found best. */
  minConfidence?: number;
  /** Numbers and doses: never, only when very likely, or like any word; default `confident`. */
  numbers?: "never" | "confident" | "always";
  /** Called for whatever keeps suggestions from being shown; the console is told once a kind. */
  onError?: (problem: Problem) => void;
  /** Replaced in tests. */
  fetch?: typeof fetch;
}

/** What `attach` needs to know; only `endpoint` is a must. */
export interface AttachOptions extends ClientOptions {
  /** Name of the section the field belongs to, or a function that tells it. */
  section?: string | (() => string | null | undefined);
  /** Called before a suggestion is inserted: the place to close a step of the editor's own undo. */
  beforeInsert?: () => void;
  /** Called after every change of the figures. */
  onStats?: (stats: Stats) => void;
}

/** What the plugin did in one field; figures only, never text. */
export interface Stats {
  /** Suggestions that were shown; one that stays while it is typed through counts once. */
  shown: number;
  /** Suggestions, or words of them, that were accepted. */
  accepted: number;
  /** Characters that were inserted by accepting. */
  acceptedCharacters: number;
  /** Suggestions that Escape removed. */
  dismissed: number;
  /** Requests that were sent, also those that were overtaken. */
  requests: number;
  /** Requests that failed, were refused or timed out. */
  failures: number;
  /** Milliseconds from request to answer: median and 95th percentile of the last hundred. */
  latency: { p50: number; p95: number };
}

/** What `attach` gives: control over the suggestions in one field. */
export interface Handle {
  /** Removes every trace of the plugin from the page. */
  detach(): void;
  /** Removes the suggestion and asks for none until `resume`. */
  pause(): void;
  /** Ends a pause; the next key asks again. */
  resume(): void;
  /** The writer's own switch, remembered for the whole origin. */
  enabled: boolean;
  /** The figures up to now. */
  readonly stats: Stats;
}

/** Shows suggestions in `element` until the handle's `detach`. Throws a TypeError for elements that hold no text or are excluded. */
export function attach(element: HTMLElement, options: AttachOptions): Handle;

/** Asks for suggestions for one text field. */
export class CompletionClient {
  constructor(options: ClientOptions);
  /** Key of the patient whose chart is open now. */
  get patient(): string | undefined;
  /** Drops what is known of the patient, here and at the endpoint. */
  forget(): void;
  /** Whether the endpoint is left alone for a while because it failed. */
  get paused(): boolean;
  /** Milliseconds of each answered request, the last hundred. */
  readonly latencies: number[];
  /** Requests that were sent. */
  requests: number;
  /** Requests that failed, were refused or timed out; cancelled ones do not count. */
  failures: number;
  /** Gives up the request under way. */
  cancel(): void;
  /** Suggestions for a caret; undefined if a newer call came between or the endpoint failed. */
  complete(context: CompletionContext): Promise<Completion[] | undefined>;
}

/** What a session needs from around it. */
export interface SessionOptions {
  /** Suggestions for a caret, or undefined if the request was overtaken or failed. */
  complete(context: CompletionContext): Promise<Completion[] | undefined>;
  /** Gives up the request under way. */
  cancel(): void;
  /** Draws `text` in grey at the caret, or removes it if empty. */
  show(text: string, sources?: readonly Source[]): void;
  /** Called once for each suggestion that appears. */
  onShown?(): void;
}

/** The suggestions of one text field, without a DOM: for editors that draw their own text. */
export class SuggestionSession {
  constructor(options: SessionOptions);
  /** What stands in grey; empty if nothing does. */
  get suggestion(): string;
  /** How many suggestions fit what was typed. */
  get alternatives(): number;
  /** The text or the caret changed. */
  update(caret: Caret): Promise<void>;
  /** The caret may have moved without typing. */
  moved(caret: Caret): void;
  /** Whether `caret` is the one that the suggestion was made for. */
  isAt(caret: Caret): boolean;
  /** The whole suggestion, to be inserted; empty if none is shown. */
  accept(): string;
  /** The next word of the suggestion with the space before it. */
  acceptWord(): string;
  /** Shows the next (1) or previous (−1) alternative; false if there is no other. */
  cycle(step: number): boolean;
  /** Removes the suggestion; true if one was shown. */
  dismiss(): boolean;
}

/** `<note-complete endpoint section>` around fields. Fires `complete-stats` and `complete-error`. */
export class NoteComplete extends HTMLElement {
  getToken: AttachOptions["getToken"];
  beforeInsert: AttachOptions["beforeInsert"];
  patient: AttachOptions["patient"];
  context: AttachOptions["context"];
  get handles(): Handle[];
  connectedCallback(): void;
  disconnectedCallback(): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "note-complete": NoteComplete;
  }
}
