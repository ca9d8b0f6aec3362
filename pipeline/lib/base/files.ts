/**
 * Reading and writing files so that nobody ever sees half of one: atomic replacement of files and
 * folders, digests, and the error of a file that is missing or not what its name promises.
 */

import { createHash } from "node:crypto";
import { dirname } from "@std/path";

/** An artifact that is not there, or is not what its name promises. */
export class ArtifactError extends Error {
  override name = "ArtifactError";
}

/** Throws an `ArtifactError` that names the command to run when `path` does not exist. */
export async function requireFile(path: string, madeBy: string): Promise<void> {
  try {
    await Deno.stat(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new ArtifactError(`Cannot find ${path}; run "${madeBy}" first`);
  }
}

/** The parsed JSON file at `path`; an `ArtifactError` naming `madeBy` if missing or damaged. */
export async function readJson<T>(path: string, madeBy: string): Promise<T> {
  await requireFile(path, madeBy);
  const text = await Deno.readTextFile(path);
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new ArtifactError(
      `Cannot read ${path}: expected JSON, found ${text.length} characters that are not; run "${madeBy}" again`,
    );
  }
}

let temporaryCounter = 0;

/** A name beside `path` on the same file system, so that the final rename is atomic. */
export function temporaryName(path: string): string {
  return `${path}.${Deno.pid}-${temporaryCounter++}.tmp`;
}

/**
 * Writes a file so that readers see the old one or the new one, never half of either: to a
 * temporary name, fsync, rename. A failed write leaves nothing behind. `content` may be a function
 * that writes to the open file piece by piece.
 */
export async function writeAtomic(
  path: string,
  content: string | Uint8Array | ((file: Deno.FsFile) => Promise<void>),
): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  const temporary = temporaryName(path);
  try {
    const file = await Deno.open(temporary, { write: true, createNew: true });
    try {
      if (typeof content === "function") await content(file);
      else await writeAll(file, typeof content === "string" ? encode(content) : content);
      await file.sync();
    } finally {
      file.close();
    }
    await Deno.rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}

/** `writeAtomic` of indented JSON, ending in a newline. */
export function writeJson(path: string, value: unknown): Promise<void> {
  return writeAtomic(path, JSON.stringify(value, null, 2) + "\n");
}

const encode = (text: string) => new TextEncoder().encode(text);

/** Writes all of `bytes`; a single `write` may stop short. */
export async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length;) {
    offset += await file.write(bytes.subarray(offset));
  }
}

/** The SHA-256 of a file's content in hexadecimal, read piece by piece. */
export async function sha256File(path: string): Promise<string> {
  const hash = createHash("sha256");
  using file = await Deno.open(path, { read: true });
  const buffer = new Uint8Array(1 << 20);
  for (let count; (count = await file.read(buffer)) !== null;) {
    hash.update(buffer.subarray(0, count));
  }
  return hash.digest("hex");
}

/** Makes a rename in `folder` survive a power cut (a no-op where folders cannot be opened). */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await Deno.open(folder, { read: true });
    try {
      await handle.sync();
    } finally {
      handle.close();
    }
  } catch {
    // Windows cannot open a folder; its rename is durable enough without.
  }
}

/**
 * Puts the finished folder `temporary` in the place of `folder`. A folder cannot be renamed over
 * another, so the old one first steps aside to `folder`.previous; whoever finds only that one there
 * came between the two renames and may read it.
 */
export async function replaceFolder(temporary: string, folder: string): Promise<void> {
  const previous = `${folder}.previous`;
  if (await exists(folder)) {
    if (await exists(previous)) await Deno.remove(previous, { recursive: true });
    await Deno.rename(folder, previous);
  }
  await Deno.rename(temporary, folder);
  await syncFolder(dirname(folder));
  if (await exists(previous)) await Deno.remove(previous, { recursive: true });
}

/** Whether there is a file or folder at `path`. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
