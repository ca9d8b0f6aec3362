/** rejects.jsonl: every row that was lost and why, written as it happens and put in place at the end. */

import { dirname } from "@std/path";
import { syncFolder, temporaryName } from "../../lib/base/files.ts";

const BUFFER_CHARACTERS = 1 << 16;

export interface Reject {
  file: string;
  row: number;
  reason: string;
  detail: string;
}

export class RejectsWriter {
  readonly #path: string;
  readonly #temporary: string;
  readonly #file: Deno.FsFile;
  readonly #encoder = new TextEncoder();
  #lines: string[] = [];
  #characters = 0;
  #open = true;

  constructor(path: string) {
    Deno.mkdirSync(dirname(path), { recursive: true });
    this.#path = path;
    this.#temporary = temporaryName(path);
    this.#file = Deno.openSync(this.#temporary, { write: true, createNew: true });
  }

  add(reject: Reject): void {
    const line = JSON.stringify(reject) + "\n";
    this.#lines.push(line);
    this.#characters += line.length;
    if (this.#characters > BUFFER_CHARACTERS) this.#flush();
  }

  #flush(): void {
    const bytes = this.#encoder.encode(this.#lines.join(""));
    for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
    this.#lines = [];
    this.#characters = 0;
  }

  /** Makes the file whole under its temporary name. */
  end(): void {
    this.#flush();
    this.#file.syncSync();
    this.#close();
  }

  /** Puts it in the place of the previous one. */
  async place(): Promise<void> {
    await Deno.rename(this.#temporary, this.#path);
    await syncFolder(dirname(this.#path));
  }

  #close(): void {
    if (this.#open) this.#file.close();
    this.#open = false;
  }

  /** Removes what is not in place. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
    await Deno.remove(this.#temporary).catch(() => {});
  }
}
