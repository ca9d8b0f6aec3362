/**
 * Attachments that name a `Binary` resource of the same export instead of holding their text. The
 * documents come first and wait, a few bytes each; files of Binary resources are read after them.
 */

import type { RawNote } from "./note_source.ts";

/** A document without its text, and what is to be said if that never comes. */
export interface Waiting {
  note: Omit<RawNote, "text">;
  contentType: string | undefined;
  source: string;
}

/** Of a Binary that comes before the document it belongs to. */
export interface Content {
  contentType?: string;
  data?: string;
}

export class Binaries {
  readonly #waiting = new Map<string, Waiting[]>();
  readonly #early = new Map<string, Content>();

  /** The id in `Binary/abc`, relative, absolute or versioned; undefined for other addresses. */
  static idIn(url: string): string | undefined {
    return /(?:^|\/)Binary\/([A-Za-z0-9.-]+)(?:\/_history\/[^/]*)?$/.exec(url)?.[1];
  }

  /** The content of a Binary seen before, or the document is kept until it comes. */
  ask(id: string, document: Waiting): Content | undefined {
    const early = this.#early.get(id);
    if (early !== undefined) return early;
    const waiting = this.#waiting.get(id) ?? [];
    this.#waiting.set(id, [...waiting, document]);
    return undefined;
  }

  /** The documents that wait for this Binary; `keep` says that one may still come. */
  give(id: string, content: Content, keep: boolean): Waiting[] {
    const waiting = this.#waiting.get(id) ?? [];
    this.#waiting.delete(id);
    if (keep) this.#early.set(id, content);
    return waiting;
  }

  /** Documents whose Binary is nowhere. */
  get left(): Waiting[] {
    return [...this.#waiting.values()].flat();
  }
}
