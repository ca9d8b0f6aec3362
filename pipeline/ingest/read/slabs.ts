/** The memory through which unpacked bytes go from the unpacking thread to the main thread. */

/** Large enough that a note is rarely cut and messages do not count. */
export const SLAB_BYTES = 1 << 19;
/** Slabs in turn: what bounds the memory when the unpacking thread is the faster one. */
export const DEPTH = 3;

export interface Slabs {
  memory: SharedArrayBuffer;
  /** One number: how many slabs the main thread is done with. */
  taken: Int32Array<SharedArrayBuffer>;
}

/** What the unpacking thread is told, once. */
export interface UnpackStart {
  path: string;
  slabs: Slabs;
}

/**
 * The next slab holds so many bytes, and this many packed ones were read for them; then how it
 * ended.
 */
export type UnpackReply =
  | { filled: number; packed: number }
  | { packed: number; sha256: string; damage: string | undefined; trailing: number }
  | { error: string };

export const newSlabs = (): Slabs => ({
  memory: new SharedArrayBuffer(DEPTH * SLAB_BYTES),
  taken: new Int32Array(new SharedArrayBuffer(4)),
});

/** The slab that is filled as the `index`-th, counted from 0. */
export const slabAt = ({ memory }: Slabs, index: number): Uint8Array =>
  new Uint8Array(memory, index % DEPTH * SLAB_BYTES, SLAB_BYTES);
