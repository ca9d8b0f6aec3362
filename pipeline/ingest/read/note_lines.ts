/**
 * Notes that are spread over several rows, as Epic's Clarity keeps them (NOTE_ID, LINE, NOTE_TEXT):
 * rows that follow one another under the same id are the lines of one note.
 */

import { concat } from "./byte_stream.ts";
import { InputError, type RawNote } from "./note_source.ts";

const LF = new Uint8Array([0x0a]);

/** Joins rows that carry a line number; other notes pass unchanged. */
export async function* joinLines(
  batches: AsyncIterable<RawNote[]>,
  name: string,
): AsyncGenerator<RawNote[]> {
  let open: { note: RawNote; texts: Uint8Array[]; line: number } | undefined;
  const done = new Set<string>();
  const close = (): RawNote[] => {
    if (open === undefined) return [];
    const { note, texts } = open;
    open = undefined;
    if (done.size < MOST_IDS) done.add(note.note_id!);
    return [{ ...note, text: concat(texts.flatMap((text, n) => n === 0 ? [text] : [LF, text])) }];
  };
  for await (const batch of batches) {
    const notes: RawNote[] = [];
    for (const row of batch) {
      const line = Number(row.line?.trim() || NaN);
      if (Number.isNaN(line) || row.note_id === null) {
        notes.push(...close(), row);
        continue;
      }
      if (open !== undefined && open.note.note_id === row.note_id) {
        if (line <= open.line) throw disordered(name, row.row);
        open.texts.push(row.text.slice());
        open.line = line;
        continue;
      }
      notes.push(...close());
      if (done.has(row.note_id)) throw disordered(name, row.row);
      open = { note: row, texts: [row.text.slice()], line };
    }
    yield notes;
  }
  yield close();
}

/** Enough to see disorder; what comes later is found as an id used twice. */
const MOST_IDS = 1_000_000;

const disordered = (name: string, row: number) =>
  new InputError(
    `Cannot read ${name}: row ${row} is a line of a note whose lines are not together or not in ` +
      "order; sort the export by the note's id and the line number",
  );
