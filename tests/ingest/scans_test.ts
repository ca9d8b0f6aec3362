import { assertEquals } from "@std/assert";
import { BINS, EMPTY, Scans } from "../../pipeline/ingest/clean/scans.ts";

const scans = await Scans.load();

let state = 11;
const random = (below: number) => {
  state = Math.imul(state, 1664525) + 1013904223 >>> 0;
  return Math.floor(state / 2 ** 32 * below);
};

Deno.test("plain is tab, line feed and printable ASCII, at every place and length", () => {
  for (let length = 0; length < 50; length++) {
    const text = new Uint8Array(length).fill(0x61);
    assertEquals(scans.isPlain(text), true, `length ${length}`);
    for (let at = 0; at < length; at++) {
      text[at] = 0x0d;
      assertEquals(scans.isPlain(text), false, `length ${length}, at ${at}`);
      text[at] = 0x61;
    }
  }
  for (let byte = 0; byte < 256; byte++) {
    const expected = byte === 9 || byte === 10 || byte >= 32 && byte < 127;
    assertEquals(scans.isPlain(Uint8Array.of(byte)), expected, `byte ${byte}`);
  }
});

/** What kernels/signature.ts computes, a letter at a time. */
function signatureByLetters(text: Uint8Array, wanted: number): { runs: number; bins: number[] } {
  const tables = [
    [46, 9, 59, 20, 33, 2, 55, 28, 13, 38, 51, 4, 62, 17, 40, 27],
    [5, 50, 31, 12, 57, 22, 43, 0, 36, 61, 10, 19, 48, 29, 14, 39],
    [24, 41, 6, 63, 18, 53, 34, 11, 60, 1, 30, 47, 8, 37, 52, 21],
    [35, 16, 45, 58, 7, 26, 49, 3, 54, 15, 32, 25, 44, 56, 23, 42],
  ];
  const isLetter = (byte: number) => byte > 0x7f || /[a-z0-9]/i.test(String.fromCharCode(byte));
  const letters = Uint8Array.from([...text].filter(isLetter).map((byte) => byte | 0x20));
  const words = new DataView(letters.buffer);
  const wrap = (value: bigint) => BigInt.asUintN(64, value);
  const multiplier = 0x6a09e667f3bcc909n;
  const runs = Math.max(0, letters.length - 23);
  const highest = Math.min(63, Math.floor((64 * wanted - 1) / runs));
  const bins = new Array<number>(BINS).fill(EMPTY);
  for (let at = 0; at < runs; at++) {
    const rank = tables.reduce((sum, table, next) => sum ^ table[letters[at + next] & 15], 0);
    if (rank > highest) continue;
    const word = (offset: number) => words.getBigUint64(at + offset, true);
    let hash = wrap(word(0) * multiplier + word(8));
    hash = wrap((hash ^ hash >> 32n) * multiplier + word(16));
    hash = wrap((hash ^ hash >> 32n) * 0xbb67ae8584caa73bn);
    hash = wrap((hash ^ hash >> 29n) * multiplier);
    const bin = Number(hash >> 57n);
    const value = rank * 2 ** 26 + Number(hash >> 25n & 0x3ffffffn);
    bins[bin] = Math.min(bins[bin], value);
  }
  return { runs, bins };
}

Deno.test("a signature is what one letter at a time gives", () => {
  const alphabet = "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789 ,.\n_-[`{@/:µé😀";
  const lengths = [...Array(130).keys(), 200, 1000, 4099, 30_000, 400_000, 77];
  for (const length of lengths) {
    let characters = "";
    for (let n = 0; n < length; n++) characters += alphabet[random(alphabet.length)];
    const text = new TextEncoder().encode(characters);
    const into = new Uint32Array(BINS);
    const runs = scans.signature(text, into);
    assertEquals({ runs, bins: [...into] }, signatureByLetters(text, 3 * BINS), `${length}`);
  }
});

Deno.test("a longer note is sampled, and still compares with a shorter one", () => {
  const words = Array.from({ length: 3000 }, () => `w${random(5000)}`);
  const [whole, part] = [words, words.slice(0, 2850)].map((list) => {
    const into = new Uint32Array(BINS);
    scans.signature(new TextEncoder().encode(list.join(" ")), into);
    return into;
  });
  const same = whole.filter((value, bin) => value === part[bin]).length;
  // 2,850 of 3,000 words: a similarity of 0.95, of which 128 bins tell 0.95 with an error of 0.02.
  assertEquals(same / BINS > 0.85, true, `${same} of ${BINS}`);
});
