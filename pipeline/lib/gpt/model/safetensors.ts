/**
 * The safetensors format: a little-endian u64 header length, a JSON header
 * `{ name: { dtype, shape, data_offsets: [begin, end] }, __metadata__: { … } }` padded with spaces
 * to a multiple of 8 bytes, then the tensors' bytes without gaps.
 * https://github.com/huggingface/safetensors#format
 */

import { ArtifactError, requireFile, writeAll, writeAtomic } from "../../base/files.ts";
import { elements } from "./parameters.ts";

/** A tensor as float32, whatever type the file stores. */
export interface Tensor {
  shape: readonly number[];
  data: Float32Array;
}

/** What the header says of one tensor; offsets count from the end of the header. */
export interface TensorEntry {
  dtype: string;
  shape: number[];
  data_offsets: [begin: number, end: number];
}

export interface SafetensorsHeader {
  metadata: Record<string, string>;
  entries: Map<string, TensorEntry>;
  /** File offset of the first tensor byte. */
  dataStart: number;
}

/** Bytes per element of the types whose values can be read as float32. */
const floatTypes: Record<string, number> = { F64: 8, F32: 4, F16: 2, BF16: 2 };

/** The reference implementation refuses headers above 100 MB; so do we. */
const MAX_HEADER_BYTES = 100_000_000;

/** Writes float32 tensors in the given order; the file appears whole or not at all. */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Record<string, string> = { format: "pt" },
): Promise<void> {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const [name, { shape, data }] of tensors) {
    if (elements(shape) !== data.length) {
      throw new RangeError(
        `Cannot write ${path}: ${name} has shape (${shape.join(", ")}) but ${data.length} values`,
      );
    }
    header[name] = {
      dtype: "F32",
      shape,
      data_offsets: [offset, offset + data.byteLength],
    };
    offset += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const padded = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(" ".charCodeAt(0));
  new DataView(padded.buffer).setBigUint64(0, BigInt(padded.length - 8), true);
  padded.set(json, 8);
  await writeAtomic(path, async (file) => {
    await writeAll(file, padded);
    for (const { data } of tensors.values()) {
      await writeAll(file, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  });
}

/**
 * Reads the tensors that `wanted` accepts (all by default), converted to float32.
 * Throws an `ArtifactError` naming `madeBy` when the file is missing, cut short or not safetensors.
 */
export async function readSafetensors(
  path: string,
  madeBy: string,
  wanted: (name: string) => boolean = () => true,
): Promise<Map<string, Tensor>> {
  const tensors = new Map<string, Tensor>();
  const { entries, dataStart } = await readSafetensorsHeader(path, madeBy);
  using file = await Deno.open(path, { read: true });
  for (const [name, { dtype, shape, data_offsets: [begin, end] }] of entries) {
    if (!wanted(name)) continue;
    if (!(dtype in floatTypes)) {
      throw new ArtifactError(
        `Cannot read ${path}: ${name} has type ${dtype}, expected one of ${
          Object.keys(floatTypes).join(", ")
        }`,
      );
    }
    await file.seek(dataStart + begin, Deno.SeekMode.Start);
    const bytes = new Uint8Array(end - begin);
    await readFully(file, bytes);
    tensors.set(name, { shape, data: toFloat32(bytes, dtype) });
  }
  return tensors;
}

/** The checked header: every range lies inside the file and has the size its shape implies. */
export async function readSafetensorsHeader(
  path: string,
  madeBy: string,
): Promise<SafetensorsHeader> {
  await requireFile(path, madeBy);
  const fail = (why: string) =>
    new ArtifactError(`Cannot read ${path}: ${why}; run "${madeBy}" again`);
  using file = await Deno.open(path, { read: true });
  const { size } = await file.stat();
  if (size < 8) throw fail(`${size} bytes, shorter than a safetensors header`);
  const length = new Uint8Array(8);
  await readFully(file, length);
  const headerBytes = Number(new DataView(length.buffer).getBigUint64(0, true));
  if (headerBytes > MAX_HEADER_BYTES) throw fail("it is not a safetensors file");
  if (8 + headerBytes > size) {
    throw fail(`cut short: its header ends at byte ${8 + headerBytes}, the file at ${size}`);
  }
  const json = new Uint8Array(headerBytes);
  await readFully(file, json);
  let header: Record<string, unknown>;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
  } catch {
    throw fail("its header is not JSON, so it is not a safetensors file");
  }
  const { __metadata__: metadata = {}, ...rest } = header;
  const entries = new Map(Object.entries(rest as Record<string, TensorEntry>));
  const dataStart = 8 + headerBytes;
  const needed = Math.max(0, ...Array.from(entries, ([name, entry]) => checkEntry(name, entry)));
  if (dataStart + needed !== size) {
    throw fail(`expected ${dataStart + needed} bytes by its header, found ${size}`);
  }
  return { metadata: metadata as Record<string, string>, entries, dataStart };

  /** Returns where the tensor ends. */
  function checkEntry(name: string, entry: TensorEntry): number {
    const [begin, end] = Array.isArray(entry?.data_offsets) ? entry.data_offsets : [NaN, NaN];
    if (!Array.isArray(entry?.shape) || !(begin >= 0 && end >= begin)) {
      throw fail(`its entry for ${name} has no valid shape and data_offsets`);
    }
    const expected = elements(entry.shape) * floatTypes[entry.dtype];
    if (entry.dtype in floatTypes && end - begin !== expected) {
      throw fail(
        `${name} takes ${
          end - begin
        } bytes, its shape (${entry.shape}) as ${entry.dtype} ${expected}`,
      );
    }
    return end;
  }
}

async function readFully(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length;) {
    const count = await file.read(bytes.subarray(offset));
    if (count === null) throw new Deno.errors.UnexpectedEof(`${bytes.length - offset} bytes short`);
    offset += count;
  }
}

function toFloat32(bytes: Uint8Array<ArrayBuffer>, dtype: string): Float32Array {
  switch (dtype) {
    case "F32":
      return new Float32Array(bytes.buffer);
    case "F64":
      return Float32Array.from(new Float64Array(bytes.buffer));
    case "F16":
      return Float32Array.from(new Float16Array(bytes.buffer));
    default: { // BF16 is the upper half of a float32.
      const upper = new Uint16Array(bytes.buffer);
      const words = new Uint32Array(upper.length);
      for (let i = 0; i < upper.length; i++) words[i] = upper[i] << 16;
      return new Float32Array(words.buffer);
    }
  }
}
