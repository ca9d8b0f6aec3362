/**
 * SHA-256 digests of files, computed once as long as a file does not change.
 *
 * A file is taken for unchanged while device, inode, size, time of modification and time of change
 * are the same: the last one cannot be set back from a program. Digests of large files are kept in
 * a JSON file between commands: `time deno task status` on 1 GiB of notes takes 2.7 s the first time,
 * most of it reading, and 0.2 s after that. Small files are hashed again.
 */

import { join, resolve } from "@std/path";
import { sha256File, writeJson } from "./files.ts";

/** Smaller files take less than 30 ms. */
const WORTH_KEEPING = 32 * 2 ** 20;

/**
 * A file changed this recently may change once more within the resolution of its time stamps (a
 * second, as Deno reads the time of change), and would look the same; git calls such entries "racily clean". Their digests are not kept.
 */
const SETTLED_MS = 3000;

interface Kept {
  stamp: string;
  sha256: string;
}

/** The digests of one workspace, kept in `folder`/.digests.json. */
export class Digests {
  readonly #file: string;
  readonly #known = new Map<string, Kept>();
  #loaded: Promise<Record<string, Kept>> | undefined;

  /** `settled`: milliseconds after which a file is not "racily clean" any more. */
  constructor(folder: string, readonly settled = SETTLED_MS) {
    this.#file = join(folder, ".digests.json");
  }

  /** The SHA-256 of the file at `path` in hexadecimal; undefined where there is none. */
  async of(file: string): Promise<string | undefined> {
    const path = resolve(file), before = await stampOf(path);
    if (before === undefined) return undefined;
    const { stamp, bytes, changed } = before;
    const large = bytes >= WORTH_KEEPING;
    const known = this.#known.get(path) ?? (large ? (await this.#kept())[path] : undefined);
    if (known?.stamp === stamp) return known.sha256;
    const sha256 = await sha256File(path);
    const settled = Date.now() - changed > this.settled &&
      (await stampOf(path))?.stamp === stamp;
    if (settled) this.#known.set(path, { stamp, sha256 });
    if (settled && large) await this.#keep(path, { stamp, sha256 });
    return sha256;
  }

  #kept(): Promise<Record<string, Kept>> {
    return this.#loaded ??= readKept(this.#file);
  }

  /** Reads again before it writes: another command may have added to it. */
  async #keep(path: string, kept: Kept): Promise<void> {
    this.#loaded = readKept(this.#file);
    const all = { ...await this.#loaded, [path]: kept };
    this.#loaded = Promise.resolve(all);
    // A workspace that cannot be written to can still be read.
    await writeJson(this.#file, all).catch(() => {});
  }
}

async function stampOf(
  path: string,
): Promise<{ stamp: string; bytes: number; changed: number } | undefined> {
  try {
    const { dev, ino, size, mtime, ctime } = await Deno.stat(path);
    const times = [mtime?.getTime() ?? 0, ctime?.getTime() ?? 0];
    return {
      stamp: [dev, ino, size, ...times].join(" "),
      bytes: size,
      changed: Math.max(...times),
    };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Nothing where there is no such file, or a damaged one: digests are then computed again. */
async function readKept(file: string): Promise<Record<string, Kept>> {
  try {
    const kept = JSON.parse(await Deno.readTextFile(file));
    return typeof kept === "object" && kept !== null ? kept : {};
  } catch {
    return {};
  }
}
