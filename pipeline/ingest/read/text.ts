/** A text file is one note; its name without the extension is the note's id. */

import { wholeFile } from "./byte_stream.ts";
import { emptyNote, type NoteFile, type RawNote, type ReadContext } from "./note_source.ts";

export async function* readText(
  { path, name }: NoteFile,
  { intake, encoding }: ReadContext,
): AsyncGenerator<RawNote[]> {
  const note = emptyNote(1, await wholeFile(path, intake, encoding));
  note.note_id = name.replace(/\.gz$/, "").replace(/\.[^./]*$/, "");
  yield [note];
}
