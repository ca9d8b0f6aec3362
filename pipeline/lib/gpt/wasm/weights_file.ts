/**
 * The model as our worker loads it: a safetensors file with every tensor in the layout that the
 * kernels read. Pure, so that the worker can read it.
 *
 * | tensor                     | type      | shape                                           |
 * |----------------------------|-----------|-------------------------------------------------|
 * | NAME.weight, linear layers | I8 or F32 | (outputs, inputs): transposed, one row per output |
 * | wte.weight                 | I8 or F32 | (vocab, width): lookup table and head            |
 * | NAME.weight.scale          | F32       | (rows): what a unit of each I8 row is worth       |
 * | wpe, LayerNorms, biases    | F32       | as in Hugging Face's file                        |
 */

/** A tensor of the file; `data` lies in the file's own bytes. */
export interface StoredTensor {
  type: "I8" | "F32";
  shape: readonly number[];
  data: Uint8Array;
}

/** The file: https://github.com/huggingface/safetensors#format. */
export function encodeWeights(
  tensors: ReadonlyMap<string, StoredTensor>,
): Uint8Array<ArrayBuffer> {
  let offset = 0;
  const header: Record<string, unknown> = {};
  for (const [name, { type: dtype, shape, data }] of tensors) {
    header[name] = { dtype, shape, data_offsets: [offset, offset += data.length] };
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const start = 8 + Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(start + offset).fill(0x20, 8, start);
  new DataView(file.buffer).setBigUint64(0, BigInt(start - 8), true);
  file.set(json, 8);
  let at = start;
  for (const { data } of tensors.values()) {
    file.set(data, at);
    at += data.length;
  }
  return file;
}

/** The tensors of a file that `encodeWeights` made, not copied. */
export function decodeWeights(file: Uint8Array): Map<string, StoredTensor> {
  const wrong = () =>
    new TypeError(
      `Cannot read these weights: expected a safetensors file, got ${file.length} bytes of something else; run "deno task export" again`,
    );
  if (file.length < 8) throw wrong();
  const length = new DataView(file.buffer, file.byteOffset).getBigUint64(0, true);
  const start = 8 + Number(length);
  if (start > file.length || file[8] !== "{".charCodeAt(0)) throw wrong();
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, start)));
  return new Map(
    // deno-lint-ignore no-explicit-any
    Object.entries<any>(header).map(([name, { dtype: type, shape, data_offsets: [from, to] }]) => {
      if (start + to > file.length) throw wrong();
      return [name, { type, shape, data: file.subarray(start + from, start + to) }];
    }),
  );
}
