/** Writes notes.parquet beside its place and puts it there when it is whole. */

import { dirname, join } from "@std/path";
import { syncFolder, temporaryName } from "../../lib/base/files.ts";
import { columns, NoteFields, TEXT_COLUMN, TextPages } from "./note_pages.ts";
import type { TextPage } from "../parquet/plain_page.ts";
import type { WriterMessage, WriterReply, WriterStart } from "./parquet_worker.ts";
import type { SiftedNote } from "../identity/sift.ts";

/** About 20 MB of text: what a reader of one row group has to hold. */
const ROW_GROUP_ROWS = 2048;

export class NotesWriter {
  readonly #path: string;
  readonly #temporary: string;
  readonly #worker = new Worker(new URL("./parquet_worker.ts", import.meta.url), {
    type: "module",
  });
  readonly #written = Promise.withResolvers<void>();
  readonly #fields = new NoteFields();
  readonly #textPages = new TextPages();
  #texts: TextPage | undefined;
  #rows = 0;

  private constructor(path: string, temporary: string) {
    this.#path = path;
    this.#temporary = temporary;
    this.#written.promise.catch(() => {}); // Reported by whichever call awaits it.
    this.#worker.onmessage = ({ data }: MessageEvent<WriterReply>) => this.#heard(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#failed(event.message);
    };
    const start: WriterStart = { path: temporary, columns };
    this.#worker.postMessage(start);
  }

  /** A writer for `path`. What a killed run left beside it is removed first. */
  static async create(path: string): Promise<NotesWriter> {
    await Deno.mkdir(dirname(path), { recursive: true });
    await removeLeftovers(path);
    const temporary = temporaryName(path);
    // Made here and not by the thread, which might do so after `close` has removed it.
    (await Deno.open(temporary, { write: true, createNew: true })).close();
    return new NotesWriter(path, temporary);
  }

  #heard(reply: WriterReply): void {
    if (reply === "taken") this.#textPages.takeBack();
    else if (reply === "written") this.#written.resolve();
    else this.#failed(reply.error);
  }

  #failed(why: string): void {
    this.#written.reject(new Error(`Cannot write ${this.#path}: ${why.split("\n")[0]}`));
  }

  /** Copies notes into pages for the writing thread; waits while it is behind. */
  async write(notes: readonly SiftedNote[]): Promise<void> {
    for (const note of notes) {
      while (!this.#texts?.append(note.text)) {
        this.#sendTexts();
        this.#texts = await this.#textPages.lend(note.text, this.#written.promise);
      }
      this.#fields.append(note);
      if (++this.#rows === ROW_GROUP_ROWS) this.#endRowGroup();
    }
  }

  #sendTexts(): void {
    if (this.#texts === undefined) return;
    this.#send({ column: TEXT_COLUMN, page: this.#texts.bytes, values: this.#texts.rows });
    this.#texts = undefined;
  }

  #endRowGroup(): void {
    this.#sendTexts();
    for (const message of this.#fields.take()) this.#send(message, [message.page.buffer]);
    this.#send({ rowGroup: this.#rows });
    this.#rows = 0;
  }

  #send(message: WriterMessage, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  /** Puts the finished file in the place of the previous one. */
  async finish(): Promise<void> {
    if (this.#rows > 0) this.#endRowGroup();
    this.#send("end");
    await this.#written.promise;
    using file = await Deno.open(this.#temporary, { read: true, write: true });
    await file.sync();
    await Deno.rename(this.#temporary, this.#path);
    await syncFolder(dirname(this.#path));
  }

  /** Ends the thread and removes an unfinished file; after `finish` or instead of it. */
  async close(): Promise<void> {
    this.#worker.terminate();
    await Deno.remove(this.#temporary).catch(() => {});
  }
}

async function removeLeftovers(path: string): Promise<void> {
  const folder = dirname(path);
  const stem = path.slice(folder.length + 1) + ".";
  for await (const { name } of Deno.readDir(folder)) {
    if (name.startsWith(stem) && name.endsWith(".tmp")) await Deno.remove(join(folder, name));
  }
}
