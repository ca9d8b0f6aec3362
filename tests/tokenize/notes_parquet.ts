/** Small workspaces with a notes.parquet, as `deno task ingest` would leave them. */

import { DuckDBInstance } from "@duckdb/node-api";
import { dirname } from "@std/path";
import { type Split, type Workspace, workspace } from "../../pipeline/artifacts.ts";

export interface TestNote {
  text: string;
  split: Split;
}

/** Calls `use` with a temporary workspace that holds `notes`. */
export async function withNotes(
  notes: readonly TestNote[],
  use: (paths: Workspace) => Promise<void>,
): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "tokenize_test_" });
  try {
    const paths = workspace(root);
    await writeNotes(paths.notes, notes);
    await use(paths);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** Writes notes.parquet in small row groups, so that tests cross their borders. */
export async function writeNotes(path: string, notes: readonly TestNote[]): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  const json = await Deno.makeTempFile({ suffix: ".jsonl" });
  await Deno.writeTextFile(json, notes.map((note) => JSON.stringify(note) + "\n").join(""));
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run(`COPY (FROM read_json('${json}', format = 'newline_delimited'))
    TO '${path}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 2048)`);
  connection.closeSync();
  instance.closeSync();
  await Deno.remove(json);
}

/** Runs `deno task tokenize` as a process of its own. */
export async function tokenize(paths: Workspace, ...flags: string[]) {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["task", "-q", "tokenize", "--data", paths.root, ...flags],
    stdout: "piped",
    stderr: "piped",
  });
  const { code, stdout, stderr } = await command.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}
