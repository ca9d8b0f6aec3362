/// <reference lib="dom" />

/** Text that is not in the chart yet, kept in the browser's storage until it is. */

/** One text and what it was written on. */
export interface Unsaved {
  text: string;
  /** Id and version of the document when it was opened; empty for a new one. */
  basis: string;
  /** When it was last changed, ISO 8601. */
  at: string;
}

const PREFIX = "nano-med-gpt.unsaved:";

export class UnsavedText {
  readonly #key: string;

  /** `chart` names server, patient, encounter and user: nobody else is shown the text. */
  constructor(chart: string) {
    this.#key = PREFIX + chart;
  }

  /** False where the browser has no storage for this frame. */
  keep(unsaved: Unsaved): boolean {
    try {
      localStorage.setItem(this.#key, JSON.stringify(unsaved));
      return true;
    } catch {
      return false;
    }
  }

  found(): Unsaved | undefined {
    try {
      const value = JSON.parse(localStorage.getItem(this.#key) ?? "null");
      return typeof value?.text === "string" ? value : undefined;
    } catch {
      return undefined;
    }
  }

  forget(): void {
    try {
      localStorage.removeItem(this.#key);
    } catch {
      // There is none.
    }
  }
}
