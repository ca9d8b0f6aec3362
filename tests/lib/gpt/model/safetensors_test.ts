import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { ArtifactError } from "../../../../pipeline/lib/base/files.ts";
import {
  readSafetensors,
  readSafetensorsHeader,
  writeSafetensors,
} from "../../../../pipeline/lib/gpt/model/safetensors.ts";
import { inFolder } from "../../../helpers/in_folder.ts";

const tensors = new Map([
  ["a", { shape: [2, 3], data: new Float32Array([1, -2, 3.5, 0, 1e-30, Infinity]) }],
  ["empty", { shape: [0], data: new Float32Array() }],
  ["scalar", { shape: [], data: new Float32Array([7]) }],
]);

Deno.test(
  "tensors come back as written",
  inFolder(async (folder) => {
    const path = join(folder, "x.safetensors");
    await writeSafetensors(path, tensors);
    assertEquals(await readSafetensors(path, "task"), tensors);
    assertEquals([...(await readSafetensors(path, "task", (name) => name === "a")).keys()], ["a"]);
    const { metadata, dataStart } = await readSafetensorsHeader(path, "task");
    assertEquals(metadata, { format: "pt" });
    assertEquals(dataStart % 8, 0);
  }),
);

/** A file written by hand from its parts, as any other library would. */
function file(header: unknown, data: Uint8Array): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

Deno.test(
  "float16, bfloat16 and float64 are read as float32",
  inFolder(async (folder) => {
    const path = join(folder, "x.safetensors");
    const header = {
      half: { dtype: "F16", shape: [2], data_offsets: [0, 4] },
      brain: { dtype: "BF16", shape: [2], data_offsets: [4, 8] },
      double: { dtype: "F64", shape: [1], data_offsets: [8, 16] },
    };
    const data = new Uint8Array(16);
    new Uint16Array(data.buffer).set([0x3e00, 0xc000, 0x3fc0, 0xc000]); // 1.5, -2 in both types
    new Float64Array(data.buffer)[1] = 0.1;
    await Deno.writeFile(path, file(header, data));
    const read = await readSafetensors(path, "task");
    assertEquals([...read.get("half")!.data], [1.5, -2]);
    assertEquals([...read.get("brain")!.data], [1.5, -2]);
    assertEquals([...read.get("double")!.data], [Math.fround(0.1)]);
  }),
);

const damaged: [string, string, (bytes: Uint8Array) => Uint8Array][] = [
  ["cut inside the length", "shorter than a safetensors header", (b) => b.slice(0, 5)],
  ["cut inside the header", "cut short", (b) => b.slice(0, 40)],
  ["cut inside the data", "bytes by its header", (b) => b.slice(0, b.length - 1)],
  ["with bytes behind its end", "bytes by its header", (b) => new Uint8Array([...b, 0])],
  ["of another format", "not a safetensors file", () => new Uint8Array(64).fill(200)],
  [
    "whose header is no JSON",
    "not JSON",
    (b) => b.map((byte, i) => i === 8 ? "x".charCodeAt(0) : byte),
  ],
  [
    "with a shape that does not fit its bytes",
    "its shape",
    () => file({ a: { dtype: "F32", shape: [3], data_offsets: [0, 8] } }, new Uint8Array(8)),
  ],
  [
    "without offsets",
    "no valid shape",
    () => file({ a: { dtype: "F32", shape: [2] } }, new Uint8Array(8)),
  ],
];

for (const [what, message, damage] of damaged) {
  Deno.test(
    `a file ${what} is refused with the reason and the command`,
    inFolder(async (folder) => {
      const path = join(folder, "x.safetensors");
      await writeSafetensors(path, tensors);
      await Deno.writeFile(path, damage(await Deno.readFile(path)));
      const error = await assertRejects(
        () => readSafetensors(path, "deno task train"),
        ArtifactError,
        message,
      );
      assertEquals(/run "deno task train" again$/.test(error.message), true, error.message);
    }),
  );
}

Deno.test(
  "an integer tensor is refused by name, unless it is not wanted",
  inFolder(async (folder) => {
    const path = join(folder, "x.safetensors");
    const header = { mask: { dtype: "BOOL", shape: [4], data_offsets: [0, 4] } };
    await Deno.writeFile(path, file(header, new Uint8Array(4)));
    await assertRejects(() => readSafetensors(path, "task"), ArtifactError, "mask has type BOOL");
    assertEquals((await readSafetensors(path, "task", () => false)).size, 0);
  }),
);
