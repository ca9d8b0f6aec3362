/**
 * The bytes of an input as UTF-8, whatever it is wrapped in: gzip (one or many members), a byte
 * order mark, or UTF-16 as Windows tools export it.
 */

import { createReadStream, type ReadStream } from "node:fs";
import { createGunzip, type Gunzip } from "node:zlib";
import { InputError } from "./note_source.ts";

/** Large enough that a note is rarely cut, small enough to stay in the cache. */
const CHUNK_BYTES = 1 << 20;

/** The content of `path`, unpacked and in UTF-8; `consumed` sees the bytes as they lie on disk. */
export async function* byteStream(
  path: string,
  consumed: (bytes: Uint8Array) => void = () => {},
): AsyncGenerator<Uint8Array> {
  const { gzip } = await sniff(path);
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  try {
    yield* toUtf8(gzip ? unpacked(file, gunzip, consumed) : seen(file, consumed));
  } catch (error) {
    if (error instanceof Error && "code" in error && /^Z_|ERR_/.test(String(error.code))) {
      throw new InputError(
        `Cannot unpack ${path}: ${error.message}; the file is damaged or was not copied completely`,
      );
    }
    throw error;
  } finally {
    file.destroy();
    gunzip.destroy();
  }
}

function unpacked(
  file: ReadStream,
  gunzip: Gunzip,
  consumed: (bytes: Uint8Array) => void,
): AsyncIterable<Uint8Array> {
  file.on("data", (bytes) => consumed(bytes as Uint8Array)).on(
    "error",
    (error: Error) => gunzip.destroy(error),
  );
  return file.pipe(gunzip);
}

async function* seen(file: AsyncIterable<Uint8Array>, consumed: (bytes: Uint8Array) => void) {
  for await (const bytes of file) {
    consumed(bytes);
    yield bytes;
  }
}

/** The first `count` bytes of the unpacked content. */
export async function head(path: string, count: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const bytes of byteStream(path)) {
    parts.push(bytes);
    length += bytes.length;
    if (length >= count) break;
  }
  return concat(parts).subarray(0, count);
}

/** All of `path` as text; for formats that are parsed in one piece. */
export async function wholeText(
  path: string,
  consumed: (bytes: Uint8Array) => void,
): Promise<{ text: string; decodedAsCp1252: boolean }> {
  const parts: Uint8Array[] = [];
  for await (const bytes of byteStream(path, consumed)) parts.push(bytes);
  return decodeText(concat(parts));
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const cp1252 = new TextDecoder("windows-1252");
/** A run of bytes that is valid UTF-8 beyond ASCII; everything else above 0x7F is damage. */
const utf8Run =
  /(?:[\xC2-\xDF][\x80-\xBF]|[\xE0-\xEF][\x80-\xBF]{2}|[\xF0-\xF4][\x80-\xBF]{3})+|[\x80-\xFF]+?/g;

/** UTF-8 where it is valid; single bytes that are not are read as Windows-1252. */
export function decodeText(bytes: Uint8Array): { text: string; decodedAsCp1252: boolean } {
  try {
    return { text: strictUtf8.decode(bytes), decodedAsCp1252: false };
  } catch {
    const text = latin1(bytes).replace(utf8Run, (run) => {
      const part = Uint8Array.from(run, (char) => char.charCodeAt(0));
      try {
        return strictUtf8.decode(part);
      } catch {
        return cp1252.decode(part);
      }
    });
    return { text, decodedAsCp1252: true };
  }
}

/** Each byte as the character of the same number; `TextDecoder("latin1")` would be cp1252. */
function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += 8192) {
    text += String.fromCharCode(...bytes.subarray(start, start + 8192));
  }
  return text;
}

async function sniff(path: string): Promise<{ gzip: boolean }> {
  const file = await Deno.open(path, { read: true });
  try {
    const magic = new Uint8Array(2);
    const count = await file.read(magic);
    return { gzip: count === 2 && magic[0] === 0x1f && magic[1] === 0x8b };
  } finally {
    file.close();
  }
}

/** Drops a byte order mark and turns UTF-16 into UTF-8; anything else passes unchanged. */
async function* toUtf8(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let decoder: TextDecoder | undefined;
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
