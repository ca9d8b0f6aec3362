/**
 * The thread that unpacks a gzip file while the main thread reads what came out. It hands over
 * whole buffers, never copies, and sleeps while the main thread is behind.
 */

import { Intake } from "./intake.ts";
import { unpack } from "./unpack.ts";

/** Large enough that a note is rarely cut and messages do not count. */
const SLAB_BYTES = 1 << 20;
/** Slabs on their way: what bounds the memory when this thread is the faster one. */
const DEPTH = 4;

/** What the worker is told, once. `taken` counts the slabs that the main thread is done with. */
export interface UnpackStart {
  path: string;
  taken: SharedArrayBuffer;
}

/** Unpacked bytes, with how many packed ones were read for them; then how it ended. */
export type UnpackReply =
  | { slab: Uint8Array<ArrayBuffer>; packed: number }
  | { packed: number; sha256: string; damage: string | undefined }
  | { error: string };

/** The default types of `self` are a window's. */
interface Worker {
  onmessage(event: MessageEvent<UnpackStart>): void;
  postMessage(reply: UnpackReply, transfer?: Transferable[]): void;
}
const worker = self as unknown as Worker;

worker.onmessage = async ({ data }) => {
  try {
    await unpackInto(data);
  } catch (error) {
    worker.postMessage({ error: error instanceof Error ? error.message : String(error) });
  }
};

async function unpackInto({ path, taken: shared }: UnpackStart): Promise<void> {
  const taken = new Int32Array(shared);
  const intake = new Intake();
  let slab = new Uint8Array(SLAB_BYTES), filled = 0, sent = 0;
  const flush = () => {
    for (;;) {
      const seen = Atomics.load(taken, 0);
      if (sent - seen < DEPTH) break;
      Atomics.wait(taken, 0, seen);
    }
    sent++;
    worker.postMessage({ slab: slab.subarray(0, filled), packed: intake.bytes }, [slab.buffer]);
    slab = new Uint8Array(SLAB_BYTES);
    filled = 0;
  };
  const damage = await unpack(path, {
    packed: (bytes) => intake.add(bytes),
    unpacked(bytes) {
      if (filled + bytes.length > SLAB_BYTES) flush();
      slab.set(bytes, filled);
      filled += bytes.length;
    },
  });
  if (filled > 0) flush();
  worker.postMessage({ packed: intake.bytes, sha256: intake.sha256(), damage });
}
