/** Spreads notes over one worker per core, each with systems of its own. */

import { Progress } from "../../base/cli.ts";
import type { NoteRequest, NoteResult, Opening, Reply, Request } from "./note_worker.ts";

/**
 * The results of each of `notes`, by system and then by note, in order. `onDone` is called with the
 * index of every finished note. Longest passages go first, so that no core waits for a last long
 * one.
 */
export async function measureNotes(
  opening: Opening,
  notes: readonly NoteRequest[],
  onDone: (index: number) => void,
  size: number = navigator.hardwareConcurrency,
): Promise<NoteResult[][]> {
  const queue = notes
    .map((note, index) => ({ note, index }))
    .sort((a, b) => length(a.note) - length(b.note));
  const results = opening.specs.map(() => new Array<NoteResult>(notes.length));
  const work = async () => {
    const worker = new NoteWorker();
    try {
      await worker.ask({ open: opening });
      for (let next; (next = queue.pop());) {
        const { note, index } = next;
        const found = (await worker.ask({ note }))!;
        found.forEach((result, system) => results[system][index] = result);
        onDone(index);
      }
    } finally {
      worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(size, notes.length) }, work));
  return results;
}

/** The same with a progress line; `label` names the systems. */
export async function measureWithProgress(
  opening: Opening,
  notes: readonly NoteRequest[],
  label: string,
): Promise<NoteResult[][]> {
  const characters = notes.reduce((sum, note) => sum + length(note), 0);
  const progress = new Progress("typing", characters, "characters");
  let done = 0;
  const results = await measureNotes(
    opening,
    notes,
    (index) => progress.update(done += length(notes[index]), label),
  );
  progress.finish(`${notes.length} passages with ${label}`);
  return results;
}

const length = ({ passage }: NoteRequest) => passage.to - passage.from;

class NoteWorker {
  readonly #worker = new Worker(new URL("./note_worker.ts", import.meta.url), { type: "module" });

  ask(request: Request): Promise<NoteResult[] | null> {
    return new Promise((resolve, reject) => {
      const fail = (why: string) =>
        reject(new Error(`Cannot type the notes: a worker failed: ${why}`));
      this.#worker.onmessage = ({ data }: MessageEvent<Reply>) => {
        if ("error" in data) fail(data.error);
        else resolve(data.done);
      };
      this.#worker.onerror = (event) => {
        event.preventDefault();
        fail(event.message);
      };
      this.#worker.postMessage(request);
    });
  }

  terminate(): void {
    this.#worker.terminate();
  }
}
