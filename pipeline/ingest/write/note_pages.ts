/** Notes as the pages of notes.parquet's columns. */

import type { Column } from "../parquet/format.ts";
import { PlainPage, TextPage } from "../parquet/plain_page.ts";
import type { SiftedNote } from "../identity/sift.ts";

/** Columns of notes.parquet, in order. */
export const columns = [
  { name: "note_id", type: "string", optional: false },
  { name: "subject_id", type: "string", optional: false },
  { name: "hadm_id", type: "string", optional: true },
  { name: "note_type", type: "string", optional: false },
  { name: "note_seq", type: "int32", optional: false },
  { name: "charttime", type: "string", optional: true },
  { name: "storetime", type: "string", optional: true },
  { name: "text", type: "string", optional: false },
  { name: "split", type: "string", optional: false },
  { name: "source", type: "string", optional: false },
  { name: "context", type: "string", optional: true },
] as const satisfies (Column & { name: keyof SiftedNote })[];

export const TEXT_COLUMN = columns.findIndex(({ name }) => name === "text");

/** One page for each column but the text, of which a row group has several. */
export class NoteFields {
  readonly #pages = columns.map((column) => new PlainPage(column));

  append(note: SiftedNote): void {
    columns.forEach(({ name }, index) => {
      if (name === "text") return;
      if (name === "note_seq") this.#pages[index].int32(note.note_seq);
      else this.#pages[index].string(note[name] ?? null);
    });
  }

  /** The pages so far, each with its column; then all of them are empty. */
  take(): { column: number; page: Uint8Array<ArrayBuffer>; values: number }[] {
    return this.#pages.flatMap((page, column) => {
      if (column === TEXT_COLUMN) return [];
      const values = page.rows;
      return [{ column, values, page: page.take() }];
    });
  }
}

/** Large enough for zstd to find what repeats, small enough that two threads share a few. */
const TEXT_PAGE_BYTES = 1 << 20;
/** One being filled, one being packed, one in between. */
const TEXT_PAGES = 3;

/** Lends pages for texts and takes them back in the order in which they were lent. */
export class TextPages {
  readonly #free: TextPage[] = [];
  readonly #lent: TextPage[] = [];
  #returned = Promise.withResolvers<void>();

  /** A page with room for `text`; waits for one to come back, or for `failure`, if all are lent. */
  async lend(text: Uint8Array, failure: Promise<void>): Promise<TextPage> {
    while (this.#lent.length === TEXT_PAGES) {
      await Promise.race([this.#returned.promise, failure]);
    }
    const bytes = TextPage.bytesFor(text);
    if (bytes > TEXT_PAGE_BYTES) return this.#lend(new TextPage(bytes));
    return this.#lend(this.#free.pop() ?? new TextPage(TEXT_PAGE_BYTES));
  }

  #lend(page: TextPage): TextPage {
    this.#lent.push(page);
    return page;
  }

  /** The page lent first is free again. */
  takeBack(): void {
    const page = this.#lent.shift()!;
    page.clear();
    if (page.capacity === TEXT_PAGE_BYTES) this.#free.push(page);
    this.#returned.resolve();
    this.#returned = Promise.withResolvers();
  }
}
