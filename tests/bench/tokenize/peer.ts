/** Timing, and the other side of the comparison: Hugging Face `tokenizers` in a Python process. */

import { cpuUsage } from "node:process";

export interface Measurement {
  /** Wall time. */
  seconds: number;
  /** CPU time of all threads, in seconds. */
  cpu: number;
  sha256?: string;
  same_merges?: boolean;
  version?: string;
}

/** Runs `job` once and times it. */
export async function timed(job: () => unknown): Promise<Measurement> {
  const start = performance.now(), before = cpuUsage();
  await job();
  const { user, system } = cpuUsage(before);
  return { seconds: (performance.now() - start) / 1000, cpu: (user + system) / 1e6 };
}

/** tests/oracle/tokenizer_bench.py, which loads everything first and then waits to be asked. */
export class Peer {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #lines: ReadableStreamDefaultReader<string>;
  #rest = "";

  constructor(python: string, args: string[]) {
    const script = new URL("../../oracle/tokenizer_bench.py", import.meta.url).pathname;
    this.#child = new Deno.Command(python, {
      args: [script, ...args],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  async ask(job: "encode" | "hash" | "train"): Promise<Measurement> {
    await this.#input.write(new TextEncoder().encode(`${job}\n`));
    while (!this.#rest.includes("\n")) {
      const { value, done } = await this.#lines.read();
      if (done) throw new Error(`Cannot time the peer: it ended; is tokenizers installed there?`);
      this.#rest += value;
    }
    const line = this.#rest.slice(0, this.#rest.indexOf("\n"));
    this.#rest = this.#rest.slice(line.length + 1);
    return JSON.parse(line);
  }

  async close(): Promise<void> {
    await this.#input.close();
    await this.#lines.cancel();
    await this.#child.status;
  }
}
