/** What a page gives to `attach`, and what it gets. */

import type { ClientOptions } from "./client.ts";

/** What `attach` needs to know; only `endpoint` is a must. */
export interface AttachOptions extends ClientOptions {
  /** Name of the section the field belongs to, or a function that tells it. */
  section?: string | (() => string | null | undefined);
  /**
   * Called before a suggestion is inserted: the place to close a group of the editor's own undo, so
   * that one undo takes back the suggestion alone.
   */
  beforeInsert?: () => void;
  /** Called after every change of the figures. */
  onStats?: (stats: Stats) => void;
}

/** What the plugin did in one field; figures only, never text. */
export interface Stats {
  /** Suggestions that were shown; one that stays while it is typed through counts once. */
  shown: number;
  /** Suggestions, or words of them, that were accepted: one key each. */
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
