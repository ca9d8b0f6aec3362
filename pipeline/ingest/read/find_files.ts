/** The files of all inputs: files, folders with everything in them, addresses, standard input. */

import { basename, join, relative } from "@std/path";
import { formatOf } from "./detect.ts";
import { publicName } from "./download.ts";
import { type Format, InputError, isRemote, type NoteFile } from "./note_source.ts";

/** A file in a folder that was passed over, and why. */
export interface Skipped {
  name: string;
  why: string;
}

/** What exports leave beside the data; nobody's notes. */
const LEFT_BEHIND = /^(?:_SUCCESS|_metadata|_common_metadata|_started_.*|_committed_.*|.*\.crc)$/;

/**
 * Every file of every input, in the order given; folders are read recursively, by name, and links
 * followed. A file that cannot be read is an `InputError` if it was named, and passed over if it
 * lies in a folder.
 */
export async function findFiles(
  inputs: string[],
  format: Format | "auto",
  encoding?: string,
): Promise<{ files: NoteFile[]; skipped: Skipped[] }> {
  const files: NoteFile[] = [];
  const skipped: Skipped[] = [];
  for (const input of inputs) {
    if (isRemote(input)) {
      files.push({ path: input, name: publicName(input), format: "parquet", bytes: 0 });
      continue;
    }
    const { isDirectory, size } = await stat(input);
    if (!isDirectory) {
      if (size === 0) throw new InputError(`Cannot ingest ${input}: the file is empty`);
      const found = await formatOf(input, format, encoding);
      files.push({ path: input, name: basename(input), bytes: size, format: found });
      continue;
    }
    const inFolder = await filesIn(input, format, encoding, skipped);
    if (inFolder.length === 0) throw nothingIn(input, skipped);
    files.push(...inFolder);
  }
  return { files: withOwnNames(files), skipped };
}

async function filesIn(
  folder: string,
  format: Format | "auto",
  encoding: string | undefined,
  skipped: Skipped[],
): Promise<NoteFile[]> {
  const files: NoteFile[] = [];
  for (const path of await walk(folder, folder, skipped, new Set())) {
    const name = relative(folder, path);
    if (LEFT_BEHIND.test(basename(path))) {
      skipped.push({ name, why: "what an export leaves beside its data" });
      continue;
    }
    const bytes = (await Deno.stat(path)).size;
    try {
      files.push({
        path,
        name,
        bytes,
        format: await formatOf(path, format, encoding),
        inFolder: true,
      });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      skipped.push({ name, why: error.message.replace(/^Cannot ingest .*?: (?:it is )?/, "") });
    }
  }
  return files;
}

function nothingIn(folder: string, skipped: Skipped[]): InputError {
  if (skipped.length === 0) return new InputError(`Cannot ingest ${folder}: the folder is empty`);
  const [first] = skipped;
  return new InputError(
    `Cannot ingest ${folder}: none of its files can be read as notes (${first.name}: ${first.why})`,
  );
}

async function stat(input: string): Promise<Deno.FileInfo> {
  try {
    return await Deno.stat(input);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new InputError(`Cannot ingest ${input}: no such file or folder`);
  }
}

/** `seen` holds the real paths of the folders above: a link that leads back to one is not followed. */
async function walk(
  root: string,
  folder: string,
  skipped: Skipped[],
  above: ReadonlySet<string>,
): Promise<string[]> {
  const real = await Deno.realPath(folder);
  if (above.has(real)) {
    skipped.push({ name: relative(root, folder), why: "a link to a folder it lies in" });
    return [];
  }
  const paths: string[] = [];
  const entries = await Array.fromAsync(Deno.readDir(folder));
  entries.sort((a, b) => a.name < b.name ? -1 : 1);
  for (const { name } of entries) {
    if (name.startsWith(".")) continue;
    const path = join(folder, name);
    const info = await Deno.stat(path).catch(() => undefined);
    if (info === undefined) {
      skipped.push({ name: relative(root, path), why: "a link that leads nowhere" });
    } else if (info.isDirectory) {
      paths.push(...await walk(root, path, skipped, new Set([...above, real])));
    } else if (info.isFile) paths.push(path);
    else skipped.push({ name: relative(root, path), why: "not a file" });
  }
  return paths;
}

/** Files of the same name in two folders get as much of their path as tells them apart. */
function withOwnNames(files: NoteFile[]): NoteFile[] {
  const pathsOf = new Map<string, Set<string>>();
  for (const { name, path } of files) {
    pathsOf.set(name, (pathsOf.get(name) ?? new Set()).add(path));
  }
  const shared = (file: NoteFile) => pathsOf.get(file.name)!.size > 1 && file.name !== file.path;
  if (!files.some(shared)) return files;
  return withOwnNames(files.map((file) => {
    if (!shared(file)) return file;
    const above = basename(file.path.slice(0, -file.name.length));
    return { ...file, name: above === "" ? file.path : join(above, file.name) };
  }));
}
