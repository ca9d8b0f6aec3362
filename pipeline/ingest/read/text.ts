/** A text file is one note; its name without the extension is the note's id. */

import { wholeText } from "./byte_stream.ts";
import type { NoteFile, RawNote, ReadContext } from "./note_source.ts";

export async function* readText(file: NoteFile, context: ReadContext): AsyncGenerator<RawNote[]> {
  const { text, decodedAsCp1252 } = await wholeText(file.path, context.intake);
  yield [{
    row: 1,
    note_id: file.name.replace(/\.gz$/, "").replace(/\.[^./]*$/, ""),
    subject_id: null,
    hadm_id: null,
    note_type: null,
    note_seq: null,
    charttime: null,
    storetime: null,
    text: new TextEncoder().encode(text),
    decodedAsCp1252,
  }];
}
