/** What an input is, told by its first bytes rather than by its name. */

import { basename, extname, join, relative } from "@std/path";
import { head } from "./byte_stream.ts";
import { mimicColumns } from "./columns.ts";
import { publicName } from "./download.ts";
import { type Format, InputError, isRemote, type NoteFile } from "./note_source.ts";
import { csvLayout } from "./csv.ts";

const HEAD_BYTES = 1 << 16;

/** Archives and documents that people hand over, by their first bytes, and what to do about them. */
const unreadable: readonly [magic: string, what: string][] = [
  ["PK\x03\x04", "a zip archive or an Office document: unpack it, or export it as CSV"],
  ["BZh", "bzip2: unpack it with bunzip2"],
  ["\xfd7zXZ", "xz: unpack it with unxz"],
  ["\x28\xb5\x2f\xfd", "zstd: unpack it with unzstd"],
  ["%PDF", "a PDF: extract its text first"],
  ["{\\rtf", "RTF: convert it to plain text first"],
  ["SQLite format 3", "an SQLite database: export the table as CSV"],
];

/** Every file of every input, in the order given; folders are read recursively, by name. */
export async function findFiles(inputs: string[], format: Format | "auto"): Promise<NoteFile[]> {
  const files: NoteFile[] = [];
  for (const input of inputs) {
    if (isRemote(input)) {
      files.push({ path: input, name: publicName(input), format: "parquet", bytes: 0 });
      continue;
    }
    const info = await stat(input);
    const paths = info.isDirectory ? await walk(input) : [input];
    if (paths.length === 0) throw new InputError(`Cannot ingest ${input}: the folder is empty`);
    for (const path of paths) {
      const name = info.isDirectory ? relative(input, path) : basename(path);
      const { size } = await Deno.stat(path);
      if (size === 0 && !info.isDirectory) {
        throw new InputError(`Cannot ingest ${path}: the file is empty`);
      }
      files.push({ path, name, bytes: size, format: await formatOf(path, format) });
    }
  }
  return files;
}

async function stat(input: string): Promise<Deno.FileInfo> {
  try {
    return await Deno.stat(input);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new InputError(`Cannot ingest ${input}: no such file or folder`);
  }
}

async function walk(folder: string): Promise<string[]> {
  const paths: string[] = [];
  const entries = await Array.fromAsync(Deno.readDir(folder));
  entries.sort((a, b) => a.name < b.name ? -1 : 1);
  for (const { name, isDirectory, isFile } of entries) {
    if (name.startsWith(".")) continue;
    if (isDirectory) paths.push(...await walk(join(folder, name)));
    else if (isFile) paths.push(join(folder, name));
  }
  return paths;
}

/** The format of `path`; an `InputError` if it is not `wanted`, or nothing that can be read. */
export async function formatOf(path: string, wanted: Format | "auto"): Promise<Format> {
  const bytes = await head(path, HEAD_BYTES);
  const start = String.fromCharCode(...bytes.subarray(0, 16));
  if (start.startsWith("PAR1")) return expect(path, wanted, "parquet");
  for (const [magic, what] of unreadable) {
    if (start.startsWith(magic)) throw new InputError(`Cannot ingest ${path}: it is ${what}`);
  }
  if (wanted === "parquet") {
    throw new InputError(
      `Cannot ingest ${path}: --format parquet, but it does not start with PAR1`,
    );
  }
  if (wanted !== "auto") return wanted;
  return detectFormat(path, bytes);
}

function expect(path: string, wanted: Format | "auto", found: Format): Format {
  if (wanted === "auto" || wanted === found) return found;
  throw new InputError(`Cannot ingest ${path}: --format ${wanted}, but it is ${found}`);
}

/** The format of a file that starts with `bytes` (unpacked, UTF-8, at most 64 kB of it). */
export function detectFormat(path: string, bytes: Uint8Array): Format {
  const text = new TextDecoder().decode(bytes).trimStart();
  if (text.startsWith("{")) return /"resourceType"\s*:/.test(text) ? "fhir" : "jsonl";
  if (/^\[\s*\{/.test(text)) return "jsonl";
  const layout = csvLayout(bytes);
  if (mimicColumns.every((column, index) => layout.columns[index] === column)) return "mimic";
  const name = path.replace(/\.gz$/, "");
  if ([".csv", ".tsv", ".tab"].includes(extname(name))) return "csv";
  const looksLikeHeader = layout.columns.length > 1 &&
    layout.columns.every((column) => /^[\w .#/-]{1,60}$/.test(column));
  if (extname(name) !== ".txt" && looksLikeHeader) return "csv";
  return "text";
}
