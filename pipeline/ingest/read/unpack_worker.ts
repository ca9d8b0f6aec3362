/**
 * The thread that unpacks a gzip file while the main thread reads what came out, and sleeps while
 * the main thread is behind.
 */

import { Intake } from "./intake.ts";
import { DEPTH, SLAB_BYTES, slabAt, type UnpackReply, type UnpackStart } from "./slabs.ts";
import { unpack } from "./unpack.ts";

/** The default types of `self` are a window's. */
interface Worker {
  onmessage(event: MessageEvent<UnpackStart>): void;
  postMessage(reply: UnpackReply): void;
}
const worker = self as unknown as Worker;

worker.onmessage = async ({ data }) => {
  try {
    await unpackInto(data);
  } catch (error) {
    worker.postMessage({ error: error instanceof Error ? error.message : String(error) });
  }
};

async function unpackInto({ path, slabs }: UnpackStart): Promise<void> {
  const intake = new Intake();
  let sent = 0, filled = 0;
  let slab = slabAt(slabs, 0);
  const flush = () => {
    worker.postMessage({ filled, packed: intake.bytes });
    sent++;
    filled = 0;
    for (;;) {
      const taken = Atomics.load(slabs.taken, 0);
      if (sent - taken < DEPTH) break;
      Atomics.wait(slabs.taken, 0, taken);
    }
    slab = slabAt(slabs, sent);
  };
  const damage = await unpack(path, {
    packed: (bytes) => intake.add(bytes),
    trailing: (bytes) => intake.trailing = bytes,
    unpacked(bytes) {
      if (filled + bytes.length > SLAB_BYTES) flush();
      slab.set(bytes, filled);
      filled += bytes.length;
    },
  });
  if (filled > 0) worker.postMessage({ filled, packed: intake.bytes });
  worker.postMessage({
    packed: intake.bytes,
    sha256: intake.sha256(),
    damage,
    trailing: intake.trailing,
  });
}
