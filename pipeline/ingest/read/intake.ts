/** How much of a file has been read, as it lies on disk, and its checksum. */

import { createHash } from "node:crypto";

export class Intake {
  bytes = 0;
  /** Why the rest of a packed file could not be read, where it could not. */
  damage: string | undefined;
  /** Bytes behind the end of a packed file that are not part of it. */
  trailing = 0;
  readonly #hash = createHash("sha256");
  #sha256: string | undefined;

  add(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.bytes += bytes.length;
  }

  /** Another thread does the reading: this far it is, and at the end this is the checksum. */
  follow(bytes: number, sha256?: string): void {
    this.bytes = bytes;
    this.#sha256 = sha256;
  }

  /** Of everything read; call once, at the end. */
  sha256(): string {
    return this.#sha256 ??= this.#hash.digest("hex");
  }
}
