/**
 * The bytes of an input as UTF-8, whatever it is wrapped in: gzip (one or many members), a byte
 * order mark, or UTF-16 as Windows tools export it.
 */

import { createReadStream } from "node:fs";
import { Intake } from "./intake.ts";
import { InputError } from "./note_source.ts";
import { unpack } from "./unpack.ts";
import { newSlabs, slabAt, type UnpackReply, type UnpackStart } from "./slabs.ts";

const CHUNK_BYTES = 1 << 20;

/**
 * The content of `path`, unpacked and in UTF-8, in chunks that are valid until the next one is
 * asked for; `intake` sees it as it lies on disk. `encoding` is what the user says it is in. Of a gzip file that was cut off or damaged it
 * gives what comes before, and `intake.damage` says so.
 */
export async function* byteStream(
  path: string,
  intake: Intake,
  encoding?: string,
): AsyncGenerator<Uint8Array> {
  const packed = await isGzip(path);
  yield* toUtf8(packed ? unpackInThread(path, intake) : plainBytes(path, intake), encoding);
}

async function* plainBytes(path: string, intake: Intake) {
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
    const { buffer, byteOffset, length } = chunk as Uint8Array;
    const bytes = new Uint8Array(buffer, byteOffset, length); // `slice` of a Buffer would not copy.
    intake.add(bytes);
    yield bytes;
  }
}

async function* unpackInThread(path: string, intake: Intake): AsyncGenerator<Uint8Array> {
  const worker = new Worker(new URL("./unpack_worker.ts", import.meta.url), { type: "module" });
  const slabs = newSlabs();
  const arrived: UnpackReply[] = [];
  let wake = () => {};
  const hear = (reply: UnpackReply) => {
    arrived.push(reply);
    wake();
  };
  worker.onmessage = ({ data }: MessageEvent<UnpackReply>) => hear(data);
  worker.onerror = (event) => {
    event.preventDefault();
    hear({ error: event.message });
  };
  const start: UnpackStart = { path, slabs };
  worker.postMessage(start);
  try {
    for (let taken = 0;; taken++) {
      if (arrived.length === 0) await new Promise<void>((resolve) => wake = resolve);
      const reply = arrived.shift()!;
      if ("error" in reply) throw new InputError(`Cannot read ${path}: ${reply.error}`);
      if (!("filled" in reply)) {
        intake.follow(reply.packed, reply.sha256);
        intake.damage = reply.damage;
        intake.trailing = reply.trailing;
        return;
      }
      intake.follow(reply.packed);
      yield slabAt(slabs, taken).subarray(0, reply.filled);
      Atomics.add(slabs.taken, 0, 1);
      Atomics.notify(slabs.taken, 0);
    }
  } finally {
    worker.terminate();
  }
}

/** The first `count` bytes of the unpacked content. */
export async function head(path: string, count: number, encoding?: string): Promise<Uint8Array> {
  const intake = new Intake();
  const bytes = await inOnePiece(path, intake, count, encoding);
  if (intake.damage && bytes.length === 0) throw damaged(path, intake.damage);
  return bytes.subarray(0, count);
}

/** All of `path`; for a format of which half is nothing. */
export async function wholeFile(
  path: string,
  intake: Intake,
  encoding?: string,
): Promise<Uint8Array> {
  const bytes = await inOnePiece(path, intake, Infinity, encoding);
  if (intake.damage) throw damaged(path, intake.damage);
  return bytes;
}

const damaged = (path: string, damage: string) =>
  new InputError(
    `Cannot unpack ${path}: ${damage}; the file is damaged or was not copied completely`,
  );

/** At least `count` bytes of `path` from its beginning, if it has as many. */
async function inOnePiece(
  path: string,
  intake: Intake,
  count: number,
  encoding?: string,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const take = (bytes: Uint8Array) => {
    parts.push(bytes.slice());
    length += bytes.length;
    return length < count;
  };
  if (await isGzip(path)) {
    intake.damage = await unpack(path, {
      packed: (bytes) => intake.add(bytes),
      trailing: (bytes) => intake.trailing = bytes,
      unpacked: take,
    });
  } else {
    for await (const bytes of plainBytes(path, intake)) if (!take(bytes)) break;
  }
  return concat(await Array.fromAsync(toUtf8(parts, encoding)));
}

async function isGzip(path: string): Promise<boolean> {
  using file = await Deno.open(path, { read: true });
  const magic = new Uint8Array(2);
  return await file.read(magic) === 2 && magic[0] === 0x1f && magic[1] === 0x8b;
}

/**
 * Drops a byte order mark and turns UTF-16 and what the user named into UTF-8; anything else passes
 * unchanged.
 */
async function* toUtf8(
  stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  encoding?: string,
): AsyncGenerator<Uint8Array> {
  let decoder = encoding === undefined || /^utf-?8$/i.test(encoding)
    ? undefined
    : new TextDecoder(encoding);
  let first = true;
  const encoder = new TextEncoder();
  for await (const chunk of stream) {
    let bytes = chunk;
    if (first) {
      first = false;
      if (bytes[0] === 0xff && bytes[1] === 0xfe) decoder = new TextDecoder("utf-16le");
      else if (bytes[0] === 0xfe && bytes[1] === 0xff) decoder = new TextDecoder("utf-16be");
      else if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
        bytes = bytes.subarray(3);
      }
    }
    yield decoder ? encoder.encode(decoder.decode(bytes, { stream: true })) : bytes;
  }
  if (decoder) yield encoder.encode(decoder.decode());
}

/** The parts one after the other in one array. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0];
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
