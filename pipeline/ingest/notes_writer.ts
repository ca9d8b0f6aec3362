/** Writes notes.parquet beside its place and puts it there when it is whole. */

import { dirname, join } from "@std/path";
import { type Note, syncFolder, temporaryName } from "../artifacts.ts";
import type { WriterMessage, WriterReply, WriterStart } from "./parquet_worker.ts";

/** Batches between the threads: one being written, one waiting. */
const DEPTH = 2;
/** Small enough that both threads always have work, large enough not to count messages. */
const BATCH_ROWS = 256;

export class NotesWriter {
  readonly #path: string;
  readonly #temporary: string;
  readonly #worker = new Worker(new URL("./parquet_worker.ts", import.meta.url), {
    type: "module",
  });
  readonly #port: MessagePort;
  readonly #sent = new Int32Array(new SharedArrayBuffer(4));
  readonly #written = Promise.withResolvers<void>();
  #taken = Promise.withResolvers<void>();
  #waiting = 0;
  #pending: Note[] = [];
  #ended = false;

  private constructor(path: string) {
    this.#path = path;
    this.#temporary = temporaryName(path);
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#written.promise.catch(() => {}); // Reported by whichever call awaits it.
    this.#worker.onmessage = ({ data }: MessageEvent<WriterReply>) => this.#heard(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#failed(event.message);
    };
    const start: WriterStart = {
      path: this.#temporary,
      port: port2,
      sent: this.#sent.buffer as SharedArrayBuffer,
    };
    this.#worker.postMessage(start, [port2]);
  }

  /** A writer for `path`. What a killed run left beside it is removed first. */
  static async create(path: string): Promise<NotesWriter> {
    await Deno.mkdir(dirname(path), { recursive: true });
    await removeLeftovers(path);
    return new NotesWriter(path);
  }

  #heard(reply: WriterReply): void {
    if (reply === "taken") {
      this.#waiting--;
      this.#taken.resolve();
      this.#taken = Promise.withResolvers();
    } else if (reply === "written") this.#written.resolve();
    else this.#failed(reply.error);
  }

  #failed(why: string): void {
    this.#written.reject(new Error(`Cannot write ${this.#path}: ${why.split("\n")[0]}`));
  }

  /** Hands notes to the writing thread; waits while it is behind. */
  async write(notes: readonly Note[]): Promise<void> {
    for (const note of notes) {
      this.#pending.push(note);
      if (this.#pending.length === BATCH_ROWS) await this.#flush();
    }
  }

  async #flush(): Promise<void> {
    while (this.#waiting >= DEPTH) await Promise.race([this.#taken.promise, this.#written.promise]);
    if (this.#pending.length > 0) this.#send(this.#pending);
    this.#pending = [];
  }

  #send(message: WriterMessage): void {
    this.#waiting++;
    this.#port.postMessage(message);
    Atomics.add(this.#sent, 0, 1);
    Atomics.notify(this.#sent, 0);
  }

  /** Puts the finished file in the place of the previous one. */
  async finish(): Promise<void> {
    await this.#flush();
    this.#ended = true;
    this.#send("end");
    await this.#written.promise;
    using file = await Deno.open(this.#temporary, { read: true, write: true });
    await file.sync();
    await Deno.rename(this.#temporary, this.#path);
    await syncFolder(dirname(this.#path));
  }

  /** Ends the thread and removes an unfinished file; after `finish` or instead of it. */
  async close(): Promise<void> {
    if (!this.#ended) {
      this.#send("abort");
      await this.#written.promise.catch(() => {});
    }
    this.#worker.terminate();
    this.#port.close();
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
