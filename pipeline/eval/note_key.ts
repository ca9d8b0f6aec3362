/** Names a note without showing it, so that evaluations of different runs can be paired. */

import { createHash } from "node:crypto";
import type { Passage } from "./typist.ts";

/** The first 48 bits of the text's SHA-256, and the passage of it that was typed. */
export function noteKey(text: string, passage?: Passage): string {
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 12);
  return passage === undefined ? hash : `${hash}:${passage.from}-${passage.to}`;
}
