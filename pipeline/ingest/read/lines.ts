/** Lines of a text file, one at a time, from a stream of chunks. */

import { byteStream, concat } from "./byte_stream.ts";
import { decodeText } from "../clean/decode_text.ts";
import type { Intake } from "./intake.ts";

const LF = 0x0a;

export interface Line {
  /** 1-based. */
  number: number;
  text: string;
  decodedAsCp1252: boolean;
}

/**
 * Batches of the lines of `path` that are not blank, without their line breaks. The last line of a
 * damaged file may be cut.
 */
export async function* readLines(
  path: string,
  intake: Intake,
  encoding?: string,
): AsyncGenerator<Line[]> {
  let rest: Uint8Array[] = [];
  let number = 0;
  const take = (bytes: Uint8Array, lines: Line[]) => {
    number++;
    const line = decodeText(bytes);
    if (line.text.trim() !== "") lines.push({ number, ...line });
  };
  for await (const chunk of byteStream(path, intake, encoding)) {
    const lines: Line[] = [];
    let from = 0;
    for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, from)) {
      take(concat([...rest, chunk.subarray(from, at)]), lines);
      rest = [];
      from = at + 1;
    }
    // The stream may reuse its chunk, so what is kept is copied.
    if (from < chunk.length) rest.push(chunk.slice(from));
    yield lines;
  }
  if (rest.length > 0) {
    const lines: Line[] = [];
    take(concat(rest), lines);
    yield lines;
  }
}
