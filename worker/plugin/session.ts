/**
 * What is shown at the caret and what keys do to it. Knows no DOM: a field tells it what stands
 * before and after the caret, it tells the field what to show and what to insert.
 */

import type { Completion, CompletionContext } from "./client.ts";
import type { Source } from "./patient.ts";

/** What stands around a collapsed caret; undefined where nothing may be suggested. */
export type Caret = CompletionContext | undefined;

/** What a session needs from around it. */
export interface SessionOptions {
  /** Suggestions for a caret, or undefined if the request was overtaken or failed. */
  complete(context: CompletionContext): Promise<Completion[] | undefined>;
  /** Gives up the request under way. */
  cancel(): void;
  /** Draws `text` in grey at the caret, or removes it if empty; `sources`: where it comes from. */
  show(text: string, sources?: readonly Source[]): void;
  /** Called once for each suggestion that appears. */
  onShown?(): void;
}

/** The suggestions of one text field. */
export class SuggestionSession {
  readonly #options: SessionOptions;
  #caret: Caret;
  /** Alternatives for the caret at which they were asked for. */
  #alternatives: Completion[] = [];
  #index = 0;
  /** How much of the alternatives has been typed since. */
  #typed = "";

  /** `options`: where suggestions come from, and what shows them. */
  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** What stands in grey; empty if nothing does. */
  get suggestion(): string {
    return (this.#alternatives[this.#index]?.text ?? "").slice(this.#typed.length);
  }

  /** How many suggestions fit what was typed; `cycle` goes through them. */
  get alternatives(): number {
    return this.#alternatives.length;
  }

  /** The text or the caret changed: keeps what still fits, asks anew where nothing does. */
  async update(caret: Caret): Promise<void> {
    const previous = this.#caret;
    this.#caret = caret;
    if (caret === undefined) {
      this.dismiss();
      return;
    }
    if (previous && this.#typeThrough(previous, caret)) return;
    this.#clear();
    this.#options.cancel();
    const completions = await this.#options.complete(caret);
    if (completions === undefined || this.#caret !== caret) return;
    this.#alternatives = completions;
    this.#show();
    if (this.suggestion !== "") this.#options.onShown?.();
  }

  /** The caret may have moved without typing: whatever was meant for another place is given up. */
  moved(caret: Caret): void {
    if (this.isAt(caret)) return;
    if (caret && this.#caret && this.#typeThrough(this.#caret, caret)) this.#caret = caret;
    else {
      this.#caret = caret;
      this.dismiss();
    }
  }

  /** Whether `caret` is the one that the suggestion was made for. */
  isAt(caret: Caret): boolean {
    return caret === this.#caret ||
      caret?.before === this.#caret?.before && caret?.after === this.#caret?.after &&
        caret?.patient === this.#caret?.patient;
  }

  /** Whether the writer typed what some alternative says; then the rest of it stays. */
  #typeThrough(previous: CompletionContext, caret: CompletionContext): boolean {
    if (this.suggestion === "" || caret.after !== previous.after) return false;
    if (caret.patient !== previous.patient || caret.section !== previous.section) return false;
    if (!caret.before.startsWith(previous.before)) {
      return false;
    }
    const typed = this.#typed + caret.before.slice(previous.before.length);
    if (typed === this.#typed) return true; // the input event of a change that was seen before
    const fits = ({ text }: Completion) => text.startsWith(typed) && text.length > typed.length;
    const current = this.#alternatives[this.#index];
    const kept = this.#alternatives.filter(fits);
    if (kept.length === 0) return false;
    this.#alternatives = kept;
    this.#index = Math.max(0, kept.indexOf(current));
    this.#typed = typed;
    this.#show();
    return true;
  }

  /** The whole suggestion, to be inserted; empty if none is shown. */
  accept(): string {
    const text = this.suggestion;
    this.#clear();
    return text;
  }

  /** The next word of the suggestion with the space before it. */
  acceptWord(): string {
    return /^\s*\S+/.exec(this.suggestion)?.[0] ?? this.suggestion;
  }

  /** Shows the next (`step` 1) or previous (−1) alternative; false if there is no other. */
  cycle(step: number): boolean {
    const count = this.#alternatives.length;
    if (count < 2) return false;
    this.#index = (this.#index + step + count) % count;
    this.#show();
    return true;
  }

  /** Removes the suggestion and gives up the request; true if one was shown. */
  dismiss(): boolean {
    const shown = this.suggestion !== "";
    this.#options.cancel();
    this.#clear();
    return shown;
  }

  #clear(): void {
    this.#alternatives = [];
    this.#index = 0;
    this.#typed = "";
    this.#show();
  }

  #show(): void {
    this.#options.show(this.suggestion, this.#alternatives[this.#index]?.sources);
  }
}
