/** A temporary workspace, ingest into it, and what came out. */

import { DuckDBInstance } from "@duckdb/node-api";
import { join } from "@std/path";
import { type Note, type Workspace, workspace } from "../../pipeline/artifacts.ts";
import { ingest, type IngestOptions } from "../../pipeline/ingest/ingest.ts";
import type { IngestReport } from "../../pipeline/ingest/report.ts";
import type { Reject } from "../../pipeline/ingest/write/rejects_writer.ts";

export class TestWorkspace {
  readonly root = Deno.makeTempDirSync();
  readonly paths: Workspace = workspace(join(this.root, "data"));

  /** Writes an input file and returns its path. */
  write(name: string, content: string | Uint8Array): string {
    const path = join(this.root, name);
    Deno.mkdirSync(join(path, ".."), { recursive: true });
    Deno.writeFileSync(
      path,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
    return path;
  }

  /** Keeps near duplicates and short notes unless a test says otherwise. */
  ingest(
    inputs: string | string[],
    options: Partial<IngestOptions> = {},
    signal?: AbortSignal,
  ): Promise<IngestReport> {
    return ingest(
      {
        inputs: [inputs].flat(),
        format: "auto",
        columns: {},
        clean: "standard",
        preliminary: false,
        acrossPatients: false,
        acceptTruncated: false,
        maxDownloadBytes: 1e9,
        nearDuplicates: 0,
        minChars: 1,
        maxChars: 1_000_000,
        ...options,
      },
      this.paths,
      undefined,
      signal,
    );
  }

  /** The rows of notes.parquet. */
  async notes(): Promise<Note[]> {
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    const reader = await connection.runAndReadAll("FROM read_parquet($path)", {
      path: this.paths.notes,
    });
    const rows = reader.getRowObjects() as unknown as Note[];
    connection.closeSync();
    instance.closeSync();
    return rows;
  }

  rejects(): Reject[] {
    const lines = Deno.readTextFileSync(this.paths.rejects).split("\n");
    return lines.filter((line) => line !== "").map((line) => JSON.parse(line));
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.root, { recursive: true });
  }
}

export const MIMIC_HEADER =
  "note_id,subject_id,hadm_id,note_type,note_seq,charttime,storetime,text";

/** A row of a MIMIC file as its CSV writer quotes it. */
export function mimicRow(patient: number, sequence: number, text: string): string {
  return `${patient}-DS-${sequence},${patient},${20_000_000 + patient},DS,${sequence},` +
    `2150-01-0${1 + patient % 9} 00:00:00,,"${text.replaceAll('"', '""')}"\n`;
}
