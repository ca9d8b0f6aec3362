/** Spreads notes over one worker per core, each with systems of its own. */

import { Progress } from "../../base/cli.ts";
import { Thread } from "../../base/threads.ts";
import type { NoteMethods, NoteRequest, NoteResult, Opening } from "./note_worker.ts";

const WORKER = new URL("./note_worker.ts", import.meta.url);

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
    using thread = new Thread<NoteMethods>(WORKER, "type the notes");
    await thread.call("open", [opening]);
    for (let next; (next = queue.pop());) {
      const { note, index } = next;
      const found = await thread.call("measure", [note]);
      found.forEach((result, system) => results[system][index] = result);
      onDone(index);
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
