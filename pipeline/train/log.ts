/** log.jsonl: one JSON object per line, in the order of the steps, append-only while training. */

import { writeAll, writeAtomic } from "../lib/base/files.ts";

export interface TrainEntry {
  kind: "train";
  step: number;
  /** Tokens trained on so far. */
  tokens: number;
  /** Mean cross-entropy of the step's tokens in nats. */
  loss: number;
  /** Global L2 norm before clipping. */
  gradNorm: number;
  learningRate: number;
  tokensPerSecond: number;
  /** Model FLOPs utilization: a share of the machine's own roof, 0 to 1; absent where unknown. */
  mfu?: number;
}

export interface ValidationEntry {
  kind: "validation";
  step: number;
  tokens: number;
  /** Mean cross-entropy in nats per token. */
  loss: number;
  bitsPerCharacter: number;
  /** Seconds of training so far, over all sessions of the run. */
  seconds: number;
}

/** What counting pairs of tokens reaches on the targets of every validation: the first line. */
export interface BaselineEntry {
  kind: "baseline";
  step: 0;
  /** Tokens counted. */
  tokens: number;
  /** In nats per token. */
  loss: number;
  bitsPerCharacter: number;
}

/** Anything else worth knowing when reading the curves: a resume, a spike, the baseline. */
export interface EventEntry {
  kind: "event";
  step: number;
  message: string;
}

export type LogEntry = (BaselineEntry | TrainEntry | ValidationEntry | EventEntry) & {
  /** Of the phase on public texts, which comes first and counts its own steps; absent: on the notes. */
  phase?: "public";
};

export class RunLog {
  /** What the file holds. */
  readonly entries: LogEntry[];
  readonly #file: Deno.FsFile;

  private constructor(entries: LogEntry[], file: Deno.FsFile) {
    this.entries = entries;
    this.#file = file;
  }

  /**
   * Opens the log for going on after `step`: lines of later steps, which a killed run wrote after
   * its last checkpoint, and a torn last line are dropped, so that no step stands there twice. The
   * lines of the public texts stay where the notes are gone on with.
   */
  static async open(path: string, step: number, phase?: "public"): Promise<RunLog> {
    const entries = (await readLog(path)).filter((entry) =>
      entry.phase === phase ? entry.step <= step : phase === undefined
    );
    await writeAtomic(path, entries.map((entry) => JSON.stringify(entry) + "\n").join(""));
    return new RunLog(entries, await Deno.open(path, { append: true }));
  }

  async append(...entries: LogEntry[]): Promise<void> {
    this.entries.push(...entries);
    const lines = entries.map((entry) => JSON.stringify(entry) + "\n").join("");
    await writeAll(this.#file, new TextEncoder().encode(lines));
  }

  /** Makes what was appended survive a power cut: done before each checkpoint. */
  sync(): Promise<void> {
    return this.#file.sync();
  }

  close(): void {
    this.#file.close();
  }
}

/** All whole lines of a log; none if there is no such file. */
export async function readLog(path: string): Promise<LogEntry[]> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  const lines = text.split("\n");
  lines.pop(); // what follows the last newline: nothing, or a torn line
  return lines.map((line) => JSON.parse(line) as LogEntry);
}
