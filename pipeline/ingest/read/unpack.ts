/**
 * Gunzip as far as it goes. A file that was cut off or damaged gives everything before the damage;
 * what is wrong with it is an answer, not an exception, because the caller decides what it costs.
 */

import { createGunzip, createInflateRaw } from "node:zlib";

const READ_BYTES = 1 << 17;
/** What is lost before a damaged place at most. Chunks of 32 kB took 0.71 s for 332 MB, these 0.57. */
const CHUNK_BYTES = 1 << 17;

export interface UnpackOptions {
  /** Bytes as they lie on disk, valid during the call; all, also those after a damaged place. */
  packed?(bytes: Uint8Array): void;
  /** Unpacked bytes, valid during the call; false ends the reading. */
  unpacked(bytes: Uint8Array): boolean | void;
  /** Called if this many bytes that are not gzip stand behind the end of the packed data. */
  trailing?(bytes: number): void;
}

/** More bytes than this behind the packed data are more than a stray end: something is missing. */
const MOST_TRAILING_BYTES = 1 << 16;

/**
 * Reads `path` (one gzip member or many) to its end; returns what is wrong with it, if anything.
 * Stray bytes behind the last member are nothing wrong; zlib stops at them, and loses the end of
 * what came before, so that is unpacked once more.
 */
export async function unpack(path: string, options: UnpackOptions): Promise<string | undefined> {
  let given = 0, stopped = false;
  const unpacked = (bytes: Uint8Array) => {
    given += bytes.length;
    return !(stopped = options.unpacked(bytes) === false);
  };
  const damage = await inflate(path, Infinity, { packed: options.packed, unpacked });
  if (stopped || damage === undefined) return damage;
  const end = await endOfMembers(path);
  const { size } = await Deno.stat(path);
  if (end === 0 || end >= size || size - end > MOST_TRAILING_BYTES) return damage;
  options.trailing?.(size - end);
  let skip = given;
  return await inflate(path, end, {
    unpacked(bytes) {
      const fresh = bytes.subarray(Math.min(skip, bytes.length));
      skip -= bytes.length - fresh.length;
      return fresh.length === 0 || options.unpacked(fresh);
    },
  });
}

/** Where the last gzip member of `path` ends that another one does not follow; 0 if there is none. */
async function endOfMembers(path: string): Promise<number> {
  using file = await Deno.open(path, { read: true });
  let end = 0;
  const buffer = new Uint8Array(READ_BYTES);
  for (;;) {
    file.seekSync(end, Deno.SeekMode.Start);
    const header = headerLength(buffer.subarray(0, file.readSync(buffer) ?? 0));
    if (header === 0) return end;
    file.seekSync(end + header, Deno.SeekMode.Start);
    const packed = await deflatedLength(file, buffer);
    if (packed === 0) return 0;
    end += header + packed + TRAILER_BYTES;
  }
}

/** Checksum and length. */
const TRAILER_BYTES = 8;

/** The length of a gzip header (RFC 1952); 0 if the bytes are none. */
function headerLength(bytes: Uint8Array): number {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b || bytes[2] !== 8) return 0;
  const flags = bytes[3];
  let at = 10;
  if (flags & 4) at += 2 + bytes[at] + 256 * bytes[at + 1];
  for (const named of [8, 16]) if (flags & named) at = bytes.indexOf(0, at) + 1;
  return flags & 2 ? at + 2 : at;
}

/** How many bytes the deflated data take that begin where `file` stands; 0 if they are damaged. */
async function deflatedLength(file: Deno.FsFile, buffer: Uint8Array): Promise<number> {
  const inflater = createInflateRaw();
  const { promise, resolve } = Promise.withResolvers<number>();
  inflater.on("data", () => {});
  inflater.on("end", () => resolve(inflater.bytesWritten));
  inflater.on("error", () => resolve(0));
  let running = true;
  const feed = () => {
    if (!running) return;
    const count = file.readSync(buffer) ?? 0;
    if (count === 0) inflater.end();
    else inflater.write(buffer.subarray(0, count), feed);
  };
  feed();
  const length = await promise;
  running = false;
  inflater.destroy();
  return length;
}

/** Reads the first `limit` bytes of `path`, and the rest for their checksum. */
async function inflate(
  path: string,
  limit: number,
  { packed, unpacked }: UnpackOptions,
): Promise<string | undefined> {
  using file = await Deno.open(path, { read: true });
  const buffer = new Uint8Array(READ_BYTES);
  let left = limit;
  const read = () => {
    const count = file.readSync(buffer.subarray(0, Math.min(left, buffer.length))) ?? 0;
    left -= count;
    const bytes = buffer.subarray(0, count);
    packed?.(bytes);
    return bytes;
  };
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  let running = true, stopped = false;
  const end = (damage?: string) => {
    running = false;
    resolve(damage);
  };
  gunzip.on("data", ({ buffer, byteOffset, length }: Uint8Array<ArrayBuffer>) => {
    if (stopped) return;
    const bytes = new Uint8Array(buffer, byteOffset, length); // `slice` of a Buffer would not copy.
    stopped = unpacked(bytes) === false;
    if (stopped) end();
    else release(bytes);
  });
  gunzip.on("end", () => end());
  gunzip.on("error", (error: Error) => end(error.message));
  const feed = () => {
    if (!running) return;
    try {
      const bytes = read();
      if (bytes.length === 0) gunzip.end();
      else gunzip.write(bytes, feed);
    } catch (error) {
      running = false;
      reject(error);
    }
  };
  feed();
  const damage = await promise;
  gunzip.destroy();
  while (!stopped && read().length > 0); // The checksum is of the whole file.
  return damage;
}

/**
 * Gives the memory of a chunk back at once, if gunzip is done with it because it is full. The
 * collector, which sees small objects only, let 70 MB of them pile up.
 */
function release({ buffer, byteOffset, length }: Uint8Array<ArrayBuffer>): void {
  if (buffer.byteLength === CHUNK_BYTES && byteOffset + length === CHUNK_BYTES) buffer.transfer(0);
}
