/**
 * A token n-gram model that is mixed with the GPT: what a note says word for word as many others
 * do, a table knows better than a small network. Read-only and pure; `deno task ngram` makes it.
 *
 *     P(w | c) = a(c w) + (1 − Σ_v a(c v)) · P(w | c without its first token)
 *
 * a(c w) is a stored, discounted probability; the recursion ends in 1 / vocabulary. Only n-grams
 * from the notes of at least `minPatients` different patients are in the table.
 *
 * File, little-endian: 8 int32 (magic, version, order, vocabulary, end-of-text, minPatients, 0, 0);
 * then for each order n = 1…order an int32 count, and three arrays of `count` entries: first child
 * (uint32, absent at the highest order), token (uint16), −log₂ a in 1/2048 (uint16), each padded to
 * 4 bytes. N-grams of one order are sorted by (n-gram of all but the last token, last token).
 */

export const NGRAM_MAGIC = 0x6e677231; // "ngr1"
export const NGRAM_VERSION = 1;
/** Steps of −log₂ a per bit: the largest storable is 2^-31.99. */
export const LOG_STEPS = 2048;

/** The n-grams of one order. */
export interface NgramOrder {
  /** Index of the first child in the next order; children of i end where those of i + 1 begin. */
  firstChild: Uint32Array;
  token: Uint16Array;
  /** −log₂ a in 1/2048. */
  weight: Uint16Array;
}

export interface NgramTable {
  vocabSize: number;
  endOfText: number;
  minPatients: number;
  /** Orders 1, 2, …; the unigrams are the children of the empty n-gram. */
  orders: NgramOrder[];
}

/** What the table says about the next token. */
export interface NgramPrediction {
  /** (vocabSize), sums to 1. */
  probabilities: Float32Array;
  /** Tokens of context that the table knows, 0 to order − 1. */
  matched: number;
  /** The largest of the probabilities: how sure the table is. */
  peak: number;
}

export class NgramModel {
  readonly order: number;
  readonly #table: NgramTable;
  readonly #probability = Float32Array.from(
    { length: 65536 },
    (_, weight) => 2 ** (-weight / LOG_STEPS),
  );

  constructor(table: NgramTable) {
    this.#table = table;
    this.order = table.orders.length;
  }

  get vocabSize(): number {
    return this.#table.vocabSize;
  }

  get minPatients(): number {
    return this.#table.minPatients;
  }

  /** P(· | context); only the last order − 1 tokens of `context` matter. O(order · vocabSize). */
  predict(context: readonly number[]): NgramPrediction {
    const { orders, vocabSize } = this.#table;
    const known: { length: number; from: number; to: number }[] = [];
    for (let length = 0; length < this.order && length <= context.length; length++) {
      const range = this.#children(context, length);
      if (range === undefined) break;
      const [from, to] = range;
      if (from < to) known.push({ length, from, to });
    }
    const matched = known.at(-1)?.length ?? 0;
    // From the longest context down, each order's share is what the longer ones have left.
    const probabilities = new Float32Array(vocabSize);
    let share = 1;
    for (const { length, from, to } of known.reverse()) {
      const { token, weight } = orders[length];
      let left = 1;
      for (let at = from; at < to; at++) {
        const probability = this.#probability[weight[at]];
        probabilities[token[at]] += share * probability;
        left -= probability;
      }
      share *= Math.max(left, 0);
    }
    for (let id = 0; id < vocabSize; id++) probabilities[id] += share / vocabSize;
    let peak = 0;
    for (const probability of probabilities) if (probability > peak) peak = probability;
    return { probabilities, matched, peak };
  }

  /** Where the children of the last `length` tokens of `context` lie in their order. */
  #children(context: readonly number[], length: number): [number, number] | undefined {
    const { orders } = this.#table;
    let from = 0, to = orders[0].token.length;
    for (let n = 0; n < length; n++) {
      const at = find(orders[n].token, from, to, context[context.length - length + n]);
      if (at === undefined) return;
      from = orders[n].firstChild[at];
      to = at + 1 < orders[n].token.length
        ? orders[n].firstChild[at + 1]
        : orders[n + 1].token.length;
    }
    return [from, to];
  }
}

/** Binary search for `wanted` in the sorted `tokens[from, to)`. */
function find(tokens: Uint16Array, from: number, to: number, wanted: number): number | undefined {
  while (from < to) {
    const middle = (from + to) >> 1;
    if (tokens[middle] < wanted) from = middle + 1;
    else if (tokens[middle] > wanted) to = middle;
    else return middle;
  }
}

/** The table in an `ngram.bin`; throws a `TypeError` if `bytes` are no such file, or cut short. */
export function readNgramTable(bytes: Uint8Array): NgramTable {
  const fail = (why: string) =>
    new TypeError(`Cannot read n-gram table: ${why}; run "deno task ngram" again`);
  if (bytes.length < 32) throw fail(`${bytes.length} bytes, shorter than a header`);
  // Typed arrays need aligned storage, which a slice of a bundle need not have.
  const { buffer } = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  let offset = bytes.byteOffset % 4 === 0 ? bytes.byteOffset : 0;
  const end = offset + bytes.length;
  const [magic, version, order, vocabSize, endOfText, minPatients] = new Int32Array(
    buffer,
    offset,
    8,
  );
  if (magic !== NGRAM_MAGIC) throw fail(`magic ${magic}, expected ${NGRAM_MAGIC}`);
  if (version !== NGRAM_VERSION) throw fail(`version ${version}, expected ${NGRAM_VERSION}`);
  offset += 32;
  const take = <T>(count: number, size: number, make: (offset: number) => T): T => {
    const start = offset;
    offset += Math.ceil(count * size / 4) * 4;
    if (offset > end) throw fail(`${bytes.length} bytes, cut short`);
    return make(start);
  };
  const orders: NgramOrder[] = [];
  for (let n = 1; n <= order; n++) {
    const [count] = take(1, 4, (at) => new Int32Array(buffer, at, 1));
    const children = n === order ? 0 : count;
    orders.push({
      firstChild: take(children, 4, (at) => new Uint32Array(buffer, at, children)),
      token: take(count, 2, (at) => new Uint16Array(buffer, at, count)),
      weight: take(count, 2, (at) => new Uint16Array(buffer, at, count)),
    });
  }
  return { vocabSize, endOfText, minPatients, orders };
}
