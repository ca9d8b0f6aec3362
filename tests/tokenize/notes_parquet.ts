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

/** `deno task tokenize` as a process of its own: of `deno run`, so that a kill reaches it. */
export function tokenizeCommand(paths: Workspace, ...flags: string[]): Deno.Command {
  const main = new URL("../../pipeline/tokenize/main.ts", import.meta.url).pathname;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-R", "-W", "-E", "-S", "--allow-ffi", main, "--data", paths.root, ...flags],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Runs it to its end. */
export async function tokenize(paths: Workspace, ...flags: string[]) {
  const { code, stdout, stderr } = await tokenizeCommand(paths, ...flags).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** SHA-256 of every file of a folder. */
export async function hashes(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name } of Deno.readDir(folder)) {
    const bytes = await Deno.readFile(`${folder}/${name}`);
    // When tokens.json was written is all in which two runs may differ.
    const lasting = name === "tokens.json"
      ? new TextEncoder().encode(new TextDecoder().decode(bytes).replace(/"created": ".*"/, ""))
      : bytes;
    const digest = await crypto.subtle.digest("SHA-256", lasting);
    found[name] = new Uint8Array(digest).toHex();
  }
  return found;
}
