/** What was known of the patient when each note of a split was written. */

import { DuckDBInstance } from "@duckdb/node-api";
import { type ContextItem, contextKinds, MAX_CONTEXT } from "../lib/gpt/decode/context/types.ts";
import { ArtifactError, requireFile } from "../lib/base/files.ts";
import type { Split, Workspace } from "../artifacts.ts";

/**
 * Where contexts come from: `previous` are the patient's earlier notes, `ingested` what `deno task
 * ingest --context` has kept with each note.
 */
export const contextOrigins = ["previous", "ingested"] as const;
export type ContextOrigin = (typeof contextOrigins)[number];

/** None of the notes has a context. */
export class NoContexts extends ArtifactError {
  override name = "NoContexts";
}

interface Row {
  subject: string;
  date: string;
  sequence: number;
  type: string;
  text: string;
  context: string | null;
}

/**
 * The context of each note of `split`, in the order of its token file; undefined where a note has
 * none. Throws `NoContexts` where all have none. `notes`: how many there should be.
 */
export async function readNoteContexts(
  paths: Workspace,
  split: Split,
  origin: ContextOrigin,
  notes: number,
): Promise<(ContextItem[] | undefined)[]> {
  const rows = await readRows(paths.notes, split, origin);
  if (rows.length !== notes) {
    throw new ArtifactError(
      `Cannot tell which contexts belong to the ${split} notes: their tokens are ${notes} notes, ` +
        `${paths.notes} has ${rows.length}; run "deno task tokenize" again`,
    );
  }
  const found = origin === "previous" ? previousNotes(rows) : rows.map(ingested);
  if (found.some((items) => items !== undefined)) return found;
  throw new NoContexts(
    origin === "previous"
      ? `Cannot use earlier notes as contexts: no patient of the ${split} split has two dated notes`
      : `Cannot use ingested contexts: the ${split} notes have none; ` +
        `run "deno task ingest --context COLUMN" first`,
  );
}

async function readRows(path: string, split: Split, origin: ContextOrigin): Promise<Row[]> {
  await requireFile(path, "deno task ingest");
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    const names = await connection.runAndReadAll(
      "SELECT name FROM parquet_schema($path)",
      { path },
    );
    const hasContext = names.getRows().some(([name]) => name === "context");
    const context = origin === "ingested" && hasContext ? "context" : "NULL";
    const text = origin === "previous" ? "text" : "''";
    const rows = await connection.runAndReadAll(
      `SELECT subject_id, coalesce(charttime, ''), note_seq, note_type, ${text}, ${context}
       FROM read_parquet($path, file_row_number = true)
       WHERE split = $split ORDER BY file_row_number`,
      { path, split },
    );
    return rows.getRows().map(([subject, date, sequence, type, text, context]) => ({
      subject: String(subject),
      date: String(date),
      sequence: Number(sequence),
      type: String(type),
      text: String(text),
      context: context === null ? null : String(context),
    }));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** The notes of the same patient that were written before, the latest as far as they fit. */
function previousNotes(rows: readonly Row[]): (ContextItem[] | undefined)[] {
  const ofPatient = Map.groupBy(rows, ({ subject }) => subject);
  return rows.map((row) => {
    const earlier = ofPatient.get(row.subject)!
      .filter((other) => other !== row && other.date !== "" && other.date < row.date)
      .toSorted((a, b) => a.date.localeCompare(b.date) || a.sequence - b.sequence);
    const items: ContextItem[] = [];
    let room = MAX_CONTEXT;
    for (const { date, type, text } of earlier.reverse()) {
      if (text.length > room) break;
      room -= text.length;
      items.unshift({ source: type, kind: "note", date: date.slice(0, 10), text });
    }
    return items.length === 0 ? undefined : items;
  });
}

/** The texts that were ingested with a note. */
function ingested({ context }: Row): ContextItem[] | undefined {
  if (context === null || context === "") return;
  const items = JSON.parse(context) as ContextItem[];
  return items.length === 0 ? undefined : items;
}

/**
 * A context as the caller of a command writes it: a JSON list of `{ source, kind, date, text }`, or
 * one text, taken as `kind`. Throws a `TypeError` that names `where` and quotes nothing.
 */
export function parseContext(
  text: string,
  where: string,
  kind: ContextItem["kind"] = "conversation",
): ContextItem[] {
  if (!text.trimStart().startsWith("[{")) return [{ source: where, kind, date: "", text }];
  const fail = (why: string) =>
    new TypeError(
      `Cannot read the context ${where}: ${why}; expected a list of {"source", "kind", "date", ` +
        `"text"} with a kind of ${contextKinds.join(", ")}`,
    );
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    throw fail("it starts like a JSON list and is none");
  }
  return (list as Record<string, unknown>[]).map((item, index) => {
    const { source = "", kind, date = "", text } = item ?? {};
    if (!contextKinds.includes(kind as ContextItem["kind"])) {
      throw fail(`item ${index + 1} has no kind`);
    }
    if (typeof text !== "string") throw fail(`item ${index + 1} has no text`);
    return { source: String(source), kind: kind as ContextItem["kind"], date: String(date), text };
  });
}
